//! Changes whose client leaves: they are made to their end, and hold permits and locks until then.

use std::io::Write as _;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::join;
use futures_util::stream::FuturesUnordered;
use reqwest::Method;
use serde_json::{Value, json};
use socket2::SockRef;

use crate::matrix;
use crate::support::metrics::{ABANDONED, IN_FLIGHT};
use crate::support::{App, AppOptions, Client, Gate};

const ACME: &str = "/api/acme/admin/users";
const MIAS_PASSWORD: &str = "/api/v2/users/auth0%7Cmia/change-password";
const OVERLOADED: &str = "503 overloaded";
const MISMATCH: &str = "422 current_password_mismatch";
const TOO_MANY_ATTEMPTS: &str = "429 too_many_attempts";

async fn start(gate: &Arc<Gate>, settings: &'static str) -> App {
    let gate = Some(Arc::clone(gate));
    App::start_with(AppOptions { settings, gate, ..AppOptions::default() }).await
}

fn new_user(number: usize) -> Value {
    json!({"email": format!("new{number}@acme.example"), "role": "viewer"})
}

fn passwords(current: &str, new: &str) -> Value {
    json!({"currentPassword": current, "newPassword": new})
}

/// Sends a request on a connection of its own.
fn send(
    app: &App,
    client: &Client<'_>,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> TcpStream {
    let body = body.map(Value::to_string).unwrap_or_default();
    let token = format!("Bearer {}", client.token().unwrap());
    let headers = [
        ("Authorization", token.as_str()),
        ("Content-Type", "application/json"),
        ("Content-Length", &body.len().to_string()),
    ];
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.write_all(&app.head(&format!("{method} {path}"), &headers)).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    stream
}

/// Resets the connection, and waits until the service has dropped the request; `before` requests
/// were dropped earlier.
async fn reset(app: &App, stream: TcpStream, before: u64) {
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
    drop(stream);
    app.wait_for_metric(ABANDONED, before + 1).await;
}

#[tokio::test]
async fn resetting_clients_cannot_exceed_the_bound_on_changes() {
    let gate = Gate::holding(20);
    let settings = "[overload]\nmax_concurrent = 4\nmax_queued = 0\n";
    let app = start(&gate, settings).await;
    let acme = app.tenant("acme");
    for number in 0..4 {
        let body = new_user(number);
        let stream = send(&app, &acme, &Method::POST, ACME, Some(&body));
        gate.wait_for_calls(number + 1).await;
        reset(&app, stream, number as u64).await;
    }
    for number in 4..20 {
        assert_eq!(acme.post(ACME, new_user(number)).await.outcome(), OVERLOADED);
    }
    gate.release(20);
    gate.wait_for_finished(4).await;
    app.wait_for_metric(IN_FLIGHT, 0).await;

    assert_eq!(gate.most_calls(), 4);
    assert_eq!(acme.post(ACME, new_user(0)).await.outcome(), "409 already_attached");
}

#[tokio::test]
async fn abandoned_change_keeps_its_permit_on_every_route() {
    let mia = matrix::TargetUser::Seeded("mia").identity(None).unwrap();
    let changes = matrix::operations().0.into_iter().filter(|known| known.method != Method::GET);
    for operation in changes {
        let gate = Gate::holding(1);
        let app = start(&gate, "[overload]\nmax_concurrent = 1\nmax_queued = 0\n").await;
        let client = match () {
            () if operation.is_for_operators() => app.operator(),
            () if operation.is_about_caller() => app.member("adam"),
            () => app.tenant("acme"),
        };
        let (path, body) = operation.request("acme", &mia);
        let stream = send(&app, &client, &operation.method, &path, body.as_ref());
        gate.wait_for_calls(1).await;
        reset(&app, stream, 0).await;

        let response = app.tenant("globex").get("/api/globex/admin/users/auth0%7Cgina").await;
        assert_eq!(response.outcome(), OVERLOADED, "{}", operation.name());
        gate.release(1);
        app.wait_for_metric(IN_FLIGHT, 0).await;
        assert!(gate.finished() > 0, "{}", operation.name());
    }
}

#[tokio::test]
async fn timed_out_change_keeps_its_permit() {
    let gate = Gate::holding(1);
    let app = App::start_with(AppOptions {
        http: "request_timeout_ms = 1000",
        settings: "[overload]\nmax_concurrent = 1\nmax_queued = 0\n",
        gate: Some(Arc::clone(&gate)),
        ..AppOptions::default()
    })
    .await;
    let acme = app.tenant("acme");

    assert_eq!(acme.post(ACME, new_user(0)).await.outcome(), "504 directory_timeout");
    assert_eq!(acme.get(ACME).await.outcome(), OVERLOADED);

    gate.release(1);
    gate.wait_for_finished(1).await;
    app.wait_for_metric(IN_FLIGHT, 0).await;
    assert_eq!(acme.get(ACME).await.outcome(), "200");
}

#[tokio::test]
async fn abandoned_change_is_finished_before_shutdown() {
    let gate = Gate::holding(1);
    let app = start(&gate, "").await;
    let acme = app.tenant("acme");
    let stream = send(&app, &acme, &Method::POST, ACME, Some(&new_user(0)));
    gate.wait_for_calls(1).await;
    reset(&app, stream, 0).await;

    let address = app.address;
    let server = app.stop();
    // The listener is closed once the service drains.
    while TcpStream::connect(address).is_ok() {
        tokio::task::yield_now().await;
    }
    gate.release(1);
    gate.wait_for_finished(1).await;
    tokio::task::spawn_blocking(|| server.join().unwrap().unwrap()).await.unwrap();
}

#[tokio::test]
async fn abandoned_password_change_keeps_its_lock() {
    let gate = Gate::holding(2);
    let app = start(&gate, "").await;
    let acme = app.tenant("acme");
    let first = passwords("mias-password", "first-password");
    let stream = send(&app, &acme, &Method::PATCH, MIAS_PASSWORD, Some(&first));
    // The check continues; the write is held.
    gate.wait_for_calls(1).await;
    gate.release(1);
    gate.wait_for_finished(1).await;
    gate.wait_for_calls(1).await;
    reset(&app, stream, 0).await;

    let second = acme.patch(MIAS_PASSWORD, passwords("mias-password", "second-password"));
    let release = async {
        app.wait_for_metric(IN_FLIGHT, 2).await;
        gate.release(1);
    };
    let (second, ()) = join(second, release).await;

    assert_eq!(second.outcome(), MISMATCH);
    let current = acme.patch(MIAS_PASSWORD, passwords("first-password", "third-password")).await;
    assert_eq!(current.outcome(), "200");
}

#[tokio::test]
async fn sixth_password_check_of_an_account_is_refused() {
    let gate = Gate::holding(usize::MAX);
    let app = start(&gate, "").await;
    let acme = app.tenant("acme");
    // One is checked, and four wait.
    let mut attempts: FuturesUnordered<_> =
        (0..6).map(|_| acme.patch(MIAS_PASSWORD, passwords("wrong", "another-password"))).collect();
    let refused = attempts.next().await.unwrap();
    gate.release(5);
    let admitted: Vec<_> = attempts.collect().await;

    assert_eq!(refused.outcome(), TOO_MANY_ATTEMPTS);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(admitted.iter().all(|answer| answer.outcome() == MISMATCH), "{admitted:?}");
    assert_eq!(gate.most_calls(), 1);
}

#[tokio::test]
async fn password_attempt_of_a_client_that_leaves_is_counted() {
    let gate = Gate::holding(10);
    let app = start(&gate, "").await;
    let acme = app.tenant("acme");
    let wrong = passwords("wrong", "another-password");
    for number in 0..10 {
        let stream = send(&app, &acme, &Method::PATCH, MIAS_PASSWORD, Some(&wrong));
        gate.wait_for_calls(1).await;
        reset(&app, stream, number).await;
        gate.release(1);
        app.wait_for_metric(IN_FLIGHT, 0).await;
    }

    let correct = passwords("mias-password", "another-password");
    let response = acme.patch(MIAS_PASSWORD, correct).await;

    assert_eq!(response.outcome(), TOO_MANY_ATTEMPTS);
}
