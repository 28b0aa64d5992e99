//! The way in for the fuzz targets: what Auth0 may answer, and what it may be asked.

use domain::{RoleName, TenantId, Timestamp, UserId};
use ports::{PortError, PortResult};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use crate::config::MetadataPrefix;
use crate::directory::auth0_directory::Auth0Directory;
use crate::directory::listing::tenant_index::Search;
use crate::error::Failure;
use crate::management::decode::json;
use crate::management::error::Fault;
use crate::management::password_grant::{LogIn, read_log_in};
use crate::management::search_query::{Query, Span};
use crate::management::token::Token;
use crate::management::wire;
use crate::transport::rate_limit_headers::{MAX_RETRY_AFTER, retry_after};
use crate::transport::response::Answer;

/// Takes an answer for that to each of the calls there are, one about this account among them.
///
/// # Panics
/// If what is made of it is anything but a typed error, or what was asked for.
pub fn answer(
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
    let answer = Answer { status, headers, body: body.to_vec() };

    let user = json::<wire::User>(&answer, now);
    assert!(user.is_err() || status.is_success(), "an account out of {status}");
    if let Ok(user) = &user {
        account(directory, user, id);
        row(directory, user.clone(), tenant);
    }
    told(user);
    for page in [
        json::<wire::UserPage>(&answer, now).map(|page| page.users),
        json::<wire::Users>(&answer, now),
    ] {
        if let Ok(users) = &page {
            for user in &users.readable {
                row(directory, user.clone(), tenant);
            }
        }
        told(page);
    }
    let token = Token::read(&answer, now, Instant::now());
    assert!(token.as_ref().ok().is_none_or(|token| token.header().is_sensitive()));
    told(token);
    let log_in = read_log_in(&answer, now);
    if let Ok(LogIn::Right) = &log_in {
        assert!(status.is_success() || status.is_client_error(), "a log-in out of {status}");
        assert_ne!(status.as_u16(), 429, "a log-in out of a limit");
    }
    told(log_in);
    assert!(retry_after(&answer.headers, now).is_none_or(|wait| wait <= MAX_RETRY_AFTER));
}

/// Whatever account comes out is the one that was asked for.
fn account(directory: &Auth0Directory, user: &wire::User, id: &UserId) {
    let inner = &directory.inner;
    let is_it = |found: PortResult<Option<domain::User>>| match found {
        Ok(found) => assert!(found.is_none_or(|found| found.id == *id), "another account"),
        Err(error) => assert!(matches!(error, PortError::Failed { .. }), "{error}"),
    };
    is_it(inner.found(id, Some(user.clone())));
    is_it(inner.wrote(id, None, user.clone()).map(Some));
}

/// Whoever stands on a tenant's list has a role in it, under the id of the row.
fn row(directory: &Auth0Directory, user: wire::User, tenant: &TenantId) {
    let inner = &directory.inner;
    let reader = inner.readers.now();
    let search = Search { management: &inner.management, reader: &reader, tenant };
    let Some(row) = search.row(user) else { return };
    if let Some(user) = row.user {
        assert_eq!(user.id.as_str(), row.id);
        assert_eq!(user.created_at, row.created_at);
        assert!(user.role_in(tenant).is_some(), "somebody of no tenant, or of another");
    }
}

/// Whatever is wrong can be told.
fn told<T>(outcome: Result<T, Failure>) {
    if let Err(failure) = outcome {
        let error = PortError::from(Fault::from(failure));
        assert!(!error.to_string().is_empty());
    }
}

/// The query for those who have one of the roles in the tenant, and are among the first accounts
/// and none of the second, if there are any.
pub fn query(
    prefix: &MetadataPrefix,
    tenant: &TenantId,
    roles: &[RoleName],
    [among, except]: [&[UserId]; 2],
    created: Option<(Timestamp, Timestamp)>,
) -> String {
    let mut query = Query::holders(prefix, tenant, roles);
    if let Some((from, before)) = created {
        query = query.created(Span::Between(from, before));
    }
    if !among.is_empty() {
        query = query.among(among);
    }
    if !except.is_empty() {
        query = query.except(except);
    }
    query.to_string()
}
