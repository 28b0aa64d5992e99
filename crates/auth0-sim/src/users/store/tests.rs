//! The user store: lookups and updates.

use serde_json::{Value, json};

use super::super::user::WriteTime;
use super::Users;
use crate::config::Connection;

const NOW: i64 = 1_767_225_600_000; // 2026-01-01

fn seed(users: &mut Users, user: Value) -> String {
    users.seed(user, &[Connection::default()], NOW).unwrap()
}

fn profile_member(users: &Users, id: &str, key: &str) -> Value {
    users.get_json(id).unwrap().get(key).cloned().unwrap_or(Value::Null)
}

#[test]
fn seeded_user_gets_given_values_and_defaults() {
    let mut users = Users::default();
    let id = seed(
        &mut users,
        json!({
            "user_id": "auth0|jane", "email": "Jane@Acme.example", "blocked": true,
            "created_at": "2020-02-03T04:05:06Z", "logins_count": 3, "password": "secret",
            "username": null,
        }),
    );
    let user_json = users.get_json(&id).unwrap();
    assert_eq!(id, "auth0|jane");
    assert_eq!(user_json["email"], "jane@acme.example");
    assert_eq!(user_json["created_at"], "2020-02-03T04:05:06.000Z");
    assert_eq!(user_json["updated_at"], "2020-02-03T04:05:06.000Z");
    assert_eq!(user_json["nickname"], "jane");
    assert_eq!(user_json["identities"][0]["connection"], "Username-Password-Authentication");
    assert_eq!(user_json["identities"][0]["user_id"], "jane");
    assert!(user_json.get("password").is_none() && user_json.get("username").is_none());
    assert!(users.check_password(&id, 0, "secret") && !users.check_password(&id, 0, "other"));
}

#[test]
fn invalid_seed_is_rejected() {
    for user in [
        json!([]),
        json!({"user_id": 7}),
        json!({"user_id": "bare"}),
        json!({"password": 1}),
        json!({"created_at": "yesterday"}),
    ] {
        let mut users = Users::default();
        assert!(users.seed(user.clone(), &[Connection::default()], NOW).is_err(), "{user}");
    }
    let mut users = Users::default();
    seed(&mut users, json!({"email": "a@acme.example", "username": "a"}));
    for user in [json!({"email": "A@acme.example"}), json!({"username": "A"})] {
        assert!(users.seed(user.clone(), &[Connection::default()], NOW).is_err(), "{user}");
    }
}

#[test]
fn login_lookup_ignores_case_within_one_connection() {
    let mut users = Users::default();
    let id = seed(&mut users, json!({"email": "jane@acme.example", "username": "jane"}));
    let connection = Connection::default().name;
    for identifier in ["jane@acme.example", "JANE@acme.example", "jane", "Jane"] {
        assert_eq!(
            users.find_by_login(&connection, identifier),
            Some((id.clone(), 0)),
            "{identifier}"
        );
        assert_eq!(users.find_by_login("other", identifier), None);
    }
    assert_eq!(users.find_by_login(&connection, "jan"), None);
}

#[test]
fn login_updates_count_and_timestamps() {
    let mut users = Users::default();
    let id = seed(&mut users, json!({"email": "jane@acme.example"}));
    assert_eq!(profile_member(&users, &id, "logins_count"), Value::Null);
    for count in 1..=2 {
        let time = WriteTime { now: NOW + count, lag: 0 };
        users.record_login(&id, "192.0.2.1".parse().unwrap(), time);
        assert_eq!(profile_member(&users, &id, "logins_count"), json!(count));
        let timestamp = json!(format!("2026-01-01T00:00:00.00{count}Z"));
        assert_eq!(profile_member(&users, &id, "last_login"), timestamp);
        assert_eq!(profile_member(&users, &id, "updated_at"), timestamp);
    }
    assert_eq!(profile_member(&users, &id, "last_ip"), "192.0.2.1");
}

#[test]
fn removed_user_leaves_every_lookup() {
    let mut users = Users::default();
    let id = seed(&mut users, json!({"email": "jane@acme.example", "username": "jane"}));
    assert!(users.remove(&id) && !users.remove(&id));
    assert!(users.get_json(&id).is_none() && users.all_json().is_empty());
    assert_eq!(users.find_by_email("jane@acme.example").count(), 0);
    assert_eq!(users.searchable(NOW, 60_000).count(), 0);
    seed(&mut users, json!({"email": "jane@acme.example", "username": "jane"}));
}
