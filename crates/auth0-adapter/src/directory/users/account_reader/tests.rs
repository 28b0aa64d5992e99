use conformance::catalogue;
use serde_json::{Value, json};

use super::*;

fn reader() -> AccountReader {
    AccountReader { prefix: MetadataPrefix::default(), catalogue: catalogue() }
}

/// An account as Auth0 returns it, with these members changed.
fn account(changes: &Value) -> wire::Auth0User {
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
fn account_is_read_with_every_member() {
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
fn name_equal_to_the_address_is_read_as_none() {
    for name in [json!("jane@acme.example"), json!("JANE@acme.EXAMPLE"), json!(null), json!("")] {
        assert_eq!(read(&json!({ "name": name })).unwrap().display_name, None);
    }
    assert!(read(&json!({ "name": "bob@acme.example" })).unwrap().display_name.is_some());
}

#[test]
fn names_outside_our_rules_are_read_cleaned() {
    let user = read(&json!({
        "given_name": "line\nbreak",
        "family_name": "\u{202e}Doe\u{2069}",
        "name": "x".repeat(301),
        "app_metadata": { "usher_tenant_acme": { "role": "owner", "name": "J\u{2028}D" } },
    }))
    .unwrap();
    assert_eq!((user.given_name_or_empty(), user.family_name_or_empty()), ("linebreak", "Doe"));
    assert_eq!(user.display_name.as_ref().unwrap().as_str(), "x".repeat(300));
    let acme = "acme".parse().unwrap();
    assert_eq!(user.name_in(&acme).unwrap().as_str(), "JD");
}

#[test]
fn invalid_values_are_read_as_none() {
    let user = read(&json!({
        "given_name": "\u{200b} \n",
        "family_name": "",
        "name": " ",
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
fn unreadable_account_is_skipped() {
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
fn placeholder_username_is_read_as_none() {
    let id: UserId = "auth0|5f7c8ec7c33c6c004bbafe82".parse().unwrap();
    let placeholder = placeholder_username(&id);
    assert_eq!(placeholder.as_str(), "u5f7c8ec7c33c6c");
    assert_eq!(read(&json!({ "username": placeholder.as_str() })).unwrap().username, None);
    // On another account the same username is a real one.
    let other = json!({ "user_id": "auth0|other", "username": placeholder.as_str() });
    assert_eq!(read(&other).unwrap().username, Some(placeholder));
}
