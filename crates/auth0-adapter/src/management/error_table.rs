//! What Auth0 means by a status of 4xx: one table.
//!
//! Auth0 leaves `errorCode` out more often than not, so that the status comes first, then the
//! code, then how the message begins. Messages repeat what was sent, e-mail addresses among it, and
//! are dropped as soon as their meaning is known.

use reqwest::StatusCode;
use serde_json::Value;

use crate::error::{Meaning, Refusal};

/// What stands in a message.
enum Says {
    Anything,
    Begins(&'static str),
    Contains(&'static str),
    /// `Password…Error: …`
    PasswordError,
    /// A validation error about one of these members of the body.
    About(&'static [&'static str]),
}

use Says::{About, Anything, Begins, Contains, PasswordError};

struct Row(&'static [u16], Option<&'static str>, Says, Meaning);

/// The first row that fits counts. The wording is observed unless it says otherwise.
#[rustfmt::skip]
const TABLE: &[Row] = &[
    // Users. That a malformed id is `invalid_uri` is documented.
    Row(&[404], Some("inexistent_user"), Anything, Meaning::NotFound),
    Row(&[404], None, Begins("The user does not exist"), Meaning::NotFound),
    Row(&[400], Some("invalid_uri"), Anything, Meaning::NotFound),
    Row(&[409], None, Begins("The user already exists"), Meaning::EmailTaken),
    Row(&[400, 409], None, Begins("The specified new email already exists"), Meaning::EmailTaken),
    Row(&[400, 409], None, Begins("The username provided is in use already"), Meaning::UsernameTaken),
    Row(&[400, 409], None, Begins("The specified new username already exists"), Meaning::UsernameTaken),
    Row(&[409], Some("auth0_idp_error"), Anything, Meaning::EmailTaken),
    Row(&[400], None, PasswordError, Meaning::WeakPassword),
    Row(&[400], None, Begins("Cannot set username for connection without"), Meaning::NoUsernames),
    Row(&[400], None, Begins("Cannot update username for users without"), Meaning::NotSupported),
    Row(&[400], Some("invalid_body"), Contains("Missing required property: username"), Meaning::UsernameRequired),
    Row(&[400], Some("invalid_body"), About(&["email"]), Meaning::InvalidEmail),
    Row(&[400], Some("invalid_body"), About(&["username"]), Meaning::InvalidUsername),
    Row(&[400], Some("invalid_body"), About(&["name", "given_name", "family_name"]), Meaning::InvalidName),
    Row(&[400], Some("invalid_body"), About(&["password"]), Meaning::WeakPassword),
    Row(&[400, 403], Some("operation_not_supported"), Anything, Meaning::NotSupported),

    // Log-in. That a user is blocked by an administrator is taken to be told only after the password
    // was found right, since `last_login` moves with it. Assumed; if it were not so, a wrong password
    // would pass only for those who may set a new one without: blocked users may not set their own.
    // What attack protection blocks is worded otherwise, and must never pass.
    Row(&[401, 403], Some("mfa_required"), Anything, Meaning::RightPassword),
    Row(&[400, 401, 403], Some("invalid_grant"), Begins("user is blocked"), Meaning::RightPassword),
    Row(&[401, 403], Some("unauthorized"), Begins("user is blocked"), Meaning::RightPassword),
    // An Action said no, and Actions run after the password was found right. Assumed. A client
    // without a grant for the audience gets this code too, but not for a log-in.
    Row(&[403], Some("access_denied"), Anything, Meaning::RightPassword),
    Row(&[400, 401, 403], Some("invalid_grant"), Anything, Meaning::WrongPassword),
    Row(&[400, 401, 403], Some("invalid_user_password"), Anything, Meaning::WrongPassword),
    Row(&[429], Some("too_many_attempts"), Anything, Meaning::AttemptsStopped),
    Row(&[429], Some("too_many_logins"), Anything, Meaning::AttemptsStopped),
    // The limit on logins of one person, and not that of all requests together. Assumed.
    Row(&[429], Some("too_many_requests"), Contains("login"), Meaning::AttemptsStopped),
    Row(&[401, 403], Some("password_leaked"), Anything, Meaning::AttemptsStopped),
    Row(&[401, 403], Some("requires_verification"), Anything, Meaning::AttemptsStopped),

    // After the log-in's, some of which are 401 too.
    Row(&[401], None, Anything, Meaning::Unauthorized),
];

/// Reads what came with a status of 4xx.
pub(crate) fn read_refusal(status: StatusCode, body: &[u8]) -> Refusal {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |member: &str| body.get(member).and_then(Value::as_str);
    // Management API: `errorCode`, `message`. OAuth: `error`, `error_description`; there
    // `error` is a code, while in the Management API it is the status in words.
    let oauth = body.get("statusCode").is_none();
    let code = text("errorCode").or(if oauth { text("error") } else { None });
    let message = text("message").or(text("error_description")).unwrap_or_default();
    let status = status.as_u16();
    let meaning = TABLE
        .iter()
        .find(|Row(statuses, row_code, says, _)| {
            statuses.contains(&status)
                && row_code.is_none_or(|row_code| code == Some(row_code))
                && says.fit(message)
        })
        .map_or(Meaning::OperatorsProblem, |Row(.., meaning)| *meaning);
    let scopes = if code == Some("insufficient_scope") { scopes_in(message) } else { Vec::new() };
    let code = code.filter(|code| is_code(code)).map(str::to_owned);
    Refusal::new(status, code, meaning, scopes)
}

impl Says {
    fn fit(&self, message: &str) -> bool {
        match self {
            Anything => true,
            Begins(text) => message.starts_with(text),
            Contains(text) => message.contains(text),
            PasswordError => message
                .strip_prefix("Password")
                .and_then(|rest| rest.split_once("Error:"))
                .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_alphabetic())),
            About(members) => property_of(message).is_some_and(|name| members.contains(&name)),
        }
    }
}

/// The member that a validation error is about: `…' on property email (…)`.
fn property_of(message: &str) -> Option<&str> {
    let (_, rest) = message.rsplit_once("' on property ")?;
    rest.split([' ', '.', '(']).next()
}

/// The scopes in `Insufficient scope, expected any of: read:users,read:user_idp_tokens`.
fn scopes_in(message: &str) -> Vec<String> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b == b'_' || b == b':';
    message
        .split_once(':')
        .map_or("", |(_, scopes)| scopes)
        .split([',', ' '])
        .filter(|scope| scope.contains(':') && scope.len() <= 64 && scope.bytes().all(allowed))
        .map(str::to_owned)
        .collect()
}

/// Whether a text is a code, and no text that somebody slipped in.
fn is_code(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests;
