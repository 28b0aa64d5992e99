//! The search index lags; lookups by id and by e-mail do not.

use serde_json::json;

use crate::support::{CONNECTION, Tenant, path};

#[tokio::test]
async fn search_lags_behind_writes() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.search_lag_millis = 2000);
    let body = json!({"connection": CONNECTION, "email": "jane@acme.example", "password": "secret1", "user_id": "jane"});
    tenant.post(body).await;
    assert_eq!(tenant.search("").await, [""; 0], "just created");
    assert_eq!(tenant.get(&path("auth0|jane")).await.0, 200);
    assert_eq!(
        tenant.get("/api/v2/users-by-email?email=jane%40acme.example").await.1[0]["user_id"],
        "auth0|jane"
    );

    tenant.clock.advance(1999);
    assert_eq!(tenant.search("").await, [""; 0]);
    tenant.clock.advance(1);
    assert_eq!(tenant.search("name:\"jane@acme.example\"").await, ["jane"]);

    tenant.patch("auth0|jane", json!({"name": "Joan"})).await;
    assert_eq!(tenant.search("name:joan").await, [""; 0], "the new name is not found yet");
    assert_eq!(tenant.search("name:\"jane@acme.example\"").await, ["jane"]);
    let (_, users) = tenant.list(&[]).await;
    assert_eq!(users[0]["name"], "jane@acme.example", "the old name is returned");
    tenant.clock.advance(2000);
    assert_eq!(tenant.search("name:joan").await, ["jane"]);

    tenant.delete(&path("auth0|jane")).await;
    assert_eq!(tenant.search("").await, ["jane"], "a deleted user is still found");
    assert_eq!(tenant.get(&path("auth0|jane")).await.0, 404);
    tenant.clock.advance(2000);
    assert_eq!(tenant.search("").await, [""; 0]);
}

#[tokio::test]
async fn catch_up_makes_all_writes_searchable() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.search_lag_millis = 60_000);
    let id = tenant.seed(json!({"user_id": "auth0|jane", "email": "jane@acme.example"}));
    assert_eq!(tenant.search("").await, ["jane"], "a seeded user is visible immediately");
    tenant.patch(&id, json!({"name": "Joan"})).await;
    tenant.control().catch_up();
    assert_eq!(tenant.search("name:joan").await, ["jane"]);
    tenant.patch(&id, json!({"name": "June"})).await;
    assert_eq!(tenant.search("name:joan").await, ["jane"], "later writes lag again");
}

#[tokio::test]
async fn login_update_lags_in_search() {
    let tenant = Tenant::start().await;
    tenant.seed(json!({"user_id": "auth0|jane", "email": "j@acme.example", "password": "secret1"}));
    tenant.control().update_switches(|switches| switches.search_lag_millis = 1000);
    assert_eq!(tenant.log_in("j@acme.example", "secret1").await, 200);
    assert_eq!(tenant.control().user("auth0|jane").unwrap()["logins_count"], 1);
    assert_eq!(tenant.search("_exists_:logins_count").await, [""; 0]);
    tenant.clock.advance(1000);
    assert_eq!(tenant.search("logins_count:1").await, ["jane"]);
}
