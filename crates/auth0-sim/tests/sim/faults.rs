//! Faults: what a client receives, and whether the request was carried out.

use std::io::ErrorKind;
use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{REALM, Reply, Tenant, exchange, send};

const CREATE: &str = "POST /api/v2/users";

/// Starts a tenant in which the next creation of a user is faulty.
async fn tenant_with_fault(kind: FaultKind) -> Tenant {
    let tenant = Tenant::start().await;
    let route = Some(CREATE.to_owned());
    tenant.control().add_fault(Fault { route, skip: 0, times: Some(1), kind });
    tenant
}

fn jane() -> Value {
    json!({"connection": REALM, "email": "jane@acme.example", "password": "correct horse"})
}

async fn create(tenant: &Tenant) -> reqwest::Result<Reply> {
    create_within(tenant, Duration::from_mins(1)).await
}

async fn create_within(tenant: &Tenant, timeout: Duration) -> reqwest::Result<Reply> {
    let request = tenant
        .request(Method::POST, "/api/v2/users")
        .bearer_auth(&tenant.token)
        .timeout(timeout)
        .json(&jane());
    send(request).await
}

/// Asserts that there is no response. The time has no influence on a response that hangs.
async fn assert_hangs(tenant: &Tenant) {
    let result = create_within(tenant, Duration::from_millis(300)).await;
    assert!(result.unwrap_err().is_timeout());
}

/// Creates a user over a separate connection, to see how the connection ends.
async fn create_raw(tenant: &Tenant) -> (Vec<u8>, std::io::Result<()>) {
    let body = jane().to_string();
    let request = format!(
        "POST /api/v2/users HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        tenant.token,
        body.len(),
    );
    exchange(&tenant.sim, &request).await
}

fn is_created(tenant: &Tenant) -> bool {
    !tenant.control().users().is_empty()
}

#[tokio::test]
async fn status_fault_has_auth0_format_and_no_effect() {
    for (status, reason, retry_after) in [
        (429, "Too Many Requests", Some(7)),
        (500, "Internal Server Error", None),
        (502, "Bad Gateway", None),
        (503, "Service Unavailable", Some(1)),
        (504, "Gateway Timeout", None),
    ] {
        let tenant = tenant_with_fault(FaultKind::Status { status, retry_after }).await;
        let reply = create(&tenant).await.unwrap();
        assert_eq!(reply.error(), (status, reason.to_owned()));
        assert_eq!(reply.json()["statusCode"], status);
        let retry_after_header = reply.header("retry-after").map(str::to_owned);
        assert_eq!(retry_after_header, retry_after.map(|seconds| seconds.to_string()));
        assert!(!is_created(&tenant));
        assert_eq!(create(&tenant).await.unwrap().status, 201, "the fault applies once");
    }
}

#[tokio::test]
async fn status_fault_on_token_endpoint_has_oauth_format() {
    let tenant = Tenant::start().await;
    for (status, error) in
        [(429, "too_many_requests"), (500, "server_error"), (503, "temporarily_unavailable")]
    {
        tenant.control().add_fault(Fault {
            route: Some("POST /oauth/token client_credentials".to_owned()),
            skip: 0,
            times: Some(1),
            kind: FaultKind::Status { status, retry_after: None },
        });
        let reply = tenant.request_token(json!({})).await;
        assert_eq!(reply.error(), (status, error.to_owned()));
        assert!(reply.json()["error_description"].is_string());
    }
}

#[tokio::test]
async fn delayed_request_is_carried_out_after_delay() {
    let tenant = tenant_with_fault(FaultKind::Delay { millis: 1_000_000 }).await;
    assert_hangs(&tenant).await;
    assert!(!is_created(&tenant));
    let tenant = tenant_with_fault(FaultKind::Delay { millis: 1 }).await;
    assert_eq!(create(&tenant).await.unwrap().status, 201);
}

#[tokio::test]
async fn hang_fault_never_responds() {
    let before = tenant_with_fault(FaultKind::Hang).await;
    assert_hangs(&before).await;
    assert!(!is_created(&before));
    let after = tenant_with_fault(FaultKind::HangAfter).await;
    let created = async {
        while !is_created(&after) {
            tokio::task::yield_now().await;
        }
    };
    let mut call = std::pin::pin!(create(&after));
    tokio::select! {
        () = created => {}
        result = &mut call => panic!("{:?}", result.map(|reply| reply.status)),
    }
    let response = tokio::time::timeout(Duration::from_millis(300), call).await;
    assert!(response.is_err());
}

#[tokio::test]
async fn reset_fault_sends_tcp_reset() {
    for (kind, carried_out) in [(FaultKind::ResetBefore, false), (FaultKind::ResetAfter, true)] {
        let tenant = tenant_with_fault(kind).await;
        let (received, ended) = create_raw(&tenant).await;
        assert_eq!(ended.unwrap_err().kind(), ErrorKind::ConnectionReset);
        assert_eq!(received, b"");
        assert_eq!(is_created(&tenant), carried_out);
    }
}

#[tokio::test]
async fn create_after_lost_response_is_conflict() {
    let tenant = tenant_with_fault(FaultKind::ResetAfter).await;
    assert!(create(&tenant).await.is_err());
    let reply = create(&tenant).await.unwrap();
    assert_eq!(reply.code(), (409, "auth0_idp_error".to_owned()));
}

#[tokio::test]
async fn malformed_body_is_not_json() {
    let tenant = tenant_with_fault(FaultKind::Malformed).await;
    let reply = create(&tenant).await.unwrap();
    assert_eq!(reply.status, 201);
    assert!(serde_json::from_str::<Value>(&reply.text).is_err());
    assert!(!reply.text.is_empty());
    assert!(is_created(&tenant));
}

#[tokio::test]
async fn truncated_body_is_shorter_than_content_length() {
    let tenant = tenant_with_fault(FaultKind::Truncated).await;
    let (received, _) = create_raw(&tenant).await;
    let text = String::from_utf8(received).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    assert!(body.len() > 10, "{text}");
    assert!(body.len() < length.parse().unwrap(), "{text}");
    assert!(is_created(&tenant));
    let again = tenant_with_fault(FaultKind::Truncated).await;
    assert!(create(&again).await.is_err(), "clients detect the truncation");
}

#[tokio::test]
async fn oversized_body_has_requested_size() {
    let tenant = tenant_with_fault(FaultKind::Oversized { bytes: 3_000_001 }).await;
    let request =
        tenant.request(Method::POST, "/api/v2/users").bearer_auth(&tenant.token).json(&jane());
    let reply = send(request).await.unwrap();
    assert_eq!((reply.status, reply.text.len()), (201, 3_000_001));
    assert_eq!(reply.header("content-length"), None);
    assert!(is_created(&tenant));
}

#[tokio::test]
async fn html_fault_replaces_response() {
    for status in [200, 502] {
        let tenant = tenant_with_fault(FaultKind::Html { status }).await;
        let reply = create(&tenant).await.unwrap();
        assert_eq!((reply.status, reply.header("content-type")), (status, Some("text/html")));
        assert!(reply.text.starts_with("<html>"));
        assert!(!is_created(&tenant));
    }
}

#[tokio::test]
async fn empty_body_fault_has_no_body() {
    let tenant = tenant_with_fault(FaultKind::EmptyBody).await;
    let reply = create(&tenant).await.unwrap();
    assert_eq!((reply.status, reply.text.as_str()), (201, ""));
    assert!(is_created(&tenant));
}

#[tokio::test]
async fn fault_skips_applies_and_expires() {
    let tenant = Tenant::start().await;
    let kind = FaultKind::Status { status: 500, retry_after: None };
    tenant.control().add_fault(Fault { route: None, skip: 2, times: Some(2), kind: kind.clone() });
    let mut statuses = Vec::new();
    for _ in 0..5 {
        statuses.push(tenant.get("/api/v2/roles").await.status);
    }
    assert_eq!(statuses, [200, 200, 500, 500, 200]);

    tenant.control().add_fault(Fault { route: None, skip: 0, times: None, kind });
    assert_eq!(tenant.get("/api/v2/roles").await.status, 500);
    assert_eq!(tenant.get("/.well-known/jwks.json").await.status, 500);
    assert_eq!(tenant.get("/__sim/health").await.status, 200, "control routes are not affected");
    tenant.control().clear_faults();
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
}

#[tokio::test]
async fn fault_counts_request_and_spares_other_routes() {
    let tenant = tenant_with_fault(FaultKind::ResetBefore).await;
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
    assert!(create(&tenant).await.is_err());
    let calls = tenant.control().calls();
    assert_eq!(calls.get(CREATE), Some(&1));
    assert_eq!(calls.get("GET /api/v2/roles"), Some(&1));
}

#[tokio::test]
async fn held_request_continues_when_released() {
    const ROUTE: &str = "PATCH /api/v2/users/{id}";
    for (kind, is_done) in [(FaultKind::Hold, false), (FaultKind::HoldAfter, true)] {
        let tenant = Tenant::start().await;
        let id = tenant.add_user("jane@acme.example", "correct horse");
        let path = format!("/api/v2/users/{}", id.replace('|', "%7C"));
        let name = || tenant.control().user(&id).unwrap()["name"].clone();
        tenant.control().add_fault(Fault {
            route: Some(ROUTE.to_owned()),
            skip: 0,
            times: Some(1),
            kind,
        });
        let held = tenant.patch(&path, json!({"name": "held"}));
        let other = async {
            tenant.control().wait_for_calls(ROUTE, 1).await;
            while is_done && name() != "held" {
                tokio::task::yield_now().await;
            }
            assert_eq!(tenant.patch(&path, json!({"name": "other"})).await.status, 200);
            assert_eq!(name(), "other");
            if is_done {
                tenant.control().release_held();
            } else {
                assert_eq!(tenant.post("/__sim/faults/release", json!({})).await.status, 204);
            }
        };
        let (held, ()) = tokio::join!(held, other);
        assert_eq!((held.status, &held.json()["name"]), (200, &json!("held")));
        assert_eq!(name(), if is_done { "other" } else { "held" });
    }
}
