//! Two instances behind a balancer are replaced, one after the other, under load: nobody notices.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

use crate::support::{Place, Service};

/// As many callers at once.
const CALLERS: usize = 8;

/// A tiny balancer. It asks an instance whether it is ready, sends it a request over connections
/// that it keeps, and never sends anything twice: what an instance drops is lost.
struct Balancer {
    instances: RwLock<Vec<SocketAddr>>,
    turn: AtomicUsize,
    http: reqwest::Client,
}

impl Balancer {
    fn start(instances: Vec<SocketAddr>) -> (Arc<Self>, SocketAddr) {
        let http = reqwest::Client::builder().no_proxy().retry(reqwest::retry::never());
        let balancer = Arc::new(Self {
            instances: RwLock::new(instances),
            turn: AtomicUsize::new(0),
            http: http.build().unwrap(),
        });
        let data = web::Data::from(Arc::clone(&balancer));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            let app = move || App::new().app_data(data.clone()).default_service(web::to(forward));
            let server = HttpServer::new(app).workers(1).disable_signals();
            let server = server.listen(listener).unwrap().run();
            actix_web::rt::System::new().block_on(server).unwrap();
        });
        (balancer, address)
    }

    fn replace(&self, old: SocketAddr, new: SocketAddr) {
        for address in self.instances.write().unwrap().iter_mut() {
            if *address == old {
                *address = new;
            }
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> reqwest::Result<reqwest::Response> {
        #[expect(clippy::disallowed_methods, reason = "a balancer sends")]
        request.send().await
    }

    /// The next instance that says it is ready.
    async fn ready(&self) -> SocketAddr {
        loop {
            let turn = self.turn.fetch_add(1, Ordering::Relaxed);
            let instance = {
                let instances = self.instances.read().unwrap();
                instances[turn % instances.len()]
            };
            let probe = self.http.get(format!("http://{instance}/health/ready"));
            if self.send(probe).await.is_ok_and(|answer| answer.status() == 200) {
                return instance;
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn forward(
    balancer: web::Data<Balancer>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    let instance = balancer.ready().await;
    let method = reqwest::Method::from_bytes(request.method().as_str().as_bytes()).unwrap();
    let mut onwards = balancer.http.request(method, format!("http://{instance}{}", request.uri()));
    for name in ["authorization", "content-type"] {
        if let Some(value) = request.headers().get(name) {
            onwards = onwards.header(name, value.to_str().unwrap());
        }
    }
    match balancer.send(onwards.body(body)).await {
        Ok(answer) => {
            let status = actix_web::http::StatusCode::from_u16(answer.status().as_u16()).unwrap();
            match answer.bytes().await {
                Ok(bytes) => HttpResponse::build(status).body(bytes),
                Err(error) => HttpResponse::BadGateway().body(format!("{error:?}")),
            }
        }
        Err(error) => HttpResponse::BadGateway().body(format!("{error:?}")),
    }
}

/// An instance that minds SIGTERM as in production, but for a shorter delay.
fn instance(place: &Place) -> Service {
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__HTTP__SHUTDOWN_DELAY_MS", "500").env("USHER__LOG__FILTER", "warn");
    Service::start(command)
}

/// Calls again and again, and answers what went wrong and how many calls went well.
async fn caller(
    number: usize,
    balancer: SocketAddr,
    token: String,
    enough: Arc<AtomicBool>,
) -> (usize, Vec<String>) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{balancer}/api/acme/admin/users");
    let (mut well, mut wrong) = (0, Vec::new());
    while !enough.load(Ordering::Relaxed) {
        let email = format!("person-{number}-{well}@acme.example");
        let calls = [
            http.get(&url),
            http.post(&url).json(&json!({"email": email, "role": "viewer"})),
            http.get(format!("{url}/auth0%7Cdemo-adam")),
        ];
        for call in calls {
            let call = call.bearer_auth(&token);
            #[expect(clippy::disallowed_methods, reason = "the one place here that calls")]
            let answer = call.send().await.unwrap();
            let status = answer.status();
            if status.is_success() {
                well += 1;
            } else {
                wrong.push(format!("{status}: {}", answer.text().await.unwrap()));
            }
        }
    }
    (well, wrong)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_update_loses_no_requests() {
    let place = Place::new();
    let instances = [instance(&place), instance(&place)];
    let token = place.run(&["token"]).stdout.trim().to_owned();
    let (balancer, address) = Balancer::start(instances.iter().map(|one| one.address).collect());
    let enough = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| tokio::spawn(caller(number, address, token.clone(), Arc::clone(&enough))))
        .collect();

    let mut replaced = Vec::new();
    for old in instances {
        let before = old.address;
        old.signal("TERM");
        let (status, ended) = tokio::task::spawn_blocking(|| old.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{ended:?}");
        let new = instance(&place);
        balancer.replace(before, new.address);
        replaced.push(new);
    }
    enough.store(true, Ordering::Relaxed);

    let (mut all, mut lost) = (0, Vec::new());
    for caller in callers {
        let (well, wrong) = caller.await.unwrap();
        all += well;
        lost.extend(wrong);
    }
    assert_eq!(lost, Vec::<String>::new(), "of {all}");
    // There was load all the while.
    assert!(all > 3 * CALLERS, "{all}");
}
