//! The OpenAPI 3.1 document, derived from the handlers, their types and the table of errors.

use std::collections::BTreeMap;

use utoipa::OpenApi as _;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Content, Header, HttpMethod, Object, Ref, RefOr, ResponseBuilder, Type};

use super::examples::Examples;
use super::security;
use crate::request::query::SortParameter;
use crate::response::code::ErrorCode;
use crate::response::contract::Contract;
use crate::response::{error_response, problem};
use crate::routes;
use crate::routes::membership_status::MembershipStatus;
use crate::routes::{change_password, health, me, operators, roles, tenant_users, users};

/// The parts of the document that no handler declares; [`routes::endpoints`] adds the paths.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Usher",
        description = "User management for many tenants in front of Auth0: an API for the users of one tenant, and the User Management API.",
    ),
    tags(
        (name = "Tenant users", description = "The users of one tenant. Errors are problem details (RFC 9457)."),
        (name = "Roles", description = "The roles that users of a tenant can have, and which of them the caller may give."),
        (name = "User", description = "Management of accounts. The token must have the permission VIEW_USERS_AND_GROUPS or MODIFY_USERS_AND_GROUPS."),
        (name = "Operators", description = "What only operators may do to accounts and tenants: an extension of the User Management API."),
        (name = "Own account", description = "The caller's own rights and memberships: an extension of the User Management API."),
        (name = "Health", description = "Liveness, readiness and metrics of the service."),
    ),
    components(schemas(
        SortParameter, ErrorCode,
        tenant_users::TenantUser<'_>, tenant_users::CreateTenantUser, tenant_users::UpdateTenantUser,
        roles::Role<'_>, roles::AccessName,
        users::view::UserResponse<'_>, users::view::PartlyUpdatedUser<'_>, users::view::UserListResponse<'_>, users::view::ListLinks<'_>,
        users::view::Links<'_>, users::view::Totals, users::request::UserCreateRequest, users::request::UserUpdateRequest,
        change_password::ChangePasswordRequest, change_password::ChangePasswordRequestV2,
        problem::Problem<'_>, problem::FieldProblem<'_>,
        error_response::ErrorResponse<'_>, error_response::ErrorObject<'_>, error_response::Meta<'_>,
        MembershipStatus, me::Me<'_>, me::CoveredTenant<'_>, me::OwnMembershipResponse<'_>,
        operators::HomeRequest, operators::ProofRequest, operators::ReleaseResponse,
        health::Health,
    )),
)]
struct Base;

/// Returns the document of every operation.
///
/// # Errors
/// If the recorded examples cannot be parsed.
pub fn document() -> Result<utoipa::openapi::OpenApi, serde_json::Error> {
    let examples = Examples::read()?;
    let mut document = Base::openapi();
    for endpoint in routes::endpoints() {
        let contract = Contract::of_path(&endpoint.path);
        let mut operation = with_errors(endpoint.operation, contract, &endpoint.errors);
        security::accept_both_schemes(&mut operation);
        examples.add_to(&mut operation);
        document.paths.add_path_operation(endpoint.path, vec![endpoint.method], operation);
    }
    if let Some(components) = &mut document.components {
        for (name, scheme) in security::schemes() {
            components.add_security_scheme(name, scheme);
        }
    }
    Ok(document)
}

/// Returns the document as it is checked in: JSON with a final newline.
pub fn text() -> Result<String, serde_json::Error> {
    let mut text = document()?.to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

/// The headers of responses to operations with a rate limit, and their descriptions.
const QUOTA_HEADERS: [(&str, &str); 2] = [
    (
        "RateLimit-Policy",
        "The number of requests of this kind that a caller may make, and the window in seconds, if there is a limit (draft-ietf-httpapi-ratelimit-headers).",
    ),
    ("RateLimit", "The number of remaining requests, and the seconds until it increases."),
];
const RETRY_AFTER: (&str, &str) = ("Retry-After", "The number of seconds to wait before a retry.");

/// Adds one response per status, whose description lists the possible error codes.
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
                response.headers.extend(QUOTA_HEADERS.map(field));
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
            response.headers.extend(QUOTA_HEADERS.map(field));
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

/// Returns each operation's method and path template, in the order of the route table.
pub fn operations() -> Vec<(&'static str, String)> {
    let named = |endpoint: routes::Endpoint| (method(&endpoint.method), endpoint.path);
    routes::endpoints().into_iter().map(named).collect()
}

fn method(method: &HttpMethod) -> &'static str {
    routes::method_name(method)
}
