use conformance::catalogue;
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::*;

fn reader() -> AccountReader {
    AccountReader {
        prefix: MetadataPrefix::default(),
        connections: ["people".to_owned(), "staff".to_owned()].into(),
        catalogue: catalogue(),
    }
}

/// An account as Auth0 returns it, with these members changed.
fn account(changes: &Value) -> Auth0User<'static> {
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
    Auth0User::deserialize(account).unwrap()
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
    assert_eq!((user.given_name, user.family_name, user.display_name), (None, None, None));
    assert_eq!((user.username, user.updated_at, user.last_login), (None, None, None));
}

#[test]
fn address_of_any_syntax_is_read_in_lower_case() {
    for (stored, shown) in [
        ("Jane@Corp.Example", "jane@corp.example"),
        ("\"odd one\"@example.com", "\"odd one\"@example.com"),
        ("jörg@müller.example", "jörg@müller.example"),
        ("JANE@localhost", "jane@localhost"),
        ("a@b.c", "a@b.c"),
    ] {
        let user = read(&json!({ "email": stored, "name": stored })).unwrap();
        assert_eq!((user.email.as_str(), user.display_name), (shown, None));
    }
}

#[test]
fn account_without_an_address_has_a_placeholder() {
    let mut placeholders = Vec::new();
    for (id, email) in [
        ("sms|5f7c8ec7c33c6c004bbafe82", json!(null)),
        ("sms|5f7c8ec7c33c6c004bbafe83", json!("")),
        ("sms|5f7c8ec7c33c6c004bbafe84", json!({ "a": "b" })),
    ] {
        let user = read(&json!({ "user_id": id, "email": email, "name": "Jane" })).unwrap();
        assert_eq!(user.email.as_str().parse(), Ok(user.email.clone()));
        assert!(user.email.as_str().ends_with("@no-address.invalid"));
        assert_eq!(user.display_name.unwrap().as_str(), "Jane");
        placeholders.push(user.email);
    }
    placeholders.dedup();
    assert_eq!(placeholders.len(), 3);
}

#[test]
fn id_of_any_provider_is_read() {
    for id in ["auth0|a/.../b", "auth0|\"quoted\"", r"samlp|corp|CORP\jane doe", "adfs|Jörg#1?%2F"]
    {
        assert_eq!(read(&json!({ "user_id": id })).unwrap().id.as_str(), id);
    }
}

#[test]
fn account_without_a_usable_id_is_skipped() {
    for id in ["", ".", "auth0|a\nb", &"x".repeat(2000)] {
        assert_eq!(read(&json!({ "user_id": id })), None, "{id:?}");
    }
}

#[test]
fn unreadable_creation_time_is_the_epoch() {
    let user = read(&json!({ "created_at": "long ago" })).unwrap();
    assert_eq!(user.created_at, Timestamp::UNIX_EPOCH);
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

#[test]
fn every_identity_must_be_of_an_allowed_connection() {
    let of = |connection: &str| json!({ "connection": connection, "provider": "auth0" });
    for (identities, allowed) in [
        (json!([of("people")]), true),
        (json!([of("people"), of("staff")]), true),
        (json!([of("people"), of("google-oauth2")]), false),
        (json!([{ "provider": "auth0" }]), false),
        (json!([]), false),
        (json!(null), false),
        (json!("people"), false),
    ] {
        let user = read(&json!({ "identities": identities })).unwrap();
        assert_eq!(user.credentials.connections_allowed, allowed, "{identities}");
    }
}

#[test]
fn action_for_applications_gives_the_roles_of_active_memberships() {
    // `docs/auth0-action/roles.test.js` runs the Action on the same cases.
    let cases: Value =
        serde_json::from_str(include_str!("../../../../../../docs/auth0-action/cases.json"))
            .unwrap();
    let context = domain::PolicyContext::at("2026-06-01T00:00:00.000Z".parse().unwrap());
    let connections = ["Username-Password-Authentication".to_owned()].into();
    let reader = AccountReader { connections, ..reader() };
    for case in cases.as_array().unwrap() {
        let user = reader.read(Auth0User::deserialize(&case["user"]).unwrap()).unwrap();
        let roles = user.active_roles(&context);
        let roles = roles.map(|(tenant, role)| (tenant.to_string(), json!(role.name().as_str())));
        assert_eq!(Value::Object(roles.collect()), case["roles"], "{}", case["name"]);
    }
    let page = include_str!("../../../../../../docs/auth0.md");
    let action = include_str!("../../../../../../docs/auth0-action/roles.js");
    assert!(page.contains(action), "docs/auth0.md shows another Action");
}
