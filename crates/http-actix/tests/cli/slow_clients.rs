//! Clients that take their time, or all of it: each is given up, and the others are served.

use crate::support::{Place, Service};
use crate::wire::Wire;

const LIVE: &str = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
const LIVE_BODY: &str = "{\"status\":\"live\"}";

/// A service with these settings of `[http]`.
fn serve(http: &[(&str, &str)]) -> Service {
    let place = Place::new();
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    for (key, value) in http {
        command.env(format!("USHER__HTTP__{}", key.to_uppercase()), value);
    }
    Service::start(command)
}

#[test]
fn slow_request_head_times_out() {
    let service = serve(&[("header_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    let heard = wire.drip("drip");
    assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{heard}");
}

#[test]
fn silent_connection_times_out() {
    let service = serve(&[("header_timeout_ms", "300")]);
    let heard = Wire::to(service.address).hear_all();
    assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{heard}");
}

#[test]
fn idle_connection_is_closed() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    assert_eq!(wire.hear_all(), "");
}

#[test]
fn slow_second_request_head_times_out() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    wire.say("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    assert_eq!(wire.drip("drip"), "");
}

#[test]
fn connection_with_unread_responses_is_closed() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    Wire::to(service.address).flood("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
}

#[test]
fn active_connection_outlives_an_idle_one() {
    // The framework reckons half a second roughly.
    let service = serve(&[("idle_timeout_ms", "3000")]);
    let mut wire = Wire::to(service.address);
    let mut idle = Wire::to(service.address);
    idle.say(LIVE);
    idle.hear(LIVE_BODY);
    // By the time that the other is closed, this one has been open for as long.
    while idle.is_silent() {
        wire.say(LIVE);
        wire.hear(LIVE_BODY);
    }
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
}

#[test]
fn in_flight_request_is_not_idle() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.envs([
        ("USHER__HTTP__IDLE_TIMEOUT_MS", "200"),
        ("USHER__HTTP__REQUEST_TIMEOUT_MS", "2000"),
    ]);
    let service = Service::start(command);
    let token = place.run(&["token"]).stdout;
    let mut wire = Wire::to(service.address);
    wire.say(&format!(
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: 10\r\n\r\n{{",
        token.trim(),
    ));
    let heard = wire.hear_all();
    assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{heard}");
    assert!(heard.contains("\"code\":\"request_timeout\""), "{heard}");
}

#[test]
fn half_closed_client_receives_the_response() {
    let service = serve(&[]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.say_no_more();
    assert!(wire.hear_all().ends_with(LIVE_BODY));
}

#[test]
fn disconnecting_clients_do_not_affect_others() {
    let service = serve(&[("workers", "1")]);
    for text in ["", "GET", "GET /health/live HTTP/1.1\r\n", LIVE] {
        for _ in 0..20 {
            Wire::to(service.address).say(text);
        }
    }
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
}

#[test]
fn slow_clients_do_not_delay_others() {
    let service = serve(&[("workers", "1"), ("header_timeout_ms", "60000")]);
    let mut slow = Vec::new();
    for text in [
        "",
        "GET /health/live HTTP/1.1\r\nX-Slow: ",
        "POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n",
    ] {
        for _ in 0..50 {
            let mut wire = Wire::to(service.address);
            wire.say(text);
            slow.push(wire);
        }
    }
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    assert!(slow[0].is_silent(), "they were given up, not served beside");
}

#[test]
fn connections_over_the_limit_wait() {
    let settings = [("workers", "1"), ("max_connections", "2"), ("header_timeout_ms", "500")];
    let service = serve(&settings);
    let silent = [Wire::to(service.address), Wire::to(service.address)];
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    assert!(!silent.iter().all(Wire::is_silent), "there were three at once");
}
