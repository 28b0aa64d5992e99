//! The calls that are recorded, in order. Each one sees the effects of those before it.
//!
//! An operation needs a call for each successful status with a body. Add errors that a client must
//! expect; `missing_token` is recorded for every operation.

use serde_json::{Value, json};

/// Whose token a call has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// Of the demo tenant acme.
    Acme,
    /// An operator.
    Operator,
    /// Boris of the demo tenant globex, whom acme has attached.
    Boris,
}

/// A call.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) caller: Caller,
    /// The name of the example of a successful call; that of an error is its code.
    pub(crate) name: &'static str,
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: Option<Value>,
}

fn call(name: &'static str, method: &'static str, path: &'static str) -> Call {
    Call { caller: Caller::Acme, name, method, path, body: None }
}

/// Returns the calls.
pub(crate) fn calls() -> Vec<Call> {
    [
        contract_a(),
        contract_b(),
        passwords(),
        shared_accounts(),
        own_account(),
        deletions(),
        health(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn contract_a() -> Vec<Call> {
    const USERS: &str = "/api/acme/admin/users";
    const OLIVIA: &str = "/api/acme/admin/users/auth0%7Cdemo-olivia";
    const VERA: &str = "/api/acme/admin/users/auth0%7Cdemo-vera";
    let create = |name, body| Call { body: Some(body), ..call(name, "POST", USERS) };
    let update = |name, path, body| Call { body: Some(body), ..call(name, "PUT", path) };
    vec![
        call("first_page", "GET", "/api/acme/admin/users?sort=email&page[size]=2"),
        call("", "GET", "/api/acme/admin/users?page[size]=0"),
        call("", "GET", "/api/acme/admin/users?limit=10"),
        call("", "GET", "/api/globex/admin/users"),
        create(
            "created",
            json!({"email": "jane@acme.example", "name": "Jane Doe", "role": "viewer"}),
        ),
        create("attached", json!({"email": "boris@globex.example", "role": "member"})),
        create("", json!({"email": "greta@globex.example", "role": "viewer"})),
        create("", json!({"email": "jane@acme.example"})),
        create("", json!({"email": "jane@", "role": "king"})),
        call("member", "GET", OLIVIA),
        call("", "GET", "/api/acme/admin/users/auth0%7Cnobody"),
        update("role_and_name", VERA, json!({"role": "admin", "name": "Vera V."})),
        update("name_only", VERA, json!({"role": null, "name": "Vera Vance"})),
        update("", VERA, json!({"role": "king"})),
        update("", OLIVIA, json!({"role": "viewer"})),
        call("catalogue", "GET", "/api/acme/admin/roles"),
        call("", "GET", "/api/globex/admin/roles"),
    ]
}

fn contract_b() -> Vec<Call> {
    const USERS: &str = "/api/v1/users";
    const ADAM: &str = "/api/v1/users/auth0%7Cdemo-adam";
    let user = |email: &str, username: &str, password: &str| {
        json!({
            "email": email, "serviceUser": false, "tenantName": "acme", "username": username,
            "password": password, "firstName": "Jonas", "lastName": "Jung",
        })
    };
    let create = |name, body| Call { body: Some(body), ..call(name, "POST", USERS) };
    let update = |name, email: &str, last_name: &str| Call {
        body: Some(json!({"email": email, "firstName": "Adam", "lastName": last_name})),
        ..call(name, "PUT", ADAM)
    };
    vec![
        call("second_page", "GET", "/api/v1/users?filter[tenant]=acme&page[size]=2&page[number]=1"),
        call("", "GET", "/api/v1/users"),
        call("", "GET", "/api/v1/users?filter[tenant]=globex"),
        create("with_password", user("jonas@acme.example", "jonas", "correct-horse-7")),
        create("", user("jonas@acme.example", "jonas2", "correct-horse-7")),
        create("", user("jonas2@acme.example", "jonas", "correct-horse-7")),
        create("", user("jonas3@acme.example", "jonas3", "short")),
        create("", user("jonas", "jonas@acme.example", "correct-horse-7")),
        call("user", "GET", ADAM),
        call("", "GET", "/api/v1/users/auth0%7Cnobody"),
        update("changed", "adam.abbott@acme.example", "Abbott"),
        update("only_names_changed", "olivia@acme.example", "Archer"),
        update("", "olivia@acme.example", "Archer"),
        update("", "adam", "Archer"),
        Call {
            body: update("", "greta@globex.example", "Gray").body,
            ..call("", "PUT", "/api/v1/users/auth0%7Cdemo-greta")
        },
    ]
}

fn passwords() -> Vec<Call> {
    const V1: &str = "/api/v1/users/auth0%7Cdemo-olivia/change-password";
    const V2: &str = "/api/v2/users/auth0%7Cdemo-adam/change-password";
    let set = |name, new: &str| Call {
        body: Some(json!({"newPassword": new})),
        ..call(name, "PATCH", V1)
    };
    let change = |name, current: &str, new: &str| Call {
        body: Some(json!({"currentPassword": current, "newPassword": new})),
        ..call(name, "PATCH", V2)
    };
    vec![
        set("changed", "correct-horse-7"),
        set("", "short"),
        change("", "demo-password-0", "correct-horse-7"),
        change("", "demo-password-2", "short"),
        change("changed", "demo-password-2", "correct-horse-7"),
    ]
}

fn shared_accounts() -> Vec<Call> {
    const BORIS: &str = "/api/acme/admin/users/auth0%7Cdemo-boris/invitation";
    const HOME: &str = "/api/v1/users/auth0%7Cdemo-boris/home";
    const PROOF: &str = "/api/v1/users/auth0%7Cdemo-boris/proof";
    const RELEASE: &str = "/api/v1/tenants/initech/release";
    let operator = |name, path, body| Call {
        caller: Caller::Operator,
        body: Some(body),
        ..call(name, "PUT", path)
    };
    let acme = |path, body| Call { body: Some(body), ..call("", "PUT", path) };
    vec![
        call("", "POST", BORIS),
        call("", "POST", "/api/acme/admin/users/auth0%7Cnobody/invitation"),
        operator("verified", PROOF, json!({"emailVerified": true})),
        acme(PROOF, json!({"emailVerified": true})),
        operator("", PROOF, json!({})),
        operator("moved", HOME, json!({"tenantName": "acme"})),
        operator("", HOME, json!({"tenantName": "initech"})),
        acme(HOME, json!({"tenantName": "acme"})),
        operator("moved_back", HOME, json!({"tenantName": "globex"})),
        Call { caller: Caller::Operator, ..call("released", "POST", RELEASE) },
        call("", "POST", RELEASE),
    ]
}

fn own_account() -> Vec<Call> {
    const LEAVE: &str = "/api/v1/me/memberships/acme";
    let boris = |call: Call| Call { caller: Caller::Boris, ..call };
    vec![
        call("program", "GET", "/api/v1/me"),
        boris(call("user", "GET", "/api/v1/me")),
        call("", "GET", "/api/v1/me?limit=1"),
        call("", "DELETE", LEAVE),
        boris(call("", "DELETE", "/api/v1/me/memberships/initech")),
    ]
}

fn deletions() -> Vec<Call> {
    vec![
        call("", "DELETE", "/api/acme/admin/users/auth0%7Cdemo-olivia"),
        call("", "DELETE", "/api/acme/admin/users/auth0%7Cnobody"),
        call("", "DELETE", "/api/v1/users/auth0%7Cdemo-olivia"),
        call("", "DELETE", "/api/v1/users/auth0%7Cdemo-greta"),
        call("", "DELETE", "/api/v1/users/auth0%7Cnobody"),
    ]
}

fn health() -> Vec<Call> {
    vec![call("live", "GET", "/health/live"), call("ready", "GET", "/health/ready")]
}
