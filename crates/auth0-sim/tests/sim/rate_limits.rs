//! Rate limits: the buckets, the three headers, the body of a 429.

use auth0_sim::{Bucket, EndpointLimit, RateLimit};
use serde_json::json;

use crate::support::{Reply, START, Tenant};

const START_SECOND: i64 = START / 1_000;

async fn limited_tenant(limit: RateLimit) -> Tenant {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.rate_limit = Some(limit));
    tenant
}

fn unlimited() -> RateLimit {
    RateLimit { global_burst: 0, authentication: None, ..RateLimit::free() }
}

/// Returns limit, remaining and reset, the last in seconds from the start.
fn quota(reply: &Reply) -> [i64; 3] {
    let number = |name| reply.header(name).unwrap().parse::<i64>().unwrap();
    let reset = number("x-ratelimit-reset") - START_SECOND;
    [number("x-ratelimit-limit"), number("x-ratelimit-remaining"), reset]
}

#[tokio::test]
async fn unlimited_response_has_no_rate_limit_headers() {
    let tenant = Tenant::start().await;
    let reply = tenant.get("/api/v2/roles").await;
    assert!(reply.headers.keys().all(|name| !name.as_str().starts_with("x-ratelimit")));
}

#[tokio::test]
async fn global_bucket_refills_at_start_of_second() {
    let tenant = limited_tenant(RateLimit::free()).await;
    tenant.clock.advance(400);
    assert_eq!(quota(&tenant.get("/api/v2/roles").await), [2, 1, 1]);
    assert_eq!(quota(&tenant.get("/api/v2/users").await), [2, 0, 1]);
    let reply = tenant.get("/api/v2/roles").await;
    assert_eq!(reply.code(), (429, "too_many_requests".to_owned()));
    assert_eq!(
        reply.json(),
        json!({
            "statusCode": 429,
            "error": "Too Many Requests",
            "message": "Global limit has been reached",
            "errorCode": "too_many_requests",
        })
    );
    assert_eq!(quota(&reply), [2, 0, 1]);
    assert_eq!(reply.header("retry-after"), None);
    tenant.clock.advance(599);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 429);
    tenant.clock.advance(1);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
}

#[tokio::test]
async fn endpoint_routes_share_one_bucket() {
    let endpoint = EndpointLimit {
        name: "read roles".to_owned(),
        routes: vec!["GET /api/v2/roles".to_owned(), "GET /api/v2/roles/{id}".to_owned()],
        bucket: Bucket { burst: 2, per_minute: 12 },
    };
    let tenant = limited_tenant(RateLimit { endpoints: vec![endpoint], ..unlimited() }).await;
    assert_eq!(quota(&tenant.get("/api/v2/roles").await), [2, 1, 5]);
    assert_eq!(tenant.get("/api/v2/roles/none").await.status, 404, "a 404 counts");
    assert_eq!(tenant.get("/api/v2/roles").await.status, 429);
    assert_eq!(tenant.get("/api/v2/users").await.status, 200, "not limited");
    tenant.clock.advance(4_999);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 429);
    tenant.clock.advance(1);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
}

#[tokio::test]
async fn global_bucket_is_checked_first() {
    let endpoint = EndpointLimit {
        name: "read roles".to_owned(),
        routes: vec!["GET /api/v2/roles".to_owned()],
        bucket: Bucket { burst: 10, per_minute: 60 },
    };
    let limit = RateLimit { global_burst: 1, endpoints: vec![endpoint], ..unlimited() };
    let tenant = limited_tenant(limit).await;
    assert_eq!(quota(&tenant.get("/api/v2/roles").await)[0], 10);
    let rejected = tenant.get("/api/v2/roles").await;
    assert_eq!((rejected.status, quota(&rejected)[0]), (429, 1));
}

#[tokio::test]
async fn rate_limited_request_is_not_carried_out() {
    let tenant = limited_tenant(RateLimit { global_burst: 1, ..unlimited() }).await;
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
    assert_eq!(tenant.post("/api/v2/roles", json!({"name": "editor"})).await.status, 429);
    tenant.control().update_switches(|switches| switches.rate_limit = None);
    assert_eq!(tenant.get("/api/v2/roles").await.json(), json!([]));
}

#[tokio::test]
async fn retry_after_is_sent_only_if_enabled() {
    let limit = RateLimit { global_burst: 1, retry_after_header: true, ..unlimited() };
    let tenant = limited_tenant(limit).await;
    assert_eq!(tenant.get("/api/v2/roles").await.header("retry-after"), None);
    assert_eq!(tenant.get("/api/v2/roles").await.header("retry-after"), Some("1"));
}

#[tokio::test]
async fn token_endpoint_has_separate_limit() {
    let authentication = Some(Bucket { burst: 3, per_minute: 60 });
    let limit = RateLimit { authentication, global_burst: 1, ..unlimited() };
    let tenant = limited_tenant(limit).await;
    // Each request for a token reads the discovery document first.
    assert_eq!(tenant.request_token(json!({})).await.status, 200);
    tenant.control().update_switches(|switches| switches.latency_millis = 0);
    let rejected = tenant.log_in("a", "b", "203.0.113.7", json!({})).await;
    assert_eq!(rejected.status, 403);
    let rejected = tenant.log_in("a", "b", "203.0.113.7", json!({})).await;
    assert_eq!(rejected.error(), (429, "too_many_requests".to_owned()));
    assert_eq!(quota(&rejected), [3, 0, 1]);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
}
