//! Tokens for the Management API: issue, scopes, expiry.

use auth0_sim::{Api, Client};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Tenant, client, send};

#[tokio::test]
async fn token_has_grant_scopes_and_one_day_lifetime() {
    let tenant = Tenant::with(|config| {
        config.clients.push(client("reader", &["read:users", "read:roles"]));
    })
    .await;
    let changes = json!({"client_id": "reader", "client_secret": "reader-secret"});
    let reply = tenant.request_token(changes).await;
    assert_eq!(reply.status, 200);
    let body = reply.json();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 86_400);
    assert_eq!(body["scope"], "read:users read:roles");
    assert!(body.get("refresh_token").is_none());
}

#[tokio::test]
async fn token_request_accepts_form() {
    let tenant = Tenant::start().await;
    let audience = format!("{}/api/v2/", tenant.sim.url());
    let body = format!(
        "grant_type=client_credentials&client_id=usher&client_secret=usher-secret&audience={}",
        audience.replace(':', "%3A").replace('/', "%2F"),
    );
    let request = tenant
        .request(Method::POST, "/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body);
    assert_eq!(send(request).await.unwrap().status, 200);
}

#[tokio::test]
async fn invalid_token_request_has_specific_error() {
    let tenant = Tenant::with(|config| {
        config.clients.push(client("no-grant", &[]));
        config
            .clients
            .push(Client { grant_types: Vec::new(), ..client("no-grant-type", &["read:users"]) });
    })
    .await;
    for (changes, status, error) in [
        (json!({"grant_type": null}), 400, "invalid_request"),
        (json!({"grant_type": "magic"}), 400, "unsupported_grant_type"),
        (json!({"client_id": null}), 400, "invalid_request"),
        (json!({"audience": null}), 400, "invalid_request"),
        (json!({"client_secret": "wrong"}), 401, "invalid_client"),
        (json!({"client_secret": null}), 401, "invalid_client"),
        (json!({"client_id": "nobody"}), 401, "invalid_client"),
        (json!({"audience": "https://nobody.example"}), 403, "access_denied"),
        (
            json!({"client_id": "no-grant", "client_secret": "no-grant-secret"}),
            403,
            "access_denied",
        ),
        (
            json!({"client_id": "no-grant-type", "client_secret": "no-grant-type-secret"}),
            403,
            "unauthorized_client",
        ),
    ] {
        let reply = tenant.request_token(changes.clone()).await;
        assert_eq!(reply.error(), (status, error.to_owned()), "{changes}");
        assert!(reply.json()["error_description"].is_string(), "{changes}");
        assert!(reply.json().get("statusCode").is_none(), "{changes}");
    }
}

#[tokio::test]
async fn audience_without_trailing_slash_is_rejected() {
    let tenant = Tenant::start().await;
    let audience = format!("{}/api/v2", tenant.sim.url());
    let reply = tenant.request_token(json!({"audience": audience})).await;
    assert_eq!(reply.error(), (403, "access_denied".to_owned()));
}

#[tokio::test]
async fn wrong_secret_and_missing_grant_follow_switches() {
    let tenant = Tenant::with(|config| config.clients.push(client("no-grant", &[]))).await;
    let no_grant = json!({"client_id": "no-grant", "client_secret": "no-grant-secret"});
    let older = tenant.request_token(no_grant.clone()).await.json();
    tenant.control().update_switches(|switches| {
        switches.bad_secret_is_access_denied = true;
        switches.new_client_grant_wording = true;
    });
    let newer = tenant.request_token(no_grant).await.json();
    let text = |body: &Value| body["error_description"].as_str().unwrap().to_owned();
    assert!(text(&older).contains("You need to create a \"client-grant\""), "{older}");
    assert!(text(&newer).starts_with("Client \"no-grant\" is not authorized"), "{newer}");
    let reply = tenant.request_token(json!({"client_secret": "wrong"})).await;
    assert_eq!(reply.error(), (401, "access_denied".to_owned()));
    assert_eq!(reply.json()["error_description"], "Unauthorized");
}

#[tokio::test]
async fn invalid_management_token_is_401() {
    let tenant = Tenant::start().await;
    let error_message = async |authorization: Option<String>| {
        let mut request = tenant.request(Method::GET, "/api/v2/users");
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let body = send(request).await.unwrap();
        assert_eq!(body.status, 401);
        assert_eq!(body.json()["error"], "Unauthorized");
        body.json()["message"].as_str().unwrap().to_owned()
    };
    assert_eq!(error_message(None).await, "Missing authentication");
    assert_eq!(error_message(Some("Basic dXNoZXI6".to_owned())).await, "Missing authentication");
    assert_eq!(error_message(Some("Bearer garbage".to_owned())).await, "Invalid token");
    let (signed, _) = tenant.token.rsplit_once('.').unwrap();
    let forged = format!("Bearer {signed}.{}", "A".repeat(342));
    assert_eq!(
        error_message(Some(forged)).await,
        "Invalid signature received for JSON Web Token validation"
    );
    let user_token = tenant.control().issue_user_token(auth0_sim::UserToken::default()).unwrap();
    assert_eq!(error_message(Some(format!("Bearer {user_token}"))).await, "Invalid token");
}

#[tokio::test]
async fn token_is_valid_until_expiry_or_revocation() {
    let tenant = Tenant::start().await;
    tenant.clock.advance(86_399_999);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
    tenant.clock.advance(1);
    let reply = tenant.get("/api/v2/roles").await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["message"], "Expired token received for JSON Web Token validation");

    tenant.clock.set(crate::support::START);
    assert_eq!(tenant.get("/api/v2/roles").await.status, 200);
    tenant.control().revoke_tokens();
    let reply = tenant.get("/api/v2/roles").await;
    assert_eq!((reply.status, &reply.json()["message"]), (401, &json!("Invalid token")));
    assert_eq!(tenant.request_token(json!({})).await.status, 200, "a new token can be issued");
}

#[tokio::test]
async fn every_route_requires_its_scope() {
    let mut tenant =
        Tenant::with(|config| config.clients.push(client("other", &["read:something"]))).await;
    let changes = json!({"client_id": "other", "client_secret": "other-secret"});
    let reply = tenant.request_token(changes).await;
    tenant.token = reply.json()["access_token"].as_str().unwrap().to_owned();
    for (method, path, scopes) in [
        (Method::GET, "/api/v2/users", "read:users"),
        (Method::POST, "/api/v2/users", "create:users"),
        (Method::GET, "/api/v2/users/a", "read:users"),
        (Method::PATCH, "/api/v2/users/a", "update:users,update:users_app_metadata"),
        (Method::DELETE, "/api/v2/users/a", "delete:users"),
        (Method::GET, "/api/v2/users-by-email?email=a", "read:users"),
        (Method::GET, "/api/v2/user-blocks/a", "read:users"),
        (Method::DELETE, "/api/v2/user-blocks/a", "update:users"),
        (Method::GET, "/api/v2/users/a/roles", "read:users,read:roles,read:role_members"),
        (Method::GET, "/api/v2/users/a/organizations", "read:organizations"),
        (Method::GET, "/api/v2/organizations", "read:organizations"),
        (Method::POST, "/api/v2/organizations", "create:organizations"),
        (Method::GET, "/api/v2/organizations/a/members", "read:organization_members"),
        (Method::POST, "/api/v2/organizations/a/members", "create:organization_members"),
        (Method::DELETE, "/api/v2/organizations/a/members", "delete:organization_members"),
        (Method::GET, "/api/v2/roles", "read:roles"),
        (Method::GET, "/api/v2/connections", "read:connections"),
        (Method::GET, "/api/v2/clients/usher", "read:clients"),
    ] {
        let reply = tenant.call(method.clone(), path, None).await;
        assert_eq!(reply.code(), (403, "insufficient_scope".to_owned()), "{method} {path}");
        let message = format!("Insufficient scope, expected any of: {scopes}");
        assert_eq!(reply.json()["message"], message, "{method} {path}");
        assert_eq!(reply.json()["error"], "Forbidden", "{method} {path}");
    }
}

#[tokio::test]
async fn route_with_three_scopes_requires_all() {
    let mut tenant =
        Tenant::with(|config| config.clients.push(client("reader", &["read:users"]))).await;
    let changes = json!({"client_id": "reader", "client_secret": "reader-secret"});
    let reply = tenant.request_token(changes).await;
    reply.json()["access_token"].as_str().unwrap().clone_into(&mut tenant.token);
    let reply = tenant.get("/api/v2/users/a/roles").await;
    assert_eq!(reply.code(), (403, "insufficient_scope".to_owned()));
    assert_eq!(tenant.get("/api/v2/users").await.status, 200);
}

#[tokio::test]
async fn requested_scopes_only_narrow_grant() {
    let tenant = Tenant::start().await;
    let reply = tenant.request_token(json!({"scope": "read:users read:everything"})).await;
    assert_eq!(reply.json()["scope"], "read:users");
}

#[tokio::test]
async fn token_quota_resets_each_hour() {
    let tenant = Tenant::start().await;
    tenant.control().update_switches(|switches| switches.tokens_per_hour = Some(2));
    let first = tenant.request_token(json!({})).await;
    assert_eq!(first.header("auth0-client-quota-limit"), Some("b=per_hour;q=2;r=1;t=3600"));
    assert_eq!(tenant.request_token(json!({})).await.status, 200);
    let third = tenant.request_token(json!({})).await;
    assert_eq!(third.error(), (429, "too_many_requests".to_owned()));
    tenant.clock.advance(3_600_000);
    assert_eq!(tenant.request_token(json!({})).await.status, 200);
}

#[tokio::test]
async fn custom_api_requires_its_own_grant() {
    let tenant = Tenant::with(|config| {
        config.apis = vec![Api {
            identifier: "https://api.example".to_owned(),
            scopes: vec!["read:things".to_owned()],
            permissions_in_token: true,
            clients: vec!["usher".to_owned()],
        }];
        config.clients.push(client("stranger", &["read:users"]));
    })
    .await;
    let reply = tenant.request_token(json!({"audience": "https://api.example"})).await;
    assert_eq!(reply.json()["scope"], "read:things");
    let reply = tenant
        .request_token(json!({
            "audience": "https://api.example",
            "client_id": "stranger",
            "client_secret": "stranger-secret",
        }))
        .await;
    assert_eq!(reply.error(), (403, "access_denied".to_owned()));
}
