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
fn a_head_that_drips_is_given_up() {
    let service = serve(&[("header_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    let heard = wire.drip("drip");
    assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{heard}");
}

#[test]
fn who_says_nothing_is_given_up() {
    let service = serve(&[("header_timeout_ms", "300")]);
    let heard = Wire::to(service.address).hear_all();
    assert!(heard.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{heard}");
}

#[test]
fn a_connection_that_is_not_used_again_is_closed() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    assert_eq!(wire.hear_all(), "");
}

#[test]
fn a_later_head_that_drips_is_given_up_too() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    wire.say("GET /health/live HTTP/1.1\r\nHost: x\r\nX-Drip: ");
    assert_eq!(wire.drip("drip"), "");
}

#[test]
fn answers_that_nobody_reads_are_given_up() {
    let service = serve(&[("idle_timeout_ms", "300")]);
    Wire::to(service.address).flood("GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n");
}

#[test]
fn a_connection_in_use_lives_longer_than_an_idle_one() {
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
fn a_request_under_way_is_no_idle_connection() {
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
fn who_has_said_everything_still_gets_the_answer() {
    let service = serve(&[]);
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.say_no_more();
    assert!(wire.hear_all().ends_with(LIVE_BODY));
}

#[test]
fn who_leaves_in_the_middle_does_no_harm() {
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
fn slow_clients_keep_nobody_else_waiting() {
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
fn connections_beyond_the_limit_wait_until_others_end() {
    let settings = [("workers", "1"), ("max_connections", "2"), ("header_timeout_ms", "500")];
    let service = serve(&settings);
    let silent = [Wire::to(service.address), Wire::to(service.address)];
    let mut wire = Wire::to(service.address);
    wire.say(LIVE);
    wire.hear(LIVE_BODY);
    assert!(!silent.iter().all(Wire::is_silent), "there were three at once");
}
