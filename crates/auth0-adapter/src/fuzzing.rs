//! Entry points of the fuzz targets and of the benchmark: decoding of responses and building of queries.

use domain::policy::tenant_scope;
use domain::{Actor, Operation, PolicyContext, RoleName, TenantId, Timestamp, UserId};
use ports::{PortError, PortResult};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::config::MetadataPrefix;
use crate::directory::auth0_directory::Auth0Directory;
use crate::directory::listing::tenant_index::TenantIndex;
use crate::error::RequestError;
use crate::management::decode::decode_with;
use crate::management::error::Auth0Error;
use crate::management::password_grant::{PasswordGrantOutcome, decode_password_grant};
use crate::management::search_query::{CreatedRange, SearchQuery};
use crate::management::token::AccessToken;
use crate::management::wire::{Auth0User, UserPage, UserRows, owned_user};
use crate::transport::rate_limit_headers::{MAX_RETRY_AFTER, retry_after};
use crate::transport::response::ApiResponse;

/// Decodes a response as that of each call, one of them about this account.
///
/// # Panics
/// If the result is neither a typed error nor what was requested.
pub fn check_response(
    directory: &Auth0Directory,
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
    (id, tenant): (&UserId, &TenantId),
    now: Timestamp,
) {
    let Ok(status) = StatusCode::from_u16(status) else { return };
    let headers: HeaderMap = headers
        .iter()
        .filter_map(|(name, value)| {
            Some((HeaderName::try_from(*name).ok()?, HeaderValue::from_str(value).ok()?))
        })
        .collect();
    let response = ApiResponse { status, headers, body: body.to_vec() };

    let user = decode_with(&response, now, |body| serde_json::from_slice(body).map(owned_user));
    assert!(user.is_err() || status.is_success(), "an account out of {status}");
    if let Ok(user) = &user {
        account(directory, user, id);
        row(directory, user.clone(), tenant);
    }
    check_error(user);
    for page in [
        decode_with(&response, now, |body| {
            let page: UserPage<Auth0User<'_>> = serde_json::from_slice(body)?;
            Ok(page.users.map(owned_user))
        }),
        decode_with(&response, now, |body| {
            let users: UserRows<Auth0User<'_>> = serde_json::from_slice(body)?;
            Ok(users.map(owned_user))
        }),
    ] {
        if let Ok(users) = &page {
            for user in &users.readable {
                row(directory, user.clone(), tenant);
            }
        }
        check_error(page);
    }
    let token = AccessToken::decode(&response, now, Instant::now());
    assert!(token.as_ref().ok().is_none_or(|token| token.header().is_sensitive()));
    check_error(token);
    let log_in = decode_password_grant(&response, now);
    if let Ok(PasswordGrantOutcome::Accepted) = &log_in {
        assert!(status.is_success() || status.is_client_error(), "a log-in out of {status}");
        assert_ne!(status.as_u16(), 429, "a log-in out of a limit");
    }
    check_error(log_in);
    assert!(retry_after(&response.headers, now).is_none_or(|wait| wait <= MAX_RETRY_AFTER));
}

/// Checks that a decoded account is the requested one.
fn account(directory: &Auth0Directory, user: &Auth0User<'_>, id: &UserId) {
    let core = &directory.core;
    let is_it = |found: PortResult<Option<domain::User>>| match found {
        Ok(found) => assert!(found.is_none_or(|found| found.id == *id), "another account"),
        Err(error) => assert!(matches!(error, PortError::Failed { .. }), "{error}"),
    };
    is_it(core.record_found(id, user.clone()).map_err(PortError::from));
    is_it(core.record_write(id, None, user.clone()).map(Some));
}

/// Checks that a row of a tenant's list has a role in it, under the id of the row.
fn row(directory: &Auth0Directory, user: Auth0User<'_>, tenant: &TenantId) {
    let core = &directory.core;
    let reader = core.reader.current();
    let (reads, context) = (Operation::ReadTenantUsers, PolicyContext::at(Timestamp::UNIX_EPOCH));
    let Ok(scope) = tenant_scope(&Actor::operator(), reads, Some(tenant), &context) else { return };
    let index = TenantIndex::new(core, &reader, &scope);
    let row = index.mapper().row(user);
    if let Some(user) = row.user {
        assert_eq!(user.id.as_str(), row.id);
        assert_eq!(user.created_at, row.created_at.unwrap_or(Timestamp::UNIX_EPOCH));
        assert!(user.role_in(tenant).is_some(), "not a member of the tenant");
    }
}

/// Checks that an error can be converted and formatted.
fn check_error<T>(outcome: Result<T, RequestError>) {
    if let Err(error) = outcome {
        let error = PortError::from(Auth0Error::from(error));
        assert!(!error.to_string().is_empty());
    }
}

/// Returns the query for users with one of the roles in the tenant who are among the first accounts
/// and not among the second, if there are any.
pub fn search_query(
    prefix: &MetadataPrefix,
    tenant: &TenantId,
    roles: &[RoleName],
    [among, except]: [&[UserId]; 2],
    created: Option<(Timestamp, Timestamp)>,
) -> String {
    let mut query = SearchQuery::role_holders(prefix, tenant, roles);
    if let Some((from, before)) = created {
        query = query.created_in(CreatedRange::Between(from, before));
    }
    if !among.is_empty() {
        query = query.restricted_to(among);
    }
    if !except.is_empty() {
        query = query.excluding(except);
    }
    query.to_string()
}
