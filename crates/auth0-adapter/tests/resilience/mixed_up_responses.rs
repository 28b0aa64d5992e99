//! Responses about another account, as from an intermediary that mixes requests up.

use conformance::{Caller, acme, catalogue};
use domain::{AccountChange, NewMember, User};
use ports::UserDirectory;
use serde_json::{Value, json};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{directory_at, outcome_name};

/// A user of acme.
fn row(id: &str, email: &str) -> Value {
    json!({
        "user_id": id,
        "email": email,
        "created_at": "2026-01-01T00:00:00.000Z",
        "identities": [{"connection": "Username-Password-Authentication", "provider": "auth0", "user_id": "x"}],
        "app_metadata": {
            "usher": {"home": "acme", "service_user": false},
            "usher_tenant_acme": {"role": "member"},
        },
    })
}

/// A server that answers every request about one account with another's row.
async fn mixed_up_server() -> MockServer {
    let server = MockServer::start().await;
    let token = json!({"access_token": "token", "token_type": "Bearer", "expires_in": 86400});
    let ok = |body: Value| ResponseTemplate::new(200).set_body_json(body);
    let created = ResponseTemplate::new(201).set_body_json(row("auth0|eve", "eve@acme.example"));
    for (verb, path, answer) in [
        ("POST", "^/oauth/token$", ok(token)),
        ("GET", "^/api/v2/users-by-email$", ok(json!([row("auth0|eve", "eve@acme.example")]))),
        ("POST", "^/api/v2/users$", created),
        ("GET", "^/api/v2/users/.+$", ok(row("auth0|eve", "eve@acme.example"))),
        ("PATCH", "^/api/v2/users/.+$", ok(row("auth0|eve", "eve@acme.example"))),
    ] {
        Mock::given(method(verb)).and(path_regex(path)).respond_with(answer).mount(&server).await;
    }
    server
}

#[tokio::test]
async fn response_about_another_account_is_an_error() {
    let server = mixed_up_server().await;
    let directory = directory_at(&server.uri(), |_| {});
    let operator = Caller::operator();
    let eve = directory
        .find(&operator.views(), &"auth0|eve".parse().unwrap())
        .await
        .unwrap()
        .expect("the requested account");
    let jane = User {
        id: "auth0|jane".parse().unwrap(),
        email: "jane@acme.example".parse().unwrap(),
        ..User::clone(&eve)
    };

    let found = directory.find(&operator.views(), &jane.id).await;
    assert_eq!(outcome_name(&found), "failed", "{found:?}");
    let change = AccountChange {
        email: jane.email.clone(),
        given_name: Some("Janet".parse().unwrap()),
        family_name: None,
    };
    let changed = directory.change_account(&operator.changes(), &jane, change).await;
    assert_eq!(outcome_name(&changed), "failed", "{changed:?}");
    let password = "new-password".parse().unwrap();
    let set = directory.set_password(&operator.changes(), &jane, password).await;
    assert_eq!(outcome_name(&set), "failed", "{set:?}");
    // No account with another address is attached, and a created account has the id that was
    // chosen.
    let role = catalogue().resolve("member").unwrap().clone();
    let new_member = NewMember { email: jane.email.clone(), role, name: None };
    let attached = directory.attach_or_create(&operator.writes(&acme()), new_member).await;
    assert_eq!(outcome_name(&attached), "failed", "{attached:?}");
    let patched = server.received_requests().await.unwrap();
    let of_eve = |path: &str| path.to_lowercase().contains("eve");
    assert!(!patched.iter().any(|call| call.method.as_str() == "PATCH" && of_eve(call.url.path())));
}
