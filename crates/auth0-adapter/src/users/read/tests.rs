use conformance::catalogue;
use serde_json::{Value, json};

use super::*;

fn reader() -> Reader {
    Reader { prefix: MetadataPrefix::default(), catalogue: catalogue() }
}

/// An account as Auth0 shows it, with these members changed or taken away.
fn account(changes: &Value) -> wire::User {
    let mut account = json!({
        "user_id": "auth0|5f7c8ec7c33c6c004bbafe82",
        "email": "jane@acme.example",
        "name": "jane@acme.example",
        "created_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-02-02T03:04:05.678Z",
        "app_metadata": { "usher_tenant_acme": { "role": "owner" } },
    });
    for (name, value) in changes.as_object().unwrap() {
        account[name] = value.clone();
    }
    serde_json::from_value(account).unwrap()
}

fn read(changes: &Value) -> Option<User> {
    reader().read(account(changes))
}

#[test]
fn an_account_is_read_with_all_that_it_has() {
    let user = read(&json!({
        "username": "Jane.D",
        "given_name": "Jane",
        "family_name": "Doe",
        "name": "JD",
        "blocked": true,
        "last_login": "2026-03-02T03:04:05.678Z",
        "app_metadata": { "usher": { "home": "acme", "service_user": true } },
    }))
    .unwrap();
    assert_eq!(user.id.as_str(), "auth0|5f7c8ec7c33c6c004bbafe82");
    assert_eq!(user.email.as_str(), "jane@acme.example");
    assert_eq!(user.username.as_ref().unwrap().as_str(), "jane.d");
    assert_eq!((user.given_name_or_empty(), user.family_name_or_empty()), ("Jane", "Doe"));
    assert_eq!(user.display_name.as_ref().unwrap().as_str(), "JD");
    assert!(user.blocked && user.service_user);
    assert_eq!(user.created_at.to_string(), "2026-01-02T03:04:05.678Z");
    assert_eq!(user.updated_at.unwrap().to_string(), "2026-02-02T03:04:05.678Z");
    assert_eq!(user.last_login.unwrap().to_string(), "2026-03-02T03:04:05.678Z");
    assert_eq!(user.home.as_ref().unwrap().as_str(), "acme");
    assert!(user.memberships.is_empty());
}

#[test]
fn a_name_that_is_the_address_is_none() {
    for name in [json!("jane@acme.example"), json!("JANE@acme.EXAMPLE"), json!(null), json!("")] {
        assert_eq!(read(&json!({ "name": name })).unwrap().display_name, None);
    }
    assert!(read(&json!({ "name": "bob@acme.example" })).unwrap().display_name.is_some());
}

#[test]
fn names_that_the_domain_refuses_are_read_as_none() {
    let bad = json!("line\nbreak");
    let user = read(&json!({
        "given_name": bad,
        "family_name": "",
        "name": "x".repeat(301),
        "username": "no spaces",
        "updated_at": "yesterday",
        "last_login": "never",
    }))
    .unwrap();
    assert_eq!((&user.given_name, &user.family_name), (&None, &None));
    assert_eq!((&user.display_name, &user.username), (&None, &None));
    assert_eq!((user.updated_at, user.last_login), (None, None));
}

#[test]
fn an_account_that_usher_cannot_have_is_not_there() {
    for changes in [
        json!({ "email": null }),
        json!({ "email": "" }),
        json!({ "email": "no address" }),
        json!({ "user_id": "" }),
        json!({ "user_id": "auth0|a/../b" }),
        json!({ "user_id": "auth0|\"quoted\"" }),
        json!({ "created_at": "long ago" }),
    ] {
        assert_eq!(read(&changes), None, "{changes}");
    }
}

#[test]
fn a_username_that_was_made_up_is_read_as_none() {
    let id: UserId = "auth0|5f7c8ec7c33c6c004bbafe82".parse().unwrap();
    let made_up = made_up_username(&id);
    assert_eq!(made_up.as_str(), "u5f7c8ec7c33c6c");
    assert_eq!(read(&json!({ "username": made_up.as_str() })).unwrap().username, None);
    // The same username is a real one on another account.
    let other = json!({ "user_id": "auth0|other", "username": made_up.as_str() });
    assert_eq!(read(&other).unwrap().username, Some(made_up));
}
