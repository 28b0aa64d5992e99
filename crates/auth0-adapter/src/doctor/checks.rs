//! The checks: what Auth0's responses say about the tenant.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use domain::{AttachRule, Timestamp};

use super::accounts;
use super::check_names::{
    CLOCK, CONNECTION, CREDENTIALS, ENABLED, FORWARDED_FOR, PASSWORD_GRANT, REACHED, SIGN_UP,
    USERNAMES,
};
use super::finding::{Finding, FindingStatus, NOT_LOOKED_AT, chain};
use crate::config::Domain;
use crate::error::ErrorMeaning;
use crate::error::RequestError;
use crate::management::error_table::classify_error;
use crate::management::token::AccessToken;
use crate::transport::rate_limit_headers::date_header;
use crate::transport::response::ApiResponse;

/// A clock that is off by more than this makes tokens appear expired, or not yet valid.
const MUCH_OFF_MILLIS: u64 = 60_000;
const OFF_MILLIS: u64 = 5_000;

pub(super) fn reached(domain: &Domain, response: &Result<ApiResponse, RequestError>) -> Finding {
    let problem = |message: String| Finding::new(REACHED, FindingStatus::Problem, message);
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            let why = chain(error);
            let finding = problem(format!("{domain} cannot be reached: {why}."));
            return if why.contains("certificate") || why.contains("UnknownIssuer") {
                finding.fix(
                    "The certificate is not trusted. If it is issued by your own CA, set the file \
                     with the CA certificate in the configuration.",
                )
            } else {
                finding.fix(
                    "Check the domain for typos, then DNS, firewalls, and whether this machine \
                     can connect to the address. Usher uses no proxy.",
                )
            };
        }
    };
    if response.status.is_server_error() || response.status.as_u16() == 429 {
        let message = format!("{domain} responds with status {}.", response.status.as_u16());
        return Finding::new(REACHED, FindingStatus::Warning, message)
            .fix("Try again later. If it persists, see status.auth0.com.");
    }
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let is_issuer = response.status.is_success()
        && document.get("issuer").is_some_and(Value::is_string)
        && document.get("jwks_uri").is_some_and(Value::is_string);
    if is_issuer {
        Finding::ok(REACHED, format!("{domain} is an Auth0 tenant."))
    } else {
        problem(format!("A server responds at {domain}, but it is not an Auth0 tenant."))
            .fix("Check the domain; the application's settings in Auth0 show it.")
    }
}

pub(super) fn clock(headers: &HeaderMap, now: Timestamp) -> Finding {
    let Some(date) = date_header(headers) else {
        return Finding::skipped(CLOCK, "The response has no Date header.");
    };
    // The header has whole seconds: on average it is half a second behind.
    let off = now.as_unix_millis().abs_diff(date.as_unix_millis().saturating_add(500));
    let seconds = off / 1000;
    let (status, effect) = if off > MUCH_OFF_MILLIS {
        (FindingStatus::Problem, "Tokens appear expired, or not yet valid.")
    } else if off > OFF_MILLIS {
        (FindingStatus::Warning, "Rate limit waits and token lifetimes are off by as much.")
    } else {
        return Finding::ok(CLOCK, "The clocks of this machine and of Auth0 agree.");
    };
    let message =
        format!("The clocks of this machine and of Auth0 differ by {seconds} s. {effect}");
    Finding::new(CLOCK, status, message).fix("Synchronize this machine's clock by NTP.")
}

pub(super) fn credentials(audience: &str, token: &Result<AccessToken, RequestError>) -> Finding {
    let Err(error) = token else {
        return Finding::ok(CREDENTIALS, "Auth0 issues a token to Usher.");
    };
    let refused = |message: String| Finding::new(CREDENTIALS, FindingStatus::Problem, message);
    if let RequestError::Rejected(response) = error {
        return match (response.status(), response.code()) {
            (401, _) => refused("Auth0 rejects the client id or the client secret.".into()).fix(
                "Copy the client id and client secret from the application's settings again. \
                     Its authentication method must be Client Secret (Post).",
            ),
            (403, Some("unauthorized_client")) => {
                refused("The grant client_credentials is not enabled for the application.".into())
                    .fix(
                        "Enable it at the application: Settings, Advanced, Grant Types. The \
                     application must be a machine-to-machine or regular web application.",
                    )
            }
            (403, _) => {
                refused(format!("The application is not authorized for the API {audience}.")).fix(
                    "Authorize it for the Auth0 Management API: Applications, APIs, Auth0 \
                     Management API, Machine to Machine Applications. With a custom domain, set \
                     the audience too, to that of the canonical domain.",
                )
            }
            _ => refused(format!("{}.", chain(error)))
                .fix("Check the client id, the client secret and the audience."),
        };
    }
    let message = format!("Auth0 issues no token to Usher: {}.", chain(error));
    unanswered(CREDENTIALS, error, message)
}

/// A connection, reduced to the members that are read.
#[derive(Deserialize)]
pub(super) struct Connection {
    name: String,
    strategy: String,
    #[serde(default)]
    options: Value,
    /// Absent if Auth0 reports it by another route.
    #[serde(default)]
    enabled_clients: Option<Vec<String>>,
}

/// Without the scope, which only the doctor uses.
pub(super) fn no_connections(findings: &mut Vec<Finding>) {
    findings.extend([CONNECTION, USERNAMES, ENABLED, SIGN_UP].map(|check| {
        Finding::skipped(
            check,
            "The scope read:connections is not granted, so the connection cannot be checked.",
        )
        .fix("To enable this check, grant the scope read:connections; nothing else needs it.")
    }));
}

/// The finding of a check without a response: a passing failure of Auth0 says nothing about its
/// configuration.
fn unanswered(check: &'static str, error: &RequestError, message: String) -> Finding {
    let status = match error {
        RequestError::RateLimited { .. }
        | RequestError::ServerError { .. }
        | RequestError::SlowSearch => FindingStatus::Warning,
        RequestError::CircuitOpen { .. }
        | RequestError::DeadlineExceeded
        | RequestError::Unreachable(_)
        | RequestError::ConnectionBroken(_)
        | RequestError::TimedOut { .. }
        | RequestError::Malformed(_)
        | RequestError::Rejected(_)
        | RequestError::NoToken(_) => FindingStatus::Problem,
    };
    Finding::new(check, status, message).fix("Try again later.")
}

pub(super) fn connection(
    name: &str,
    client_id: &str,
    rule: AttachRule,
    response: Result<Vec<Connection>, RequestError>,
    findings: &mut Vec<Finding>,
) {
    let skip_rest = |findings: &mut Vec<Finding>| {
        findings.extend(
            [USERNAMES, ENABLED, SIGN_UP].map(|check| Finding::skipped(check, NOT_LOOKED_AT)),
        );
    };
    let connections = match response {
        Ok(connections) => connections,
        // If the token does not list its scopes, the missing one shows here.
        Err(RequestError::Rejected(response)) if response.status() == 403 => {
            return no_connections(findings);
        }
        Err(error) => {
            let message = format!("The connection could not be read: {}.", chain(&error));
            findings.push(unanswered(CONNECTION, &error, message));
            return skip_rest(findings);
        }
    };
    let Some(connection) = connections.into_iter().find(|connection| connection.name == name)
    else {
        findings.push(
            Finding::new(
                CONNECTION,
                FindingStatus::Problem,
                format!("The connection {name} does not exist."),
            )
            .fix(
                "Set the name of a database connection, as listed under Authentication, Database.",
            ),
        );
        return skip_rest(findings);
    };
    if connection.strategy != "auth0" {
        let message = format!("The connection {name} is not a database connection.");
        findings.push(Finding::new(CONNECTION, FindingStatus::Problem, message).fix(
            "Set the name of a database connection, as listed under Authentication, Database.",
        ));
        return skip_rest(findings);
    }
    findings.push(Finding::ok(CONNECTION, format!("{name} is a database connection.")));
    findings.push(usernames(&connection.options));
    findings.push(match connection.enabled_clients {
        Some(clients) if clients.iter().any(|client| client == client_id) => {
            Finding::ok(ENABLED, "The connection is enabled for the application.")
        }
        Some(_) => Finding::new(
            ENABLED,
            FindingStatus::Problem,
            "The connection is not enabled for the application, so current passwords cannot be \
             checked.",
        )
        .fix("Enable the application under Authentication, Database, Applications."),
        None => {
            Finding::skipped(ENABLED, "Auth0 does not report the applications of the connection.")
        }
    });
    findings.push(accounts::sign_up(&connection.options, rule));
}

/// The username setting: `requires_username`, or flexible identifiers.
fn usernames(options: &Value) -> Finding {
    let required = options.get("requires_username").and_then(Value::as_bool).unwrap_or_default();
    let at_signup = options.pointer("/attributes/username/signup/status").and_then(Value::as_str);
    let identifies = options
        .pointer("/attributes/username/identifier/active")
        .and_then(Value::as_bool)
        .unwrap_or_default();
    if required || at_signup == Some("required") {
        Finding::new(
            USERNAMES,
            FindingStatus::Warning,
            "The connection requires a username. For users without one, Usher sets a hidden \
             placeholder.",
        )
    } else if at_signup == Some("optional") || identifies {
        Finding::ok(USERNAMES, "The connection supports usernames.")
    } else {
        Finding::new(
            USERNAMES,
            FindingStatus::Warning,
            "The connection does not support usernames; given usernames are dropped.",
        )
        .fix("To use usernames, enable them under Authentication, Database.")
    }
}

pub(super) fn password_grant(response: &Result<(StatusCode, Vec<u8>), RequestError>) -> Finding {
    const NOTE: &str = "This check made one failed log-in with a nonexistent address.";
    let problem = |message: String| Finding::new(PASSWORD_GRANT, FindingStatus::Problem, message);
    let (status, body) = match response {
        Ok((status, body)) => (*status, body),
        Err(error) => {
            return problem(format!("The log-in could not be attempted: {}.", chain(error)));
        }
    };
    let response = classify_error(status, body);
    match (response.meaning(), response.code()) {
        (ErrorMeaning::WrongPassword | ErrorMeaning::CorrectPassword, _) => {
            Finding::ok(PASSWORD_GRANT, format!("Current passwords can be checked. {NOTE}"))
        }
        (ErrorMeaning::AttemptsBlocked, _) => Finding::new(
            PASSWORD_GRANT,
            FindingStatus::Warning,
            "Current passwords can be checked, but attack protection blocks attempts at present.",
        )
        .fix("See Security, Attack Protection, and the log of the tenant."),
        (_, Some("unauthorized_client")) => problem(format!(
            "Current passwords cannot be checked: the password grant is not enabled for the \
             application, or not with this connection. {NOTE}"
        ))
        .fix(
            "Enable the grant at the application under Settings, Advanced, Grant Types, Password, \
             and enable the connection for the application.",
        ),
        _ if status.is_client_error() && status.as_u16() != 429 => {
            problem(format!("Current passwords cannot be checked: {response}. {NOTE}"))
                .fix("Check the connection's name and the application's settings.")
        }
        _ => {
            let message = format!("The log-in could not be attempted: status {}.", status.as_u16());
            Finding::new(PASSWORD_GRANT, FindingStatus::Warning, message).fix("Try again later.")
        }
    }
}

pub(super) fn forwarded_for() -> Finding {
    Finding::skipped(
        FORWARDED_FOR,
        "Whether Auth0 uses the client address that Usher sends with a password check cannot be \
         checked from here. If not, all attempts count for Usher's own address, and a few wrong \
         passwords can block all users.",
    )
    .fix("Enable Trust Token Endpoint IP Header at the application: Settings, Advanced, OAuth.")
}
