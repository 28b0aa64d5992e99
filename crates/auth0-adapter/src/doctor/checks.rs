//! What to make of what Auth0 answers.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::Value;

use domain::Timestamp;

use super::finding::{Finding, FindingStatus, NOT_LOOKED_AT, chain};
use crate::config::Domain;
use crate::error::ErrorMeaning;
use crate::error::RequestError;
use crate::management::error_table::classify_error;
use crate::management::token::AccessToken;
use crate::transport::rate_limit_headers::date_header;
use crate::transport::response::ApiResponse;

pub(super) const REACHED: &str = "reached";
pub(super) const CLOCK: &str = "clock";
pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const CONNECTION: &str = "connection";
pub(super) const USERNAMES: &str = "usernames";
pub(super) const ENABLED: &str = "connection enabled";
pub(super) const PASSWORD_GRANT: &str = "password grant";
pub(super) const FORWARDED_FOR: &str = "client addresses";

/// All checks, in their order.
pub(super) const ALL: [&str; 15] = [
    REACHED,
    CLOCK,
    CREDENTIALS,
    "scope read:users",
    "scope create:users",
    "scope update:users",
    "scope update:users_app_metadata",
    "scope delete:users",
    "scope read:users_app_metadata",
    "scope create:users_app_metadata",
    CONNECTION,
    USERNAMES,
    ENABLED,
    PASSWORD_GRANT,
    FORWARDED_FOR,
];

/// A clock that is off by more than this makes tokens look expired, or not yet valid.
const MUCH_OFF_MILLIS: u64 = 60_000;
const OFF_MILLIS: u64 = 5_000;

pub(super) fn reached(domain: &Domain, response: &Result<ApiResponse, RequestError>) -> Finding {
    let problem = |message: String| Finding::new(REACHED, FindingStatus::Problem, message);
    let response = match response {
        Ok(response) => response,
        Err(error) => {
            let why = chain(error);
            let finding = problem(format!("{domain} cannot be reached. {why}."));
            return if why.contains("certificate") || why.contains("UnknownIssuer") {
                finding.fix(
                    "The certificate is not trusted. If it comes from an authority of your own, \
                     name the file with that authority's certificate in the configuration.",
                )
            } else {
                finding.fix(
                    "Check the domain for typing errors, then name resolution, firewalls, and \
                     whether this machine may reach the address at all. Usher uses no proxy.",
                )
            };
        }
    };
    if response.status.is_server_error() || response.status.as_u16() == 429 {
        let message = format!("{domain} answers with status {}.", response.status.as_u16());
        return Finding::new(REACHED, FindingStatus::Warning, message)
            .fix("Try again later. If it stays so, look at status.auth0.com.");
    }
    let document: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let is_issuer = response.status.is_success()
        && document.get("issuer").is_some_and(Value::is_string)
        && document.get("jwks_uri").is_some_and(Value::is_string);
    if is_issuer {
        Finding::ok(REACHED, format!("{domain} answers."))
    } else {
        problem(format!("Something answers at {domain}, but it is no Auth0 tenant."))
            .fix("Check the domain: Auth0 shows it in the settings of the application.")
    }
}

pub(super) fn clock(headers: &HeaderMap, now: Timestamp) -> Finding {
    let Some(date) = date_header(headers) else {
        return Finding::skipped(CLOCK, "The answer does not say what time it is.");
    };
    // The header tells whole seconds: on average it is half a second behind.
    let off = now.as_unix_millis().abs_diff(date.as_unix_millis().saturating_add(500));
    let seconds = off / 1000;
    let (status, effect) = if off > MUCH_OFF_MILLIS {
        (FindingStatus::Problem, "Tokens are taken for expired, or for not yet valid.")
    } else if off > OFF_MILLIS {
        (
            FindingStatus::Warning,
            "Waits for Auth0's rate limit and expiry of tokens are off as much.",
        )
    } else {
        return Finding::ok(CLOCK, "This machine's clock and Auth0's agree.");
    };
    let message = format!("This machine's clock and Auth0's are {seconds} s apart. {effect}");
    Finding::new(CLOCK, status, message).fix("Have the machine's clock set by NTP.")
}

pub(super) fn credentials(audience: &str, token: &Result<AccessToken, RequestError>) -> Finding {
    let Err(error) = token else {
        return Finding::ok(CREDENTIALS, "Auth0 gives Usher a token.");
    };
    let refused = |message: String| Finding::new(CREDENTIALS, FindingStatus::Problem, message);
    if let RequestError::Rejected(response) = error {
        return match (response.status(), response.code()) {
            (401, _) => {
                refused("Auth0 does not know the application, or not with this secret.".into()).fix(
                    "Copy client id and client secret once more from the application's settings. \
                     The application must authenticate by client secret (post).",
                )
            }
            (403, Some("unauthorized_client")) => {
                refused("The application may not use the grant client_credentials.".into()).fix(
                    "Enable it at the application: Settings, Advanced, Grant Types. The \
                     application must be of type machine to machine, or a regular web one.",
                )
            }
            (403, _) => {
                refused(format!("The application is not authorized for the API {audience}.")).fix(
                    "Authorize it for the Auth0 Management API: Applications, APIs, Auth0 \
                     Management API, Machine to Machine Applications. With a custom domain, \
                     configure the audience too: it stays that of the canonical domain.",
                )
            }
            _ => refused(format!("{}.", chain(error)))
                .fix("Check client id, client secret and audience."),
        };
    }
    let message = format!("Auth0 gives Usher no token. {}.", chain(error));
    unanswered(CREDENTIALS, error, message)
}

/// A connection, as far as it matters.
#[derive(Deserialize)]
pub(super) struct Connection {
    name: String,
    strategy: String,
    #[serde(default)]
    options: Value,
    /// Absent where Auth0 tells this by another route.
    #[serde(default)]
    enabled_clients: Option<Vec<String>>,
}

/// Without the scope, which the doctor alone has a use for.
pub(super) fn no_connections(findings: &mut Vec<Finding>) {
    findings.extend([CONNECTION, USERNAMES, ENABLED].map(|check| {
        Finding::skipped(check, "Usher may not read connections.").fix(
            "If you want this looked at, grant the scope read:connections; nothing else needs it.",
        )
    }));
}

/// What to make of a check without an answer: an Auth0 that is not well at the moment says nothing
/// about how it is set up.
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
    response: Result<Vec<Connection>, RequestError>,
    findings: &mut Vec<Finding>,
) {
    let skip_rest = |findings: &mut Vec<Finding>| {
        findings.extend([USERNAMES, ENABLED].map(|check| Finding::skipped(check, NOT_LOOKED_AT)));
    };
    let connections = match response {
        Ok(connections) => connections,
        // Where the token does not say what it allows, this is how it turns out.
        Err(RequestError::Rejected(response)) if response.status() == 403 => {
            return no_connections(findings);
        }
        Err(error) => {
            let message = format!("The connection could not be read. {}.", chain(&error));
            findings.push(unanswered(CONNECTION, &error, message));
            return skip_rest(findings);
        }
    };
    let Some(connection) = connections.into_iter().find(|connection| connection.name == name)
    else {
        findings.push(
            Finding::new(CONNECTION, FindingStatus::Problem, format!("There is no connection {name}."))
                .fix("Configure the name of a database connection, as Authentication, Database shows it."),
        );
        return skip_rest(findings);
    };
    if connection.strategy != "auth0" {
        let message = format!("The connection {name} is no database connection.");
        findings.push(Finding::new(CONNECTION, FindingStatus::Problem, message).fix(
            "Configure the name of a database connection, as Authentication, Database shows it.",
        ));
        return skip_rest(findings);
    }
    findings.push(Finding::ok(CONNECTION, format!("{name} is a database connection.")));
    findings.push(usernames(&connection.options));
    findings.push(match connection.enabled_clients {
        Some(clients) if clients.iter().any(|client| client == client_id) => {
            Finding::ok(ENABLED, "The application may use the connection.")
        }
        Some(_) => Finding::new(
            ENABLED,
            FindingStatus::Problem,
            "The application may not use the connection, so that no current password can be \
             checked.",
        )
        .fix("Enable the application at the connection: Authentication, Database, Applications."),
        None => Finding::skipped(ENABLED, "Auth0 does not tell which applications may use it."),
    });
}

/// Usernames as the connection has them: `requires_username`, or flexible identifiers.
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
            "The connection requires a username. For people who get none, Usher makes one up, and \
             does not show it.",
        )
    } else if at_signup == Some("optional") || identifies {
        Finding::ok(USERNAMES, "The connection takes usernames.")
    } else {
        Finding::new(
            USERNAMES,
            FindingStatus::Warning,
            "The connection has no usernames: those that are sent are not kept.",
        )
        .fix("If you want usernames, enable them at the connection: Authentication, Database.")
    }
}

pub(super) fn password_grant(response: &Result<(StatusCode, Vec<u8>), RequestError>) -> Finding {
    const NOTE: &str =
        "One failed log-in, with an address that nobody has, was needed to find out.";
    let problem = |message: String| Finding::new(PASSWORD_GRANT, FindingStatus::Problem, message);
    let (status, body) = match response {
        Ok((status, body)) => (*status, body),
        Err(error) => {
            return problem(format!("No log-in could be tried. {}.", chain(error)));
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
            "Current passwords can be checked, but attack protection stops attempts at present.",
        )
        .fix("Look at Security, Attack Protection, and at the log of the tenant."),
        (_, Some("unauthorized_client")) => problem(format!(
            "Current passwords cannot be checked: the application may not use the password grant, \
             or not with this connection. {NOTE}"
        ))
        .fix(
            "Enable the grant at the application: Settings, Advanced, Grant Types, Password; and \
             the application at the connection.",
        ),
        _ if status.is_client_error() && status.as_u16() != 429 => {
            problem(format!("Current passwords cannot be checked. {response}. {NOTE}"))
                .fix("Check the name of the connection, and the settings of the application.")
        }
        _ => {
            let message = format!("No log-in could be tried: status {}.", status.as_u16());
            Finding::new(PASSWORD_GRANT, FindingStatus::Warning, message).fix("Try again later.")
        }
    }
}

pub(super) fn forwarded_for() -> Finding {
    Finding::skipped(
        FORWARDED_FOR,
        "Whether Auth0 believes Usher on whose behalf it checks a password cannot be found out \
         from here. If not, all attempts count as Usher's own, and a few wrong passwords can stop \
         everybody's.",
    )
    .fix("Turn on Trust Token Endpoint IP Header at the application: Settings, Advanced, OAuth.")
}
