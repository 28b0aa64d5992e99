//! Origins that may call a service in development mode: applications on the same machine.

use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service};

/// Returns the response to a request from this origin, in lower case.
fn response(service: &Service, start: &str, origin: &str) -> String {
    let mut connection = RawConnection::open(service.address);
    connection.send(&format!(
        "{start} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nOrigin: {origin}\r\n\
         Access-Control-Request-Method: PUT\r\n\
         Access-Control-Request-Headers: authorization,traceparent\r\n\r\n"
    ));
    connection.read_to_end().to_lowercase()
}

/// Returns whether the service allows the origin, in preflight and in another response.
fn allows(service: &Service, origin: &str) -> bool {
    let allow = format!("\r\naccess-control-allow-origin: {origin}\r\n");
    let starts = ["OPTIONS /api/v1/users/x", "GET /api/v1/users/x"];
    let [preflight, call] = starts.map(|start| response(service, start, origin));
    assert!(!call.contains("access-control-allow-credentials"), "{call}");
    assert_eq!(preflight.contains(&allow), call.contains(&allow), "{preflight}{call}");
    assert_eq!(call.contains("access-control-allow-origin"), call.contains(&allow), "{call}");
    call.contains(&allow)
}

#[test]
fn development_mode_allows_loopback_origins_only() {
    let service = Sandbox::new().start_dev();
    for origin in [
        "http://localhost",
        "http://localhost:5173",
        "http://127.0.0.1:3000",
        "http://127.0.0.2:1",
        "http://[::1]:8080",
        "http://app.localhost:4200",
    ] {
        assert!(allows(&service, origin), "{origin}");
    }
    for origin in [
        "https://localhost.example.com",
        "http://localhost.example.com:5173",
        "http://127.0.0.1.example.com",
        "http://192.0.2.1:5173",
        "http://localhost:5173/",
        "http://user@localhost:5173",
        "http://localhost:5173 http://x",
        "https://localhost:5173",
        "file://localhost",
        "null",
        "*",
    ] {
        assert!(!allows(&service, origin), "{origin}");
    }
}
