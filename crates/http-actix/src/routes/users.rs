//! Contract B: `/api/v1/users`.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, web};
use domain::{
    AccountChange, AccountScope, EmailAddress, Need, NewUser, Password, PersonName, Role, TenantId,
    Timestamp, User, Username,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::Api;
use crate::body::Body;
use crate::caller::Caller;
use crate::code::Code;
use crate::error_response;
use crate::fault::{Fault, Issue};
use crate::issues::Issues;
use crate::links::PageLinks;
use crate::path::PathNames;
use crate::query::{FILTER_TENANT, QueryString};
use crate::request_id::RequestId;
use crate::routes::json;

/// A user, seen through one tenant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserResponse<'a> {
    /// The id of the account.
    #[schema(example = "auth0|5f7c8ec7c33c6c004bbafe82")]
    id: &'a str,
    /// The e-mail address; no two accounts share one.
    #[schema(format = Email, example = "jane@acme.example")]
    email: &'a str,
    /// Whether a program, and no person, stands behind the account.
    service_user: bool,
    /// The tenant through which the caller sees the user.
    #[schema(example = "acme")]
    tenant_name: &'a str,
    /// When the account was created.
    #[serde(serialize_with = "json::text")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T09:30:00.000Z")]
    created_at: Timestamp,
    /// When the account was last changed, if that is known.
    #[serde(serialize_with = "json::optional_text")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Timestamp>,
    /// The username, or the e-mail address of an account without one.
    #[schema(example = "jane")]
    username: &'a str,
    /// The first name; empty if there is none.
    #[schema(example = "Jane")]
    first_name: &'a str,
    /// The last name; empty if there is none.
    #[schema(example = "Doe")]
    last_name: &'a str,
    /// When the user last logged in, if that is known.
    #[serde(serialize_with = "json::optional_text")]
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_login: Option<Timestamp>,
}

impl<'a> UserResponse<'a> {
    /// The user as the scope shows it.
    pub(crate) fn through(scope: &AccountScope, user: &'a User) -> Self {
        Self::new(user, scope.seen_through(user).map_or("", TenantId::as_str))
    }

    fn new(user: &'a User, tenant_name: &'a str) -> Self {
        Self {
            id: user.id.as_str(),
            email: user.email.as_str(),
            service_user: user.service_user,
            tenant_name,
            created_at: user.created_at,
            updated_at: user.updated_at,
            username: user.shown_username(),
            first_name: user.shown_given_name(),
            last_name: user.shown_family_name(),
            last_login: user.last_login,
        }
    }
}

/// A user of which only a part could be changed, and why not the rest.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartlyUpdatedUser<'a> {
    #[serde(flatten)]
    user: UserResponse<'a>,
    /// Why the rest was not changed.
    #[schema(required = false)]
    errors: Vec<error_response::Error<'a>>,
}

/// One page of a tenant's users.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserListResponse<'a> {
    #[schema(required = false)]
    links: ListLinks<'a>,
    #[schema(required = false)]
    data: Vec<UserResponse<'a>>,
}

/// Links to other pages; one that does not exist is left out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListLinks<'a> {
    /// To the first page.
    #[schema(required = false)]
    first: Links<'a>,
    /// To the last page, with the totals.
    #[schema(required = false)]
    last: Links<'a>,
    /// To the next page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next: Option<Links<'a>>,
    /// To the previous page; to the last one from past the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    prev: Option<Links<'a>>,
}

/// A link to one page.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links<'a> {
    /// The absolute address of the page, with every parameter kept.
    href: &'a str,
    /// How much there is on all pages together.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    meta: Option<Totals>,
}

/// How much there is on all pages together.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Totals {
    /// How many users.
    total_users: u64,
    /// How many pages; an empty list has one.
    total_pages: u64,
}

/// A user to be created.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserCreateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(format = Email, max_length = 254, example = "jane@acme.example")]
    email: String,
    /// Whether a program, and no person, stands behind the account.
    service_user: bool,
    /// The tenant that the account is attached to and at home in.
    #[schema(pattern = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", example = "acme")]
    tenant_name: String,
    /// The username: 1 to 128 characters, and no e-mail address.
    #[schema(
        min_length = 1,
        max_length = 128,
        pattern = r"^[A-Za-z0-9@^$.!`#+'~_-]*$",
        example = "jane"
    )]
    username: String,
    /// The password: 1 to 72 visible ASCII characters, as the directory's policy wants them.
    /// Without one, nobody knows any until it is changed.
    #[serde(default, deserialize_with = "json::not_null")]
    #[schema(
        nullable = false,
        min_length = 1,
        max_length = 72,
        pattern = r"^[!-~]*$",
        example = "correct-horse-7"
    )]
    password: Option<String>,
    /// The first name: 1 to 150 characters.
    #[schema(
        min_length = 1,
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$",
        example = "Jane"
    )]
    first_name: String,
    /// The last name: 1 to 150 characters.
    #[schema(
        min_length = 1,
        max_length = 150,
        pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$",
        example = "Doe"
    )]
    last_name: String,
}

impl UserCreateRequest {
    /// The user to be created, with what goes with a good tenant; `issues` has what is known to be
    /// wrong already.
    fn into_new_user<T>(
        self,
        role: &Role,
        scope: Option<T>,
        mut issues: Issues,
    ) -> Result<(T, NewUser), Fault> {
        let email = issues.take("email", self.email.parse::<EmailAddress>());
        let username = issues.take("username", self.username.parse::<Username>());
        let password = self
            .password
            .and_then(|password| issues.take("password", password.parse::<Password>()));
        let given_name = issues.take("firstName", self.first_name.parse::<PersonName>());
        let family_name = issues.take("lastName", self.last_name.parse::<PersonName>());
        issues.settle(|| {
            let new = NewUser {
                email: email?,
                username,
                given_name,
                family_name,
                display_name: None,
                service_user: self.service_user,
                role: role.clone(),
                password,
            };
            Some((scope?, new))
        })
    }
}

/// A change to what is the account's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserUpdateRequest {
    /// The e-mail address; no other account may have it.
    #[schema(format = Email, max_length = 254, example = "jane@acme.example")]
    email: String,
    /// The first name, at most 150 characters; empty for none.
    #[schema(max_length = 150, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$", example = "Jane")]
    first_name: String,
    /// The last name, at most 150 characters; empty for none.
    #[schema(max_length = 150, pattern = r"^[^\u0000-\u001F\u007F-\u009F]*$", example = "Doe")]
    last_name: String,
}

impl UserUpdateRequest {
    fn into_change(self) -> Result<AccountChange, Fault> {
        let mut issues = Issues::default();
        let email = issues.take("email", self.email.parse::<EmailAddress>());
        // A user without a name is shown with an empty one, and can be sent back like that.
        let mut name = |field, name: &str| {
            if name.is_empty() { None } else { issues.take(field, name.parse::<PersonName>()) }
        };
        let given_name = name("firstName", &self.first_name);
        let family_name = name("lastName", &self.last_name);
        issues.settle(|| Some(AccountChange { email: email?, given_name, family_name }))
    }
}

/// Lists a tenant's users, page by page.
#[utoipa::path(
    get,
    path = "/api/v1/users",
    operation_id = "ListUsersV0",
    tag = "User",
    params(
        ("filter[tenant]" = String, Query, description = "The tenant whose users are listed.", example = "acme"),
        ("page[size]" = Option<u32>, Query, description = "How many users a page holds, 1 to 100; 50 by default.", minimum = 1, maximum = 100),
        ("sort" = Option<crate::openapi::SortParameter>, Query, description = "What to sort by; `-` in front for descending. `id` by default."),
        ("page[number]" = Option<u64>, Query, description = "Which page, from 0; 0 by default.", minimum = 0),
    ),
    responses((status = 200, description = "One page of the users; it may be empty.", body = UserListResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    caller: Caller,
    query: QueryString,
    api: web::Data<Api>,
) -> Result<HttpResponse, Fault> {
    caller.require(Need::ViewUsers)?;
    let query = query.list()?;
    let Some(tenant) = &query.tenant else {
        let issue = Issue::parameter(FILTER_TENANT, Code::MalformedRequest, "is missing");
        return Err(Fault::at(vec![issue]));
    };
    let scope = api.services.access.tenant(caller.bearer(), Need::ViewUsers, Some(tenant)).await?;
    let page = api.services.users.list(&scope, &query.page()).await?;

    let links = PageLinks::new(&api.public_url.users(), &query, page.total);
    let totals = Totals { total_users: page.total, total_pages: links.pages };
    let plain = |href| Links { href, meta: None };
    Ok(HttpResponse::Ok().json(UserListResponse {
        links: ListLinks {
            first: plain(&links.first),
            last: Links { href: &links.last, meta: Some(totals) },
            next: links.next.as_deref().map(plain),
            prev: links.prev.as_deref().map(plain),
        },
        data: page.users.iter().map(|user| UserResponse::new(user, tenant.as_str())).collect(),
    }))
}

/// Creates a user, at home in a tenant and attached to it with the default role.
#[utoipa::path(
    post,
    path = "/api/v1/users",
    operation_id = "CreateUserV0",
    tag = "User",
    request_body = UserCreateRequest,
    responses((status = 201, description = "The user that was created.", body = UserResponse<'_>,
        headers(("Location" = String, description = "Where the user is.")))),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    caller: Caller,
    query: QueryString,
    body: Body,
    api: web::Data<Api>,
) -> Result<HttpResponse, Fault> {
    caller.require(Need::ModifyUsers)?;
    query.none()?;
    let request = body.json::<UserCreateRequest>().await?;
    let mut issues = Issues::default();
    // Whether the caller may do this in the tenant comes before whatever else is wrong.
    let scope = match issues.tenant("tenantName", &request.tenant_name) {
        Some(tenant) => {
            let access = &api.services.access;
            Some(access.tenant(caller.bearer(), Need::ModifyUsers, Some(&tenant)).await?)
        }
        None => None,
    };
    let (scope, new) = request.into_new_user(api.roles.default_role(), scope, issues)?;
    let user = api.services.users.create(&scope, new).await?;
    Ok(HttpResponse::Created()
        .insert_header((header::LOCATION, api.public_url.user(&user.id)))
        .json(UserResponse::new(&user, scope.tenant().as_str())))
}

/// Tells about one user.
#[utoipa::path(
    get,
    path = "/api/v1/users/{userId}",
    operation_id = "GetUserV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    responses((status = 200, description = "The user.", body = UserResponse<'_>)),
    security(("bearer" = [])),
)]
pub(crate) async fn get(
    caller: Caller,
    names: PathNames,
    query: QueryString,
    api: web::Data<Api>,
) -> Result<HttpResponse, Fault> {
    let scope = api.services.access.account(caller.bearer(), Need::ViewUsers).await?;
    query.none()?;
    let user = api.services.users.get(&scope, names.require_user()?).await?;
    Ok(HttpResponse::Ok().json(UserResponse::through(&scope, &user)))
}

/// Changes a user's e-mail address and names, as far as they can be.
#[utoipa::path(
    put,
    path = "/api/v1/users/{userId}",
    operation_id = "UpdateUserV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    request_body = UserUpdateRequest,
    responses(
        (status = 200, description = "The user as it now is.", body = UserResponse<'_>),
        (status = 207, description = "Only a part was changed: the user as it now is, and why not the rest.", body = PartlyUpdatedUser<'_>),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn update(
    caller: Caller,
    names: PathNames,
    query: QueryString,
    body: Body,
    id: web::ReqData<RequestId>,
    api: web::Data<Api>,
) -> Result<HttpResponse, Fault> {
    let scope = api.services.access.account(caller.bearer(), Need::ModifyUsers).await?;
    query.none()?;
    let change = body.json::<UserUpdateRequest>().await?.into_change()?;
    let applied = api.services.users.change(&scope, names.require_user()?, change).await?;
    let user = UserResponse::through(&scope, &applied.user);
    if applied.failures.is_empty() {
        return Ok(HttpResponse::Ok().json(user));
    }
    let issues: Vec<Issue> = applied.failures.into_iter().map(Issue::from).collect();
    let errors = issues.iter().map(|issue| error_response::Error::new(issue, id.as_str()));
    let errors = errors.collect();
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).json(PartlyUpdatedUser { user, errors }))
}

/// Deletes a user's account, for every tenant.
#[utoipa::path(
    delete,
    path = "/api/v1/users/{userId}",
    operation_id = "DeleteUserV0",
    tag = "User",
    params(("userId" = String, Path, description = "The user.", example = "auth0|5f7c8ec7c33c6c004bbafe82")),
    responses((status = 204, description = "The account is gone.")),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    caller: Caller,
    names: PathNames,
    query: QueryString,
    api: web::Data<Api>,
) -> Result<HttpResponse, Fault> {
    let scope = api.services.access.account(caller.bearer(), Need::ModifyUsers).await?;
    query.none()?;
    api.services.users.delete(&scope, names.require_user()?).await?;
    Ok(HttpResponse::NoContent().finish())
}
