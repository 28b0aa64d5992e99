//! Who calls, what, and about whom.

use serde_json::{Value, json};

use crate::support::{App, Client};

/// Somebody who calls.
pub(crate) struct Caller {
    /// What the matrix calls them.
    pub(crate) title: &'static str,
    /// Whose token it is, if a person's.
    pub(crate) person: Option<&'static str>,
    /// Makes the client.
    pub(crate) client: for<'a> fn(&'a App) -> Client<'a>,
}

/// Everybody who calls.
pub(crate) const CALLERS: [Caller; 13] = [
    program("nobody (no token)", App::anonymous),
    program("acme: no permission", |app| app.tenant_with("acme", &[])),
    program("acme: read, VIEW", |app| {
        app.tenant_with("acme", &["tenant.access:read", "VIEW_USERS_AND_GROUPS"])
    }),
    program("acme: write, MODIFY", |app| {
        app.tenant_with("acme", &["tenant.access:write", "MODIFY_USERS_AND_GROUPS"])
    }),
    program("acme: all", |app| app.tenant("acme")),
    program("globex: all", |app| app.tenant("globex")),
    program("acme and globex: all", |app| app.tenants(&["acme", "globex"])),
    person("olga", "olga, owner: all", |app| app.member("olga")),
    person("adam", "adam, admin: all", |app| app.member("adam")),
    person("vera", "vera, viewer: all", |app| app.member("vera")),
    person("mia", "mia, member: all", |app| app.member("mia")),
    person("bob", "bob, blocked: all", |app| app.member("bob")),
    program("operator: all", App::operator),
];

const fn program(title: &'static str, client: for<'a> fn(&'a App) -> Client<'a>) -> Caller {
    Caller { title, person: None, client }
}

const fn person(
    name: &'static str,
    title: &'static str,
    client: for<'a> fn(&'a App) -> Client<'a>,
) -> Caller {
    Caller { title, person: Some(name), client }
}

/// What a call is about: a column of its table.
pub(crate) enum Target {
    /// A tenant's people: what the matrix calls the tenant, and its name.
    Tenant(&'static str, &'static str),
    /// Somebody: what the matrix calls them, and the name.
    User(&'static str, &'static str),
    /// The caller.
    Caller,
}

impl Target {
    /// What the matrix calls it.
    pub(crate) fn title(&self) -> &'static str {
        match self {
            Self::Tenant(title, _) | Self::User(title, _) => title,
            Self::Caller => "the caller",
        }
    }

    /// Its name; none if it is a caller who is no person.
    pub(crate) fn name(&self, caller: &Caller) -> Option<&'static str> {
        match self {
            Self::Tenant(_, name) | Self::User(_, name) => Some(name),
            Self::Caller => caller.person,
        }
    }
}

const TENANTS: &[Target] = &[
    Target::Tenant("acme", "acme"),
    Target::Tenant("globex", "globex"),
    Target::Tenant("unused", "initech"),
];
const USERS: &[Target] = &[
    Target::User("of acme", "mia"),
    Target::User("of globex, also in acme", "gus"),
    Target::User("of globex", "gina"),
    Target::User("unknown", "nobody"),
    Target::Caller,
];

/// A path and a body, for a tenant or a user of this name.
pub(crate) type Request = fn(&str) -> (String, Option<Value>);

/// How to call one operation.
pub(crate) struct Call {
    /// What it can be about.
    pub(crate) targets: &'static [Target],
    /// Makes the request.
    pub(crate) request: Request,
}

/// How to call the operation of this method and path template, if it is known here.
pub(crate) fn call(method: &str, template: &str) -> Option<Call> {
    let (targets, request): (_, Request) = match (method, template) {
        ("GET", "/api/{tenantId}/admin/users") => {
            (TENANTS, |tenant| (format!("/api/{tenant}/admin/users"), None))
        }
        ("POST", "/api/{tenantId}/admin/users") => (USERS, |name| {
            let body = json!({"email": email(name), "role": "viewer"});
            ("/api/acme/admin/users".to_owned(), Some(body))
        }),
        ("GET" | "DELETE", "/api/{tenantId}/admin/users/{userId}") => {
            (USERS, |name| (format!("/api/acme/admin/users/auth0%7C{name}"), None))
        }
        ("PUT", "/api/{tenantId}/admin/users/{userId}") => (USERS, |name| {
            let body = json!({"role": "viewer", "name": "New Name"});
            (format!("/api/acme/admin/users/auth0%7C{name}"), Some(body))
        }),
        ("GET", "/api/v1/users") => {
            (TENANTS, |tenant| (format!("/api/v1/users?filter[tenant]={tenant}"), None))
        }
        ("POST", "/api/v1/users") => (USERS, |name| {
            let body = json!({
                "email": email(name), "username": name, "firstName": "New", "lastName": "Name",
                "serviceUser": false, "tenantName": "acme", "password": "a-new-password",
            });
            ("/api/v1/users".to_owned(), Some(body))
        }),
        ("GET" | "DELETE", "/api/v1/users/{userId}") => {
            (USERS, |name| (format!("/api/v1/users/auth0%7C{name}"), None))
        }
        ("PUT", "/api/v1/users/{userId}") => (USERS, |name| {
            let body = json!({"email": email(name), "firstName": "New", "lastName": "Name"});
            (format!("/api/v1/users/auth0%7C{name}"), Some(body))
        }),
        ("PATCH", "/api/v1/users/{userId}/change-password") => (USERS, |name| {
            let body = json!({"newPassword": "a-new-password"});
            (format!("/api/v1/users/auth0%7C{name}/change-password"), Some(body))
        }),
        ("PATCH", "/api/v2/users/{userId}/change-password") => (USERS, |name| {
            // Those with a password have this one; the others have none that could be right.
            let current = format!("{name}s-password");
            let body = json!({"currentPassword": current, "newPassword": "a-new-password"});
            (format!("/api/v2/users/auth0%7C{name}/change-password"), Some(body))
        }),
        _ => return None,
    };
    Some(Call { targets, request })
}

fn email(name: &str) -> String {
    let home = match name {
        "gina" | "gus" => "globex",
        "nobody" => "nowhere",
        _ => "acme",
    };
    format!("{name}@{home}.example")
}
