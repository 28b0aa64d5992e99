//! The route table.

use hyper::Method;

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Response;
use crate::mail::change_password::request_password_change;
use crate::mail::{jobs, link_pages, ticket_endpoints};
use crate::oauth::discovery::{key_set, openid_configuration};
use crate::oauth::token_endpoint::issue_token;
use crate::organizations::{endpoints as organizations, member_roles, members};
use crate::roles::{assignments, endpoints as roles};
use crate::search::list::list_users;
use crate::state::State;
use crate::tenant::{clients, connections};
use crate::users::create::create_user;
use crate::users::delete::delete_user;
use crate::users::find_by_email::find_users_by_email;
use crate::users::link;
use crate::users::patch::patch_user;
use crate::users::read::read_user;
use crate::users::user_blocks;

/// The scopes that a route requires.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RequiredScopes {
    /// No token is required.
    Public,
    /// A Management token with any of these scopes.
    Any(&'static [&'static str]),
    /// A Management token with all of these scopes.
    All(&'static [&'static str]),
}

type Handler = fn(&mut State, &Request, i64) -> Result<Response, ApiError>;

/// A route.
pub(crate) struct Route {
    method: Method,
    pattern: &'static str,
    pub(crate) required_scopes: RequiredScopes,
    pub(crate) handler: Handler,
}

use RequiredScopes::{All, Any, Public};

const ROUTES: &[Route] = &[
    // Users.
    get("/api/v2/users", Any(&["read:users"]), list_users),
    post("/api/v2/users", Any(&["create:users"]), create_user),
    get("/api/v2/users/{id}", Any(&["read:users"]), read_user),
    patch("/api/v2/users/{id}", Any(&["update:users", "update:users_app_metadata"]), patch_user),
    delete("/api/v2/users/{id}", Any(&["delete:users"]), delete_user),
    get("/api/v2/users-by-email", Any(&["read:users"]), find_users_by_email),
    get("/api/v2/user-blocks", Any(&["read:users"]), user_blocks::list_by_identifier),
    delete("/api/v2/user-blocks", Any(&["update:users"]), user_blocks::unblock_by_identifier),
    get("/api/v2/user-blocks/{id}", Any(&["read:users"]), user_blocks::list_by_id),
    delete("/api/v2/user-blocks/{id}", Any(&["update:users"]), user_blocks::unblock_by_id),
    post("/api/v2/users/{id}/identities", Any(&["update:users"]), link::link_identity),
    delete(
        "/api/v2/users/{id}/identities/{provider}/{user_id}",
        Any(&["update:users"]),
        link::unlink_identity,
    ),
    // Assignments of users.
    get(
        "/api/v2/users/{id}/organizations",
        Any(&["read:organizations"]),
        members::list_user_organizations,
    ),
    get(
        "/api/v2/users/{id}/roles",
        All(&["read:users", "read:roles", "read:role_members"]),
        assignments::list_of_user,
    ),
    post("/api/v2/users/{id}/roles", Any(&["update:users"]), assignments::assign_to_user),
    delete("/api/v2/users/{id}/roles", Any(&["update:users"]), assignments::remove_from_user),
    // Organizations.
    get("/api/v2/organizations", Any(&["read:organizations"]), organizations::list),
    post("/api/v2/organizations", Any(&["create:organizations"]), organizations::create),
    get("/api/v2/organizations/name/{name}", Any(&["read:organizations"]), organizations::by_name),
    get("/api/v2/organizations/{id}", Any(&["read:organizations"]), organizations::read),
    patch("/api/v2/organizations/{id}", Any(&["update:organizations"]), organizations::patch),
    delete("/api/v2/organizations/{id}", Any(&["delete:organizations"]), organizations::delete),
    get("/api/v2/organizations/{id}/members", Any(&["read:organization_members"]), members::list),
    post("/api/v2/organizations/{id}/members", Any(&["create:organization_members"]), members::add),
    delete(
        "/api/v2/organizations/{id}/members",
        Any(&["delete:organization_members"]),
        members::remove,
    ),
    get(
        "/api/v2/organizations/{id}/members/{user_id}/roles",
        Any(&["read:organization_member_roles"]),
        member_roles::list,
    ),
    post(
        "/api/v2/organizations/{id}/members/{user_id}/roles",
        Any(&["create:organization_member_roles"]),
        member_roles::assign,
    ),
    delete(
        "/api/v2/organizations/{id}/members/{user_id}/roles",
        Any(&["delete:organization_member_roles"]),
        member_roles::remove,
    ),
    // Roles.
    get("/api/v2/roles", Any(&["read:roles"]), roles::list),
    post("/api/v2/roles", Any(&["create:roles"]), roles::create),
    get("/api/v2/roles/{id}", Any(&["read:roles"]), roles::read),
    patch("/api/v2/roles/{id}", Any(&["update:roles"]), roles::patch),
    delete("/api/v2/roles/{id}", Any(&["delete:roles"]), roles::delete),
    get("/api/v2/roles/{id}/users", Any(&["read:role_members"]), assignments::list_users),
    post("/api/v2/roles/{id}/users", Any(&["create:role_members"]), assignments::assign_to_users),
    // The tenant.
    get("/api/v2/connections", Any(&["read:connections"]), connections::list),
    get("/api/v2/connections/{id}", Any(&["read:connections"]), connections::read),
    get("/api/v2/clients/{id}", Any(&["read:clients"]), clients::read),
    // Mails and links.
    post("/api/v2/jobs/verification-email", Any(&["update:users"]), jobs::send_verification_mail),
    get("/api/v2/jobs/{id}", Any(&["create:users", "read:users", "update:users"]), jobs::read_job),
    post(
        "/api/v2/tickets/email-verification",
        Any(&["create:user_tickets"]),
        ticket_endpoints::create_verification_ticket,
    ),
    post(
        "/api/v2/tickets/password-change",
        Any(&["create:user_tickets"]),
        ticket_endpoints::create_password_ticket,
    ),
    get("/u/email-verification", Public, link_pages::verify_email),
    get("/u/reset-password", Public, link_pages::show_password_form),
    post("/u/reset-password", Public, link_pages::reset_password),
    // Authentication API.
    post("/oauth/token", Public, issue_token),
    post("/dbconnections/change_password", Public, request_password_change),
    get("/.well-known/openid-configuration", Public, openid_configuration),
    get("/.well-known/jwks.json", Public, key_set),
];

/// Returns the route for a request and the values of its `{…}` segments. The first match in table
/// order wins.
pub(crate) fn find(method: &Method, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| match_pattern(route.pattern, segments).map(|params| (route, params)))
}

impl Route {
    /// Returns the name, as in [`Control::calls`](crate::Control::calls).
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }

    /// Returns whether the route belongs to the Management API, which has its own error format.
    pub(crate) fn is_management(&self) -> bool {
        self.pattern.starts_with("/api/v2/")
    }
}

fn match_pattern(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let pattern = pattern.split('/').skip(1);
    if pattern.clone().count() != segments.len() {
        return None;
    }
    let mut params = Vec::new();
    for (expected, segment) in pattern.zip(segments) {
        if expected.starts_with('{') {
            if segment.is_empty() {
                return None;
            }
            params.push(segment.clone());
        } else if expected != segment {
            return None;
        }
    }
    Some(params)
}

const fn get(pattern: &'static str, required_scopes: RequiredScopes, handler: Handler) -> Route {
    Route { method: Method::GET, pattern, required_scopes, handler }
}

const fn post(pattern: &'static str, required_scopes: RequiredScopes, handler: Handler) -> Route {
    Route { method: Method::POST, pattern, required_scopes, handler }
}

const fn patch(pattern: &'static str, required_scopes: RequiredScopes, handler: Handler) -> Route {
    Route { method: Method::PATCH, pattern, required_scopes, handler }
}

const fn delete(pattern: &'static str, required_scopes: RequiredScopes, handler: Handler) -> Route {
    Route { method: Method::DELETE, pattern, required_scopes, handler }
}

impl RequiredScopes {
    /// Returns 403 if the token's scopes are insufficient.
    pub(crate) fn check(self, request: &Request) -> Result<(), ApiError> {
        let (is_sufficient, expected) = match self {
            Self::Public => return Ok(()),
            Self::Any(scopes) => (scopes.iter().any(|scope| request.has_scope(scope)), scopes),
            Self::All(scopes) => (scopes.iter().all(|scope| request.has_scope(scope)), scopes),
        };
        if is_sufficient { Ok(()) } else { Err(ApiError::insufficient_scope(expected)) }
    }
}
