//! Users that a test or a file puts there.

use serde_json::{Value, json};

use super::profile::{self, DATABASE, Profile, fill_in, put, text};
use super::user::Person;
use crate::clock::iso;
use crate::config::Connection;
use crate::search::period;

/// Members that hold moments.
const MOMENTS: [&str; 4] = ["created_at", "updated_at", "last_login", "last_password_reset"];

/// The user that the value shows as the Management API does, with `password`, and with
/// `connection` if it is not the first one. What is missing gets the defaults of a new user;
/// nothing is checked against a policy. Says what is wrong with the value.
pub(super) fn person(
    user: Value,
    connections: &[Connection],
    number: u64,
    now: i64,
) -> Result<Person, String> {
    let Value::Object(mut profile) = user else { return Err("a user is an object".to_owned()) };
    profile.retain(|_, value| !value.is_null());
    let password = match profile.remove("password") {
        None => None,
        Some(Value::String(password)) => Some(password),
        Some(_) => return Err("password is text".to_owned()),
    };
    let provider = identify(&mut profile, connections, number)?;
    if provider == DATABASE {
        for key in ["email", "username"] {
            if let Some(value) = text(&profile, key).map(str::to_lowercase) {
                put(&mut profile, key, json!(value));
            }
        }
    }
    if profile.contains_key("email") {
        profile.entry("email_verified").or_insert(json!(false));
    }
    for key in MOMENTS {
        if let Some(value) = profile.get(key) {
            let moment = value.as_str().and_then(period::millis);
            let moment = moment.ok_or_else(|| format!("{key} is a date and time"))?;
            put(&mut profile, key, json!(iso(moment)));
        }
    }
    let created = text(&profile, "created_at").map_or_else(|| iso(now), str::to_owned);
    let updated = text(&profile, "last_login").unwrap_or("").max(created.as_str()).to_owned();
    profile.entry("created_at").or_insert(json!(created));
    profile.entry("updated_at").or_insert(json!(updated));
    fill_in(&mut profile);
    Ok(Person::new(profile, password.as_deref()))
}

/// Gives the profile its id and its identities; answers the provider of the first.
fn identify(
    profile: &mut Profile,
    connections: &[Connection],
    number: u64,
) -> Result<String, String> {
    let id = match profile.get("user_id") {
        None => format!("{DATABASE}|{}", profile::new_id(number)),
        Some(Value::String(id)) => id.clone(),
        Some(_) => return Err("user_id is text".to_owned()),
    };
    let Some((provider, suffix)) = id.split_once('|') else {
        return Err("user_id is a provider, a bar and an id".to_owned());
    };
    let connection = match profile.remove("connection") {
        Some(Value::String(connection)) => connection,
        Some(_) => return Err("connection is text".to_owned()),
        None if provider == DATABASE => {
            connections.first().map_or_else(String::new, |connection| connection.name.clone())
        }
        None => provider.to_owned(),
    };
    let identities = json!([profile::identity(&connection, provider, suffix)]);
    profile.entry("identities").or_insert(identities);
    put(profile, "user_id", json!(id));
    Ok(provider.to_owned())
}
