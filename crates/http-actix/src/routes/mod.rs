//! The whole route table at a glance.
//!
//! A path and a method stand in one place, the `#[utoipa::path]` above the handler; both the
//! router and the OpenAPI document are made from there, so that nothing is served undocumented.
//! To add an endpoint: write its handler, give it a line in [`endpoints`] with the errors that it
//! can answer, and run `make generate`. The matrix of `tests/api` has it by itself, and calls it as
//! the document says.

pub(crate) mod change_password;
pub(crate) mod health;
pub(crate) mod tenant_users;
pub(crate) mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Resource, Responder, Route, web};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Operation;

use crate::metrics;
use crate::protection::rate_limit::ChecksPassword;
use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;

/// One operation: where it is, what the document says of it, and who handles it.
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) method: HttpMethod,
    pub(crate) operation: Operation,
    pub(crate) errors: Vec<ErrorCode>,
    checks_password: bool,
    route: Route,
}

impl Endpoint {
    /// An operation that has a current password checked.
    fn checking_a_password(self) -> Self {
        Self { checks_password: true, ..self }
    }

    fn is_deprecated(&self) -> bool {
        self.operation.deprecated == Some(utoipa::openapi::Deprecated::True)
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({} {})", name(&self.method), self.path)
    }
}

/// What every operation can answer.
const ALWAYS: &[ErrorCode] =
    &[ErrorCode::UriTooLong, ErrorCode::HeadersTooLarge, ErrorCode::InternalError];
/// What every operation with a token can answer.
const ANY: &[ErrorCode] = &[
    ErrorCode::MalformedRequest,
    ErrorCode::UnknownParameter,
    ErrorCode::MissingToken,
    ErrorCode::InvalidToken,
    ErrorCode::InsufficientPermission,
    ErrorCode::TooManyRequests,
    ErrorCode::DirectoryError,
    ErrorCode::DirectoryUnavailable,
    ErrorCode::KeysUnavailable,
    ErrorCode::Overloaded,
    ErrorCode::DirectoryTimeout,
];
/// What every operation can answer that answers with a body.
const ANSWERS: &[ErrorCode] = &[ErrorCode::NotAcceptable];
/// What every operation can answer that names a tenant.
const TENANT: &[ErrorCode] = &[ErrorCode::TenantForbidden];
/// What every operation can answer that names a user.
const USER: &[ErrorCode] = &[ErrorCode::UserNotFound];
/// What every operation can answer that takes a body.
const BODY: &[ErrorCode] = &[
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::ValidationFailed,
];
/// What every operation can answer that changes what is the account's own.
const ACCOUNT: &[ErrorCode] = &[ErrorCode::ManagedByAnotherTenant];

/// Every operation there is.
#[rustfmt::skip]
#[expect(deprecated, reason = "a deprecated operation is still served")]
pub(crate) fn endpoints() -> Vec<Endpoint> {
    use ErrorCode::{
        AlreadyAttached, AmbiguousAccount, CurrentPasswordMismatch, EmailTaken,
        LastProtectedRoleHolder, TooManyAttempts, UnknownRole, UsernameTaken, WeakPassword,
    };
    use change_password as passwords;
    vec![
        endpoint::<tenant_users::__path_list, _, _>(tenant_users::list,
            &[ANY, ANSWERS, TENANT]),
        endpoint::<tenant_users::__path_create, _, _>(tenant_users::create,
            &[ANY, ANSWERS, TENANT, BODY, &[UnknownRole, AlreadyAttached, AmbiguousAccount]]),
        endpoint::<tenant_users::__path_get, _, _>(tenant_users::get,
            &[ANY, ANSWERS, TENANT, USER]),
        endpoint::<tenant_users::__path_update, _, _>(tenant_users::update,
            &[ANY, ANSWERS, TENANT, USER, BODY, &[UnknownRole, LastProtectedRoleHolder]]),
        endpoint::<tenant_users::__path_delete, _, _>(tenant_users::delete,
            &[ANY, TENANT, USER, &[LastProtectedRoleHolder]]),
        endpoint::<users::__path_list, _, _>(users::list,
            &[ANY, ANSWERS, TENANT]),
        endpoint::<users::__path_create, _, _>(users::create,
            &[ANY, ANSWERS, TENANT, BODY, &[EmailTaken, UsernameTaken, WeakPassword]]),
        endpoint::<users::__path_get, _, _>(users::get,
            &[ANY, ANSWERS, USER]),
        endpoint::<users::__path_update, _, _>(users::update,
            &[ANY, ANSWERS, USER, ACCOUNT, BODY, &[EmailTaken]]),
        endpoint::<users::__path_delete, _, _>(users::delete,
            &[ANY, USER, ACCOUNT, &[LastProtectedRoleHolder]]),
        endpoint::<passwords::__path_v1, _, _>(passwords::v1,
            &[ANY, ANSWERS, USER, ACCOUNT, BODY, &[WeakPassword]]),
        endpoint::<passwords::__path_v2, _, _>(passwords::v2,
            &[ANY, ANSWERS, USER, ACCOUNT, BODY,
              &[WeakPassword, CurrentPasswordMismatch, TooManyAttempts]]).checking_a_password(),
        endpoint::<health::__path_live, _, _>(health::live, &[]),
        endpoint::<health::__path_ready, _, _>(health::ready,
            &[&[ErrorCode::ShuttingDown, ErrorCode::KeysUnavailable, ErrorCode::DirectoryUnavailable,
                ErrorCode::DirectoryTimeout]]),
        endpoint::<health::__path_counts, _, _>(health::counts, &[]),
    ]
}

fn endpoint<P: utoipa::Path, H, Args>(handler: H, errors: &[&[ErrorCode]]) -> Endpoint
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let method = P::methods().into_iter().next().unwrap_or(HttpMethod::Get);
    Endpoint {
        path: P::path(),
        route: web::method(actix_method(&method)).to(handler),
        method,
        operation: P::operation(),
        errors: [ALWAYS, &errors.concat()].concat(),
        checks_password: false,
    }
}

/// Registers every operation whose path `wanted` picks, and an answer to the methods that a path
/// does not have.
pub(crate) fn configure(config: &mut web::ServiceConfig, wanted: fn(&str) -> bool) {
    let mut by_path: BTreeMap<String, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in endpoints().into_iter().filter(|endpoint| wanted(&endpoint.path)) {
        by_path.entry(endpoint.path.clone()).or_default().push(endpoint);
    }
    for (path, endpoints) in by_path {
        let deprecated = endpoints.iter().any(Endpoint::is_deprecated);
        let resource = resource(&path, endpoints);
        if deprecated {
            config.service(resource.wrap(from_fn(change_password::announce_deprecation)));
        } else {
            config.service(resource);
        }
    }
}

/// The paths of all operations. Kept, so that requests that are lost are no dearer than others.
static TEMPLATES: LazyLock<BTreeSet<String>> =
    LazyLock::new(|| endpoints().into_iter().map(|endpoint| endpoint.path).collect());

/// The route that a path matches, for requests that are lost before they can tell.
pub(crate) fn route_of(path: &str) -> Option<metrics::Route> {
    let matches = |template: &str| {
        let part_matches = |(part, segment): (&str, &str)| {
            part == segment || (part.starts_with('{') && !segment.is_empty())
        };
        template.split('/').count() == path.split('/').count()
            && template.split('/').zip(path.split('/')).all(part_matches)
    };
    TEMPLATES.iter().find(|template| matches(template)).map(|it| metrics::Route::new(it))
}

fn resource(path: &str, endpoints: Vec<Endpoint>) -> Resource {
    let methods: Vec<_> = endpoints.iter().map(|endpoint| name(&endpoint.method)).collect();
    let allow = methods.join(", ");
    let mut resource = web::resource(path).app_data(metrics::Route::new(path));
    if endpoints.iter().any(|endpoint| endpoint.checks_password) {
        resource = resource.app_data(ChecksPassword);
    }
    for endpoint in endpoints {
        resource = resource.route(endpoint.route);
    }
    resource.default_service(only(allow))
}

/// The answer to methods that a path does not have.
pub(crate) fn only(allow: String) -> Route {
    web::to(move || {
        let api_error = ApiError::new(
            ErrorCode::MethodNotAllowed,
            "The path supports only the methods in Allow.",
        )
        .with(ErrorHeader::Allow(allow.clone()));
        async move { Err::<String, _>(api_error) }
    })
}

pub(crate) fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

fn actix_method(method: &HttpMethod) -> actix_web::http::Method {
    use actix_web::http::Method;
    match method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Post => Method::POST,
        HttpMethod::Put => Method::PUT,
        HttpMethod::Delete => Method::DELETE,
        HttpMethod::Options => Method::OPTIONS,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Patch => Method::PATCH,
        HttpMethod::Trace => Method::TRACE,
    }
}
