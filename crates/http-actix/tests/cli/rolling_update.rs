//! A rolling update of two instances behind a load balancer.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

use crate::support::{Sandbox, Service};

/// The number of concurrent callers.
const CALLERS: usize = 8;
/// The pause after a probe that found an instance unready.
const PROBE_INTERVAL: Duration = Duration::from_millis(5);

/// A minimal load balancer. Sends each request to a ready instance over keep-alive connections,
/// without retries, so that a dropped request is lost.
struct Balancer {
    instances: RwLock<Vec<SocketAddr>>,
    next_index: AtomicUsize,
    http: reqwest::Client,
}

impl Balancer {
    fn start(instances: Vec<SocketAddr>) -> (Arc<Self>, SocketAddr) {
        let http = reqwest::Client::builder().no_proxy().retry(reqwest::retry::never());
        let balancer = Arc::new(Self {
            instances: RwLock::new(instances),
            next_index: AtomicUsize::new(0),
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
        #[expect(clippy::disallowed_methods, reason = "the load balancer sends requests")]
        request.send().await
    }

    /// Returns the next ready instance.
    async fn ready(&self) -> SocketAddr {
        let mut probes = tokio::time::interval(PROBE_INTERVAL);
        loop {
            probes.tick().await;
            let next_index = self.next_index.fetch_add(1, Ordering::Relaxed);
            let instance = {
                let instances = self.instances.read().unwrap();
                instances[next_index % instances.len()]
            };
            let probe = self.http.get(format!("http://{instance}/health/ready"));
            if self.send(probe).await.is_ok_and(|response| response.status() == 200) {
                return instance;
            }
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
    let mut forwarded =
        balancer.http.request(method, format!("http://{instance}{}", request.uri()));
    for name in ["authorization", "content-type"] {
        if let Some(value) = request.headers().get(name) {
            forwarded = forwarded.header(name, value.to_str().unwrap());
        }
    }
    match balancer.send(forwarded.body(body)).await {
        Ok(response) => {
            let status = actix_web::http::StatusCode::from_u16(response.status().as_u16()).unwrap();
            match response.bytes().await {
                Ok(bytes) => HttpResponse::build(status).body(bytes),
                Err(error) => HttpResponse::BadGateway().body(format!("{error:?}")),
            }
        }
        Err(error) => HttpResponse::BadGateway().body(format!("{error:?}")),
    }
}

/// Starts an instance with a short shutdown delay.
fn instance(sandbox: &Sandbox) -> Service {
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__HTTP__SHUTDOWN_DELAY_MS", "500").env("USHER__LOG__FILTER", "warn");
    Service::start(command)
}

/// Sends requests until stopped; returns the number of successes and the failures.
async fn run_caller(
    number: usize,
    balancer: SocketAddr,
    token: String,
    stop: Arc<AtomicBool>,
) -> (usize, Vec<String>) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{balancer}/api/acme/admin/users");
    let (mut succeeded, mut failures) = (0, Vec::new());
    while !stop.load(Ordering::Relaxed) {
        let email = format!("user-{number}-{succeeded}@acme.example");
        let calls = [
            http.get(&url),
            http.post(&url).json(&json!({"email": email, "role": "viewer"})),
            http.get(format!("{url}/auth0%7Cdemo-adam")),
        ];
        for call in calls {
            let call = call.bearer_auth(&token);
            #[expect(
                clippy::disallowed_methods,
                reason = "the only function of the callers that sends"
            )]
            let response = call.send().await.unwrap();
            let status = response.status();
            if status.is_success() {
                succeeded += 1;
            } else {
                failures.push(format!("{status}: {}", response.text().await.unwrap()));
            }
        }
    }
    (succeeded, failures)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_update_loses_no_requests() {
    let sandbox = Sandbox::new();
    let instances = [instance(&sandbox), instance(&sandbox)];
    let token = sandbox.run(&["token"]).stdout.trim().to_owned();
    let (balancer, address) =
        Balancer::start(instances.iter().map(|instance| instance.address).collect());
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| tokio::spawn(run_caller(number, address, token.clone(), Arc::clone(&stop))))
        .collect();

    let mut replaced = Vec::new();
    for old in instances {
        let old_address = old.address;
        old.signal("TERM");
        let (status, output) = tokio::task::spawn_blocking(|| old.wait()).await.unwrap();
        assert_eq!(status.code(), Some(0), "{output:?}");
        let new = instance(&sandbox);
        balancer.replace(old_address, new.address);
        replaced.push(new);
    }
    stop.store(true, Ordering::Relaxed);

    let (mut total, mut failures) = (0, Vec::new());
    for caller in callers {
        let (succeeded, errors) = caller.await.unwrap();
        total += succeeded;
        failures.extend(errors);
    }
    assert_eq!(failures, Vec::<String>::new(), "of {total}");
    // Requests were sent throughout the update.
    assert!(total > 3 * CALLERS, "{total}");
}
