//! Graceful shutdown with a delay: readiness, draining, the shutdown timeout, a second signal.

use std::net::TcpStream;
use std::process::Command;

use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service};

/// Starts development mode with this delay between SIGTERM and closing the listener.
fn start_with_delay(sandbox: &Sandbox, millis: &str, variables: &[(&str, &str)]) -> Service {
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__HTTP__SHUTDOWN_DELAY_MS", millis).envs(variables.iter().copied());
    Service::start(command)
}

fn get(path: &str, token: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n")
}

/// Sends a request over a new connection and returns the response.
fn send_request(service: &Service, path: &str, token: &str) -> String {
    let mut connection = RawConnection::open(service.address);
    connection.send(&get(path, token));
    connection.close_write();
    connection.read_to_end()
}

#[tokio::test]
async fn draining_service_is_unready_but_serves_requests() {
    let sandbox = Sandbox::new();
    // Long enough that only the second signal can end it.
    let mut service = start_with_delay(&sandbox, "600000", &[]);
    let token = sandbox.run(&["token"]).stdout;
    let token = token.trim();
    // A connection from before the signal.
    let mut keep_alive = RawConnection::open(service.address);
    keep_alive.send(&get("/api/acme/admin/users", token));
    let head = keep_alive.read_until("\r\n\r\n");
    assert!(!head.to_lowercase().contains("connection: close"), "{head}");
    assert!(send_request(&service, "/health/ready", "").starts_with("HTTP/1.1 200"));

    service.signal("TERM");
    let line = service.wait_for_log("shutdown started");
    assert!(line.contains("still_serving_ms=600000"), "{line}");
    let ready = send_request(&service, "/health/ready", "");
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("shutting_down"), "{ready}");
    assert!(ready.to_lowercase().contains("retry-after: 5"), "{ready}");
    let metrics = send_request(&service, "/metrics", "");
    assert!(metrics.contains("\nusher_ready 0\n"), "{metrics}");
    assert!(metrics.contains("\nusher_stopping 1\n"), "{metrics}");
    assert!(send_request(&service, "/health/live", "").starts_with("HTTP/1.1 200"));

    // Requests over existing and new connections are served, with `Connection: close`.
    keep_alive.send(&get("/api/acme/admin/users", token));
    for response in
        [keep_alive.read_to_end(), send_request(&service, "/api/acme/admin/users", token)]
    {
        let response = &response[response.rfind("HTTP/1.1").unwrap()..];
        assert!(response.starts_with("HTTP/1.1 200"), "{response}");
        assert!(response.to_lowercase().contains("connection: close"), "{response}");
    }
    // Error responses close the connection too.
    for (path, status) in [("/api/initech/admin/users", "403"), ("/nothing", "404")] {
        let response = send_request(&service, path, token);
        assert!(response.starts_with(&format!("HTTP/1.1 {status}")), "{response}");
        assert!(response.to_lowercase().contains("connection: close"), "{response}");
    }

    service.signal("TERM");
    let (status, output) = service.wait();
    assert_eq!(status.code(), Some(0), "{output:?}");
}

#[test]
fn listener_closes_after_the_shutdown_delay() {
    let sandbox = Sandbox::new();
    let mut service = start_with_delay(&sandbox, "100", &[]);
    service.signal("TERM");
    service.wait_for_log("took_ms");
    assert!(TcpStream::connect(service.address).is_err());
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn sigint_and_sigquit_skip_the_shutdown_delay() {
    let sandbox = Sandbox::new();
    for signal in ["INT", "QUIT"] {
        let service = start_with_delay(&sandbox, "600000", &[]);
        service.signal(signal);
        let (status, output) = service.wait();
        assert_eq!(status.code(), Some(0), "{signal}: {output:?}");
    }
}

#[test]
fn shutdown_timeout_aborts_and_logs_open_requests() {
    let sandbox = Sandbox::new();
    let mut service =
        start_with_delay(&sandbox, "0", &[("USHER__HTTP__SHUTDOWN_TIMEOUT_MS", "1000")]);
    let token = sandbox.run(&["token"]).stdout;
    let uploads: Vec<_> = (0..5).map(|_| start_upload(&service, token.trim())).collect();
    service.signal("TERM");
    let line = service.wait_for_log("shutdown timed out");
    assert!(line.contains("cut_off=5"), "{line}");
    let (status, output) = service.wait();
    assert_eq!(status.code(), Some(0), "{output:?}");
    // Each aborted request is logged.
    assert_eq!(output.stderr.matches("status=499").count(), 5, "{}", output.stderr);
    drop(uploads);
}

/// Starts a request whose body never arrives.
fn start_upload(service: &Service, token: &str) -> RawConnection {
    let mut connection = RawConnection::open(service.address);
    connection.send(&format!(
        "POST /api/acme/admin/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n"
    ));
    connection.read_until("HTTP/1.1 100 Continue\r\n\r\n");
    connection
}

#[test]
fn second_sigterm_stops_immediately() {
    let sandbox = Sandbox::new();
    let variables = [("USHER__HTTP__SHUTDOWN_TIMEOUT_MS", "600000")];
    let mut service = start_with_delay(&sandbox, "0", &variables);
    let token = sandbox.run(&["token"]).stdout;
    let uploads: Vec<_> = (0..5).map(|_| start_upload(&service, token.trim())).collect();
    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    service.signal("TERM");
    let line = service.wait_for_log("shutdown forced by a second signal");
    assert!(line.contains("cut_off=5"), "{line}");
    let (status, output) = service.wait();
    assert_eq!(status.code(), Some(0), "{output:?}");
    drop(uploads);
}

#[test]
fn admin_listener_serves_until_shutdown_completes() {
    let sandbox = Sandbox::new();
    let admin_address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let admin_text = admin_address.to_string();
    let variables = [("USHER__HTTP__ADMIN_LISTEN", admin_text.as_str())];
    let mut service = start_with_delay(&sandbox, "100", &variables);
    let token = sandbox.run(&["token"]).stdout;
    let mut in_flight = RawConnection::open(service.address);
    let body = r#"{"email":"late@acme.example","role":"viewer"}"#;
    in_flight.send(&format!(
        "POST /api/acme/admin/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        token.trim(),
        body.len(),
    ));
    in_flight.read_until("HTTP/1.1 100 Continue\r\n\r\n");
    service.signal("TERM");
    service.wait_for_log("accept thread stopped");
    // The API listener is closed; the admin listener still responds.
    let mut connection = RawConnection::open(admin_address);
    connection.send("GET /health/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let ready = connection.read_to_end();
    assert!(ready.starts_with("HTTP/1.1 503") && ready.contains("shutting_down"), "{ready}");
    in_flight.send(body);
    let response = in_flight.read_until("\r\n\r\n");
    assert!(response.starts_with("HTTP/1.1 201"), "{response}");
    assert_eq!(service.wait().0.code(), Some(0));
}

#[test]
fn healthcheck_uses_the_admin_listener() {
    let sandbox = Sandbox::new();
    let admin_address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = start_with_delay(
        &sandbox,
        "0",
        &[("USHER__HTTP__ADMIN_LISTEN", &admin_address.to_string())],
    );
    let check = |variable: (&str, &str)| {
        let mut command: Command = sandbox.command(&["healthcheck"]);
        command.env(variable.0, variable.1);
        crate::support::run_to_completion(command)
    };
    let output = check(("USHER__HTTP__ADMIN_LISTEN", &admin_address.to_string()));
    assert_eq!((output.code, output.stdout.trim()), (Some(0), "ready"), "{output:?}");
    // The API listener has no health endpoint.
    let output = check(("USHER__HTTP__LISTEN", &service.address.to_string()));
    assert_eq!(output.code, Some(1), "{output:?}");
}
