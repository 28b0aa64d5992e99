//! `PATCH /api/v2/users/{id}`.

use auth0_sim::{Config, Connection, Usernames};
use serde_json::{Value, json};

use crate::support::{CONNECTION, Tenant, assert_code, error};

fn jane(tenant: &Tenant) -> String {
    tenant.seed(json!({
        "user_id": "auth0|jane", "email": "jane@acme.example", "email_verified": true,
        "username": "jane", "given_name": "Jane", "family_name": "Roe", "name": "Jane Roe",
        "nickname": "J", "phone_number": "+4912345", "password": "secret1",
        "created_at": "2026-01-01T00:00:00.000Z",
    }))
}

#[tokio::test]
async fn change_returns_whole_user_and_updates_timestamp() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    tenant.clock.advance(77);
    let mut expected = tenant.control().user(&id).unwrap();
    expected["given_name"] = "Joan".into();
    expected["blocked"] = true.into();
    expected["updated_at"] = "2026-03-01T09:30:00.200Z".into();
    let changed = tenant.patch(&id, json!({"given_name": "Joan", "blocked": true})).await;
    assert_eq!(changed, (200, expected.clone()));
    assert_eq!(tenant.control().user(&id), Some(expected));
}

#[tokio::test]
async fn null_removes_member() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    for key in
        ["given_name", "family_name", "name", "nickname", "picture", "phone_number", "username"]
    {
        let (status, changed) = tenant.patch(&id, json!({ key: null })).await;
        assert_eq!((status, changed.get(key)), (200, None), "{key}");
    }
    for key in ["blocked", "email_verified", "user_metadata", "app_metadata", "verify_email"] {
        assert_code(&tenant.patch(&id, json!({ key: null })).await, 400, "invalid_body");
    }
}

#[tokio::test]
async fn duplicate_email_or_username_is_400_on_patch() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    tenant.seed(json!({"email": "bob@acme.example", "username": "bob"}));
    assert_eq!(
        tenant.patch(&id, json!({"email": "BOB@acme.example"})).await,
        error(400, "The specified new email already exists", "auth0_idp_error")
    );
    assert_eq!(
        tenant.patch(&id, json!({"username": "Bob"})).await,
        error(400, "The username provided is in use already.", "auth0_idp_error")
    );
    let duplicate =
        json!({"email": "bob@acme.example", "given_name": "Joan", "app_metadata": {"a": 1}});
    tenant.patch(&id, duplicate).await;
    let stored = tenant.control().user(&id).unwrap();
    assert_eq!((&stored["given_name"], stored.get("app_metadata")), (&json!("Jane"), None));
    assert_eq!(
        tenant.patch(&id, json!({"email": "JANE@acme.example"})).await.0,
        200,
        "the user's own value"
    );
    assert_eq!(tenant.patch(&id, json!({"username": "JANE"})).await.0, 200, "the user's own value");
}

#[tokio::test]
async fn former_email_can_be_reused() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    assert_eq!(tenant.patch(&id, json!({"email": "new@acme.example"})).await.0, 200);
    let by_email =
        async |email| tenant.get(&format!("/api/v2/users-by-email?email={email}")).await.1;
    assert_eq!(by_email("jane@acme.example").await, json!([]));
    assert_eq!(by_email("new@acme.example").await[0]["user_id"], id);
    let other = tenant.seed(json!({"email": "bob@acme.example"}));
    assert_eq!(tenant.patch(&other, json!({"email": "jane@acme.example"})).await.0, 200);
}

#[tokio::test]
async fn new_email_is_unverified_unless_body_or_switch_overrides() {
    for (clears_verified, body, verified) in [
        (true, json!({"email": "new@acme.example"}), false),
        (false, json!({"email": "new@acme.example"}), true),
        (true, json!({"email": "new@acme.example", "email_verified": true}), true),
        (true, json!({"email": "Jane@acme.example"}), true),
        (true, json!({"email_verified": false}), false),
        (true, json!({"name": "Joan"}), true),
    ] {
        let tenant = Tenant::start().await;
        tenant
            .control()
            .update_switches(|switches| switches.email_change_unverifies = clears_verified);
        let id = jane(&tenant);
        let (_, changed) = tenant.patch(&id, body.clone()).await;
        assert_eq!(changed["email_verified"], verified, "{body}");
        assert_eq!(tenant.control().mails().len(), 0);
    }
}

#[tokio::test]
async fn verification_mail_is_sent_only_on_request() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    tenant.patch(&id, json!({"email": "new@acme.example", "verify_email": true})).await;
    let mails = tenant.control().mails();
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "new@acme.example"));
}

#[tokio::test]
async fn exclusive_pairs_cannot_be_changed_together() {
    let value = |key: &str| match key {
        "email_verified" => json!(true),
        "email" => json!("new@acme.example"),
        "password" => json!("secret2"),
        _ => json!("new"),
    };
    for (a, b, only_strict) in [
        ("username", "password", false),
        ("username", "email_verified", false),
        ("password", "email_verified", false),
        ("password", "email", true),
        ("username", "email", true),
    ] {
        let tenant = Tenant::start().await;
        let id = jane(&tenant);
        let message = format!("Cannot update {a} and {b} simultaneously");
        let rejection = error(400, &message, "operation_not_supported");
        assert_eq!(tenant.patch(&id, json!({ a: value(a), b: value(b) })).await, rejection);
        tenant.control().update_switches(|switches| switches.strict_patch_pairs = false);
        let expected = if only_strict { 200 } else { 400 };
        let relaxed = tenant.patch(&id, json!({ a: value(a), b: value(b) })).await;
        assert_eq!(relaxed.0, expected, "{a} {b}");
    }
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    let allowed = json!({"email": "n@acme.example", "email_verified": false, "verify_email": false, "name": "N"});
    assert_eq!(tenant.patch(&id, allowed).await.0, 200);
}

#[tokio::test]
async fn read_only_properties_are_rejected() {
    let tenant = Tenant::start().await;
    let id = jane(&tenant);
    for (body, message) in [
        (json!({}), "'None of the valid schemas were met'."),
        (
            json!({"identities": [], "updated_at": "x"}),
            "'Additional properties not allowed: identities,updated_at (consider storing them in app_metadata or user_metadata. See \"Users Metadata\" in https://auth0.com/docs/api/v2/changes for more details)'.",
        ),
        (
            json!({"email": "bad"}),
            "'Object didn't pass validation for format email: bad' on property email (Email address of this user.).",
        ),
    ] {
        let rejection = error(400, &format!("Payload validation error: {message}"), "invalid_body");
        assert_eq!(tenant.patch(&id, body).await, rejection);
    }
    for body in [json!([]), json!("x"), json!({"user_id": "auth0|x"}), json!({"created_at": "x"})] {
        assert_code(&tenant.patch(&id, body).await, 400, "invalid_body");
    }
}

#[tokio::test]
async fn unknown_user_is_404_and_malformed_id_400() {
    let tenant = Tenant::start().await;
    let not_found = error(404, "The user does not exist.", "inexistent_user");
    assert_eq!(tenant.patch("auth0|nobody", json!({"name": "x"})).await, not_found);
    assert_code(&tenant.patch("nobody", json!({"name": "x"})).await, 400, "invalid_uri");
}

#[tokio::test]
async fn username_change_depends_on_connection_and_user() {
    let tenant = Tenant::start().await;
    let user_without_username = tenant.seed(json!({"email": "bob@acme.example"}));
    let rejection =
        error(400, "Cannot update username for users without an username already set.", "");
    assert_eq!(tenant.patch(&user_without_username, json!({"username": "bob"})).await, rejection);
    tenant.control().update_switches(|switches| switches.username_for_users_without_one = true);
    assert_eq!(
        tenant.patch(&user_without_username, json!({"username": "Bob"})).await.1["username"],
        "bob"
    );

    let tenant_without_usernames =
        Tenant::with(Connection { usernames: Usernames::None, ..Connection::default() }).await;
    let id = tenant_without_usernames.seed(json!({"email": "bob@acme.example"}));
    let rejection = error(400, "Cannot set username for connection without requires_username", "");
    assert_eq!(tenant_without_usernames.patch(&id, json!({"username": "bob"})).await, rejection);
}

#[tokio::test]
async fn provider_owned_attributes_cannot_be_changed() {
    let tenant = Tenant::start().await;
    let id = tenant.seed(json!({"user_id": "google-oauth2|1", "email": "S@gmail.example"}));
    for key in ["email", "name", "password", "username"] {
        let rejection = tenant.patch(&id, json!({ key: "x@y.example" })).await;
        assert_code(&rejection, 400, "operation_not_supported");
        let message = rejection.1["message"].as_str().unwrap();
        assert!(
            message
                .starts_with(&format!("The following user attributes cannot be updated: {key}. "))
        );
    }
    assert_eq!(tenant.patch(&id, json!({"blocked": true, "app_metadata": {"a": 1}})).await.0, 200);
    assert_eq!(
        tenant.control().user(&id).unwrap()["email"],
        "S@gmail.example",
        "case is preserved"
    );
}

#[tokio::test]
async fn named_connection_must_belong_to_user() {
    let second = Connection { id: "con_2".into(), name: "Second".into(), ..Connection::default() };
    let tenant = Tenant::with_config(Config {
        connections: vec![Connection::default(), second],
        ..Config::default()
    })
    .await;
    let id = jane(&tenant);
    let change = |connection: &str| json!({"password": "secret2", "connection": connection});
    assert_eq!(tenant.patch(&id, change(CONNECTION)).await.0, 200);
    assert_code(&tenant.patch(&id, change("Second")).await, 400, "operation_not_supported");
    assert_code(&tenant.patch(&id, change("Third")).await, 400, "inexistent_connection");
}

#[tokio::test]
async fn app_metadata_scope_allows_no_other_property() {
    let client = auth0_sim::Client {
        scopes: vec!["update:users_app_metadata".to_owned()],
        ..auth0_sim::Client::default()
    };
    let tenant = Tenant::with_config(Config { clients: vec![client], ..Config::default() }).await;
    let id = jane(&tenant);
    assert_eq!(tenant.patch(&id, json!({"app_metadata": {"a": 1}})).await.0, 200);
    for body in [json!({"name": "x"}), json!({"app_metadata": {}, "name": "x"})] {
        let message = "Insufficient scope, expected any of: update:users,update:users_app_metadata";
        assert_eq!(tenant.patch(&id, body).await, error(403, message, "insufficient_scope"));
    }
    assert_ne!(tenant.control().user(&id).unwrap()["name"], Value::from("x"));
}
