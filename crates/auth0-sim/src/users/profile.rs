//! User profiles and the defaults of a new one.
//!
//! Observed: a missing member is absent, never null; `name` defaults to the e-mail address,
//! `nickname` to its local part, `picture` to a gravatar whose fallback shows two letters. Assumed:
//! which two letters, and the defaults of users without an address.

use std::fmt::Write as _;

use aws_lc_rs::rand;
use md5::{Digest, Md5};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

/// A user as the Management API returns it.
pub(crate) type Profile = Map<String, Value>;

/// The provider of database connections.
pub(crate) const DATABASE: &str = "auth0";

/// Returns a member that is text.
pub(crate) fn text<'a>(profile: &'a Profile, key: &str) -> Option<&'a str> {
    profile.get(key).and_then(Value::as_str)
}

/// Sets a member of a profile. Null removes it.
pub(crate) fn set_or_remove(profile: &mut Profile, key: &str, value: Value) {
    if value.is_null() {
        profile.remove(key);
    } else {
        profile.insert(key.to_owned(), value);
    }
}

/// Returns an id as Auth0 generates them: 24 hexadecimal digits.
pub(crate) fn random_user_id(seed: u64) -> String {
    let mut bytes = [0; 12];
    if rand::fill(&mut bytes).is_err() {
        return format!("{seed:024x}");
    }
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Sets `name`, `nickname` and `picture` if the profile has none.
pub(crate) fn fill_defaults(profile: &mut Profile) {
    let handle = text(profile, "email").or_else(|| text(profile, "username")).unwrap_or("");
    let handle = handle.to_owned();
    let nickname = handle.split_once('@').map_or(handle.as_str(), |(local, _)| local).to_owned();
    let initials = initials(text(profile, "name"), &nickname);
    for (key, value) in
        [("picture", gravatar(&handle, &initials)), ("nickname", nickname), ("name", handle)]
    {
        if !value.is_empty() {
            profile.entry(key).or_insert(Value::String(value));
        }
    }
}

/// Returns the first letters of the first two words of the name, or else the first two letters of
/// the nickname.
fn initials(name: Option<&str>, nickname: &str) -> String {
    let mut words = name.unwrap_or("").split_whitespace().filter_map(|word| word.chars().next());
    let initials: String = match (words.next(), words.next()) {
        (Some(first), Some(second)) => [first, second].into_iter().collect(),
        _ => nickname.chars().take(2).collect(),
    };
    initials.to_lowercase()
}

fn gravatar(handle: &str, initials: &str) -> String {
    let hash = hex(&Md5::digest(handle.to_lowercase()));
    let initials = utf8_percent_encode(initials, NON_ALPHANUMERIC).to_string();
    let fallback = format!("https://cdn.auth0.com/avatars/{initials}.png");
    let fallback = fallback.replace(':', "%3A").replace('/', "%2F");
    format!("https://s.gravatar.com/avatar/{hash}?s=480&r=pg&d={fallback}")
}

/// Returns whether a text is a valid username: the letters, digits and signs of the page "Require
/// Username", and not an e-mail address.
pub(crate) fn is_username(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || "@^$.!`-#+'~_".contains(c))
        && !crate::http::validation::is_email(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn new_profile_gets_name_nickname_and_picture() {
        let mut profile = Profile::new();
        set_or_remove(&mut profile, "email", json!("chuck.norris@acme.example"));
        fill_defaults(&mut profile);
        assert_eq!(
            Value::Object(profile),
            json!({
                "email": "chuck.norris@acme.example",
                "name": "chuck.norris@acme.example",
                "nickname": "chuck.norris",
                "picture": "https://s.gravatar.com/avatar/1f3e0db38ab45705c03336d18db28623?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fch.png",
            })
        );
    }

    #[test]
    fn existing_profile_members_are_kept() {
        let mut profile = Profile::new();
        for key in ["name", "nickname", "picture"] {
            set_or_remove(&mut profile, key, json!("given"));
        }
        let expected = profile.clone();
        fill_defaults(&mut profile);
        assert_eq!(profile, expected);
    }

    #[test]
    fn username_allows_some_signs_but_no_address() {
        for (text, is_valid) in [
            ("jane", true),
            ("Jane_1.x-y+z", true),
            ("@^$.!`-#+'~_", true),
            ("jane roe", false),
            ("jane/roe", false),
            ("jane@acme.example", false),
        ] {
            assert_eq!(is_username(text), is_valid, "{text}");
        }
    }
}
