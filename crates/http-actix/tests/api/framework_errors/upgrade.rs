//! `Upgrade` and `CONNECT`, which never change how a body is read (RFC 9110 §7.8: a server may ignore
//! `Upgrade`).

use serde_json::{Value, json};

use super::assert_error;
use crate::support::{Answer, App, AppOptions};

/// What a client may send to change the protocol.
const UPGRADES: [&[(&str, &str)]; 7] = [
    &[("Upgrade", "websocket")],
    &[("Upgrade", "WebSocket"), ("Connection", "Upgrade")],
    &[("Upgrade", "websocket"), ("Connection", "keep-alive, Upgrade")],
    &[("Upgrade", "h2c"), ("Connection", "Upgrade, HTTP2-Settings"), ("HTTP2-Settings", "AAMA")],
    &[("Upgrade", "websocket, h2c")],
    &[("Upgrade", "TLS/1.0")],
    &[("Connection", "Upgrade")],
];

/// Sends a request and the bytes after its head, as an operator without `Connection: close`.
fn send(app: &App, start: &str, upgrade: &[(&str, &str)], framing: &str, rest: &str) -> Answer {
    let upgrade: Vec<_> =
        upgrade.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let upgrade = upgrade.concat();
    let token = app.operator().token().unwrap().to_owned();
    let request = format!(
        "{start} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\n{upgrade}{framing}\r\n{rest}"
    );
    app.exchange(request.as_bytes())
}

fn member(index: usize) -> String {
    json!({"email": format!("new-{index}@acme.example"), "role": "member"}).to_string()
}

fn length(text: &str) -> String {
    format!("Content-Length: {}\r\n", text.len())
}

const USERS: &str = "/api/acme/admin/users";
const POST: &str = "POST /api/acme/admin/users";

#[tokio::test]
async fn body_with_upgrade_header_is_read_as_without() {
    let app = App::start().await;
    for (index, upgrade) in UPGRADES.into_iter().enumerate() {
        let body = member(index);
        let response = send(&app, POST, upgrade, &length(&body), &body);
        assert_eq!(response.outcome(), "201", "{upgrade:?}: {response:?}");
        assert_eq!(response.header("upgrade"), None, "{response:?}");
        let connection = response.header("connection").unwrap_or_default().to_lowercase();
        assert!(!connection.contains("upgrade"), "{response:?}");
        // What follows the body is not part of it.
        let body = member(index + 100);
        let response = send(&app, POST, upgrade, &length(&body), &format!("{body}garbage"));
        assert_eq!(response.outcome(), "201", "{upgrade:?}: {response:?}");
        let chunked = "Transfer-Encoding: chunked\r\n";
        let body = member(index + 200);
        let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        let response = send(&app, POST, upgrade, chunked, &chunk);
        assert_eq!(response.outcome(), "201", "{upgrade:?}: {response:?}");
    }
    let users = app.operator().get(USERS).await.json();
    let is_new = |user: &&Value| user["email"].as_str().unwrap().starts_with("new-");
    assert_eq!(users.as_array().unwrap().iter().filter(is_new).count(), 3 * UPGRADES.len());
}

#[tokio::test]
async fn request_without_body_has_none_with_upgrade_header() {
    let app = App::start().await;
    for upgrade in UPGRADES {
        for framing in ["", "Content-Length: 0\r\n"] {
            let response = send(&app, POST, upgrade, framing, &member(0));
            assert_error(POST, &response, "400 malformed_request");
            let response = send(&app, &format!("GET {USERS}"), upgrade, framing, "");
            assert_eq!(response.outcome(), "200", "{upgrade:?}: {response:?}");
        }
    }
}

#[tokio::test]
async fn body_limits_hold_with_upgrade_header() {
    let options = AppOptions { http: "max_body_bytes = 100", ..AppOptions::default() };
    let app = App::start_with(options).await;
    for upgrade in UPGRADES {
        let response = send(&app, POST, upgrade, "Content-Length: 101\r\n", "{");
        assert_error(POST, &response, "413 payload_too_large");
        let chunk = format!("65\r\n{}\r\n", "x".repeat(0x65));
        let response = send(&app, POST, upgrade, "Transfer-Encoding: chunked\r\n", &chunk);
        assert_error(POST, &response, "413 payload_too_large");
    }
}

#[tokio::test]
async fn incomplete_body_with_upgrade_header_times_out() {
    let options = AppOptions { http: "request_timeout_ms = 200", ..AppOptions::default() };
    let app = App::start_with(options).await;
    for upgrade in UPGRADES {
        let response = send(&app, POST, upgrade, "Content-Length: 10\r\n", "{");
        assert_error(POST, &response, "408 request_timeout");
    }
}

#[tokio::test]
async fn connect_request_is_an_error_without_tunnel() {
    let app = App::start().await;
    for (target, outcome) in [
        (USERS, "405 method_not_allowed"),
        ("/api/v1/users", "405 method_not_allowed"),
        ("/nothing", "404 not_found"),
        ("example.com:443", "404 not_found"),
    ] {
        for framing in ["", "Content-Length: 2\r\n"] {
            let response = send(&app, &format!("CONNECT {target}"), &[], framing, "{}");
            assert_error(target, &response, outcome);
            assert_eq!(response.header("connection"), Some("close"), "{response:?}");
        }
    }
}
