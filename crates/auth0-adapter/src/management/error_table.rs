//! The meaning of Auth0's 4xx responses, in one table.
//!
//! Auth0 often omits `errorCode`, so the status is matched first, then the code, then the beginning
//! of the message. Messages repeat what was sent, such as e-mail addresses, and are dropped once
//! classified.

use reqwest::StatusCode;
use serde_json::Value;

use crate::error::{ErrorMeaning, ErrorResponse};

/// What a message has to look like.
enum MessagePattern {
    Anything,
    Begins(&'static str),
    Contains(&'static str),
    /// `Password…Error: …`
    PasswordError,
    /// A validation error about one of these members of the body.
    About(&'static [&'static str]),
}

use MessagePattern::{About, Anything, Begins, Contains, PasswordError};

struct ErrorRule(&'static [u16], Option<&'static str>, MessagePattern, ErrorMeaning);

/// The first matching rule applies. The wording is observed unless noted otherwise.
#[rustfmt::skip]
const TABLE: &[ErrorRule] = &[
    // Users. `invalid_uri` for a malformed id is documented.
    ErrorRule(&[404], Some("inexistent_user"), Anything, ErrorMeaning::NotFound),
    ErrorRule(&[404], None, Begins("The user does not exist"), ErrorMeaning::NotFound),
    ErrorRule(&[400], Some("invalid_uri"), Anything, ErrorMeaning::NotFound),
    ErrorRule(&[409], None, Begins("The user already exists"), ErrorMeaning::EmailTaken),
    ErrorRule(&[400, 409], None, Begins("The specified new email already exists"), ErrorMeaning::EmailTaken),
    ErrorRule(&[400, 409], None, Begins("The username provided is in use already"), ErrorMeaning::UsernameTaken),
    ErrorRule(&[400, 409], None, Begins("The specified new username already exists"), ErrorMeaning::UsernameTaken),
    ErrorRule(&[409], Some("auth0_idp_error"), Anything, ErrorMeaning::EmailTaken),
    ErrorRule(&[400], None, PasswordError, ErrorMeaning::WeakPassword),
    ErrorRule(&[400], None, Begins("Cannot set username for connection without"), ErrorMeaning::NoUsernames),
    ErrorRule(&[400], None, Begins("Cannot update username for users without"), ErrorMeaning::NotSupported),
    ErrorRule(&[400], Some("invalid_body"), Contains("Missing required property: username"), ErrorMeaning::UsernameRequired),
    ErrorRule(&[400], Some("invalid_body"), About(&["email"]), ErrorMeaning::InvalidEmail),
    // The address is a parameter of the lookup by address.
    ErrorRule(&[400], Some("invalid_query_string"), About(&["email"]), ErrorMeaning::InvalidEmail),
    ErrorRule(&[400], Some("invalid_body"), About(&["username"]), ErrorMeaning::InvalidUsername),
    ErrorRule(&[400], Some("invalid_body"), About(&["name", "given_name", "family_name"]), ErrorMeaning::InvalidName),
    ErrorRule(&[400], Some("invalid_body"), About(&["password"]), ErrorMeaning::WeakPassword),
    ErrorRule(&[400, 403], Some("operation_not_supported"), Anything, ErrorMeaning::NotSupported),

    // Log-in. "user is blocked" (by an administrator) is assumed to be reported only after the
    // password was found correct, since `last_login` changes with it. If that is wrong, a wrong
    // password passes only for users who may set a new one without it: blocked users may not set
    // their own. What attack protection blocks is worded differently, and must never pass.
    ErrorRule(&[401, 403], Some("mfa_required"), Anything, ErrorMeaning::CorrectPassword),
    ErrorRule(&[400, 401, 403], Some("invalid_grant"), Begins("user is blocked"), ErrorMeaning::CorrectPassword),
    ErrorRule(&[401, 403], Some("unauthorized"), Begins("user is blocked"), ErrorMeaning::CorrectPassword),
    // An Action denied the log-in, and Actions run after the password was found correct. Assumed. A
    // client without a grant for the audience gets this code too, but not for a log-in.
    ErrorRule(&[403], Some("access_denied"), Anything, ErrorMeaning::CorrectPassword),
    ErrorRule(&[400, 401, 403], Some("invalid_grant"), Anything, ErrorMeaning::WrongPassword),
    ErrorRule(&[400, 401, 403], Some("invalid_user_password"), Anything, ErrorMeaning::WrongPassword),
    ErrorRule(&[429], Some("too_many_attempts"), Anything, ErrorMeaning::AttemptsBlocked),
    ErrorRule(&[429], Some("too_many_logins"), Anything, ErrorMeaning::AttemptsBlocked),
    // The limit on the log-ins of one user, not the global limit. Assumed.
    ErrorRule(&[429], Some("too_many_requests"), Contains("login"), ErrorMeaning::AttemptsBlocked),
    ErrorRule(&[401, 403], Some("password_leaked"), Anything, ErrorMeaning::AttemptsBlocked),
    ErrorRule(&[401, 403], Some("requires_verification"), Anything, ErrorMeaning::AttemptsBlocked),

    // After the rules for log-ins, some of which are 401 too.
    ErrorRule(&[401], None, Anything, ErrorMeaning::Unauthorized),
];

/// Classifies a 4xx response.
pub(crate) fn classify_error(status: StatusCode, body: &[u8]) -> ErrorResponse {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |member: &str| body.get(member).and_then(Value::as_str);
    // Management API: `errorCode`, `message`. OAuth: `error`, `error_description`; there `error` is
    // a code, while in the Management API it is the reason phrase.
    let oauth = body.get("statusCode").is_none();
    let code = text("errorCode").or(if oauth { text("error") } else { None });
    let message = text("message").or(text("error_description")).unwrap_or_default();
    let status = status.as_u16();
    let meaning = TABLE
        .iter()
        .find(|ErrorRule(statuses, row_code, pattern, _)| {
            statuses.contains(&status)
                && row_code.is_none_or(|row_code| code == Some(row_code))
                && pattern.matches(message)
        })
        .map_or(ErrorMeaning::Misconfigured, |ErrorRule(.., meaning)| *meaning);
    let scopes = if code == Some("insufficient_scope") { scopes_in(message) } else { Vec::new() };
    let code = code.filter(|code| is_code(code)).map(str::to_owned);
    ErrorResponse::new(status, code, meaning, scopes)
}

impl MessagePattern {
    fn matches(&self, message: &str) -> bool {
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

/// Returns the member that a validation error is about: `…' on property email (…)`.
fn property_of(message: &str) -> Option<&str> {
    let (_, rest) = message.rsplit_once("' on property ")?;
    rest.split([' ', '.', '(']).next()
}

/// Returns the scopes in `Insufficient scope, expected any of: read:users,read:user_idp_tokens`.
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

/// Returns whether the text has the form of a code, and so cannot be free text.
fn is_code(text: &str) -> bool {
    text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests;
