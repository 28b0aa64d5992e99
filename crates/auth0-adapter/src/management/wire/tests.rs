use serde_json::{from_value, json, to_value};

use super::*;

const BARE: &str = r#"{"user_id":"auth0|a","created_at":"2026-03-01T09:30:00.000Z"}"#;

#[test]
fn absent_and_null_members_are_equal() {
    let bare: Auth0User = serde_json::from_str(BARE).unwrap();
    assert!(!bare.blocked && bare.app_metadata.is_empty() && bare.email.is_none());
    let mut nulls = json!({"user_id": "auth0|a", "created_at": "2026-03-01T09:30:00.000Z"});
    for name in
        Auth0User::FIELDS.split(',').filter(|name| !["user_id", "created_at"].contains(name))
    {
        nulls[name] = Value::Null;
    }
    assert_eq!(from_value::<Auth0User>(nulls).unwrap(), bare);
}

#[test]
fn wrong_member_type_is_rejected() {
    for (name, value) in [
        ("user_id", json!(1)),
        ("created_at", json!(null)),
        ("blocked", json!("true")),
        ("app_metadata", json!([])),
    ] {
        let mut user: Value = serde_json::from_str(BARE).unwrap();
        user[name] = value;
        assert!(from_value::<Auth0User>(user).is_err(), "{name}");
    }
}

#[test]
fn non_string_text_is_read_as_absent() {
    let bare: Auth0User = serde_json::from_str(BARE).unwrap();
    let texts = "email,username,name,given_name,family_name,updated_at,last_login";
    for value in [json!(["a", "b"]), json!(0), json!({}), json!(true)] {
        for name in texts.split(',') {
            let mut user: Value = serde_json::from_str(BARE).unwrap();
            user[name] = value.clone();
            assert_eq!(from_value::<Auth0User>(user).unwrap(), bare, "{name}");
        }
    }
}

#[test]
fn malformed_row_is_skipped_alone() {
    let good: Value = serde_json::from_str(BARE).unwrap();
    let without = |name: &str, value: Value| {
        let mut row = good.clone();
        row[name] = value;
        row
    };
    let rows = json!([
        without("user_id", json!(7)),
        good,
        without("created_at", json!(null)),
        without("created_at", json!(["2026-03-01T09:30:00.000Z"])),
        {},
    ]);
    let users: UserRows = from_value(rows).unwrap();
    assert_eq!((users.readable.len(), users.unreadable), (1, 4));
    // The response as a whole must still be well-formed.
    for garbage in [json!({}), json!([1]), json!([without("blocked", json!("true"))])] {
        assert!(from_value::<UserRows>(garbage.clone()).is_err(), "{garbage}");
    }
}

#[test]
fn patch_distinguishes_absent_from_null() {
    let patch = PatchUserBody {
        name: FieldUpdate::Set("Jane".to_owned()),
        given_name: FieldUpdate::Clear,
        blocked: Some(true),
        ..PatchUserBody::default()
    };
    let expected = json!({"name": "Jane", "given_name": null, "blocked": true});
    assert_eq!(to_value(&patch).unwrap(), expected);
}

#[test]
fn debug_output_hides_personal_data() {
    let mut user: Auth0User = serde_json::from_str(BARE).unwrap();
    user.email = Some("secret@acme.example".to_owned());
    user.name = Some("secret".to_owned());
    let password: Password = "secret".parse().unwrap();
    let patch = PatchUserBody {
        email: user.email.clone(),
        password: Some(password.clone()),
        ..PatchUserBody::default()
    };
    let new = CreateUserBody {
        connection: "db".to_owned(),
        user_id: "a".to_owned(),
        email: "secret@acme.example".to_owned(),
        email_verified: false,
        verify_email: false,
        username: Some("secret".to_owned()),
        name: Some("secret".to_owned()),
        given_name: None,
        family_name: None,
        password,
        app_metadata: Map::new(),
    };
    assert!(!format!("{user:?} {patch:?} {new:?}").contains("secret"));
    assert_eq!(to_value(&new).unwrap()["password"], "secret");
    assert_eq!(to_value(&patch).unwrap()["password"], "secret");
}
