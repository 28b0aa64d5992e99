//! Accounts with several identities, other providers, several databases.

use auth0_sim::{Config, Connection, PasswordPolicy, Usernames};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{CONNECTION, Reply, START_TEXT, Tenant, assert_code, error, ids, path};

const SECOND: &str = "Second";

/// Starts a tenant with two databases, a social and an enterprise connection.
async fn start() -> Tenant {
    let named = |name: &str, strategy: &str| Connection {
        id: format!("con_{name}"),
        name: name.to_owned(),
        strategy: strategy.to_owned(),
        ..Connection::default()
    };
    let second = Connection {
        usernames: Usernames::Required,
        password_policy: PasswordPolicy::Fair,
        disable_signup: true,
        ..named(SECOND, "auth0")
    };
    let unsynced = Connection { profile_sync: false, ..named("loose", "samlp") };
    let connections = vec![
        Connection::default(),
        second,
        named("google-oauth2", "google-oauth2"),
        named("acme", "samlp"),
        unsynced,
    ];
    Tenant::with_config(Config { connections, ..Config::default() }).await
}

/// Seeds a user in the second database.
fn second_user(tenant: &Tenant) -> String {
    tenant.seed(json!({
        "user_id": "auth0|second", "connection": SECOND, "email": "two@acme.example",
        "username": "two", "password": "Secret-2", "app_metadata": {"a": 1},
    }))
}

async fn link(tenant: &Tenant, id: &str, body: Value) -> Reply {
    tenant.call(Method::POST, &format!("{}/identities", path(id)), Some(body)).await
}

async fn log_in(tenant: &Tenant, realm: &str, username: &str, password: &str) -> u16 {
    let body = json!({
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm", "realm": realm,
        "username": username, "password": password,
        "client_id": "usher", "client_secret": "usher-secret",
    });
    tenant.call(Method::POST, "/oauth/token", Some(body)).await.0
}

#[tokio::test]
async fn linked_user_becomes_identity_and_unlinked_one_user() {
    let tenant = start().await;
    let id = tenant.seed(json!({"user_id": "google-oauth2|7", "email": "Jane@gmail.example"}));
    let second = second_user(&tenant);
    let (status, all) = link(&tenant, &id, json!({"provider": "auth0", "user_id": second})).await;
    assert_eq!((status, all.as_array().unwrap().len()), (201, 2));
    assert_eq!(all[0]["profileData"]["email"], "Jane@gmail.example");
    assert_eq!(all[1]["connection"], SECOND);
    assert_eq!(all[1]["profileData"]["username"], "two");
    let (_, user) = tenant.get(&path(&id)).await;
    assert_eq!(user["identities"][1], all[1]);
    assert_eq!((&user["email"], user.get("app_metadata")), (&json!("Jane@gmail.example"), None));
    assert_eq!(ids(&tenant.list(&[]).await.1), ["google-oauth2|7"]);
    assert_eq!(tenant.get(&path(&second)).await.0, 404);
    assert_eq!(log_in(&tenant, SECOND, "two", "Secret-2").await, 200);
    assert_eq!(log_in(&tenant, CONNECTION, "two", "Secret-2").await, 403);
    let taken = json!({"connection": SECOND, "email": "two@acme.example", "username": "other", "password": "Secret-3"});
    assert_eq!(tenant.post(taken).await.0, 409, "the address stays taken in its connection");

    let unlink = |one: &str| format!("{}/identities/{one}", path(&id));
    assert_eq!(tenant.delete(&unlink("google-oauth2/7")).await.0, 400);
    assert_eq!(tenant.delete(&unlink("auth0/none")).await.0, 404);
    let (status, remaining) = tenant.delete(&unlink("auth0/second")).await;
    assert_eq!((status, remaining.as_array().unwrap().len()), (200, 1));
    let (_, user) = tenant.get(&path(&second)).await;
    assert_eq!((&user["email"], &user["username"]), (&json!("two@acme.example"), &json!("two")));
    assert_eq!(log_in(&tenant, SECOND, "two@acme.example", "Secret-2").await, 200);

    let same = json!({"provider": "google-oauth2", "user_id": "7"});
    assert_eq!(link(&tenant, &id, same).await.0, 400);
    let unknown = json!({"provider": "auth0", "user_id": "none"});
    assert_code(&link(&tenant, &id, unknown).await, 404, "inexistent_user");
    assert_code(&link(&tenant, &id, json!({"provider": "auth0"})).await, 400, "invalid_body");
}

#[tokio::test]
async fn credentials_of_linked_identity_need_its_connection() {
    let tenant = start().await;
    let id = tenant.seed(json!({
        "user_id": "google-oauth2|7", "email": "Jane@gmail.example", "email_verified": true,
        "identities": [
            {"connection": "google-oauth2", "provider": "google-oauth2", "user_id": "7", "isSocial": true},
            {"connection": SECOND, "provider": "auth0", "user_id": "second", "isSocial": false,
             "password": "Secret-2",
             "profileData": {"email": "two@acme.example", "email_verified": true, "username": "two"}},
        ],
    }));
    for (key, value) in [("password", json!("Secret-3")), ("email", json!("n@acme.example"))] {
        let rejection = tenant.patch(&id, json!({ key: value })).await;
        assert_code(&rejection, 400, "operation_not_supported");
    }
    let weak = json!({"password": "secret", "connection": SECOND});
    assert_eq!(
        tenant.patch(&id, weak).await,
        error(400, "PasswordStrengthError: Password is too weak", "")
    );
    let (status, user) =
        tenant.patch(&id, json!({"password": "Secret-3", "connection": SECOND})).await;
    assert_eq!((status, &user["last_password_reset"]), (200, &json!(START_TEXT)));
    assert!(!user.to_string().contains("Secret"));
    assert_eq!(log_in(&tenant, SECOND, "two", "Secret-2").await, 403);
    assert_eq!(log_in(&tenant, SECOND, "two", "Secret-3").await, 200);
    let change = json!({"email": "New@acme.example", "connection": SECOND});
    let (_, user) = tenant.patch(&id, change).await;
    assert_eq!(
        (&user["email"], &user["email_verified"]),
        (&json!("Jane@gmail.example"), &json!(true))
    );
    let phone = json!({"phone_number": "+491234567", "connection": SECOND});
    let (_, user) = tenant.patch(&id, phone).await;
    assert_eq!(user.get("phone_number"), None);
    let data = &user["identities"][1]["profileData"];
    assert_eq!(data["phone_number"], "+491234567");
    assert_eq!(
        (&data["email"], &data["email_verified"]),
        (&json!("new@acme.example"), &json!(false))
    );
}

#[tokio::test]
async fn password_without_connection_is_that_of_primary_database() {
    let tenant = start().await;
    let id = tenant
        .seed(json!({"user_id": "auth0|one", "email": "one@acme.example", "password": "secret1"}));
    let second = second_user(&tenant);
    assert_eq!(link(&tenant, &id, json!({"provider": "auth0", "user_id": second})).await.0, 201);
    assert_eq!(tenant.patch(&id, json!({"password": "secret2"})).await.0, 200);
    assert_eq!(log_in(&tenant, CONNECTION, "one@acme.example", "secret2").await, 200);
    assert_eq!(log_in(&tenant, SECOND, "two", "Secret-2").await, 200);
    assert_eq!(
        tenant.patch(&id, json!({"username": "", "connection": SECOND})).await.0,
        400,
        "the second database requires usernames"
    );
}

#[tokio::test]
async fn databases_have_separate_users_and_rules() {
    let tenant = start().await;
    let body = |connection: &str, username: Option<&str>, password: &str| {
        let mut body =
            json!({"connection": connection, "email": "jane@acme.example", "password": password});
        if let Some(username) = username {
            body["username"] = username.into();
        }
        body
    };
    assert_eq!(tenant.post(body(CONNECTION, None, "secret1")).await.0, 201);
    assert_code(&tenant.post(body(SECOND, None, "Secret-1")).await, 400, "invalid_body");
    assert_eq!(tenant.post(body(SECOND, Some("jane"), "secret1")).await.0, 400);
    assert_eq!(tenant.post(body(SECOND, Some("jane"), "Secret-1")).await.0, 201);
    let (_, found) = tenant.get("/api/v2/users-by-email?email=jane%40acme.example").await;
    assert_eq!(found.as_array().unwrap().len(), 2);
    assert_eq!(tenant.post(body(SECOND, Some("j2"), "Secret-1")).await.0, 409);
    for other in ["google-oauth2", "acme"] {
        assert_code(
            &tenant.post(body(other, None, "secret1")).await,
            400,
            "operation_not_supported",
        );
    }
}

#[tokio::test]
async fn enterprise_user_keeps_capitals_and_owns_its_attributes() {
    let tenant = start().await;
    let id = tenant.seed(json!({
        "user_id": "samlp|acme|Jane.Roe", "email": "Jane.Roe@Acme.example", "email_verified": true,
    }));
    let stored = tenant.control().user(&id).unwrap();
    assert_eq!(stored["identities"][0]["connection"], "acme");
    assert_eq!(stored["identities"][0]["user_id"], "acme|Jane.Roe");
    assert_eq!(stored["identities"][0]["isSocial"], false);
    let by_email = async |email: &str| {
        let found = tenant.get(&format!("/api/v2/users-by-email?email={email}")).await.1;
        found.as_array().unwrap().len()
    };
    assert_eq!(by_email("jane.roe%40acme.example").await, 0);
    assert_eq!(by_email("Jane.Roe%40Acme.example").await, 1);
    assert_eq!(tenant.search(r#"email:"jane.roe@acme.example""#).await.len(), 1);
    for (key, value) in [
        ("email_verified", json!(false)),
        ("email", json!("n@acme.example")),
        ("password", json!("secret1")),
        ("name", json!("Jane")),
    ] {
        let rejection = tenant.patch(&id, json!({ key: value })).await;
        assert_code(&rejection, 400, "operation_not_supported");
    }
    assert_eq!(tenant.patch(&id, json!({"app_metadata": {"a": 1}})).await.0, 200);
    assert_eq!(log_in(&tenant, "acme", "Jane.Roe@Acme.example", "x").await, 400);

    let loose = tenant.seed(json!({"user_id": "samlp|loose|1", "email": "L@acme.example"}));
    assert_eq!(tenant.patch(&loose, json!({"given_name": "L", "name": "L"})).await.0, 200);
    let phone = tenant.seed(json!({"user_id": "sms|1", "phone_number": "+491234567"}));
    for id in [loose, phone] {
        let rejection = tenant.patch(&id, json!({"email_verified": true})).await;
        assert_code(&rejection, 400, "operation_not_supported");
    }
}

#[tokio::test]
async fn connections_show_strategy_and_sign_up() {
    let tenant = start().await;
    let (_, all) = tenant.get("/api/v2/connections?strategy=auth0").await;
    let names: Vec<_> = all.as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, [CONNECTION, SECOND]);
    assert_eq!(all[0]["options"].get("disable_signup"), None, "sign-up is open");
    assert_eq!(all[1]["options"]["disable_signup"], true);
    let (_, acme) = tenant.get("/api/v2/connections/con_acme").await;
    assert_eq!((&acme["strategy"], &acme["options"]), (&json!("samlp"), &json!({})));
    let closed = Connection { disable_signup: true, ..Connection::default() };
    tenant.control().set_connection(closed);
    let added = json!({"id": "con_3", "name": "Third"});
    assert_eq!(tenant.call(Method::POST, "/__sim/connections", Some(added)).await.0, 204);
    let (_, all) = tenant.get("/api/v2/connections?strategy=auth0").await;
    assert_eq!(all[0]["options"]["disable_signup"], true);
    assert_eq!(all.as_array().unwrap().len(), 3);
}
