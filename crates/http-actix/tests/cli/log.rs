//! The log: one line per request without personal data, and log output that cannot be written.

use std::process::Stdio;

use serde_json::Value;

use crate::raw_connection::RawConnection;
use crate::support::{Sandbox, Service, fetch, poll_until};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn start_with_json_log(sandbox: &Sandbox, filter: &str) -> Service {
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__LOG__FORMAT", "json").env("USHER__LOG__FILTER", filter);
    Service::start(command)
}

/// Returns the request events of a JSON log.
fn requests(stderr: &str) -> Vec<Value> {
    stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["fields"]["message"] == "request")
        .collect()
}

fn send_request(service: &Service, request: &str, headers: &str) -> String {
    let mut connection = RawConnection::open(service.address);
    connection
        .send(&format!("{request} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n"));
    connection.read_to_end()
}

#[test]
fn request_log_has_one_line_without_personal_data() {
    let sandbox = Sandbox::new();
    let service = start_with_json_log(&sandbox, "info");
    let token = sandbox.run(&["token", "--tenant", "acme"]).stdout;
    let token = format!("Authorization: Bearer {}\r\n", token.trim());
    let headers = format!(
        "{token}X-Request-Id: my-own.id_1\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n"
    );
    send_request(&service, "GET /api/acme/admin/users/auth0%7Cdemo-adam?", &headers);
    send_request(&service, "GET /api/globex/admin/users", &token);
    send_request(&service, "GET /api/v1/users?filter[tenant]=acme", &token);
    send_request(&service, "GET /api/v1/users/auth0%7Cdemo-boris", &token);
    send_request(
        &service,
        "GET /who/are/you",
        "X-Request-Id: not safe\r\ntraceparent: garbage\r\n",
    );
    send_request(&service, "GET /health/ready", "");
    send_request(&service, "GET /metrics", "");
    let lines = requests(&service.stop().stderr);
    let summaries: Vec<_> = lines
        .iter()
        .map(|line| {
            let fields = &line["fields"];
            let text = |name: &str| fields[name].as_str().unwrap_or("-").to_owned();
            let status = fields["status"].as_u64().unwrap();
            format!(
                "{} {} {} {status} {} tenant={} cause={}",
                line["level"].as_str().unwrap(),
                text("method"),
                text("route"),
                text("code"),
                text("tenant"),
                text("cause"),
            )
        })
        .collect();
    assert_eq!(
        summaries,
        [
            "INFO GET /api/{tenantId}/admin/users/{userId} 200 - tenant=acme cause=-",
            "INFO GET /api/{tenantId}/admin/users 403 tenant_forbidden tenant=globex cause=the token does not cover the tenant",
            "INFO GET /api/v1/users 200 - tenant=acme cause=-",
            "INFO GET /api/v1/users/{userId} 404 user_not_found tenant=acme cause=-",
            "INFO GET unmatched 404 not_found tenant=- cause=-",
        ]
    );
    for line in &lines {
        assert_eq!(line["target"], "usher_http::access");
        assert!(line["fields"]["duration_ms"].as_f64().unwrap() > 0.0, "{line}");
        assert_eq!(line["fields"]["upstream_calls"], 0);
        assert_eq!(line.get("spans"), None, "span fields are not repeated");
    }
    let field = |at: usize, name: &str| lines[at]["fields"][name].as_str().unwrap();
    assert_eq!(field(0, "request_id"), "my-own.id_1");
    assert!(
        field(0, "traceparent").starts_with(&format!("00-{TRACE}-")),
        "{}",
        field(0, "traceparent")
    );
    assert!(!field(0, "traceparent").contains("b7ad6b7169203331"), "the span id is new");
    assert_eq!(field(0, "caller"), field(2, "caller"));
    assert_eq!(field(0, "caller").len(), 16);
    assert_ne!(field(4, "request_id"), "not safe");
    assert_eq!(lines[4]["fields"].get("caller"), None);
    let all = lines.iter().map(Value::to_string).collect::<String>();
    for personal in ["adam", "boris", "who/are", "auth0|developer", "Bearer"] {
        assert!(!all.contains(personal), "{personal}: {all}");
    }
}

#[test]
fn token_rejection_reason_is_logged_and_counted() {
    let sandbox = Sandbox::new();
    let service = start_with_json_log(&sandbox, "info");
    send_request(&service, "GET /api/acme/admin/users", "Authorization: Bearer garbage\r\n");
    let metrics = send_request(&service, "GET /metrics", "");
    for series in [
        "usher_tokens_refused_total{reason=\"not_compact\"} 1",
        "usher_tokens_refused_total{reason=\"expired\"} 0",
        "usher_http_errors_total{code=\"invalid_token\"} 1",
        "usher_token_cache_lookups_total{result=\"miss\"} 1",
    ] {
        assert!(metrics.contains(series), "{series}: {metrics}");
    }
    let lines = requests(&service.stop().stderr);
    assert_eq!(lines[0]["fields"]["cause"], "the token is not a signed JWT");
}

#[test]
fn readiness_is_logged_on_change_only() {
    let sandbox = Sandbox::new();
    let service = start_with_json_log(&sandbox, "info");
    for _ in 0..3 {
        send_request(&service, "GET /health/ready", "");
    }
    let output = service.stop();
    assert_eq!(output.stderr.matches("\"message\":\"ready\"").count(), 1, "{}", output.stderr);
}

/// Uses `/dev/full`, on which every write fails.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn full_disk_drops_log_lines_not_requests() {
    let sandbox = Sandbox::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut stdout = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    let url = line.split(' ').nth(2).unwrap();
    for _ in 0..20 {
        let list = format!("{url}/api/acme/admin/users");
        assert_eq!(fetch("GET", &list, "", None).await.status, 401);
    }
    // Lines are written asynchronously.
    let dropped_lines = async || -> u64 {
        let metrics = fetch("GET", &format!("{url}/metrics"), "", None).await.body;
        let metrics = metrics.as_str().unwrap();
        let series = metrics.lines().find(|line| line.starts_with("usher_log_lines_dropped_total"));
        series.unwrap().split(' ').next_back().unwrap().parse().unwrap()
    };
    let dropped = poll_until(dropped_lines, |dropped| *dropped >= 20).await;
    assert!(dropped >= 20, "{dropped}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The log goes to a pipe that is never read and so fills up.
#[tokio::test]
async fn blocked_log_pipe_does_not_block_requests() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    // Each request logs more than a pipe holds.
    command.env("USHER__LOG__FILTER", "trace");
    // Both streams share one pipe, as with systemd.
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut stdout = std::io::BufReader::new(reader);
    let mut line = String::new();
    while !line.starts_with("Usher serves ") {
        line.clear();
        std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    }
    let url = line.split(' ').nth(2).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..1000 {
        let request = http.get(format!("{url}/api/acme/admin/users"));
        #[expect(clippy::disallowed_methods, reason = "many requests over one connection")]
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
    }
    // Shutdown is not blocked either.
    let kill = format!("kill -TERM {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
