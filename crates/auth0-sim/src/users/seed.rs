//! Users seeded by a test or a file.

use serde_json::{Value, json};

use super::identities::{PRIMARY, identities, identity_key, is_enterprise, new_identity};
use super::passwords::Passwords;
use super::profile::{self, DATABASE, Profile, fill_defaults, set_or_remove, text};
use super::user::User;
use crate::clock::iso_timestamp;
use crate::config::Connection;
use crate::search::period;

/// Members that hold times.
const DATE_FIELDS: [&str; 4] = ["created_at", "updated_at", "last_login", "last_password_reset"];

/// Parses a user in the Management API's format, with `password`, and with `connection` if it is
/// not the first one. Linked identities in `identities` may have a `password` too. Missing members get the defaults of a new user; no policy is checked. Errors
/// say what is wrong with the value.
pub(super) fn parse_user(
    user: Value,
    connections: &[Connection],
    created_count: u64,
    now: i64,
) -> Result<User, String> {
    let Value::Object(mut profile) = user else {
        return Err("a user must be a JSON object".to_owned());
    };
    profile.retain(|_, value| !value.is_null());
    let password = take_password(&mut profile)?;
    let linked_passwords = take_linked_passwords(&mut profile)?;
    let provider = set_identity(&mut profile, connections, created_count)?;
    if provider == DATABASE {
        for key in ["email", "username"] {
            if let Some(value) = text(&profile, key).map(str::to_lowercase) {
                set_or_remove(&mut profile, key, json!(value));
            }
        }
    }
    if profile.contains_key("email") {
        profile.entry("email_verified").or_insert(json!(false));
    }
    for key in DATE_FIELDS {
        if let Some(value) = profile.get(key) {
            let moment = value.as_str().and_then(period::parse_millis);
            let moment = moment.ok_or_else(|| format!("`{key}` must be a date and time"))?;
            set_or_remove(&mut profile, key, json!(iso_timestamp(moment)));
        }
    }
    let created = text(&profile, "created_at").map_or_else(|| iso_timestamp(now), str::to_owned);
    let updated = text(&profile, "last_login").unwrap_or("").max(created.as_str()).to_owned();
    profile.entry("created_at").or_insert(json!(created));
    profile.entry("updated_at").or_insert(json!(updated));
    fill_defaults(&mut profile);
    let mut user = User::new(profile, password.as_deref());
    for (identity, password) in linked_passwords {
        user.put_passwords(identity, Passwords::new(Some(&password)));
    }
    Ok(user)
}

/// Sets id and identities of the profile. Returns the provider of the first identity.
fn set_identity(
    profile: &mut Profile,
    connections: &[Connection],
    created_count: u64,
) -> Result<String, String> {
    let id = match profile.get("user_id") {
        None => format!("{DATABASE}|{}", profile::random_user_id(created_count)),
        Some(Value::String(id)) => id.clone(),
        Some(_) => return Err("`user_id` must be a string".to_owned()),
    };
    let Some((provider, suffix)) = id.split_once('|') else {
        return Err("`user_id` must have the form `provider|id`".to_owned());
    };
    let connection = match profile.remove("connection") {
        Some(Value::String(connection)) => connection,
        Some(_) => return Err("`connection` must be a string".to_owned()),
        None => default_connection(provider, suffix, connections),
    };
    let identities = json!([new_identity(&connection, provider, suffix)]);
    profile.entry("identities").or_insert(identities);
    set_or_remove(profile, "user_id", json!(id));
    Ok(provider.to_owned())
}

/// Returns the connection of a user whose seed names none: the first database, the connection in an
/// id such as `samlp|acme|7`, or the one named like the provider.
fn default_connection(provider: &str, suffix: &str, connections: &[Connection]) -> String {
    if provider == DATABASE {
        let mut databases = connections.iter().filter(|connection| connection.is_database());
        return databases.next().map_or_else(String::new, |connection| connection.name.clone());
    }
    let in_id = suffix.split_once('|').map(|(connection, _)| connection);
    in_id.filter(|_| is_enterprise(provider)).unwrap_or(provider).to_owned()
}

/// Takes the passwords out of the linked identities of a seed. Returns them by `provider|id`.
fn take_linked_passwords(profile: &mut Profile) -> Result<Vec<(String, String)>, String> {
    let mut passwords = Vec::new();
    for index in PRIMARY + 1..identities(profile).len() {
        let identity = profile.get_mut("identities").and_then(|all| all.get_mut(index));
        match identity.and_then(Value::as_object_mut).and_then(|one| one.remove("password")) {
            None => {}
            Some(Value::String(password)) => {
                passwords.push((identity_key(profile, index), password));
            }
            Some(_) => return Err("`password` of an identity must be a string".to_owned()),
        }
    }
    Ok(passwords)
}

/// Makes a user from a JSON object with a `user_id`, exactly as given, except that `password` is
/// taken out.
pub(super) fn exact_user(user: Value) -> Result<User, String> {
    let Value::Object(mut profile) = user else {
        return Err("a user must be a JSON object".to_owned());
    };
    if !profile.get("user_id").is_some_and(Value::is_string) {
        return Err("`user_id` must be a string".to_owned());
    }
    let password = take_password(&mut profile)?;
    Ok(User::new(profile, password.as_deref()))
}

fn take_password(profile: &mut Profile) -> Result<Option<String>, String> {
    match profile.remove("password") {
        None => Ok(None),
        Some(Value::String(password)) => Ok(Some(password)),
        Some(_) => Err("`password` must be a string".to_owned()),
    }
}
