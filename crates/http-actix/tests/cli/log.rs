//! What the log says of a request: one line, and nothing of anybody.

use std::process::Stdio;

use serde_json::Value;

use crate::support::{Place, Service};
use crate::wire::Wire;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn json_log(place: &Place, filter: &str) -> Service {
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    command.env("USHER__LOG__FORMAT", "json").env("USHER__LOG__FILTER", filter);
    Service::start(command)
}

/// The lines about requests, as JSON.
fn requests(stderr: &str) -> Vec<Value> {
    stderr
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|event| event["fields"]["message"] == "request")
        .collect()
}

fn say(service: &Service, request: &str, headers: &str) -> String {
    let mut wire = Wire::to(service.address);
    wire.say(&format!("{request} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n"));
    wire.hear_all()
}

#[test]
fn request_log_has_one_line_without_personal_data() {
    let place = Place::new();
    let service = json_log(&place, "info");
    let token = place.run(&["token", "--tenant", "acme"]).stdout;
    let token = format!("Authorization: Bearer {}\r\n", token.trim());
    let named = format!(
        "{token}X-Request-Id: my-own.id_1\r\ntraceparent: 00-{TRACE}-b7ad6b7169203331-01\r\n"
    );
    say(&service, "GET /api/acme/admin/users/auth0%7Cdemo-adam?", &named);
    say(&service, "GET /api/globex/admin/users", &token);
    say(&service, "GET /api/v1/users?filter[tenant]=acme", &token);
    say(&service, "GET /api/v1/users/auth0%7Cdemo-boris", &token);
    say(&service, "GET /who/are/you", "X-Request-Id: not safe\r\ntraceparent: garbage\r\n");
    say(&service, "GET /health/ready", "");
    say(&service, "GET /metrics", "");
    let lines = requests(&service.stop().stderr);
    let told: Vec<_> = lines
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
        told,
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
        assert_eq!(line.get("spans"), None, "it says nothing twice");
    }
    let of = |at: usize, name: &str| lines[at]["fields"][name].as_str().unwrap();
    assert_eq!(of(0, "request_id"), "my-own.id_1");
    assert!(of(0, "traceparent").starts_with(&format!("00-{TRACE}-")), "{}", of(0, "traceparent"));
    assert!(!of(0, "traceparent").contains("b7ad6b7169203331"), "the part is its own");
    assert_eq!(of(0, "caller"), of(2, "caller"));
    assert_eq!(of(0, "caller").len(), 16);
    assert_ne!(of(4, "request_id"), "not safe");
    assert_eq!(lines[4]["fields"].get("caller"), None);
    let all = lines.iter().map(Value::to_string).collect::<String>();
    for nobody in ["adam", "boris", "who/are", "auth0|developer", "Bearer"] {
        assert!(!all.contains(nobody), "{nobody}: {all}");
    }
}

#[test]
fn token_rejection_reason_is_logged_and_counted() {
    let place = Place::new();
    let service = json_log(&place, "info");
    say(&service, "GET /api/acme/admin/users", "Authorization: Bearer garbage\r\n");
    let metrics = say(&service, "GET /metrics", "");
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
    let place = Place::new();
    let service = json_log(&place, "info");
    for _ in 0..3 {
        say(&service, "GET /health/ready", "");
    }
    let ended = service.stop();
    assert_eq!(ended.stderr.matches("\"message\":\"ready\"").count(), 1, "{}", ended.stderr);
}

/// A disk that is full, as the system has it for such tests.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn full_disk_drops_log_lines_not_requests() {
    let place = Place::new();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    let mut child = command.stdout(Stdio::piped()).stderr(full).spawn().unwrap();
    let mut printed = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut printed, &mut line).unwrap();
    let url = line.split(' ').nth(2).unwrap();
    for _ in 0..20 {
        let list = format!("{url}/api/acme/admin/users");
        assert_eq!(crate::support::fetch("GET", &list, "", None).await.status, 401);
    }
    let mut dropped = 0;
    // The lines are written by and by.
    for _ in 0..1000 {
        let metrics = crate::support::fetch("GET", &format!("{url}/metrics"), "", None).await.body;
        let metrics = metrics.as_str().unwrap();
        let series = metrics.lines().find(|line| line.starts_with("usher_log_lines_dropped_total"));
        dropped = series.unwrap().split(' ').next_back().unwrap().parse().unwrap();
        if dropped >= 20 {
            break;
        }
    }
    assert!(dropped >= 20, "{dropped}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Nobody reads what it logs, and after a while nobody could write any more.
#[tokio::test]
async fn blocked_log_pipe_does_not_block_requests() {
    let place = Place::new();
    let mut command = place.command(&["serve", "--dev", "--listen", "127.0.0.1:0"]);
    // More than a pipe holds, for each request.
    command.env("USHER__LOG__FILTER", "trace");
    // Both into one pipe, as systemd has it.
    let (reader, writer) = std::io::pipe().unwrap();
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut printed = std::io::BufReader::new(reader);
    let mut line = String::new();
    while !line.starts_with("Usher serves ") {
        line.clear();
        std::io::BufRead::read_line(&mut printed, &mut line).unwrap();
    }
    let url = line.split(' ').nth(2).unwrap();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    for _ in 0..1000 {
        let request = http.get(format!("{url}/api/acme/admin/users"));
        #[expect(clippy::disallowed_methods, reason = "many calls over one connection")]
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    // Nor does it hold up the end.
    let kill = format!("kill -TERM {}", child.id());
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
