//! The password grant for a named connection.
//!
//! Documented: the parameters, when `auth0-forwarded-for` is honoured, the blocks and limits (see
//! [`LoginAttempts`](super::login_attempts::LoginAttempts)), that each check is a real login, and
//! that `last_login` and `logins_count` change for a blocked user too. Observed: most bodies; a
//! switch selects where two variants were seen. Assumed: the order of the checks, that those about
//! the user follow the password check, and the errors about connections.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::access_token::{Claims, issue_access_token};
use super::parameters::Parameters;
use crate::config::Client;
use crate::crypto::random_text;
use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;
use crate::switches::{BlockedLoginResponse, WrongPasswordResponse};
use crate::users::user::WriteTime;

/// The default lifetime of user tokens, in seconds.
const LIFETIME: i64 = 86_400;

pub(super) fn log_in(
    state: &mut State,
    client: &Client,
    request: &Request,
    parameters: &Parameters,
    now: i64,
) -> Result<Response, ApiError> {
    let realm = parameters.required("realm")?;
    let identifier = parameters.required("username")?;
    let password = parameters.required("password")?;
    let Some(connection) = state.connection(realm) else {
        return Err(ApiError::oauth(400, "invalid_request", "Unknown realm."));
    };
    if !connection.is_database() {
        let description = "The realm is not a database connection.";
        return Err(ApiError::oauth(400, "invalid_request", description));
    }
    if !connection.enabled_for(&client.id) {
        let description = "The connection is not enabled for the client.";
        return Err(ApiError::oauth(403, "unauthorized_client", description));
    }
    if state.switches.bot_detection {
        let description = "Suspicious request requires verification";
        return Err(ApiError::oauth(401, "requires_verification", description));
    }
    let ip = login_address(client, request);
    check_limits(state, identifier, ip, now)?;
    let known = state.users.find_by_login(realm, identifier);
    let verified = known.filter(|(id, index)| state.users.check_password(id, *index, password));
    let Some((id, _)) = verified else {
        let threshold = state.switches.brute_force_threshold;
        state.attempts.record_failure(identifier, realm, ip, threshold, now);
        return Err(wrong_password(state));
    };
    state.attempts.record_success(identifier, ip);
    let user = state.users.get_json(&id).unwrap_or_default();
    if state.switches.leaked_users.contains(&id) {
        let description = "This login has been blocked because your password has been leaked in \
                           another website. We've sent you an email with instructions on how to \
                           unblock it.";
        return Err(ApiError::oauth(401, "password_leaked", description));
    }
    if user.get("blocked") == Some(&Value::Bool(true)) {
        record_login(state, &id, ip, now);
        return Err(blocked_login(state));
    }
    if let Some(reason) = state.switches.denied_users.get(&id) {
        return Err(ApiError::oauth(403, "access_denied", reason));
    }
    if state.switches.mfa_users.contains(&id) {
        let token: Value = random_text()?.into();
        return Err(ApiError::OAuth {
            status: state.switches.mfa_status,
            error: "mfa_required",
            description: "Multifactor authentication required".to_owned(),
            extra: Map::from_iter([("mfa_token".to_owned(), token)]),
        });
    }
    record_login(state, &id, ip, now);
    token_response(state, client, parameters, id, now)
}

fn record_login(state: &mut State, id: &str, ip: IpAddr, now: i64) {
    let lag = state.switches.search_lag_millis;
    state.users.record_login(id, ip, WriteTime { now, lag });
}

/// Checks the login limits and the block of the source.
fn check_limits(state: &mut State, identifier: &str, ip: IpAddr, now: i64) -> Result<(), ApiError> {
    let burst = state.switches.logins_per_minute;
    if burst > 0 && !state.attempts.take_login(identifier, ip, burst, now) {
        let description = "Too many login attempts. Please try again later.";
        return Err(ApiError::oauth(429, "too_many_requests", description));
    }
    let suspicious = state.switches.suspicious_ip_threshold;
    if suspicious.is_some_and(|most| state.attempts.failures_from(ip, now) >= most) {
        let description = "We have detected suspicious login behavior and further attempts will \
                           be blocked. Please contact the administrator.";
        return Err(ApiError::oauth(429, "too_many_logins", description));
    }
    if state.attempts.is_blocked(identifier, ip, now) {
        let description = "Your account has been blocked after multiple consecutive login \
                           attempts. We've sent you a notification via your preferred contact \
                           method with instructions on how to unblock it.";
        return Err(ApiError::oauth(429, "too_many_attempts", description));
    }
    Ok(())
}

/// Returns the address that the attempt is counted for: the forwarded one if the client is trusted.
fn login_address(client: &Client, request: &Request) -> IpAddr {
    let forwarded = request.header("auth0-forwarded-for").and_then(|text| text.trim().parse().ok());
    forwarded.filter(|_| client.trust_forwarded_for).unwrap_or(request.client_ip)
}

fn wrong_password(state: &State) -> ApiError {
    let error = match state.switches.wrong_password {
        WrongPasswordResponse::InvalidGrant => "invalid_grant",
        WrongPasswordResponse::InvalidUserPassword => "invalid_user_password",
    };
    ApiError::oauth(403, error, "Wrong email or password.")
}

fn blocked_login(state: &State) -> ApiError {
    match state.switches.blocked_answer {
        BlockedLoginResponse::Unauthorized => {
            ApiError::oauth(401, "unauthorized", "user is blocked")
        }
        BlockedLoginResponse::InvalidGrant => {
            ApiError::oauth(403, "invalid_grant", "user is blocked")
        }
    }
}

fn token_response(
    state: &State,
    client: &Client,
    parameters: &Parameters,
    id: String,
    now: i64,
) -> Result<Response, ApiError> {
    let requested = parameters.optional("scope").unwrap_or_default();
    let userinfo = format!("{}userinfo", state.issuer);
    let has_openid = requested.split(' ').any(|scope| scope == "openid");
    let audience = match parameters.optional("audience") {
        None => vec![userinfo],
        Some(audience) => {
            let known = state.apis.iter().any(|api| api.identifier == audience);
            if !known {
                let description = format!("Service not found: {audience}");
                return Err(ApiError::oauth(403, "access_denied", description));
            }
            let first = std::iter::once(audience.to_owned());
            first.chain(has_openid.then_some(userinfo)).collect()
        }
    };
    let claims = Claims {
        subject: id,
        audience,
        client: client.id.clone(),
        scope: requested.to_owned(),
        grant: Some("password"),
        organization: None,
        permissions: None,
        lifetime_seconds: LIFETIME,
        extra: Map::new(),
    };
    let token = issue_access_token(state, claims, now)?;
    let body = json!({
        "access_token": token,
        "scope": requested,
        "expires_in": LIFETIME,
        "token_type": "Bearer",
    });
    Ok(Response::json(200, &body).with_header("cache-control", "no-store"))
}
