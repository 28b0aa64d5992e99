use serde_json::json;

use super::*;

fn read(status: u16, body: &Value) -> Refusal {
    read_refusal(StatusCode::from_u16(status).unwrap(), body.to_string().as_bytes())
}

/// The meaning of an error of the Management API.
fn management(status: u16, code: Option<&str>, message: &str) -> Meaning {
    let mut body = json!({"statusCode": status, "error": "Some Reason", "message": message});
    if let Some(code) = code {
        body["errorCode"] = code.into();
    }
    read(status, &body).meaning()
}

fn oauth(status: u16, error: &str, description: &str) -> Meaning {
    read(status, &json!({"error": error, "error_description": description})).meaning()
}

#[test]
fn errors_of_the_management_api_have_a_meaning() {
    const INVALID_BODY: Option<&str> = Some("invalid_body");
    const IDP_ERROR: Option<&str> = Some("auth0_idp_error");
    let property = |what: &str, name: &str| {
        format!("Payload validation error: '{what}' on property {name} (Some description).")
    };
    let table: &[(u16, Option<&str>, &str, Meaning)] = &[
        (404, Some("inexistent_user"), "The user does not exist.", Meaning::NotFound),
        (404, None, "The user does not exist.", Meaning::NotFound),
        (404, None, "Not Found", Meaning::OperatorsProblem),
        (404, Some("inexistent_connection"), "No connection", Meaning::OperatorsProblem),
        (400, Some("invalid_uri"), "Path validation error: 'x' on property id", Meaning::NotFound),
        (409, IDP_ERROR, "The user already exists.", Meaning::EmailTaken),
        (409, None, "The user already exists.", Meaning::EmailTaken),
        (400, IDP_ERROR, "The specified new email already exists", Meaning::EmailTaken),
        (400, None, "The specified new email already exists", Meaning::EmailTaken),
        (400, IDP_ERROR, "Something else", Meaning::OperatorsProblem),
        (400, None, "The username provided is in use already.", Meaning::UsernameTaken),
        (409, IDP_ERROR, "The username provided is in use already.", Meaning::UsernameTaken),
        (400, None, "PasswordStrengthError: Password is too weak", Meaning::WeakPassword),
        (400, None, "PasswordDictionaryError: Password is too common", Meaning::WeakPassword),
        (400, None, "PasswordNoUserInfoError: …", Meaning::WeakPassword),
        (400, None, "PasswordHistoryError: …", Meaning::WeakPassword),
        (400, None, "Password is not an Error:", Meaning::OperatorsProblem),
        (
            400,
            None,
            "Cannot set username for connection without requires_username",
            Meaning::NoUsernames,
        ),
        (
            400,
            INVALID_BODY,
            "Payload validation error: 'Missing required property: username'.",
            Meaning::UsernameRequired,
        ),
        (400, INVALID_BODY, &property("Object didn't pass", "email"), Meaning::InvalidEmail),
        (400, INVALID_BODY, &property("String is too long", "username"), Meaning::InvalidUsername),
        (400, INVALID_BODY, &property("String is too long", "given_name"), Meaning::InvalidName),
        (400, INVALID_BODY, &property("String is too long", "name"), Meaning::InvalidName),
        (
            400,
            INVALID_BODY,
            &property("x' on property email ('", "color"),
            Meaning::OperatorsProblem,
        ),
        (400, Some("operation_not_supported"), "…", Meaning::NotSupported),
        (403, Some("operation_not_supported"), "…", Meaning::NotSupported),
        (403, Some("insufficient_scope"), "…", Meaning::OperatorsProblem),
        (401, None, "Invalid token", Meaning::Unauthorized),
        (400, Some("invalid_query_string"), "…", Meaning::OperatorsProblem),
        (400, Some("invalid_paging"), "…", Meaning::OperatorsProblem),
        (414, None, "…", Meaning::OperatorsProblem),
    ];
    for (status, code, message, meaning) in table {
        assert_eq!(management(*status, *code, message), *meaning, "{status} {code:?} {message}");
    }
}

#[test]
fn errors_of_a_log_in_have_a_meaning() {
    let blocked = "Your account has been blocked after multiple consecutive login attempts.";
    for (status, error, description, meaning) in [
        (403, "invalid_grant", "Wrong email or password.", Meaning::WrongPassword),
        (403, "invalid_user_password", "Wrong email or password.", Meaning::WrongPassword),
        (403, "mfa_required", "Multifactor authentication required", Meaning::RightPassword),
        (401, "mfa_required", "Multifactor authentication required", Meaning::RightPassword),
        (403, "invalid_grant", "user is blocked", Meaning::RightPassword),
        (401, "unauthorized", "user is blocked", Meaning::RightPassword),
        (429, "too_many_attempts", blocked, Meaning::AttemptsStopped),
        (429, "too_many_logins", "…", Meaning::AttemptsStopped),
        (429, "too_many_requests", "Too many login attempts.", Meaning::AttemptsStopped),
        (429, "too_many_requests", "Global limit has been reached", Meaning::OperatorsProblem),
        (403, "invalid_grant", blocked, Meaning::WrongPassword),
        (401, "unauthorized", blocked, Meaning::Unauthorized),
        (401, "password_leaked", "…", Meaning::AttemptsStopped),
        (401, "requires_verification", "…", Meaning::AttemptsStopped),
        (401, "unauthorized", "…", Meaning::Unauthorized),
        (401, "invalid_client", "…", Meaning::Unauthorized),
        (403, "unauthorized_client", "…", Meaning::OperatorsProblem),
        (403, "access_denied", "…", Meaning::RightPassword),
        (400, "invalid_request", "…", Meaning::OperatorsProblem),
    ] {
        assert_eq!(oauth(status, error, description), meaning, "{status} {error} {description}");
    }
}

#[test]
fn a_page_of_some_proxy_is_nobodys_absence() {
    for body in ["<html>404</html>", "", "[]", "null", "404", "\"The user does not exist\""] {
        let refusal = read_refusal(StatusCode::NOT_FOUND, body.as_bytes());
        assert_eq!(refusal.meaning(), Meaning::OperatorsProblem, "{body}");
    }
}

#[test]
fn nothing_of_a_message_is_kept_but_scopes() {
    let refusal = read(
        403,
        &json!({
            "statusCode": 403,
            "error": "jane@acme.example",
            "message": "Insufficient scope, expected any of: update:users,jane@acme.example:a,x",
            "errorCode": "insufficient_scope",
        }),
    );
    assert_eq!(
        refusal.to_string(),
        "Auth0 refuses with status 403 (insufficient_scope); it wants one of the scopes \
         update:users"
    );
    let secret = json!({
        "statusCode": 400, "error": "jane@acme.example",
        "message": "jane@acme.example:update", "errorCode": "jane@acme.example",
    });
    for body in [&secret, &json!({"error": "jane acme", "error_description": "jane"})] {
        let refusal = read(400, body);
        assert!(!format!("{refusal} {refusal:?}").contains("jane"), "{refusal:?}");
    }
}
