//! Contract B: `/api/v1/users`.

pub(crate) mod request;
pub(crate) mod view;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use domain::Operation;

use crate::request::body::Body;
use crate::request::caller::Caller;
use crate::request::path::PathParameters;
use crate::request::query::QueryString;
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;
use crate::response::error_response;
use crate::response::field_error::FieldError;
use crate::response::json;
use crate::response::links::PageLinks;
use crate::server::state::AppState;
use request::{UserCreateRequest, UserUpdateRequest};
use view::{Links, ListLinks, PartlyUpdatedUser, Totals, UserListResponse, UserResponse};

/// Lists the users of a tenant, page by page.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "ListUsersV0",
    tag = "User",
    params(
        ("filter[tenant]" = String, Query, pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description = "The tenant whose users are listed.", example = "acme"),
        ("page[size]" = Option<u32>, Query, description = "The number of users per page, from 1 to 100; 50 by default.", minimum = 1, maximum = 100),
        ("sort" = Option<crate::request::query::SortParameter>, Query, description = "The sort order; a leading `-` means descending. `id` by default."),
        ("page[number]" = Option<u64>, Query, description = "The page number, from 0; 0 by default.", minimum = 0),
    ),
    responses((status = 200, description = "One page of users, which may be empty.", body = UserListResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    caller: Caller,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ViewUsers)?;
    let (tenant, query) = query.list_of_tenant()?;
    caller.log_tenant(&tenant);
    let scope = state
        .services
        .authorizer
        .tenant(caller.bearer(), Operation::ViewUsers, Some(&tenant))
        .await?;
    let page = state.services.users.list_page(&scope, query.sort(), query.page_request()).await?;

    let links = PageLinks::new(&state.public_url.users(), &query, page.total);
    let totals = Totals { total_users: page.total, total_pages: links.pages };
    let plain = |href| Links { href, meta: None };
    json::response(
        StatusCode::OK,
        &UserListResponse {
            links: ListLinks {
                first: plain(&links.first),
                last: Links { href: &links.last, meta: Some(totals) },
                next: links.next.as_deref().map(plain),
                prev: links.prev.as_deref().map(plain),
            },
            data: page.users.iter().map(UserResponse::new).collect(),
        },
    )
}

/// Creates a user whose home is a tenant, and attaches it to that tenant with the default role.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "CreateUserV0",
    tag = "User",
    request_body = UserCreateRequest,
    responses((status = 201, description = "The created user.", body = UserResponse<'_>,
        headers(("Location" = String, description = "The URL of the user.")))),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    caller: Caller,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    query.expect_none()?;
    let request = body.receive().await?.json::<UserCreateRequest>()?;
    let mut field_errors = FieldErrors::default();
    // The right to create users in the tenant is checked before the other values.
    let scope = match field_errors.tenant("tenantName", &request.tenant_name) {
        Some(tenant) => {
            caller.log_tenant(&tenant);
            let authorizer = &state.services.authorizer;
            Some(authorizer.tenant(caller.bearer(), Operation::ModifyUsers, Some(&tenant)).await?)
        }
        None => None,
    };
    let (scope, new) =
        request.into_new_user(state.reloadable().roles.default_role(), scope, field_errors)?;
    let user = caller
        .run_to_completion(|state| async move { state.services.users.create(&scope, new).await })
        .await?;
    let location = state.public_url.user(&user.id);
    json::created(&location, &UserResponse::new(&user))
}

/// Returns one user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{userId}",
    operation_id = "GetUserV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    responses((status = 200, description = "The user.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn get(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.services.authorizer.account(caller.bearer(), Operation::ViewUsers).await?;
    query.expect_none()?;
    let user = state.services.users.get(&scope, names.require_user()?).await?;
    json::response(StatusCode::OK, &UserResponse::new(&user))
}

/// Changes a user's e-mail address and names, as far as possible.
#[utoipa::path(
    put,
    path = "/api/v1/users/{userId}",
    operation_id = "UpdateUserV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = UserUpdateRequest,
    responses(
        (status = 200, description = "The user after the change.", body = UserResponse<'_>),
        (status = 207, description = "Only some values were changed: the user after the change, and the errors about the other values.", body = PartlyUpdatedUser<'_>),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    caller.require(Operation::ModifyUsers)?;
    let body = body.receive().await?;
    let scope = state.services.authorizer.account(caller.bearer(), Operation::ModifyUsers).await?;
    query.expect_none()?;
    let request = body.json::<UserUpdateRequest>()?;
    // The address of an account of another identity provider may be sent back as it was shown.
    let stored = match names.user() {
        Some(id) if request.has_odd_email() => state.services.users.get(&scope, id).await.ok(),
        Some(_) | None => None,
    };
    let change = request.into_change(stored.as_ref().map(|view| &view.email))?;
    let user_id = names.require_user()?.clone();
    let applied = caller
        .run_to_completion(|state| async move {
            state.services.users.change(&scope, &user_id, change).await
        })
        .await?;
    let user = UserResponse::new(&applied.user);
    if applied.failures.is_empty() {
        return json::response(StatusCode::OK, &user);
    }
    let request_id = caller.context().id.as_str();
    let field_errors: Vec<FieldError> =
        applied.failures.into_iter().map(FieldError::from).collect();
    let errors = field_errors
        .iter()
        .map(|field_error| error_response::ErrorObject::new(field_error, request_id));
    let errors = errors.collect();
    json::response(StatusCode::MULTI_STATUS, &PartlyUpdatedUser { user, errors })
}

/// Deletes a user's account from all tenants.
///
/// The last holder of a protected role in the account's home cannot be deleted. Operators cannot
/// delete the last holder of such a role in any tenant, unless `force` is true.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{userId}",
    operation_id = "DeleteUserV0",
    tag = "User",
    params(
        ("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82"),
        ("force" = Option<bool>, Query, description = "Whether to delete the last holder of a protected role; `true` only for operators."),
    ),
    responses((status = 204, description = "The account was deleted.")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let scope = state.services.authorizer.account(caller.bearer(), Operation::ModifyUsers).await?;
    let scope = if query.force()? { scope.forced()? } else { scope };
    let id = names.require_user()?.clone();
    caller
        .run_to_completion(|state| async move { state.services.users.delete(&scope, &id).await })
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
