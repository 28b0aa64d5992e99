//! What a call comes to at Auth0, and what a refused one may.

use auth0_sim::RecordedRequest;

use super::callers::{Caller, callers};
use super::hidden::is_visible;
use super::people::User;
use super::walk::{Cell, Matrix, Place, Table};

/// The requests as letters, in their order, without those for Usher's own token.
pub(crate) fn of(requests: &[RecordedRequest], caller: Option<&str>) -> String {
    let own = caller.map(|name| format!("/api/v2/users/auth0%7C{name}"));
    let is_own = |request: &RecordedRequest| {
        own.as_deref().is_some_and(|own| request.target.split('?').next() == Some(own))
    };
    let counted = requests.iter().filter(|one| one.route != "POST /oauth/token client_credentials");
    let letter = |(index, request): (usize, &RecordedRequest)| match request.route.as_str() {
        "GET /api/v2/users/{id}" if index == 0 && is_own(request) => 'o',
        "GET /api/v2/users/{id}" => 'r',
        "GET /api/v2/users-by-email" => 'e',
        "GET /api/v2/users" => 's',
        "POST /api/v2/users" | "PATCH /api/v2/users/{id}" | "DELETE /api/v2/users/{id}" => 'w',
        route if route.starts_with("POST /oauth/token ") => 'l',
        route => panic!("nobody knows what {route} is for"),
    };
    counted.enumerate().map(letter).collect()
}

/// What a refused call may cost.
enum Allowed {
    /// These and nothing else.
    Only(&'static [&'static str]),
    /// Any number of these.
    Any(&'static str),
}

/// The refused calls that asked Auth0 for more than they may.
pub(crate) fn wasted(matrix: &Matrix) -> Vec<String> {
    let callers = callers();
    let caller = |title| callers.iter().find(|caller| caller.title == title).unwrap();
    let mut wasted = Vec::new();
    for table in &matrix.tables {
        for (place, cell) in &table.cells {
            let Some(cost) = cell.cost.as_deref().filter(|_| !cell.success) else { continue };
            let is_allowed = match allowed(table, caller(place.0), place, cell) {
                Some(Allowed::Only(costs)) => costs.contains(&cost),
                Some(Allowed::Any(letters)) => cost.chars().all(|one| letters.contains(one)),
                None => false,
            };
            if !is_allowed {
                let (name, outcome) = (table.operation.name(), &cell.outcome);
                wasted.push(format!("{name} {place:?}: {outcome} cost {cost:?}"));
            }
        }
    }
    wasted
}

/// A member is looked up, and that is all, until permission and tenant are settled.
fn allowed(table: &Table, caller: &Caller, place: &Place, cell: &Cell) -> Option<Allowed> {
    const NOTHING: Allowed = Allowed::Only(&[""]);
    const OWN: Allowed = Allowed::Only(&["", "o"]);
    let (_, tenant, user) = *place;
    let before_looking = if caller.person.is_some() { OWN } else { NOTHING };
    let is_self = user == Some(User::Caller) || named(user) == caller.person;
    Some(match cell.outcome.split_once(' ')?.1 {
        "missing_token" | "invalid_token" => NOTHING,
        "insufficient_permission" if !caller.permitted && !is_self => NOTHING,
        // R3: the user's own role decides, and the caller may know the user.
        "insufficient_permission"
            if caller.person.is_some() && is_visible(table, caller, tenant, user) =>
        {
            Allowed::Only(&["", "o", "or"])
        }
        "insufficient_permission"
        | "tenant_forbidden"
        | "malformed_request"
        | "unknown_parameter"
        | "not_acceptable"
        | "method_not_allowed"
        | "validation_failed"
        | "unknown_role" => before_looking,
        "user_not_found" | "managed_by_another_tenant" => {
            Allowed::Only(if caller.person.is_some() { &["o", "or"] } else { &["", "r"] })
        }
        "already_attached" => Allowed::Only(&["e", "oe"]),
        "last_protected_role_holder" => Allowed::Any("ors"),
        "current_password_mismatch" => Allowed::Any("orl"),
        // These Auth0 says itself, in answer to a write that it then does not do.
        "email_taken" | "username_taken" => Allowed::Only(&["w", "ow"]),
        _ => return None,
    })
}

fn named(user: Option<User>) -> Option<&'static str> {
    match user {
        Some(User::Known(name)) => Some(name),
        Some(User::Unknown | User::Malformed | User::Caller) | None => None,
    }
}
