//! The OpenAPI 3.1 document, derived from the handlers, their types and the table of errors.

use std::collections::BTreeMap;

use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, Implicit, OAuth2, Scopes, SecurityScheme,
};
use utoipa::openapi::{Content, Header, HttpMethod, Object, Ref, RefOr, ResponseBuilder, Type};

use crate::request::query::SortParameter;
use crate::response::code::ErrorCode;
use crate::response::contract::Contract;
use crate::response::{error_response, problem};
use crate::routes;
use crate::routes::{change_password, health, tenant_users, users};

/// What the handlers do not tell by themselves; the paths come from [`routes::endpoints`].
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "Manages the people of many tenants in front of Auth0: the back office's API for the users of one tenant, and the User Management API.",
    ),
    tags(
        (name = "Tenant users", description = "The users of one tenant, for its back office. Errors are problem details (RFC 9457)."),
        (name = "User", description = "Accounts, for whoever manages them. The token needs the permission VIEW_USERS_AND_GROUPS or MODIFY_USERS_AND_GROUPS."),
        (name = "Health", description = "How the service is."),
    ),
    components(schemas(
        SortParameter,
        tenant_users::TenantUser<'_>, tenant_users::CreateTenantUser, tenant_users::UpdateTenantUser,
        users::view::UserResponse<'_>, users::view::PartlyUpdatedUser<'_>, users::view::UserListResponse<'_>, users::view::ListLinks<'_>,
        users::view::Links<'_>, users::view::Totals, users::request::UserCreateRequest, users::request::UserUpdateRequest,
        change_password::ChangePasswordRequest, change_password::ChangePasswordRequestV2,
        problem::Problem<'_>, problem::FieldProblem<'_>,
        error_response::ErrorResponse<'_>, error_response::Error<'_>, error_response::Meta<'_>,
        health::Health,
    )),
)]
struct Base;

/// The document of everything that is served.
pub fn document() -> utoipa::openapi::OpenApi {
    let mut document = Base::openapi();
    for endpoint in routes::endpoints() {
        let contract = Contract::of_path(&endpoint.path);
        let operation = with_errors(endpoint.operation, contract, &endpoint.errors);
        document.paths.add_path_operation(endpoint.path, vec![endpoint.method], operation);
    }
    if let Some(components) = &mut document.components {
        components.add_security_scheme("OAuth2", oauth2());
        components.add_security_scheme("bearer", bearer());
    }
    document
}

/// The document as it is checked in: JSON, with a line break at its end.
pub fn text() -> Result<String, serde_json::Error> {
    let mut text = document().to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

/// The header fields that answers of limited operations carry, and what they say.
const LIMIT_FIELDS: [(&str, &str); 2] = [
    (
        "RateLimit-Policy",
        "How many requests of this kind a caller may make in how many seconds, if that is limited (draft-ietf-httpapi-ratelimit-headers).",
    ),
    ("RateLimit", "How many of them are left, and in how many seconds there are more."),
];
const RETRY_AFTER: (&str, &str) = ("Retry-After", "In how many seconds to come again.");

/// Adds one response a status, which lists the codes that come with it.
fn with_errors(mut operation: Operation, contract: Contract, errors: &[ErrorCode]) -> Operation {
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    for code in errors {
        by_status.entry(code.status().as_u16()).or_default().push(code.as_str());
    }
    let (media_type, schema) = match contract {
        Contract::TenantUsers => (problem::CONTENT_TYPE, "Problem"),
        Contract::UserManagement => ("application/json", "ErrorResponse"),
    };
    if errors.contains(&ErrorCode::TooManyRequests) {
        for (status, response) in &mut operation.responses.responses {
            if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
                response.headers.extend(LIMIT_FIELDS.map(field));
            }
        }
    }
    for (status, codes) in by_status {
        let content = Content::new(Some(RefOr::Ref(Ref::from_schema_name(schema))));
        let mut response = ResponseBuilder::new()
            .description(codes.join(", "))
            .content(media_type, content)
            .build();
        if matches!(status, 429 | 503) {
            response.headers.extend([RETRY_AFTER].map(field));
        }
        if status == 429 {
            response.headers.extend(LIMIT_FIELDS.map(field));
        }
        operation.responses.responses.insert(status.to_string(), RefOr::T(response));
    }
    operation
}

fn field((name, description): (&str, &str)) -> (String, RefOr<Header>) {
    let mut header = Header::new(Object::with_type(Type::String));
    header.description = Some(description.to_owned());
    (name.to_owned(), RefOr::T(header))
}

fn oauth2() -> SecurityScheme {
    let scopes = Scopes::from_iter([
        ("tenant.access:read", "See the users of a tenant"),
        ("tenant.access:write", "Change the users of a tenant"),
    ]);
    let flow = Implicit::new("https://example.com/authorize", scopes);
    SecurityScheme::OAuth2(OAuth2::new([Flow::Implicit(flow)]))
}

fn bearer() -> SecurityScheme {
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT");
    SecurityScheme::Http(scheme.build())
}

/// Every operation's method and path template, in the order of the table.
pub fn operations() -> Vec<(&'static str, String)> {
    let named = |endpoint: routes::Endpoint| (method(&endpoint.method), endpoint.path);
    routes::endpoints().into_iter().map(named).collect()
}

fn method(method: &HttpMethod) -> &'static str {
    routes::name(method)
}
