//! How a service ends: what is under way is finished, and then it goes.

use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::{Place, Service};
use crate::wire::Wire;

/// The head of a change of adam's password; the body is still to come.
fn head(service: &Service, token: &str, body: &Value) -> String {
    format!(
        "PATCH /api/v2/users/auth0%7Cdemo-adam/change-password HTTP/1.1\r\n\
         Host: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        service.address,
        body.to_string().len(),
    )
}

#[test]
fn in_flight_request_finishes_before_exit() {
    let place = Place::new();
    let mut service = place.develop();
    let token = place.run(&["token"]).stdout;
    let body = json!({"currentPassword": "demo-password-2", "newPassword": "demo-password-9"});
    let text = body.to_string();
    let (first, second) = text.split_at(20);

    let mut under_way = Wire::to(service.address);
    under_way.say(&head(&service, token.trim(), &body));
    // Now somebody has taken the request, and waits for its body.
    under_way.hear("HTTP/1.1 100 Continue\r\n\r\n");
    under_way.say(first);
    let mut idle = Wire::to(service.address);
    idle.say("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.hear("live");

    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    // The listener itself goes a moment after the line about it.
    let mut tries = 0..100_000;
    let refused = tries.any(|_| TcpStream::connect(service.address).is_err());
    assert!(refused, "it still takes new connections");
    under_way.say(second);
    let answer = under_way.hear("\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    let (status, ended) = service.wait();
    assert_eq!(status.code(), Some(0), "{ended:?}");
}

#[test]
fn sigterm_and_sigint_exit_with_0() {
    for signal in ["TERM", "INT"] {
        let service = Place::new().develop();
        service.signal(signal);
        let (status, ended) = service.wait();
        assert_eq!(status.code(), Some(0), "{signal}: {ended:?}");
    }
}
