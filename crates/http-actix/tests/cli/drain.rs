//! How a service that is told to stop turns clients away before it goes.

use std::net::TcpStream;
use std::process::Command;

use crate::support::{Place, Service};
use crate::wire::Wire;

/// A service in development mode that goes on serving for so long after SIGTERM.
fn with_delay(place: &Place, millis: &str, more: &[(&str, &str)]) -> Service {
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__HTTP__SHUTDOWN_DELAY_MS", millis).envs(more.iter().copied());
    Service::start(command)
}

fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
}

/// What comes on a new connection.
fn ask(service: &Service, path: &str, token: &str) -> String {
    let mut wire = Wire::to(service.address);
    wire.say(&get(path, token));
    wire.say_no_more();
    wire.hear_all()
}

#[tokio::test]
async fn draining_service_is_unready_but_serves_requests() {
    let place = Place::new();
    // Long enough that only the second signal can have ended it.
    let mut service = with_delay(&place, "600000", &[]);
    let token = place.run(&["token"]).stdout;
    let token = token.trim();
    // A connection from before, over which requests may still be on their way.
    let mut kept = Wire::to(service.address);
    kept.say(&get("/api/acme/admin/users", token));
    let head = kept.hear("\r\n\r\n");
    assert!(!head.to_lowercase().contains("connection: close"), "{head}");
    assert!(ask(&service, "/health/ready", "").starts_with("HTTP/1.1 200"));

    service.signal("TERM");
    let line = service.wait_for_log("not ready any more, stopping");
    assert!(line.contains("still_serving_ms=600000"), "{line}");
    let ready = ask(&service, "/health/ready", "");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("shutting_down"), "{ready}");
    assert!(ready.to_lowercase().contains("retry-after: 5"), "{ready}");
    let metrics = ask(&service, "/metrics", "");
    assert!(metrics.contains("\nusher_ready 0\n"), "{metrics}");
    assert!(metrics.contains("\nusher_stopping 1\n"), "{metrics}");
    assert!(ask(&service, "/health/live", "").starts_with("HTTP/1.1 200"));

    // Whoever still comes is served, over old and new connections, and asked to come elsewhere.
    kept.say(&get("/api/acme/admin/users", token));
    for answer in [kept.hear_all(), ask(&service, "/api/acme/admin/users", token)] {
        let answer = &answer[answer.rfind("HTTP/1.1").unwrap()..];
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }
    // Refusals too, whichever way they leave.
    for (path, status) in [("/api/initech/admin/users", "403"), ("/nothing", "404")] {
        let answer = ask(&service, path, token);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
        assert!(answer.to_lowercase().contains("connection: close"), "{answer}");
    }

    service.signal("TERM");
    let (status, ended) = service.wait();
    assert_eq!(status.code(), Some(0), "{ended:?}");
}

#[test]
fn listener_closes_after_the_shutdown_delay() {
    let place = Place::new();
    let mut service = with_delay(&place, "100", &[]);
    service.signal("TERM");
    service.wait_for_log("took_ms");
    assert!(TcpStream::connect(service.address).is_err());
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn sigint_and_sigquit_skip_the_shutdown_delay() {
    let place = Place::new();
    for signal in ["INT", "QUIT"] {
        let service = with_delay(&place, "600000", &[]);
        service.signal(signal);
        let (status, ended) = service.wait();
        assert_eq!(status.code(), Some(0), "{signal}: {ended:?}");
    }
}

#[test]
fn shutdown_timeout_aborts_and_logs_open_requests() {
    let place = Place::new();
    let mut service = with_delay(&place, "0", &[("USHER__HTTP__SHUTDOWN_TIMEOUT_MS", "1000")]);
    let token = place.run(&["token"]).stdout;
    let stuck: Vec<_> = (0..5).map(|_| stuck(&service, token.trim())).collect();
    service.signal("TERM");
    let line = service.wait_for_log("dropped what took too long");
    assert!(line.contains("cut_off=5"), "{line}");
    let (status, ended) = service.wait();
    assert_eq!(status.code(), Some(0), "{ended:?}");
    // Each of them has its line, in spite of all.
    assert_eq!(ended.stderr.matches("status=499").count(), 5, "{}", ended.stderr);
    drop(stuck);
}

/// A request whose body never comes.
fn stuck(service: &Service, token: &str) -> Wire {
    let mut stuck = Wire::to(service.address);
    stuck.say(&format!(
        "POST /api/acme/admin/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    ));
    stuck.hear("HTTP/1.1 100 Continue\r\n\r\n");
    stuck
}

#[test]
fn second_sigterm_stops_immediately() {
    let place = Place::new();
    let more = [("USHER__HTTP__SHUTDOWN_TIMEOUT_MS", "600000")];
    let mut service = with_delay(&place, "0", &more);
    let token = place.run(&["token"]).stdout;
    let stuck: Vec<_> = (0..5).map(|_| stuck(&service, token.trim())).collect();
    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    service.signal("TERM");
    let line = service.wait_for_log("stopped at once");
    assert!(line.contains("cut_off=5"), "{line}");
    let (status, ended) = service.wait();
    assert_eq!(status.code(), Some(0), "{ended:?}");
    drop(stuck);
}

#[test]
fn admin_listener_serves_until_shutdown_completes() {
    let place = Place::new();
    let admin = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin_text = admin.to_string();
    let more = [("USHER__HTTP__ADMIN_LISTEN", admin_text.as_str())];
    let mut service = with_delay(&place, "100", &more);
    let token = place.run(&["token"]).stdout;
    let mut under_way = Wire::to(service.address);
    let body = r#"{"email":"late@acme.example","role":"viewer"}"#;
    under_way.say(&format!(
        "POST /api/acme/admin/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        token.trim(),
        body.len(),
    ));
    under_way.hear("HTTP/1.1 100 Continue\r\n\r\n");
    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    // The service itself takes nobody any more, and still says how it is.
    let mut wire = Wire::to(admin);
    wire.say("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let ready = wire.hear_all();
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("shutting_down"), "{ready}");
    under_way.say(body);
    let answer = under_way.hear("\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn healthcheck_uses_the_admin_listener() {
    let place = Place::new();
    let admin = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = with_delay(&place, "0", &[("USHER__HTTP__ADMIN_LISTEN", &admin.to_string())]);
    let check = |variable: (&str, &str)| {
        let mut command: Command = place.command(&["healthcheck"]);
        command.env(variable.0, variable.1);
        crate::support::end(command)
    };
    let ended = check(("USHER__HTTP__ADMIN_LISTEN", &admin.to_string()));
    assert_eq!((ended.code, ended.stdout.trim()), (Some(0), "ready"), "{ended:?}");
    // Health is not said where the API is.
    let ended = check(("USHER__HTTP__LISTEN", &service.address.to_string()));
    assert_eq!(ended.code, Some(1), "{ended:?}");
}
