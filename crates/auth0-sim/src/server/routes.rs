//! The one table of routes.

use hyper::Method;

use crate::http::error::ApiError;
use crate::http::request::Request;
use crate::http::response::Answer;
use crate::mail::change_password;
use crate::oauth::{discovery, token_endpoint};
use crate::organizations::{endpoints as organizations, member_roles, members};
use crate::roles::{assignments, endpoints as roles};
use crate::search::list as search;
use crate::state::State;
use crate::tenant::{clients, connections};
use crate::users::{
    create, delete as delete_user, find_by_email, patch as patch_user, read, user_blocks,
};

/// What a route asks of a token.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// No token at all.
    Open,
    /// A Management token with any of these scopes.
    Any(&'static [&'static str]),
    /// A Management token with all of these scopes.
    All(&'static [&'static str]),
}

type Handler = fn(&mut State, &Request, i64) -> Result<Answer, ApiError>;

/// One route.
pub(crate) struct Route {
    method: Method,
    pattern: &'static str,
    pub(crate) access: Access,
    pub(crate) handler: Handler,
}

use Access::{All, Any, Open};

const ROUTES: &[Route] = &[
    // The people.
    get("/api/v2/users", Any(&["read:users"]), search::list),
    post("/api/v2/users", Any(&["create:users"]), create::create),
    get("/api/v2/users/{id}", Any(&["read:users"]), read::read),
    patch(
        "/api/v2/users/{id}",
        Any(&["update:users", "update:users_app_metadata"]),
        patch_user::patch,
    ),
    delete("/api/v2/users/{id}", Any(&["delete:users"]), delete_user::delete),
    get("/api/v2/users-by-email", Any(&["read:users"]), find_by_email::by_email),
    get("/api/v2/user-blocks", Any(&["read:users"]), user_blocks::by_identifier),
    delete("/api/v2/user-blocks", Any(&["update:users"]), user_blocks::unblock_by_identifier),
    get("/api/v2/user-blocks/{id}", Any(&["read:users"]), user_blocks::by_id),
    delete("/api/v2/user-blocks/{id}", Any(&["update:users"]), user_blocks::unblock_by_id),
    // What people hold.
    get("/api/v2/users/{id}/organizations", Any(&["read:organizations"]), members::of_user),
    get(
        "/api/v2/users/{id}/roles",
        All(&["read:users", "read:roles", "read:role_members"]),
        assignments::of_user,
    ),
    post("/api/v2/users/{id}/roles", Any(&["update:users"]), assignments::assign_to_user),
    delete("/api/v2/users/{id}/roles", Any(&["update:users"]), assignments::take_from_user),
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
        member_roles::roles_of,
    ),
    post(
        "/api/v2/organizations/{id}/members/{user_id}/roles",
        Any(&["create:organization_member_roles"]),
        member_roles::assign_roles,
    ),
    delete(
        "/api/v2/organizations/{id}/members/{user_id}/roles",
        Any(&["delete:organization_member_roles"]),
        member_roles::take_roles,
    ),
    // Roles.
    get("/api/v2/roles", Any(&["read:roles"]), roles::list),
    post("/api/v2/roles", Any(&["create:roles"]), roles::create),
    get("/api/v2/roles/{id}", Any(&["read:roles"]), roles::read),
    patch("/api/v2/roles/{id}", Any(&["update:roles"]), roles::patch),
    delete("/api/v2/roles/{id}", Any(&["delete:roles"]), roles::delete),
    get("/api/v2/roles/{id}/users", Any(&["read:role_members"]), assignments::holders),
    post("/api/v2/roles/{id}/users", Any(&["create:role_members"]), assignments::assign_to_users),
    // The tenant.
    get("/api/v2/connections", Any(&["read:connections"]), connections::list),
    get("/api/v2/connections/{id}", Any(&["read:connections"]), connections::read),
    get("/api/v2/clients/{id}", Any(&["read:clients"]), clients::read),
    // Authentication.
    post("/oauth/token", Open, token_endpoint::token),
    post("/dbconnections/change_password", Open, change_password::change_password),
    get("/.well-known/openid-configuration", Open, discovery::discovery),
    get("/.well-known/jwks.json", Open, discovery::jwks),
];

/// The route for a request, and what stands in the place of its `{…}`. Literal segments are
/// tried before the `{…}` of a later row, in the order of the table.
pub(crate) fn find(method: &Method, segments: &[String]) -> Option<(&'static Route, Vec<String>)> {
    ROUTES
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| matched(route.pattern, segments).map(|params| (route, params)))
}

impl Route {
    /// Its name, as [`Control::calls`](crate::Control::calls) has it.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.pattern)
    }

    /// Whether it is the Management API's, whose errors have a form of their own.
    pub(crate) fn is_management(&self) -> bool {
        self.pattern.starts_with("/api/v2/")
    }
}

fn matched(pattern: &str, segments: &[String]) -> Option<Vec<String>> {
    let pattern = pattern.split('/').skip(1);
    if pattern.clone().count() != segments.len() {
        return None;
    }
    let mut params = Vec::new();
    for (wanted, found) in pattern.zip(segments) {
        if wanted.starts_with('{') {
            if found.is_empty() {
                return None;
            }
            params.push(found.clone());
        } else if wanted != found {
            return None;
        }
    }
    Some(params)
}

const fn get(pattern: &'static str, access: Access, handler: Handler) -> Route {
    Route { method: Method::GET, pattern, access, handler }
}

const fn post(pattern: &'static str, access: Access, handler: Handler) -> Route {
    Route { method: Method::POST, pattern, access, handler }
}

const fn patch(pattern: &'static str, access: Access, handler: Handler) -> Route {
    Route { method: Method::PATCH, pattern, access, handler }
}

const fn delete(pattern: &'static str, access: Access, handler: Handler) -> Route {
    Route { method: Method::DELETE, pattern, access, handler }
}

impl Access {
    /// Whether what the token carries is enough.
    pub(crate) fn check(self, request: &Request) -> Result<(), ApiError> {
        let (enough, expected) = match self {
            Self::Open => return Ok(()),
            Self::Any(scopes) => (scopes.iter().any(|scope| request.has_scope(scope)), scopes),
            Self::All(scopes) => (scopes.iter().all(|scope| request.has_scope(scope)), scopes),
        };
        if enough { Ok(()) } else { Err(ApiError::insufficient_scope(expected)) }
    }
}
