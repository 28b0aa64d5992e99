//! The route table.
//!
//! Path and method of an operation are declared once, in the `#[utoipa::path]` of its handler. The
//! router and the OpenAPI document both derive from it, so that every operation is documented. To
//! add an endpoint:
//!
//! 1. Write its handler. Its `#[utoipa::path]` has an operation id, one tag, and the security scheme
//!    of its contract: `("OAuth2" = ["tenant.access:read"])` or `:write` under
//!    `/api/{tenantId}/admin`, `("bearer" = [])` under `/api/v1` and `/api/v2`. The document adds the
//!    other scheme. Members that are always present are required in the schemas of responses.
//! 2. Add a line with its error codes to [`endpoints`]. The document derives the error responses from
//!    it.
//! 3. Add new schemas and a new tag to `openapi/document.rs`.
//! 4. Add its calls to `tests/cli/api_examples/calls.rs`, one for each successful response with a body
//!    and for the errors that clients must expect. Their requests and responses become the examples.
//! 5. Run `make generate`. The actor matrix of `tests/api` covers the operation automatically, and
//!    calls it according to the document.

pub(crate) mod change_password;
pub(crate) mod health;
pub(crate) mod invitation;
pub(crate) mod me;
pub(crate) mod membership_status;
pub(crate) mod operators;
pub(crate) mod roles;
pub(crate) mod tenant_users;
pub(crate) mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use actix_web::http::Method;
use actix_web::middleware::from_fn;
use actix_web::{FromRequest, Handler, Responder, Route, guard, web};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::Operation;

use crate::response::api_error::{ApiError, ErrorHeader};
use crate::response::code::ErrorCode;
use crate::server::path_table::{PathTable, PathTemplate};
use crate::server::router::{PathOperations, Router};

/// One operation: its path, its documentation, and its handler.
pub(crate) struct Endpoint {
    pub(crate) path: String,
    pub(crate) method: HttpMethod,
    pub(crate) operation: Operation,
    pub(crate) errors: Vec<ErrorCode>,
    checks_password: bool,
    allows_head: bool,
    route: Route,
}

impl Endpoint {
    /// Marks an operation that verifies a current password.
    fn with_password_check(self) -> Self {
        Self { checks_password: true, ..self }
    }

    fn is_deprecated(&self) -> bool {
        self.operation.deprecated == Some(utoipa::openapi::Deprecated::True)
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({} {})", method_name(&self.method), self.path)
    }
}

/// Errors of every operation.
const ALWAYS: &[ErrorCode] =
    &[ErrorCode::UriTooLong, ErrorCode::HeadersTooLarge, ErrorCode::InternalError];
/// Errors of every operation with a token.
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
/// Errors of every operation whose response has a body.
const ANSWERS: &[ErrorCode] = &[ErrorCode::NotAcceptable];
/// Errors of every operation on a tenant.
const TENANT: &[ErrorCode] = &[ErrorCode::TenantForbidden];
/// Errors of every operation on a user.
const USER: &[ErrorCode] = &[ErrorCode::UserNotFound];
/// Errors of every operation with a body.
const BODY: &[ErrorCode] = &[
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::UnsupportedMediaType,
    ErrorCode::ValidationFailed,
];
/// Errors of every operation that changes the account itself.
const ACCOUNT: &[ErrorCode] = &[ErrorCode::ManagedByAnotherTenant];

/// Returns every operation.
#[rustfmt::skip]
#[expect(deprecated, reason = "a deprecated operation is still served")]
pub(crate) fn endpoints() -> Vec<Endpoint> {
    use ErrorCode::{
        AlreadyAttached, AmbiguousAccount, CurrentPasswordMismatch, EmailTaken,
        LastProtectedRoleHolder, MailUnavailable, NotAttached, NotFound, SubjectNotAnAccount,
        TooManyAttempts, UnknownRole, UsernameTaken, WeakPassword,
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
        endpoint::<invitation::__path_create, _, _>(invitation::create,
            &[ANY, ANSWERS, TENANT, USER, ACCOUNT, &[MailUnavailable]]),
        endpoint::<roles::__path_list, _, _>(roles::list,
            &[ANY, ANSWERS, TENANT]),
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
            &[ANY, ANSWERS, USER, ACCOUNT, BODY, &[WeakPassword, TooManyAttempts]]),
        endpoint::<passwords::__path_v2, _, _>(passwords::v2,
            &[ANY, ANSWERS, USER, ACCOUNT, BODY,
              &[WeakPassword, CurrentPasswordMismatch, TooManyAttempts]]).with_password_check(),
        endpoint::<operators::__path_set_home, _, _>(operators::set_home,
            &[ANY, ANSWERS, USER, BODY, &[NotAttached]]),
        endpoint::<operators::__path_set_proof, _, _>(operators::set_proof,
            &[ANY, ANSWERS, USER, BODY]),
        endpoint::<operators::__path_release, _, _>(operators::release,
            &[ANY, ANSWERS, TENANT]),
        endpoint::<me::__path_get, _, _>(me::get,
            &[ANY, ANSWERS]),
        endpoint::<me::__path_leave, _, _>(me::leave,
            &[ANY, &[SubjectNotAnAccount, NotFound, LastProtectedRoleHolder]]),
        readable::<health::__path_live, _, _>(health::live, &[]),
        readable::<health::__path_ready, _, _>(health::ready,
            &[&[ErrorCode::ShuttingDown, ErrorCode::KeysUnavailable, ErrorCode::DirectoryUnavailable,
                ErrorCode::DirectoryTimeout]]),
        readable::<health::__path_scrape, _, _>(health::scrape, &[]),
    ]
}

/// Returns the endpoint of a handler and its documentation `P`.
///
/// The documentation of a path leaves out its tags, which the derive macro of the document adds; it
/// reads them from the same trait.
fn endpoint<P, H, Args>(handler: H, errors: &[&[ErrorCode]]) -> Endpoint
where
    P: utoipa::Path + for<'t> utoipa::__dev::Tags<'t>,
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    let method = P::methods().into_iter().next().unwrap_or(HttpMethod::Get);
    let mut operation = P::operation();
    operation.tags = Some(P::tags().into_iter().map(ToOwned::to_owned).collect());
    Endpoint {
        path: P::path(),
        route: web::route().to(handler),
        method,
        operation,
        errors: [ALWAYS, &errors.concat()].concat(),
        checks_password: false,
        allows_head: false,
    }
}

/// Returns an operation with GET outside the contracts, which also supports HEAD.
fn readable<P, H, Args>(handler: H, errors: &[&[ErrorCode]]) -> Endpoint
where
    P: utoipa::Path + for<'t> utoipa::__dev::Tags<'t>,
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Endpoint { allows_head: true, ..endpoint::<P, _, _>(handler, errors) }
}

/// Returns a route for GET and HEAD. The framework leaves out the body of a response to HEAD.
pub(crate) fn get_or_head() -> Route {
    web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
}

/// Returns the router of every operation whose path is `wanted`.
pub(crate) fn router(wanted: fn(&str) -> bool) -> Router {
    let mut by_path: BTreeMap<String, Vec<Endpoint>> = BTreeMap::new();
    for endpoint in endpoints().into_iter().filter(|endpoint| wanted(&endpoint.path)) {
        by_path.entry(endpoint.path.clone()).or_default().push(endpoint);
    }
    Router::new(by_path.into_iter().map(|(path, endpoints)| operations(&path, endpoints)).collect())
}

/// Returns the path templates of all operations, to look up those of requests that fail before
/// routing.
pub(crate) fn templates() -> PathTable<String> {
    let paths: BTreeSet<String> = endpoints().into_iter().map(|endpoint| endpoint.path).collect();
    paths.into_iter().map(|path| (PathTemplate::new(&path), path)).collect()
}

/// Returns the operations of one path, and the response to other methods.
fn operations(path: &str, endpoints: Vec<Endpoint>) -> PathOperations {
    let checks_password = endpoints.iter().any(|endpoint| endpoint.checks_password);
    let deprecated = endpoints.iter().any(Endpoint::is_deprecated);
    let wrap = |route: Route| {
        if deprecated {
            route.wrap(from_fn(change_password::add_deprecation_headers))
        } else {
            route
        }
    };
    let (mut handlers, mut has_head) = (Vec::new(), false);
    let mut methods: Vec<_> =
        endpoints.iter().map(|endpoint| method_name(&endpoint.method)).collect();
    for endpoint in endpoints {
        let route = Rc::new(wrap(endpoint.route));
        if endpoint.allows_head {
            has_head = true;
            handlers.push((Method::HEAD, Rc::clone(&route)));
        }
        handlers.push((actix_method(&endpoint.method), route));
    }
    if has_head {
        methods.push("HEAD");
    }
    let other = wrap(method_not_allowed(methods.join(", ")));
    PathOperations { template: PathTemplate::new(path), checks_password, handlers, other }
}

/// Responds to methods that a path does not support.
pub(crate) fn method_not_allowed(allow: String) -> Route {
    web::to(move || {
        let api_error = ApiError::new(
            ErrorCode::MethodNotAllowed,
            "The path supports only the methods in Allow.",
        )
        .with_header(ErrorHeader::Allow(allow.clone()));
        async move { Err::<String, _>(api_error) }
    })
}

pub(crate) fn method_name(method: &HttpMethod) -> &'static str {
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

fn actix_method(method: &HttpMethod) -> Method {
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
