//! Slow, idle and disconnecting clients: their connections are closed, others are served.

use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service};

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
const LIVE_BODY: &str = "{\"status\":\"live\"}";

/// Starts a service with these settings of `[http]`.
fn start_with_http_settings(http: &[(&str, &str)]) -> Service {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    for (key, value) in http {
        command.env(format!("USHER__HTTP__{}", key.to_uppercase()), value);
    }
    Service::start(command)
}

#[test]
fn slow_request_head_times_out() {
    let service = start_with_http_settings(&[("header_timeout_ms", "300")]);
    let mut connection = RawConnection::open(service.address);
    connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    let received = connection.send_slowly("drip");
    assert!(received.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{received}");
}

#[test]
fn silent_connection_times_out() {
    let service = start_with_http_settings(&[("header_timeout_ms", "300")]);
    let received = RawConnection::open(service.address).read_to_end();
    assert!(received.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{received}");
}

#[test]
fn idle_connection_is_closed() {
    let service = start_with_http_settings(&[("idle_timeout_ms", "300")]);
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
    assert_eq!(connection.read_to_end(), "");
}

#[test]
fn slow_second_request_head_times_out() {
    let service = start_with_http_settings(&[("idle_timeout_ms", "300")]);
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
    connection.send("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    assert_eq!(connection.send_slowly("drip"), "");
}

#[test]
fn connection_with_unread_responses_is_closed() {
    let service = start_with_http_settings(&[("idle_timeout_ms", "300")]);
    RawConnection::open(service.address)
        .send_without_reading("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
}

#[test]
fn active_connection_outlives_an_idle_one() {
    // The timers of actix-web have a resolution of about half a second.
    let service = start_with_http_settings(&[("idle_timeout_ms", "3000")]);
    let mut connection = RawConnection::open(service.address);
    let mut idle = RawConnection::open(service.address);
    idle.send(LIVE);
    idle.read_until(LIVE_BODY);
    // Both connections have the same age when the idle one is closed.
    while idle.is_idle() {
        connection.send(LIVE);
        connection.read_until(LIVE_BODY);
    }
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
}

#[test]
fn in_flight_request_is_not_idle() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.envs([
        ("USHER__HTTP__IDLE_TIMEOUT_MS", "200"),
        ("USHER__HTTP__REQUEST_TIMEOUT_MS", "2000"),
    ]);
    let service = Service::start(command);
    let token = sandbox.run(&["token"]).stdout;
    let mut connection = RawConnection::open(service.address);
    connection.send(&format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{{",
        token.trim(),
    ));
    let received = connection.read_to_end();
    assert!(received.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{received}");
    assert!(received.contains("\"code\":\"request_timeout\""), "{received}");
}

#[test]
fn half_closed_client_receives_the_response() {
    let service = start_with_http_settings(&[]);
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.close_write();
    assert!(connection.read_to_end().ends_with(LIVE_BODY));
}

#[test]
fn disconnecting_clients_do_not_affect_others() {
    let service = start_with_http_settings(&[("workers", "1")]);
    for text in ["", "GET", "GET /health/live HTTP/1.1\r\n", LIVE] {
        for _ in 0..20 {
            RawConnection::open(service.address).send(text);
        }
    }
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
}

#[test]
fn slow_clients_do_not_delay_others() {
    let service = start_with_http_settings(&[("workers", "1"), ("header_timeout_ms", "60000")]);
    let mut slow = Vec::new();
    for text in [
        "",
        "GET /health/live HTTP/1.1\r\nX-Slow: ",
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        for _ in 0..50 {
            let mut connection = RawConnection::open(service.address);
            connection.send(text);
            slow.push(connection);
        }
    }
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
    assert!(slow[0].is_idle(), "slow connections were closed instead of kept");
}

#[test]
fn connections_over_the_limit_wait() {
    let settings = [("workers", "1"), ("max_connections", "2"), ("header_timeout_ms", "500")];
    let service = start_with_http_settings(&settings);
    let idle = [RawConnection::open(service.address), RawConnection::open(service.address)];
    let mut connection = RawConnection::open(service.address);
    connection.send(LIVE);
    connection.read_until(LIVE_BODY);
    assert!(!idle.iter().all(RawConnection::is_idle), "three connections were accepted at once");
}
