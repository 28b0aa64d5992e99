//! The client credentials grant.
//!
//! Documented: the audience, the scopes of the client grant, the quota and its headers. Observed:
//! both texts for a missing client grant. Assumed: requested scopes that are not granted, and an
//! unknown organization, are ignored.

use serde_json::{Map, json};

use super::access_token::{Claims, issue_access_token};
use super::parameters::Parameters;
use crate::config::Client;
use crate::http::error::ApiError;
use crate::http::response::Response;
use crate::state::State;

/// The default lifetime of tokens for other APIs, in seconds.
const API_TOKEN_LIFETIME: i64 = 86_400;

pub(super) fn exchange(
    state: &mut State,
    client: &Client,
    parameters: &Parameters,
    now: i64,
) -> Result<Response, ApiError> {
    let audience = parameters.required("audience")?;
    let is_management = audience == state.management_audience();
    let (granted, lifetime, permissions) = if is_management {
        if client.scopes.is_empty() {
            return Err(no_client_grant(state, client, audience));
        }
        let lifetime = state.switches.token_lifetime_seconds;
        (client.scopes.clone(), i64::try_from(lifetime).unwrap_or(i64::MAX), false)
    } else {
        let Some(api) = state.apis.iter().find(|api| api.identifier == audience) else {
            let description = format!("Service not found: {audience}");
            return Err(ApiError::oauth(403, "access_denied", description));
        };
        if !api.clients.contains(&client.id) {
            return Err(no_client_grant(state, client, audience));
        }
        (api.scopes.clone(), API_TOKEN_LIFETIME, api.permissions_in_token)
    };
    let scopes: Vec<String> = match parameters.optional("scope") {
        None => granted,
        Some(requested) => granted
            .into_iter()
            .filter(|scope| requested.split(' ').any(|one| one == scope.as_str()))
            .collect(),
    };
    let mut headers = Vec::new();
    if let Some(per_hour) = state.switches.tokens_per_hour {
        let quota = state.tokens.take_from_quota(&client.id, per_hour, now);
        let value = format!("b=per_hour;q={per_hour};r={};t={}", quota.remaining, quota.reset_in);
        if !quota.is_allowed {
            let description = "Client quota exceeded.";
            return Err(ApiError::oauth(429, "too_many_requests", description));
        }
        headers.push(("auth0-client-quota-limit".to_owned(), value));
    }
    let organization = parameters
        .optional("organization")
        .filter(|id| state.organizations.exists(id))
        .map(str::to_owned);
    let claims = Claims {
        subject: format!("{}@clients", client.id),
        audience: vec![audience.to_owned()],
        client: client.id.clone(),
        scope: scopes.join(" "),
        grant: Some("client-credentials"),
        organization,
        permissions: permissions.then(|| scopes.clone()),
        lifetime_seconds: lifetime,
        extra: Map::new(),
    };
    let token = issue_access_token(state, claims, now)?;
    let scope = scopes.join(" ");
    if is_management {
        let expires_at = now.saturating_add(lifetime.saturating_mul(1_000));
        let kid = state.keys.current_id().to_owned();
        state.tokens.insert(&token, scopes, expires_at, &kid);
    }
    let mut response = Response::json(
        200,
        &json!({
            "access_token": token,
            "scope": scope,
            "expires_in": lifetime,
            "token_type": "Bearer",
        }),
    )
    .with_header("cache-control", "no-store");
    response.headers.extend(headers);
    Ok(response)
}

fn no_client_grant(state: &State, client: &Client, audience: &str) -> ApiError {
    let description = if state.switches.new_client_grant_wording {
        format!(
            "Client \"{}\" is not authorized to access resource server \"{audience}\".",
            client.id
        )
    } else {
        format!(
            "Client is not authorized to access \"{audience}\". You need to create a \
             \"client-grant\" associated to this API. See: \
             https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants"
        )
    };
    ApiError::oauth(403, "access_denied", description)
}
