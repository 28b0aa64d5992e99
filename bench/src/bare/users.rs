//! The handlers of the users in memory.

use std::sync::Arc;

use actix_web::error::{ErrorBadRequest, ErrorConflict, ErrorForbidden, ErrorNotFound};
use actix_web::http::header::LOCATION;
use actix_web::web::{Data, Json, Path, Query};
use actix_web::{HttpRequest, HttpResponse, Result};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Store, User};
use super::tokens::Tokens;

const VIEW: &str = "VIEW_USERS_AND_GROUPS";
const MODIFY: &str = "MODIFY_USERS_AND_GROUPS";

/// A user as contract B represents it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UserView<'a> {
    id: &'a str,
    email: &'a str,
    service_user: bool,
    tenant_name: &'a str,
    created_at: &'a str,
    updated_at: Option<&'a str>,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    last_login: Option<&'a str>,
    managed_here: bool,
    status: &'a str,
}

impl<'a> UserView<'a> {
    fn new(user: &'a User, tenant: &'a str) -> Self {
        let managed_here = user.home_tenant == tenant;
        Self {
            id: &user.id,
            username: user.username.as_ref().unwrap_or(&user.email),
            email: &user.email,
            first_name: &user.first_name,
            last_name: &user.last_name,
            service_user: false,
            created_at: &user.created_at,
            updated_at: user.updated_at.as_deref(),
            last_login: user.last_login.as_deref(),
            tenant_name: tenant,
            managed_here,
            status: if managed_here { "active" } else { "pending" },
        }
    }
}

#[derive(Deserialize)]
pub(super) struct ListQuery {
    #[serde(rename = "filter[tenant]")]
    tenant: String,
    #[serde(rename = "page[number]", default)]
    number: usize,
    #[serde(rename = "page[size]")]
    size: usize,
    sort: Option<String>,
}

#[derive(Serialize)]
struct ListView<'a> {
    links: Links,
    data: Vec<UserView<'a>>,
}

#[derive(Serialize)]
struct Links {
    first: Link,
    last: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<Link>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<Link>,
}

#[derive(Serialize)]
struct Link {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meta: Option<Totals>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Totals {
    total_users: usize,
    total_pages: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CreateRequest {
    email: String,
    username: String,
    first_name: String,
    last_name: String,
    tenant_name: String,
}

pub(super) async fn get(
    request: HttpRequest,
    id: Path<String>,
    tokens: Data<Tokens>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    let claims = tokens.authorize(&request, VIEW)?;
    let user = store.find(&id).ok_or_else(|| ErrorNotFound("user_not_found"))?;
    if user.home_tenant != claims.tenant {
        return Err(ErrorNotFound("user_not_found"));
    }
    Ok(HttpResponse::Ok().json(UserView::new(&user, &claims.tenant)))
}

pub(super) async fn list(
    request: HttpRequest,
    query: Query<ListQuery>,
    tokens: Data<Tokens>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    let claims = tokens.authorize(&request, VIEW)?;
    let ListQuery { tenant, number, size, sort } = &*query;
    if *tenant != claims.tenant {
        return Err(ErrorForbidden("tenant_forbidden"));
    }
    let sorted = store.sorted(sort.as_deref().unwrap_or("id"));
    let users = sorted.ok_or_else(|| ErrorBadRequest("malformed_request"))?;
    let total_pages = users.len().div_ceil(*size);
    let last = total_pages.saturating_sub(1);
    let link = |number: usize, meta| {
        let sort = sort.as_ref().map(|sort| format!("&sort={sort}")).unwrap_or_default();
        let href = format!(
            "{}/api/v1/users?filter%5Btenant%5D={tenant}{sort}&page%5Bnumber%5D={number}&page%5Bsize%5D={size}",
            store.public_url
        );
        Link { href, meta }
    };
    let links = Links {
        first: link(0, None),
        last: link(last, Some(Totals { total_pages, total_users: users.len() })),
        next: (*number < last).then(|| link(number + 1, None)),
        prev: (*number > 0).then(|| link((number - 1).min(last), None)),
    };
    let page = users.iter().skip(number * size).take(*size);
    let data = page.map(|user| UserView::new(user, tenant)).collect();
    Ok(HttpResponse::Ok().json(ListView { links, data }))
}

pub(super) async fn create(
    request: HttpRequest,
    body: Json<CreateRequest>,
    tokens: Data<Tokens>,
    store: Data<Store>,
) -> Result<HttpResponse> {
    let claims = tokens.authorize(&request, MODIFY)?;
    let body = body.into_inner();
    if body.tenant_name != claims.tenant {
        return Err(ErrorForbidden("tenant_forbidden"));
    }
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string();
    let user = Arc::new(User {
        id: format!("auth0|{:024x}", rand::random::<u128>() >> 32),
        email: body.email.to_lowercase(),
        username: Some(body.username.to_lowercase()),
        first_name: body.first_name,
        last_name: body.last_name,
        created_at: now.clone(),
        updated_at: Some(now),
        last_login: None,
        home_tenant: body.tenant_name,
    });
    if !store.insert(&user) {
        return Err(ErrorConflict("email_taken"));
    }
    let location = format!("{}/api/v1/users/{}", store.public_url, user.id.replace('|', "%7C"));
    let view = UserView::new(&user, &claims.tenant);
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(view))
}
