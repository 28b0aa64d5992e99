//! `GET /api/v2/connections` and `/api/v2/connections/{id}`.
//!
//! Documented: the members. Optional usernames are represented as flexible identifiers
//! (`options.attributes`), the other two as `options.requires_username`.

use serde_json::{Value, json};

use crate::config::{Client, Connection, PasswordPolicy, Usernames};
use crate::http::error::ApiError;
use crate::http::paging::{PagedList, Paging};
use crate::http::request::Request;
use crate::http::response::Response;
use crate::state::State;

pub(crate) fn list(state: &mut State, request: &Request, now: i64) -> Result<Response, ApiError> {
    const FILTERS: [&str; 4] = ["name", "strategy", "fields", "include_fields"];
    let paging = Paging::from_request(request, state.switches.max_per_page, &FILTERS)?;
    let strategies: Vec<&str> = request
        .query
        .iter()
        .filter(|(name, _)| name == "strategy")
        .map(|(_, value)| value.as_str())
        .collect();
    let is_requested = |connection: &&Connection| {
        request.query("name").is_none_or(|name| name == connection.name)
            && (strategies.is_empty() || strategies.contains(&connection.strategy.as_str()))
    };
    let State { connections, clients, checkpoints, .. } = state;
    let items = connections
        .iter()
        .filter(is_requested)
        .map(|connection| (connection.id.clone(), connection))
        .collect();
    let view = |connection: &Connection| connection_json(connection, clients);
    PagedList::new("connections", items).respond(&paging, checkpoints, now, view)
}

pub(crate) fn read(state: &mut State, request: &Request, _now: i64) -> Result<Response, ApiError> {
    let entry = state.connections.iter().find(|connection| connection.id == request.param(0));
    let not_found =
        || ApiError::new(404, "The connection does not exist.", "inexistent_connection");
    let connection = entry.ok_or_else(not_found)?;
    Ok(Response::json(200, &connection_json(connection, &state.clients)))
}

fn connection_json(connection: &Connection, clients: &[Client]) -> Value {
    let options = if connection.is_database() { database_options(connection) } else { json!({}) };
    let ids = clients.iter().map(|client| &client.id);
    let enabled: Vec<&String> = ids.filter(|id| connection.enabled_for(id)).collect();
    json!({
        "id": connection.id,
        "name": connection.name,
        "strategy": connection.strategy,
        "options": options,
        "enabled_clients": enabled,
        "realms": [connection.name],
        "is_domain_connection": false,
    })
}

/// Returns `options` of a database connection. `disable_signup` is absent where people can sign up
/// (observed).
fn database_options(connection: &Connection) -> Value {
    let policy = match connection.password_policy {
        PasswordPolicy::None => "none",
        PasswordPolicy::Low => "low",
        PasswordPolicy::Fair => "fair",
        PasswordPolicy::Good => "good",
        PasswordPolicy::Excellent => "excellent",
    };
    let mut options = json!({
        "passwordPolicy": policy,
        "password_history": {"enable": connection.history > 0, "size": connection.history},
        "password_dictionary": {"enable": connection.dictionary, "dictionary": []},
        "password_no_personal_info": {"enable": connection.no_personal_info},
        "brute_force_protection": true,
    });
    let (name, value) = match connection.usernames {
        Usernames::None => ("requires_username", json!(false)),
        Usernames::Required => ("requires_username", json!(true)),
        Usernames::Optional => (
            "attributes",
            json!({
                "email": {"identifier": {"active": true}, "signup": {"status": "required"}},
                "username": {
                    "identifier": {"active": true},
                    "signup": {"status": "optional"},
                    "validation": {"min_length": 1, "max_length": 128},
                },
            }),
        ),
    };
    if let Some(members) = options.as_object_mut() {
        members.insert(name.to_owned(), value);
        if let Some(minimum) = connection.min_length {
            let complexity = json!({ "min_length": minimum });
            members.insert("password_complexity_options".to_owned(), complexity);
        }
        if connection.disable_signup {
            members.insert("disable_signup".to_owned(), json!(true));
        }
    }
    options
}
