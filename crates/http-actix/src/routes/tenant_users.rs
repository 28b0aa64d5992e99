//! Contract A: `/api/{tenantId}/admin/users`.

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use domain::{
    DisplayName, EmailAddress, MembershipChange, NewMember, Operation, RoleCatalogue, Standing,
    TenantId, Timestamp, UserView,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::request::body::Body;
use crate::request::caller::Caller;
use crate::request::json_object::{FromJsonObject, InvalidMember, Members};
use crate::request::path::PathParameters;
use crate::request::query::{FILTER_TENANT, QueryString};
use crate::request::validation::FieldErrors;
use crate::response::api_error::ApiError;
use crate::response::code::ErrorCode;
use crate::response::field_error::FieldError;
use crate::response::json;
use crate::response::links::PageLinks;
use crate::routes::membership_status::MembershipStatus;
use crate::server::list_body::{list_body, set_framing};
use crate::server::state::AppState;

/// A user of a tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantUser<'a> {
    /// The id of the account.
    #[schema(min_length = 1, example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    id: &'a str,
    /// The e-mail address.
    #[schema(min_length = 1, example = "jane@acme.example")]
    email: &'a str,
    /// The user's display name in this tenant.
    #[schema(required = true)]
    name: Option<&'a str>,
    /// Whether the account is blocked.
    blocked: bool,
    /// When the user last logged in (RFC 3339).
    #[serde(serialize_with = "json::optional_time")]
    #[schema(required = true, value_type = Option<String>, example = "2026-03-01T09:30:00.000Z")]
    last_login: Option<Timestamp>,
    /// The user's role in this tenant.
    #[schema(required = true, example = "admin")]
    tenant_role: Option<&'a str>,
    /// Whether this tenant manages the account: it is the account's home.
    managed_here: bool,
    /// Whether the membership gives the role. If it is `pending`, the user is shown with only what
    /// this tenant entered.
    status: MembershipStatus,
}

impl<'a> TenantUser<'a> {
    fn new(user: &'a UserView<'_>, tenant: &TenantId) -> Self {
        Self {
            id: user.id.as_str(),
            email: user.email.as_str(),
            name: user.name_in(tenant).map(DisplayName::as_str),
            blocked: user.blocked,
            last_login: user.last_login,
            tenant_role: user.role_in(tenant).map(|role| role.name().as_str()),
            managed_here: user.is_managed_here(),
            status: user.standing().unwrap_or(Standing::Pending).into(),
        }
    }
}

/// A user to attach to the tenant.
#[derive(Debug, ToSchema)]
pub(crate) struct CreateTenantUser {
    /// The e-mail address. An account with this address is attached; if there is none, it is
    /// created.
    #[schema(
        min_length = 1,
        max_length = 254,
        pattern = r"^(?![^@]{65})[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+([A-Za-z]{2,63}|[Xx][Nn][A-Za-z0-9-]{1,60}[A-Za-z0-9])$",
        example = "jane@acme.example"
    )]
    email: String,
    /// The user's display name in this tenant: 1 to 300 characters.
    #[schema(
        min_length = 1,
        max_length = 300,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$"
    )]
    name: Option<String>,
    /// The user's role in this tenant.
    #[schema(min_length = 1, example = "viewer")]
    role: String,
}

impl FromJsonObject for CreateTenantUser {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        let email = members.required("email");
        let name = members.optional("name");
        let role = members.required("role");
        Ok(Self { email: email?, name: name?.flatten(), role: role? })
    }
}

impl CreateTenantUser {
    fn into_new_member(self, roles: &RoleCatalogue) -> Result<NewMember, ApiError> {
        let mut field_errors = FieldErrors::default();
        let email = field_errors.check("email", self.email.parse::<EmailAddress>());
        let name =
            self.name.and_then(|name| field_errors.check("name", name.parse::<DisplayName>()));
        let role = field_errors.role("role", roles, &self.role);
        field_errors.finish(|| Some(NewMember { email: email?, role: role?, name }))
    }
}

/// A change to a user's membership in the tenant.
#[derive(Debug, ToSchema)]
pub(crate) struct UpdateTenantUser {
    /// The user's display name in this tenant; if it is absent or null, the name does not change.
    #[schema(
        min_length = 1,
        max_length = 300,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]*$"
    )]
    name: Option<String>,
    /// The user's role in this tenant. It is required; null leaves the role unchanged.
    #[schema(required = true, example = "admin")]
    role: Option<String>,
}

impl FromJsonObject for UpdateTenantUser {
    fn from_members(members: &mut Members<'_>) -> Result<Self, InvalidMember> {
        let name = members.optional("name");
        let role = members.required("role");
        Ok(Self { name: name?.flatten(), role: role? })
    }
}

impl UpdateTenantUser {
    fn into_change(self, roles: &RoleCatalogue) -> Result<MembershipChange, ApiError> {
        let mut field_errors = FieldErrors::default();
        let name =
            self.name.and_then(|name| field_errors.check("name", name.parse::<DisplayName>()));
        let role = self.role.and_then(|role| field_errors.role("role", roles, &role));
        field_errors.finish(|| Some(MembershipChange { role, name }))
    }
}

/// Lists the users of a tenant.
///
/// Without paging parameters, the response contains all users; with `page[size]` or `page[number]`,
/// one page. With any parameter, a `Link` header (RFC 8288) links to the other pages.
#[utoipa::path(
    get,
    path = "/api/{tenantId}/admin/users",
    operation_id = "listTenantUsers",
    tag = "Tenant users",
    params(
        ("tenantId" = String, Path, description = "The tenant id.", example = "acme"),
        ("page[size]" = Option<u32>, Query, description = "The number of users per page, from 1 to 100; 50 if only page[number] is given.", minimum = 1, maximum = 100),
        ("page[number]" = Option<u64>, Query, description = "The page number, from 0.", minimum = 0),
        ("sort" = Option<crate::request::query::SortParameter>, Query, description = "The sort order; a leading `-` means descending. `id` by default."),
        ("filter[tenant]" = Option<String>, Query, pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", description = "Optional; if given, it must be the tenant in the path."),
    ),
    responses((status = 200, description = "The users.", body = Vec<TenantUser<'_>>,
        headers(("Link" = String, description = "Links to the first, previous, next and last page (RFC 8288), if any parameter is given.")))),
    security(("OAuth2" = ["tenant.access:read"])),
)]
pub(crate) async fn list(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    request: HttpRequest,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::ReadTenantUsers;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    let query = query.list()?;
    if query.tenant.as_ref().is_some_and(|tenant| tenant != scope.tenant()) {
        let detail = "must be the tenant in the path";
        let field_error = FieldError::parameter(FILTER_TENANT, ErrorCode::TenantForbidden, detail);
        return Err(ApiError::from_fields(vec![field_error]));
    }
    let address = || state.public_url.tenant_users(scope.tenant());
    if query.is_paged() {
        let (sort, page) = (query.sort(), query.page_request());
        let page = state.services.tenant_users.list_page(&scope, sort, page).await?;
        let users = page.users.iter().map(|user| TenantUser::new(user, scope.tenant()));
        let mut response = json::with_body(StatusCode::OK, BoxBody::new(json::list(users)?));
        let links = PageLinks::new(&address(), &query, page.total);
        insert_links(response.headers_mut(), &links)?;
        return Ok(response);
    }
    let reservation = caller.reserve_list(scope.tenant(), &state).await?;
    let list = state.services.tenant_users.list_all(&scope, query.sort()).await?;
    let tenant = scope.tenant().clone();
    let append_user = move |text: &mut Vec<u8>, user: &UserView<'_>| {
        json::append(text, &TenantUser::new(user, &tenant))
    };
    let body = list_body(&request, list, reservation, append_user).await?;
    let mut response = json::with_body(StatusCode::OK, body);
    if !query.is_empty() {
        insert_links(response.headers_mut(), &PageLinks::unpaged(&address(), &query))?;
    }
    Ok(set_framing(request.version(), response))
}

fn insert_links(headers: &mut HeaderMap, links: &PageLinks) -> Result<(), ApiError> {
    let value = HeaderValue::try_from(links.link_header())
        .map_err(|error| ApiError::internal("a link is no header value").with_cause(error))?;
    headers.insert(header::LINK, value);
    Ok(())
}

/// Attaches a user to a tenant, and creates the account if it does not exist.
///
/// An existing account with the e-mail address is attached; otherwise an account is created whose
/// home is this tenant. The response has the same members in both cases. If the account has another
/// home or none, `name` is its display name in this tenant only, and the membership is `pending`:
/// it gives no role until the account is provably the person's own. Attaching a pending user again
/// confirms the membership.
#[utoipa::path(
    post,
    path = "/api/{tenantId}/admin/users",
    operation_id = "createTenantUser",
    tag = "Tenant users",
    params(("tenantId" = String, Path, description = "The tenant id.", example = "acme")),
    request_body = CreateTenantUser,
    responses((status = 201, description = "The attached user.", body = TenantUser<'_>,
        headers(("Location" = String, description = "The URL of the user.")))),
    security(("OAuth2" = ["tenant.access:write"])),
)]
pub(crate) async fn create(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::WriteTenantUsers;
    caller.require_in(operation, names.tenant())?;
    let body = body.receive().await?;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    query.expect_none()?;
    let new_member = body.json::<CreateTenantUser>()?.into_new_member(&state.reloadable().roles)?;
    let tenant = scope.tenant().clone();
    let user = caller
        .run_to_completion(|state| async move {
            state.services.tenant_users.attach_or_create(&scope, new_member).await
        })
        .await?;
    let location = state.public_url.tenant_user(&tenant, &user.id);
    json::created(&location, &TenantUser::new(&user, &tenant))
}

/// Returns one user of a tenant.
#[utoipa::path(
    get,
    path = "/api/{tenantId}/admin/users/{userId}",
    operation_id = "getTenantUser",
    tag = "Tenant users",
    params(
        ("tenantId" = String, Path, description = "The tenant id.", example = "acme"),
        ("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82"),
    ),
    responses((status = 200, description = "The user.", body = TenantUser<'_>)),
    security(("OAuth2" = ["tenant.access:read"])),
)]
pub(crate) async fn get(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::ReadTenantUsers;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    query.expect_none()?;
    let user = state.services.tenant_users.get(&scope, names.require_user()?).await?;
    json::response(StatusCode::OK, &TenantUser::new(&user, scope.tenant()))
}

/// Changes a user's role or display name in a tenant.
#[utoipa::path(
    put,
    path = "/api/{tenantId}/admin/users/{userId}",
    operation_id = "updateTenantUser",
    tag = "Tenant users",
    params(
        ("tenantId" = String, Path, description = "The tenant id.", example = "acme"),
        ("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82"),
    ),
    request_body = UpdateTenantUser,
    responses((status = 200, description = "The user after the change.", body = TenantUser<'_>)),
    security(("OAuth2" = ["tenant.access:write"])),
)]
pub(crate) async fn update(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    body: Body,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::WriteTenantUsers;
    caller.require_in(operation, names.tenant())?;
    let body = body.receive().await?;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    query.expect_none()?;
    let change = body.json::<UpdateTenantUser>()?.into_change(&state.reloadable().roles)?;
    let (id, tenant) = (names.require_user()?.clone(), scope.tenant().clone());
    let user = caller
        .run_to_completion(|state| async move {
            state.services.tenant_users.change(&scope, &id, change).await
        })
        .await?;
    json::response(StatusCode::OK, &TenantUser::new(&user, &tenant))
}

/// Detaches a user from a tenant, and keeps the account.
#[utoipa::path(
    delete,
    path = "/api/{tenantId}/admin/users/{userId}",
    operation_id = "deleteTenantUser",
    tag = "Tenant users",
    params(
        ("tenantId" = String, Path, description = "The tenant id.", example = "acme"),
        ("userId" = String, Path, description = "The user id.", example = "auth0|5f7c8ec7c33c6c004bbafe82"),
    ),
    responses((status = 204, description = "The user was detached from the tenant.")),
    security(("OAuth2" = ["tenant.access:write"])),
)]
pub(crate) async fn delete(
    caller: Caller,
    names: PathParameters,
    query: QueryString,
    state: web::Data<AppState>,
) -> Result<HttpResponse, ApiError> {
    let operation = Operation::WriteTenantUsers;
    let scope =
        state.services.authorizer.tenant(caller.bearer(), operation, names.tenant()).await?;
    query.expect_none()?;
    let id = names.require_user()?.clone();
    caller
        .run_to_completion(
            |state| async move { state.services.tenant_users.detach(&scope, &id).await },
        )
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
