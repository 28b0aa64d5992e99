use std::borrow::Cow;

use serde::Deserialize as _;
use serde_json::{json, to_value};

use super::*;

const BARE: &str = r#"{"user_id":"auth0|a","created_at":"2026-03-01T09:30:00.000Z"}"#;

#[test]
fn absent_and_null_members_are_equal() {
    let bare: Auth0User<'_> = serde_json::from_str(BARE).unwrap();
    assert!(!bare.blocked && bare.app_metadata.is_empty() && bare.email.is_none());
    let mut nulls = json!({"user_id": "auth0|a", "created_at": "2026-03-01T09:30:00.000Z"});
    for name in [
        "email",
        "username",
        "name",
        "given_name",
        "family_name",
        "updated_at",
        "last_login",
        "last_password_reset",
        "email_verified",
        "blocked",
        "app_metadata",
        "identities",
    ] {
        nulls[name] = Value::Null;
    }
    assert_eq!(Auth0User::deserialize(nulls).unwrap(), bare);
}

#[test]
fn member_of_another_form_is_read() {
    let read = |name: &str, value: Value| {
        let mut user: Value = serde_json::from_str(BARE).unwrap();
        user[name] = value;
        Auth0User::deserialize(user).unwrap()
    };
    assert_eq!(read("user_id", json!(7)).user_id, "7");
    assert!(read("blocked", json!("true")).blocked && read("blocked", json!(1)).blocked);
    assert!(!read("blocked", json!("false")).blocked && !read("blocked", json!(0)).blocked);
    assert!(read("email_verified", json!(true)).email_verified);
    for doubtful in [json!("true"), json!(1), json!({})] {
        assert!(!read("email_verified", doubtful).email_verified);
    }
    assert!(read("app_metadata", json!([])).app_metadata.is_empty());
    assert!(read("app_metadata", json!("x")).app_metadata.is_empty());
    assert!(read("last_login", json!("2026-03-01 09:30:00")).last_login.is_some());
    assert_eq!(read("created_at", json!("long ago")).created_at, None);
    assert!(!read("identities", json!("x")).identities.are_of("x"));
}

#[test]
fn user_without_an_id_is_rejected() {
    for value in [json!({}), json!(null), json!([]), json!({ "user_id": null })] {
        assert!(Auth0User::deserialize(&value).is_err(), "{value}");
    }
}

#[test]
fn non_string_text_is_read_as_absent() {
    let bare: Auth0User<'_> = serde_json::from_str(BARE).unwrap();
    let texts = "email,username,name,given_name,family_name";
    for value in [json!(["a", "b"]), json!(0), json!({}), json!(true)] {
        for name in texts.split(',') {
            let mut user: Value = serde_json::from_str(BARE).unwrap();
            user[name] = value.clone();
            assert_eq!(Auth0User::deserialize(user).unwrap(), bare, "{name}");
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
        without("user_id", json!(["auth0|a"])),
        good,
        without("created_at", json!(null)),
        without("blocked", json!("true")),
        {},
        null,
        1,
        "row",
        [],
    ]);
    let users = UserRows::<Auth0User<'_>>::deserialize(&rows).unwrap();
    assert_eq!((users.readable.len(), users.unreadable, users.count()), (3, 6, 9));
    // The response as a whole must still be well-formed.
    for garbage in [json!({}), json!("rows"), json!(null)] {
        assert!(UserRows::<Auth0User<'_>>::deserialize(&garbage).is_err(), "{garbage}");
    }
}

#[test]
fn deeply_nested_metadata_hides_no_other_row() {
    let nested = "[".repeat(2000) + &"]".repeat(2000);
    let row =
        BARE.replace("{\"user_id\"", &format!("{{\"app_metadata\":{{\"x\":{nested}}},\"user_id\""));
    let body = format!("[{row},{BARE}]");
    let users: UserRows<Auth0User<'_>> = serde_json::from_str(&body).unwrap();
    assert_eq!((users.readable.len(), users.unreadable), (2, 0));
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
    let mut user: Auth0User<'_> = serde_json::from_str(BARE).unwrap();
    user.email = Some("secret@acme.example".into());
    user.name = Some("secret".into());
    let password: Password = "secret".parse().unwrap();
    let patch = PatchUserBody {
        email: user.email.clone().map(Cow::into_owned),
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
