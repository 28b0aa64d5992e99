//! Accounts that this API would not create, seeded as they are.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Tenant, assert_code};

fn path(id: &str) -> String {
    format!("/api/v2/users/{}", utf8_percent_encode(id, NON_ALPHANUMERIC))
}

#[tokio::test]
async fn odd_id_can_be_read_changed_and_deleted() {
    let tenant = Tenant::start().await;
    for id in [
        r"ad|corp\jane",
        "oidc|c|https://idp.example/u#1",
        "auth0|50%2F",
        "auth0|a?b&c=d",
        "auth0|\"q\"",
        "auth0|jane roe",
        "auth0|a+b",
        "auth0|žofie",
        "bare",
        "provider with space|1",
        "auth0|..",
        "auth0|a\tb",
    ] {
        tenant.control().seed_exact(json!({"user_id": id, "email": "a@acme.example"})).unwrap();
        let (status, user) = tenant.get(&path(id)).await;
        assert_eq!((status, &user["user_id"]), (200, &json!(id)));
        let (status, changed) =
            tenant.call(Method::PATCH, &path(id), Some(json!({"app_metadata": {"a": 1}}))).await;
        assert_eq!((status, &changed["app_metadata"]), (200, &json!({"a": 1})), "{id}");
        let quoted = id.replace('\\', r"\\").replace('"', r#"\""#);
        let (_, found) = tenant.list(&[("q", &format!("user_id:\"{quoted}\""))]).await;
        assert_eq!(found.as_array().unwrap().len(), 1, "{id}");
        assert_eq!(tenant.delete(&path(id)).await.0, 204);
        assert!(tenant.control().users().is_empty());
    }
    assert_code(&tenant.get(&path("bare")).await, 400, "invalid_uri");
}

#[tokio::test]
async fn exact_seed_is_returned_unchanged() {
    let tenant = Tenant::start().await;
    let odd = [
        json!({"user_id": "auth0|a", "email": "A@Acme.example", "email_verified": "true", "blocked": 1}),
        json!({"user_id": "auth0|b", "name": "a\u{0}b\u{202e}".repeat(400), "created_at": "yesterday"}),
        json!({"user_id": "sms|c", "phone_number": "+491234567", "name": null, "identities": []}),
        json!({"user_id": "auth0|d", "created_at": 1_700_000_000, "logins_count": "7", "email": 5}),
        json!({"user_id": "auth0|e", "app_metadata": [1], "identities": "none", "email": "a@b"}),
    ];
    for user in &odd {
        tenant.control().seed_exact(user.clone()).unwrap();
    }
    for user in &odd {
        assert_eq!(tenant.get(&path(user["user_id"].as_str().unwrap())).await, (200, user.clone()));
    }
    for sort in ["created_at:1", "email:-1", "name:1", "blocked:1", "user_id:1"] {
        let (status, found) = tenant.list(&[("sort", sort)]).await;
        assert_eq!((status, found.as_array().unwrap().len()), (200, 5), "{sort}");
    }
    for q in ["blocked:true", "created_at:[2020-01-01 TO *]", "name:x*", "app_metadata.a:1"] {
        assert_eq!(tenant.list(&[("q", q)]).await.0, 200, "{q}");
    }
    let (status, changed) =
        tenant.call(Method::PATCH, &path("auth0|a"), Some(json!({"app_metadata": {"a": 1}}))).await;
    assert_eq!((status, &changed["email_verified"]), (200, &json!("true")));
    assert_eq!((&changed["email"], &changed["blocked"]), (&json!("A@Acme.example"), &json!(1)));
}

#[tokio::test]
async fn exact_seed_takes_password_and_needs_id() {
    let tenant = Tenant::start().await;
    for user in
        [json!([]), json!({}), json!({"user_id": 7}), json!({"user_id": "a", "password": 1})]
    {
        assert!(tenant.control().seed_exact(user.clone()).is_err(), "{user}");
    }
    let user = json!({"user_id": "auth0|a", "password": "secret1", "email": "x"});
    let (status, reply) = tenant.call(Method::POST, "/__sim/users?exact=true", Some(user)).await;
    assert_eq!((status, &reply["user_id"]), (201, &json!("auth0|a")));
    assert_eq!(tenant.control().users(), [json!({"user_id": "auth0|a", "email": "x"})]);
}

#[tokio::test]
async fn account_without_email_has_other_identifiers() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"user_id": "sms|5f", "phone_number": "+491234567"}));
    let (_, user) = tenant.get(&path(&id)).await;
    assert_eq!((user.get("email"), user.get("email_verified")), (None, None));
    assert_eq!(user["identities"][0]["isSocial"], false);
    assert_eq!(tenant.list(&[("q", "phone_number:\"+491234567\"")]).await.1[0]["user_id"], id);
}

#[tokio::test]
async fn large_metadata_is_listed_whole() {
    let tenant = Tenant::start().await;
    let notes = "x".repeat(50_000);
    for number in 0..100 {
        tenant.seed(json!({
            "user_id": format!("auth0|{number}"), "user_metadata": {"notes": notes},
        }));
    }
    let (status, found) = tenant.list(&[("per_page", "100")]).await;
    let found = found.as_array().unwrap();
    assert_eq!((status, found.len()), (200, 100));
    let size = |user: &Value| user["user_metadata"]["notes"].as_str().unwrap().len();
    assert!(found.iter().all(|user| size(user) == 50_000));
}
