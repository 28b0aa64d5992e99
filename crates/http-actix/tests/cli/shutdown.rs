//! Shutdown without a delay: requests in flight finish first.

use serde_json::{Value, json};

use crate::raw_connection::{RawConnection, wait_for_refusal};
use crate::support::{Sandbox, Service};

/// Returns the head of a request that changes adam's password.
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
    let sandbox = Sandbox::new();
    let mut service = sandbox.start_dev();
    let token = sandbox.run(&["token"]).stdout;
    let body = json!({"currentPassword": "demo-password-2", "newPassword": "demo-password-9"});
    let text = body.to_string();
    let (first, second) = text.split_at(20);

    let mut in_flight = RawConnection::open(service.address);
    in_flight.send(&head(&service, token.trim(), &body));
    // The service has read the head and waits for the body.
    in_flight.read_until("HTTP/1.1 100 Continue\r\n\r\n");
    in_flight.send(first);
    let mut idle = RawConnection::open(service.address);
    idle.send("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
    idle.read_until("live");

    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    wait_for_refusal(service.address);
    in_flight.send(second);
    let response = in_flight.read_until("\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 200 OK\r\n"), "{response}");
    let (status, output) = service.wait();
    assert_eq!(status.code(), Some(0), "{output:?}");
}

#[test]
fn sigterm_and_sigint_exit_with_0() {
    for signal in ["TERM", "INT"] {
        let service = Sandbox::new().start_dev();
        service.signal(signal);
        let (status, output) = service.wait();
        assert_eq!(status.code(), Some(0), "{signal}: {output:?}");
    }
}
