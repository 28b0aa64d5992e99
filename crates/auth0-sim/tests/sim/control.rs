//! Inspection and control, in process and over HTTP.

use std::time::Duration;

use auth0_sim::{Config, Sim, Switches};
use reqwest::Method;
use serde_json::json;

use crate::support::{Tenant, plain_client, send};

#[tokio::test]
async fn requests_are_counted_by_route() {
    let tenant = Tenant::start().await;
    tenant.get("/api/v2/users/auth0%7Ca").await;
    tenant.get("/api/v2/users/auth0%7Cb").await;
    tenant.get("/api/v2/nothing").await;
    tenant.request_token(json!({})).await;
    let calls = tenant.control().calls();
    assert_eq!(calls.get("GET /api/v2/users/{id}"), Some(&2));
    assert_eq!(calls.get("GET (unknown)"), Some(&1));
    assert_eq!(calls.get("POST /oauth/token client_credentials"), Some(&1));
    assert_eq!(tenant.get("/__sim/calls").await.json(), json!(calls));
    assert_eq!(tenant.delete("/__sim/calls", None).await.status, 204);
    assert!(tenant.control().calls().is_empty(), "control requests are not counted");
}

#[tokio::test]
async fn recorded_requests_contain_no_secrets() {
    let tenant = Tenant::start().await;
    let body = json!({"connection": "none", "email": "a@b.example", "password": "secret one"});
    tenant.post("/api/v2/users?x=a%7Cb", body).await;
    let requests = tenant.control().requests();
    let request = requests.last().unwrap();
    assert_eq!((request.method.as_str(), request.route.as_str()), ("POST", "POST /api/v2/users"));
    assert_eq!(request.target, "/api/v2/users?x=a%7Cb");
    assert_eq!(request.headers["authorization"], "Bearer");
    let body = request.body.as_ref().unwrap();
    assert_eq!((&body["password"], &body["email"]), (&json!("[redacted]"), &json!("a@b.example")));
    let shown = tenant.get("/__sim/requests").await.text;
    assert!(!shown.contains("secret one") && !shown.contains(&tenant.token));
    assert!(!format!("{requests:?}").contains("a@b.example"));
}

#[tokio::test]
async fn escaped_slash_stays_within_its_segment() {
    let tenant = Tenant::start().await;
    tenant.get("/api/v2/users/auth0%7Ca%2Froles").await;
    tenant.get("/api/v2/users/auth0%7Ca/roles").await;
    let calls = tenant.control().calls();
    assert_eq!(calls.get("GET /api/v2/users/{id}"), Some(&1));
    assert_eq!(calls.get("GET /api/v2/users/{id}/roles"), Some(&1));
}

#[tokio::test]
async fn user_id_is_decoded_once() {
    let tenant = Tenant::start().await;
    tenant.control().seed(json!({"user_id": "auth0|a%7Cb", "email": "a@b.example"})).unwrap();
    assert_eq!(tenant.get("/api/v2/users/auth0%7Ca%257Cb").await.status, 200);
    assert_eq!(tenant.get("/api/v2/users/auth0%7Ca%7Cb").await.status, 404);
}

#[tokio::test]
async fn switches_can_be_patched_individually() {
    let tenant = Tenant::start().await;
    let reply = tenant
        .patch("/__sim/switches", json!({"search_lag_millis": 2000, "mfa_status": 401}))
        .await;
    assert_eq!(reply.status, 200);
    let expected = Switches { search_lag_millis: 2000, mfa_status: 401, ..Switches::default() };
    assert_eq!(tenant.control().switches(), expected);
    assert_eq!(tenant.get("/__sim/switches").await.json(), json!(expected));
    let reply = tenant.patch("/__sim/switches", json!({"search_leg_millis": 1})).await;
    assert_eq!(reply.status, 400, "an unknown switch is rejected");
    let reply = tenant.patch("/__sim/switches", json!({"rate_limit": {"global_burst": 3}})).await;
    assert_eq!(reply.status, 200);
    assert_eq!(tenant.control().switches().rate_limit.unwrap().global_burst, 3);
}

#[tokio::test]
async fn control_routes_cover_faults_users_and_keys() {
    let tenant = Tenant::start().await;
    let fault = json!({"route": "GET /api/v2/roles", "kind": "status", "status": 503});
    assert_eq!(tenant.post("/__sim/faults", fault).await.status, 204);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 503);
    assert_eq!(tenant.delete("/__sim/faults", None).await.status, 204);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
    assert_eq!(tenant.post("/__sim/faults", json!({"kind": "magic"})).await.status, 400);

    let user = json!({"user_id": "auth0|jane", "email": "jane@acme.example"});
    assert_eq!(tenant.post("/__sim/users", user).await.json()["user_id"], "auth0|jane");
    let shown = tenant.get("/__sim/users/auth0%7Cjane").await.json();
    assert_eq!(Some(&shown), tenant.control().user("auth0|jane").as_ref());
    assert_eq!(tenant.get("/__sim/users").await.json(), json!([shown]));
    assert_eq!(tenant.delete("/__sim/users/auth0%7Cjane", None).await.status, 204);
    assert_eq!(tenant.get("/__sim/users/auth0%7Cjane").await.status, 404);

    assert_eq!(tenant.get("/__sim/health").await.json(), json!({"status": "ok"}));
    assert_eq!(tenant.post("/__sim/catch-up", json!({})).await.status, 204);
    assert_eq!(tenant.post("/__sim/keys/rotate", json!({})).await.status, 204);
    assert_eq!(tenant.get("/__sim/keys").await.json().as_array().unwrap().len(), 3);
    let token = tenant.post("/__sim/tokens", json!({"user_id": "auth0|jane"})).await;
    assert!(token.json()["access_token"].is_string());
    assert_eq!(tenant.get("/__sim/nothing").await.status, 404);
}

#[tokio::test]
async fn reset_keeps_tokens_and_keys() {
    let tenant = Tenant::start().await;
    tenant.add_user("jane@acme.example", "correct horse");
    tenant.control().update_switches(|switches| switches.slow_search = true);
    assert_eq!(tenant.post("/__sim/reset", json!({})).await.status, 204);
    assert!(tenant.control().users().is_empty());
    assert_eq!(tenant.control().switches(), Switches::default());
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
}

#[tokio::test]
async fn date_header_follows_clock_and_skew() {
    let tenant = Tenant::start().await;
    let date = async || tenant.get("/api/v2/roles").await.header("date").unwrap().to_owned();
    assert_eq!(date().await, "Mon, 02 Mar 2026 08:00:00 GMT");
    tenant.control().update_switches(|switches| switches.clock_skew_millis = -90_000);
    assert_eq!(date().await, "Mon, 02 Mar 2026 07:58:30 GMT");
}

#[tokio::test]
async fn latency_applies_to_all_but_control_requests() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.latency_millis = 1_000_000);
    let request = tenant.request(Method::GET, "/.well-known/jwks.json");
    let response = send(request.timeout(Duration::from_millis(100))).await;
    assert!(response.unwrap_err().is_timeout());
    assert_eq!(tenant.get("/__sim/health").await.status, 200);
    tenant.control().update_switches(|switches| switches.latency_millis = 1);
    assert_eq!(tenant.get("/.well-known/jwks.json").await.status, 200);
}

#[tokio::test]
async fn larger_pages_are_capped_without_error() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.max_per_page = 2);
    for n in 0..3 {
        tenant.post("/api/v2/roles", json!({"name": format!("role {n}")})).await;
        tenant.add_user(&format!("person-{n}@acme.example"), "correct horse");
    }
    for name in ["roles", "users"] {
        let path = format!("/api/v2/{name}?per_page=3&include_totals=true");
        let page = tenant.get(&path).await.json();
        assert_eq!((&page["limit"], &page["total"]), (&json!(2), &json!(3)), "{name}");
        assert_eq!(page[name].as_array().unwrap().len(), 2, "{name}");
    }
}

#[tokio::test]
async fn oversized_uri_and_body_are_rejected() {
    let tenant = Tenant::start().await;
    let long = "a".repeat(17_000);
    assert_eq!(tenant.get(&format!("/api/v2/users?q={long}")).await.status, 414);
    let large = "a".repeat(1024 * 1024);
    assert_eq!(tenant.post("/api/v2/users", json!({"email": large})).await.status, 413);
}

#[tokio::test]
async fn dropped_or_stopped_server_stops_listening() {
    let url = {
        let sim = Sim::start(Config::default()).await.unwrap();
        sim.url().to_owned()
    };
    let client = plain_client().build().unwrap();
    let request_health = || send(client.get(format!("{url}/__sim/health")));
    // The listening task ends when it is polled next.
    while request_health().await.is_ok() {
        tokio::task::yield_now().await;
    }

    let sim = Sim::start(Config::default()).await.unwrap();
    let url = sim.url().to_owned();
    assert_eq!(send(client.get(format!("{url}/__sim/health"))).await.unwrap().status, 200);
    sim.stop().await;
    assert!(send(client.request(Method::GET, format!("{url}/__sim/health"))).await.is_err());
}
