//! Queries over HTTP. The query language is covered by the crate's unit tests.

use serde_json::json;

use crate::support::{Tenant, assert_code, error, path};

async fn seeded_users() -> Tenant {
    let tenant = Tenant::start().await;
    for (id, role, home) in
        [("olivia", "owner", "acme"), ("adam", "admin", "acme"), ("vera", "viewer", "globex")]
    {
        tenant.seed(json!({
            "user_id": format!("auth0|{id}"), "email": format!("{id}@{home}.example"),
            "name": format!("{id} O'Neil+Söhne"),
            "app_metadata": {"usher_tenant_acme": {"role": role}, "usher": {"home": home, "service_user": false}},
        }));
    }
    tenant
}

#[tokio::test]
async fn users_are_found_by_tenant_role() {
    let tenant = seeded_users().await;
    for (q, expected) in [
        (r#"app_metadata.usher_tenant_acme.role:("owner" OR "admin")"#, vec!["adam", "olivia"]),
        (
            r#"app_metadata.usher_tenant_acme.role:("owner" OR "admin") AND user_id:("auth0|adam" OR "auth0|vera")"#,
            vec!["adam"],
        ),
        (
            r#"app_metadata.usher_tenant_acme.role:("owner") AND created_at:[* TO *]"#,
            vec!["olivia"],
        ),
        (
            "app_metadata.usher.service_user:false AND NOT app_metadata.usher.home:acme",
            vec!["vera"],
        ),
        (r#"name:"vera o'neil+söhne""#, vec!["vera"]),
        (r"name:vera\ O'Neil\+söhne", vec!["vera"]),
        ("email.domain:acme.example", vec!["adam", "olivia"]),
    ] {
        assert_eq!(tenant.search(q).await, expected, "{q}");
    }
}

#[tokio::test]
async fn unsupported_query_is_rejected_with_reason() {
    let tenant = seeded_users().await;
    let q = "app_metadata.usher.level:[1 TO 2]";
    assert_eq!(
        tenant.list(&[("q", q)]).await,
        error(
            400,
            "Query validation error: 'operator 'less or equal' is not supported' on property q (Query in Lucene query string syntax. Some query types cannot be used on metadata fields.).",
            "invalid_query_string"
        )
    );
    for q in ["\" OR *", "name:(", "name:*x", "AND", &"(".repeat(3000), &"(".repeat(2000)] {
        assert!(matches!(tenant.list(&[("q", q)]).await.0, 400 | 414), "{q}");
    }
    assert_code(
        &tenant.list(&[("q", "user_metadata.a:[1 TO 2]")]).await,
        400,
        "invalid_query_string",
    );
}

#[tokio::test]
async fn organization_query_finds_its_members() {
    let tenant = seeded_users().await;
    let post =
        async |target: &str, body| tenant.call(reqwest::Method::POST, target, Some(body)).await;
    let (status, organization) = post("/api/v2/organizations", json!({"name": "acme"})).await;
    assert_eq!(status, 201, "{organization}");
    let id = organization["id"].as_str().unwrap();
    let members = json!({"members": ["auth0|olivia", "auth0|vera"]});
    assert_eq!(post(&format!("/api/v2/organizations/{id}/members"), members).await.0, 204);
    assert_eq!(tenant.search(&format!("organization_id:\"{id}\"")).await, ["olivia", "vera"]);
    let q = format!("organization_id:\"{id}\" AND (email.domain:globex.example)");
    assert_eq!(tenant.search(&q).await, ["vera"]);
    assert_eq!(tenant.search("organization_id:org_other").await, [""; 0]);
    tenant.delete(&path("auth0|vera")).await;
    tenant.seed(json!({"user_id": "auth0|vera", "email": "vera@acme.example"}));
    assert_eq!(
        tenant.search(&format!("organization_id:\"{id}\"")).await,
        ["olivia"],
        "the new user is no member"
    );
}
