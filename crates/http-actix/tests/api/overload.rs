//! More than the service has room for: who is served, who waits, and who is told to come again.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select};
use socket2::{Domain, Socket, Type};

use crate::framework_errors::directory::{FailingDirectory, Failure};
use crate::support::store::ON_AUTH0;
use crate::support::{App, Client, Wishes};

const USER: &str = "/api/v1/users/auth0%7Cmia";

/// A service whose directory never answers, with this in `[overload]`.
async fn stuck(settings: &'static str) -> App {
    let directory = Some(Arc::new(FailingDirectory(Failure::NoResponse)) as _);
    App::start_with(Wishes { settings, directory, ..Wishes::default() }).await
}

/// The value of a series; 0 if there is none yet.
async fn metric(app: &App, name: &str) -> u64 {
    let text = app.anonymous().get("/metrics").await.text;
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
    text.lines().find_map(value).unwrap_or(0)
}

/// Asks again and again until the metric has this value.
async fn until(app: &App, name: &str, value: u64) {
    for _ in 0..10_000 {
        if metric(app, name).await == value {
            return;
        }
    }
    panic!("{name} never is {value}");
}

/// Does this while those calls go on, which must not come to an end.
async fn meanwhile<T>(calls: &[(&Client<'_>, &str)], then: impl Future<Output = T>) -> T {
    let calls = join_all(calls.iter().map(|(client, path)| client.get(path)));
    match select(std::pin::pin!(calls), std::pin::pin!(then)).await {
        Either::Left((answers, _)) => panic!("they came to an end: {answers:?}"),
        Either::Right((outcome, _)) => outcome,
    }
}

const IN_FLIGHT: &str = "usher_http_requests_in_flight";
const QUEUED: &str = "usher_http_requests_queued";

#[tokio::test]
async fn where_there_is_no_room_one_is_told_so_at_once() {
    let app = stuck("[overload]\nmax_concurrent = 2\nmax_queued = 0\n").await;
    let acme = app.tenant("acme");
    let calls = [(&acme, USER), (&acme, "/api/acme/admin/users/auth0%7Cmia")];
    meanwhile(&calls, async {
        until(&app, IN_FLIGHT, 2).await;
        for (path, media_type) in
            [(USER, "application/json"), ("/api/acme/admin/users", "application/problem+json")]
        {
            let answer = acme.get(path).await;
            assert_eq!(answer.outcome(), "503 overloaded");
            assert_eq!(answer.header("retry-after"), Some("1"));
            assert_eq!(answer.header("content-type"), Some(media_type));
        }
        // A token that is no good is no use of any room.
        assert_eq!(app.bearer("garbage").get(USER).await.outcome(), "401 invalid_token");
        assert_eq!(app.anonymous().get("/health/live").await.outcome(), "200");
        let text = app.anonymous().get("/metrics").await.text;
        assert!(text.contains("usher_http_requests_shed_total{reason=\"queue_full\"} 2"), "{text}");
        assert!(text.contains("usher_http_errors_total{code=\"overloaded\"} 2"), "{text}");
        assert!(text.contains("\nusher_http_requests_in_flight_limit 2\n"), "{text}");
    })
    .await;
}

#[tokio::test]
async fn who_waits_for_too_long_is_told_to_come_again() {
    let app = stuck("[overload]\nmax_concurrent = 1\nmax_queued = 5\nmax_wait_ms = 50\n").await;
    let acme = app.tenant("acme");
    meanwhile(&[(&acme, USER)], async {
        until(&app, IN_FLIGHT, 1).await;
        let answer = app.tenant("globex").get(USER).await;
        assert_eq!(answer.outcome(), "503 overloaded");
        let text = app.anonymous().get("/metrics").await.text;
        let shed = "usher_http_requests_shed_total{reason=\"waited_too_long\"} 1";
        assert!(text.contains(shed), "{text}");
        assert_eq!(metric(&app, QUEUED).await, 0);
    })
    .await;
}

#[tokio::test]
async fn one_tenant_s_storm_leaves_room_for_the_others() {
    let app = App::start_with(Wishes {
        http: "request_timeout_ms = 400",
        settings: "[overload]\nmax_concurrent = 3\nmax_concurrent_per_tenant = 2\nmax_queued = 0\n",
        directory: Some(Arc::new(FailingDirectory(Failure::NoResponse)) as _),
        ..Wishes::default()
    })
    .await;
    let (acme, globex) = (app.tenant("acme"), app.tenant("globex"));
    let storm = join_all((0..20).map(|_| acme.get(USER)));
    let single = async {
        until(&app, IN_FLIGHT, 2).await;
        globex.get(USER).await
    };
    let (storm, single) = futures_util::future::join(storm, single).await;
    let of = |outcome: &str| storm.iter().filter(|answer| answer.outcome() == outcome).count();
    assert_eq!((of("504 directory_timeout"), of("503 overloaded")), (2, 18));
    // It had a place, and so got as far as the directory, which is the one that is late.
    assert_eq!(single.outcome(), "504 directory_timeout");
}

#[tokio::test]
async fn nobody_draws_on_another_tenant_s_share_by_naming_it() {
    let settings = "[overload]\nmax_concurrent_per_tenant = 1\nmax_queued = 0\n";
    let app = stuck(settings).await;
    let (acme, globex) = (app.tenant("acme"), app.tenant("globex"));
    meanwhile(&[(&globex, "/api/globex/admin/users/auth0%7Cmia")], async {
        until(&app, IN_FLIGHT, 1).await;
        // Acme's token has a place of acme's, whichever tenant it asks for.
        let answer = acme.get("/api/globex/admin/users").await;
        assert_eq!(answer.outcome(), "403 tenant_forbidden");
        assert_eq!(globex.get(USER).await.outcome(), "503 overloaded");
    })
    .await;
}

#[tokio::test]
async fn a_body_that_dribbles_holds_no_place() {
    let settings = "[overload]\nmax_concurrent = 1\nmax_queued = 0\n";
    let app = App::start_with(Wishes { settings, ..Wishes::default() }).await;
    let token = format!("Bearer {}", app.tenant("acme").token().unwrap());
    let body = r#"{"email":"slow@acme.example","role":"viewer"}"#;
    let mut slow = std::net::TcpStream::connect(app.address).unwrap();
    let head = app.head(
        "POST /api/acme/admin/users",
        &[
            ("Authorization", &token),
            ("Content-Type", "application/json"),
            ("Content-Length", &body.len().to_string()),
            ("Expect", "100-continue"),
        ],
    );
    slow.write_all(&head).unwrap();
    // It is let in, and its body is waited for.
    let mut come = [0; 25];
    slow.read_exact(&mut come).unwrap();
    assert_eq!(&come, b"HTTP/1.1 100 Continue\r\n\r\n");
    until(&app, IN_FLIGHT, 0).await;
    assert_eq!(app.tenant("globex").get("/api/globex/admin/users").await.status, 200);
    // And when it has come, it has a place again.
    slow.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    until(&app, IN_FLIGHT, 0).await;
}

/// A connection that takes hardly anything before it is read from.
fn slow_reader(address: SocketAddr) -> std::net::TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    let stream: std::net::TcpStream = socket.into();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream
}

#[tokio::test]
async fn an_answer_that_nobody_reads_keeps_its_place() {
    if ON_AUTH0 {
        // So many people would take Auth0 minutes to list, and the answer goes out the same way.
        return;
    }
    // More than the system keeps for a connection.
    let line = |number| {
        format!(
            "{{\"id\":\"auth0|crowd-{number}\",\"email\":\"crowd-{number}@acme.example\",\
             \"tenants\":{{\"acme\":\"member\"}}}}\n"
        )
    };
    let people = (0..60_000).map(line).collect();
    let app = App::start_with(Wishes { people, ..Wishes::default() }).await;
    let token = format!("Bearer {}", app.tenant("acme").token().unwrap());
    let mut reader = slow_reader(app.address);
    let head = app.head("GET /api/acme/admin/users", &[("Authorization", &token)]);
    reader.write_all(&head).unwrap();
    // The answer is made and on its way, and still takes up memory.
    let done = "usher_http_requests_total{route=\"/api/{tenantId}/admin/users\",\
                method=\"GET\",status=\"200\"}";
    until(&app, done, 1).await;
    assert_eq!(metric(&app, IN_FLIGHT).await, 1);
    let mut answer = Vec::new();
    reader.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(b"]"), "all of it came: {} bytes", answer.len());
    until(&app, IN_FLIGHT, 0).await;
}
