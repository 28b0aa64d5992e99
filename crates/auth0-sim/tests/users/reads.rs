//! Reads by id and by e-mail, and deletion.

use serde_json::json;

use crate::support::{Tenant, assert_code, error, ids, path};

#[tokio::test]
async fn user_id_is_one_encoded_segment() {
    let tenant = Tenant::start().await;
    for id in ["auth0|jane", "auth0|a/../b", "oidc|conn|x@y.example", "auth0|50%"] {
        tenant.seed(json!({"user_id": id, "name": "x"}));
        let encoded = id.replace('%', "%25").replace('|', "%7C").replace('/', "%2F");
        let (status, user) = tenant.get(&format!("/api/v2/users/{encoded}")).await;
        assert_eq!((status, &user["user_id"]), (200, &json!(id)));
    }
    assert_code(&tenant.get("/api/v2/users/auth0%257Cjane").await, 400, "invalid_uri");
}

#[tokio::test]
async fn unknown_user_is_404_on_get_and_204_on_delete() {
    let tenant = Tenant::start().await;
    let not_found = error(404, "The user does not exist.", "inexistent_user");
    assert_eq!(tenant.get(&path("auth0|nobody")).await, not_found);
    assert_eq!(tenant.delete(&path("auth0|nobody")).await, (204, json!(null)));
    let id = tenant.seed(json!({"email": "jane@acme.example"}));
    for _ in 0..2 {
        assert_eq!(tenant.delete(&path(&id)).await.0, 204);
    }
    assert_eq!(tenant.get(&path(&id)).await, not_found);
    assert_eq!(tenant.get("/api/v2/users-by-email?email=jane%40acme.example").await.1, json!([]));
    assert_eq!(tenant.list(&[]).await.1, json!([]));
}

#[tokio::test]
async fn email_lookup_is_case_sensitive() {
    let tenant = Tenant::start().await;
    tenant.seed(json!({"user_id": "auth0|db", "email": "jane@acme.example"}));
    tenant.seed(json!({"user_id": "samlp|acme|1", "email": "jane@acme.example"}));
    let by_email =
        async |email: &str| tenant.get(&format!("/api/v2/users-by-email?email={email}")).await;
    assert_eq!(ids(&by_email("jane%40acme.example").await.1), ["db", "samlp|acme|1"]);
    assert_eq!(by_email("Jane%40acme.example").await, (200, json!([])));
    assert_eq!(by_email("nobody%40acme.example").await, (200, json!([])));
    assert_code(&by_email("nobody").await, 400, "invalid_query_string");
    assert_code(&tenant.get("/api/v2/users-by-email").await, 400, "invalid_query_string");
    let page = "/api/v2/users-by-email?email=jane%40acme.example&page=0";
    assert_eq!(
        tenant.get(page).await,
        error(
            400,
            "Query validation error: 'Additional properties not allowed: page'.",
            "invalid_query_string"
        )
    );
}

#[tokio::test]
async fn fields_select_members_on_every_endpoint() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"user_id": "auth0|jane", "email": "jane@acme.example"}));
    let jane = json!({"user_id": id, "email": "jane@acme.example"});
    let fields = "fields=user_id,email,blocked";
    assert_eq!(tenant.get(&format!("{}?{fields}", path(&id))).await, (200, jane.clone()));
    let by_email = format!("/api/v2/users-by-email?email=jane%40acme.example&{fields}");
    assert_eq!(tenant.get(&by_email).await, (200, json!([jane])));
    assert_eq!(tenant.get(&format!("/api/v2/users?{fields}")).await, (200, json!([jane])));
    let excluded = format!("{}?{fields}&include_fields=false", path(&id));
    let (_, user) = tenant.get(&excluded).await;
    assert!(user.get("email").is_none() && user.get("name").is_some(), "{user}");
    for invalid in ["fields=password", "fields=user_id,nope", "include_fields=yes", "expand=1"] {
        assert_code(
            &tenant.get(&format!("{}?{invalid}", path(&id))).await,
            400,
            "invalid_query_string",
        );
    }
}

#[tokio::test]
async fn fields_cannot_name_password_reset_or_factors() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({
        "user_id": "auth0|jane", "email": "jane@acme.example",
        "last_password_reset": "2026-01-01T00:00:00.000Z",
    }));
    for name in
        ["last_password_reset", "multifactor", "multifactor_last_modified", "phone_verified"]
    {
        for path in [path(&id), "/api/v2/users".to_owned()] {
            for include in ["", "&include_fields=false"] {
                let reply = tenant.get(&format!("{path}?fields=user_id,{name}{include}")).await;
                assert_code(&reply, 400, "invalid_query_string");
            }
        }
    }
    let (_, some) = tenant.get(&format!("{}?fields=identities,email_verified", path(&id))).await;
    assert_eq!(some["identities"][0]["provider"], "auth0");
    assert_eq!(some.as_object().unwrap().len(), 2);
    let (_, whole) = tenant.get(&path(&id)).await;
    assert_eq!(whole["last_password_reset"], "2026-01-01T00:00:00.000Z");
    let (_, found) = tenant.list(&[]).await;
    assert_eq!(found[0]["last_password_reset"], "2026-01-01T00:00:00.000Z");
}
