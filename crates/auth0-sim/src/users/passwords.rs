//! Password hashes and password policies.
//!
//! Documented: the levels, the history of up to 24, the dictionary, the personal data; 400 without
//! `errorCode`. Observed: the texts of strength and dictionary. Assumed: the texts of history and
//! personal data, the order of the checks, and which passwords are common: the real dictionary has
//! ten thousand.

use aws_lc_rs::{constant_time, digest, rand};
use serde_json::{Map, Value};

use crate::config::{Connection, PasswordPolicy};
use crate::http::error::ApiError;

/// A salted hash of a password. It is computed with one round, to keep tests fast.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    salt: [u8; 16],
    digest: Vec<u8>,
}

impl PasswordHash {
    pub(crate) fn new(password: &str) -> Self {
        let mut salt = [0; 16];
        // Without random bytes the salt is zero, which is acceptable in a stand-in.
        let _ = rand::fill(&mut salt);
        Self { digest: hash(salt, password), salt }
    }

    pub(crate) fn matches(&self, password: &str) -> bool {
        constant_time::verify_slices_are_equal(&self.digest, &hash(self.salt, password)).is_ok()
    }
}

fn hash(salt: [u8; 16], password: &str) -> Vec<u8> {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(&salt);
    context.update(password.as_bytes());
    context.finish().as_ref().to_vec()
}

/// The current password of a user and the previous ones, newest first.
#[derive(Clone, Default)]
pub(crate) struct Passwords {
    current: Option<PasswordHash>,
    previous: Vec<PasswordHash>,
}

impl Passwords {
    pub(crate) fn new(password: Option<&str>) -> Self {
        Self { current: password.map(PasswordHash::new), previous: Vec::new() }
    }

    /// Returns whether this is the current password.
    pub(crate) fn matches(&self, password: &str) -> bool {
        self.current.as_ref().is_some_and(|current| current.matches(password))
    }

    pub(crate) fn replace(&mut self, password: Option<&str>) {
        if let Some(replaced) =
            std::mem::replace(&mut self.current, password.map(PasswordHash::new))
        {
            self.previous.insert(0, replaced);
            self.previous.truncate(24);
        }
    }

    /// Returns whether this is among the last `depth` passwords, including the current one.
    fn was_used(&self, password: &str, depth: usize) -> bool {
        self.current.iter().chain(&self.previous).take(depth).any(|old| old.matches(password))
    }
}

/// The longest password in bytes: what bcrypt reads. Documented.
pub(crate) const MAX_BYTES: usize = 72;

const SPECIAL: &str = "!@#$%^&*()-_=+[]{};:'\",.<>/?\\|`~ ";

/// The passwords in the dictionary.
const COMMON_PASSWORDS: [&str; 40] = [
    "123456",
    "password",
    "12345678",
    "qwerty",
    "123456789",
    "12345",
    "1234",
    "111111",
    "1234567",
    "dragon",
    "123123",
    "baseball",
    "abc123",
    "football",
    "monkey",
    "letmein",
    "696969",
    "shadow",
    "master",
    "666666",
    "qwertyuiop",
    "123321",
    "mustang",
    "1234567890",
    "michael",
    "654321",
    "superman",
    "1qaz2wsx",
    "7777777",
    "121212",
    "000000",
    "qazwsx",
    "123qwe",
    "trustno1",
    "iloveyou",
    "password1",
    "password123",
    "passw0rd",
    "welcome1",
    "p@ssw0rd",
];

/// Rejects a password that violates the connection's policy for this profile.
pub(crate) fn check_policy(
    password: &str,
    connection: &Connection,
    profile: &Map<String, Value>,
    history: &Passwords,
) -> Result<(), ApiError> {
    let refuse = |name: &str, text: &str| Err(ApiError::bare(400, format!("{name}: {text}")));
    let too_short = connection.min_length.is_some_and(|minimum| password.chars().count() < minimum);
    if too_short || !is_strong(password, connection.password_policy) {
        return refuse("PasswordStrengthError", "Password is too weak");
    }
    if connection.dictionary && COMMON_PASSWORDS.contains(&password.to_lowercase().as_str()) {
        return refuse("PasswordDictionaryError", "Password is too common");
    }
    if connection.no_personal_info && contains_personal_data(password, profile) {
        return refuse("PasswordNoUserInfoError", "Password contains user information");
    }
    if history.was_used(password, connection.history.min(24)) {
        return refuse("PasswordHistoryError", "Password has previously been used");
    }
    Ok(())
}

fn is_strong(password: &str, policy: PasswordPolicy) -> bool {
    let length = password.chars().count();
    let lower = password.chars().any(|c| c.is_ascii_lowercase());
    let upper = password.chars().any(|c| c.is_ascii_uppercase());
    let digit = password.chars().any(|c| c.is_ascii_digit());
    let special = password.chars().any(|c| SPECIAL.contains(c));
    let classes = [lower, upper, digit, special].into_iter().filter(|class| *class).count();
    match policy {
        PasswordPolicy::None => length >= 1,
        PasswordPolicy::Low => length >= 6,
        PasswordPolicy::Fair => length >= 8 && lower && upper && digit,
        PasswordPolicy::Good => length >= 8 && classes >= 3,
        PasswordPolicy::Excellent => length >= 10 && classes >= 3 && !has_triple(password),
    }
}

/// Returns whether there are three equal characters in a row.
fn has_triple(password: &str) -> bool {
    let mut run = (None, 0);
    password.chars().any(|c| {
        run = if run.0 == Some(c) { (run.0, run.1 + 1) } else { (Some(c), 1) };
        run.1 > 2
    })
}

/// Returns whether the password contains a name or the local part of the address. Parts of fewer
/// than three characters are ignored (assumed).
fn contains_personal_data(password: &str, profile: &Map<String, Value>) -> bool {
    let password = password.to_lowercase();
    ["name", "given_name", "family_name", "nickname", "username", "email"]
        .into_iter()
        .filter_map(|key| profile.get(key).and_then(Value::as_str))
        .flat_map(|text| text.split_once('@').map_or(text, |(local, _)| local).split_whitespace())
        .filter(|part| part.chars().count() >= 3)
        .any(|part| password.contains(&part.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refusal(connection: &Connection, history: &Passwords, password: &str) -> String {
        let profile = json!({"email": "jane.roe@acme.example", "name": "Jane Roe-Smith"});
        let profile = profile.as_object().unwrap();
        match check_policy(password, connection, profile, history) {
            Ok(()) => String::new(),
            Err(ApiError::Management { status: 400, message, code: None }) => {
                message.split(':').next().unwrap().to_owned()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_password_policy_enforces_its_rules() {
        use PasswordPolicy::{Excellent, Fair, Good, Low, None};
        for (policy, password, strong) in [
            (None, "x", true),
            (None, "", false),
            (Low, "abcde", false),
            (Low, "abcdef", true),
            (Fair, "abcdefgh", false),
            (Fair, "Abcdefg1", true),
            (Fair, "Abcdef1", false),
            (Fair, "abcdefg1!", false),
            (Good, "abcdefg1", false),
            (Good, "abcdefg1!", true),
            (Good, "Abcdefg1", true),
            (Excellent, "Abcdefg1", false),
            (Excellent, "Abcdefgh12", true),
            (Excellent, "Abbbdefgh1", false),
            (Excellent, "Abbdbefgh1", true),
        ] {
            let connection = Connection { password_policy: policy, ..Connection::default() };
            let expected = if strong { "" } else { "PasswordStrengthError" };
            assert_eq!(
                refusal(&connection, &Passwords::default(), password),
                expected,
                "{password}"
            );
        }
    }

    #[test]
    fn enabled_password_checks_reject_weak_passwords() {
        let lax = Connection::default();
        let strict = Connection {
            dictionary: true,
            no_personal_info: true,
            history: 2,
            ..Connection::default()
        };
        let mut history = Passwords::new(Some("the-oldest-one"));
        history.replace(Some("the-older-one"));
        history.replace(Some("the-current-one"));
        for (password, expected) in [
            ("Password1", "PasswordDictionaryError"),
            ("i-am-JANE.ROE-99", "PasswordNoUserInfoError"),
            ("xx-roe-smith-xx", "PasswordNoUserInfoError"),
            ("the-current-one", "PasswordHistoryError"),
            ("the-older-one", "PasswordHistoryError"),
            ("the-oldest-one", ""),
            ("something-else", ""),
        ] {
            assert_eq!(refusal(&strict, &history, password), expected, "{password}");
            assert_eq!(refusal(&lax, &history, password), "", "{password}");
        }
    }

    #[test]
    fn password_hash_matches_only_its_password() {
        let passwords = Passwords::new(Some("right"));
        assert!(passwords.matches("right"));
        assert!(
            !passwords.matches("wrong") && !passwords.matches("") && !passwords.matches("right ")
        );
        assert!(!Passwords::new(None).matches(""));
    }
}
