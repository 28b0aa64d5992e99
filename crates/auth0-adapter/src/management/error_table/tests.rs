use serde_json::json;

use super::*;

fn read(status: u16, body: &Value) -> ErrorResponse {
    classify_error(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
}

/// Returns the meaning of an error of the Management API.
fn management(status: u16, code: Option<&str>, message: &str) -> ErrorMeaning {
    let mut body = json!({"statusCode": status, "error": "Some Reason", "message": message});
    if let Some(code) = code {
        body["errorCode"] = code.into();
    }
    read(status, &body).meaning()
}

fn oauth(status: u16, error: &str, description: &str) -> ErrorMeaning {
    read(status, &json!({"error": error, "error_description": description})).meaning()
}

#[test]
fn management_api_errors_are_classified() {
    const INVALID_BODY: Option<&str> = Some("invalid_body");
    const IDP_ERROR: Option<&str> = Some("auth0_idp_error");
    let property = |what: &str, name: &str| {
        format!("Payload validation error: '{what}' on property {name} (Some description).")
    };
    let table: &[(u16, Option<&str>, &str, ErrorMeaning)] = &[
        (404, Some("inexistent_user"), "The user does not exist.", ErrorMeaning::NotFound),
        (404, None, "The user does not exist.", ErrorMeaning::NotFound),
        (404, None, "Not Found", ErrorMeaning::Misconfigured),
        (404, Some("inexistent_connection"), "No connection", ErrorMeaning::Misconfigured),
        (
            400,
            Some("invalid_uri"),
            "Path validation error: 'x' on property id",
            ErrorMeaning::NotFound,
        ),
        (409, IDP_ERROR, "The user already exists.", ErrorMeaning::EmailTaken),
        (409, None, "The user already exists.", ErrorMeaning::EmailTaken),
        (400, IDP_ERROR, "The specified new email already exists", ErrorMeaning::EmailTaken),
        (400, None, "The specified new email already exists", ErrorMeaning::EmailTaken),
        (400, IDP_ERROR, "Something else", ErrorMeaning::Misconfigured),
        (400, None, "The username provided is in use already.", ErrorMeaning::UsernameTaken),
        (409, IDP_ERROR, "The username provided is in use already.", ErrorMeaning::UsernameTaken),
        (400, None, "PasswordStrengthError: Password is too weak", ErrorMeaning::WeakPassword),
        (400, None, "PasswordDictionaryError: Password is too common", ErrorMeaning::WeakPassword),
        (400, None, "PasswordNoUserInfoError: …", ErrorMeaning::WeakPassword),
        (400, None, "PasswordHistoryError: …", ErrorMeaning::WeakPassword),
        (400, None, "Password is not an Error:", ErrorMeaning::Misconfigured),
        (
            400,
            None,
            "Cannot set username for connection without requires_username",
            ErrorMeaning::NoUsernames,
        ),
        (
            400,
            INVALID_BODY,
            "Payload validation error: 'Missing required property: username'.",
            ErrorMeaning::UsernameRequired,
        ),
        (400, INVALID_BODY, &property("Object didn't pass", "email"), ErrorMeaning::InvalidEmail),
        (
            400,
            INVALID_BODY,
            &property("String is too long", "username"),
            ErrorMeaning::InvalidUsername,
        ),
        (
            400,
            INVALID_BODY,
            &property("String is too long", "given_name"),
            ErrorMeaning::InvalidName,
        ),
        (400, INVALID_BODY, &property("String is too long", "name"), ErrorMeaning::InvalidName),
        (
            400,
            INVALID_BODY,
            &property("x' on property email ('", "color"),
            ErrorMeaning::Misconfigured,
        ),
        (400, Some("operation_not_supported"), "…", ErrorMeaning::NotSupported),
        (403, Some("operation_not_supported"), "…", ErrorMeaning::NotSupported),
        (403, Some("insufficient_scope"), "…", ErrorMeaning::Misconfigured),
        (401, None, "Invalid token", ErrorMeaning::Unauthorized),
        (
            400,
            Some("invalid_query_string"),
            "Query validation error: 'Object didn't pass validation for format email: a@b.c' on property email (…).",
            ErrorMeaning::InvalidEmail,
        ),
        (400, Some("invalid_query_string"), "…", ErrorMeaning::Misconfigured),
        (400, Some("invalid_paging"), "…", ErrorMeaning::Misconfigured),
        (414, None, "…", ErrorMeaning::Misconfigured),
    ];
    for (status, code, message, meaning) in table {
        assert_eq!(management(*status, *code, message), *meaning, "{status} {code:?} {message}");
    }
}

#[test]
fn log_in_errors_are_classified() {
    let blocked = "Your account has been blocked after multiple consecutive login attempts.";
    for (status, error, description, meaning) in [
        (403, "invalid_grant", "Wrong email or password.", ErrorMeaning::WrongPassword),
        (403, "invalid_user_password", "Wrong email or password.", ErrorMeaning::WrongPassword),
        (403, "mfa_required", "Multifactor authentication required", ErrorMeaning::CorrectPassword),
        (401, "mfa_required", "Multifactor authentication required", ErrorMeaning::CorrectPassword),
        (403, "invalid_grant", "user is blocked", ErrorMeaning::CorrectPassword),
        (401, "unauthorized", "user is blocked", ErrorMeaning::CorrectPassword),
        (429, "too_many_attempts", blocked, ErrorMeaning::AttemptsBlocked),
        (429, "too_many_logins", "…", ErrorMeaning::AttemptsBlocked),
        (429, "too_many_requests", "Too many login attempts.", ErrorMeaning::AttemptsBlocked),
        (429, "too_many_requests", "Global limit has been reached", ErrorMeaning::Misconfigured),
        (403, "invalid_grant", blocked, ErrorMeaning::WrongPassword),
        (401, "unauthorized", blocked, ErrorMeaning::Unauthorized),
        (401, "password_leaked", "…", ErrorMeaning::AttemptsBlocked),
        (401, "requires_verification", "…", ErrorMeaning::AttemptsBlocked),
        (401, "unauthorized", "…", ErrorMeaning::Unauthorized),
        (401, "invalid_client", "…", ErrorMeaning::Unauthorized),
        (403, "unauthorized_client", "…", ErrorMeaning::Misconfigured),
        (403, "access_denied", "…", ErrorMeaning::CorrectPassword),
        (400, "invalid_request", "…", ErrorMeaning::Misconfigured),
    ] {
        assert_eq!(oauth(status, error, description), meaning, "{status} {error} {description}");
    }
}

#[test]
fn proxy_404_is_not_an_absent_account() {
    for body in ["<html>404</html>", "", "[]", "null", "404", "\"The user does not exist\""] {
        let response = classify_error(StatusCode::NOT_FOUND, body.as_bytes());
        assert_eq!(response.meaning(), ErrorMeaning::Misconfigured, "{body}");
    }
}

#[test]
fn error_messages_are_dropped_except_scopes() {
    let response = read(
        403,
        &json!({
            "statusCode": 403,
            "error": "jane@acme.example",
            "message": "Insufficient scope, expected any of: update:users,jane@acme.example:a,x",
            "errorCode": "insufficient_scope",
        }),
    );
    assert_eq!(
        response.to_string(),
        "Auth0 rejected the request with status 403 (insufficient_scope); it requires one \
         of the scopes update:users"
    );
    let secret = json!({
        "statusCode": 400, "error": "jane@acme.example",
        "message": "jane@acme.example:update", "errorCode": "jane@acme.example",
    });
    for body in [&secret, &json!({"error": "jane acme", "error_description": "jane"})] {
        let response = read(400, body);
        assert!(!format!("{response} {response:?}").contains("jane"), "{response:?}");
    }
}
