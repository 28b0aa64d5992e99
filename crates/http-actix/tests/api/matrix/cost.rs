//! The Auth0 requests of a call, and the limit for refused calls.

use auth0_sim::RecordedRequest;

use super::callers::{CallerKind, callers};
use super::disclosure::is_visible;
use super::runner::{Cell, CellKey, Matrix, Table};
use super::users::TargetUser;

/// Returns one letter per request, in order, without those for Usher's own token.
pub(crate) fn request_letters(requests: &[RecordedRequest], caller: Option<&str>) -> String {
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
        "POST /api/v2/jobs/verification-email" | "POST /dbconnections/change_password" => 'm',
        route if route.starts_with("POST /oauth/token ") => 'l',
        route => panic!("unexpected route {route}"),
    };
    counted.enumerate().map(letter).collect()
}

/// The requests that a refused call may make.
enum AllowedCost {
    /// One of these sequences.
    OneOf(&'static [&'static str]),
    /// Any number of these requests.
    AnyOf(&'static str),
}

/// Returns the refused calls that made more requests to Auth0 than allowed.
pub(crate) fn excessive_refusals(matrix: &Matrix) -> Vec<String> {
    let callers = callers();
    let caller = |title| callers.iter().find(|caller| caller.title == title).unwrap();
    let mut excessive = Vec::new();
    for table in &matrix.tables {
        for (key, cell) in &table.cells {
            let Some(cost) = cell.cost.as_deref().filter(|_| !cell.success) else { continue };
            let is_allowed = match allowed_cost(table, caller(key.0), key, cell) {
                Some(AllowedCost::OneOf(costs)) => costs.contains(&cost),
                Some(AllowedCost::AnyOf(letters)) => cost.chars().all(|one| letters.contains(one)),
                None => false,
            };
            if !is_allowed {
                let (name, outcome) = (table.operation.name(), &cell.outcome);
                excessive.push(format!("{name} {key:?}: {outcome} cost {cost:?}"));
            }
        }
    }
    excessive
}

/// Until permission and tenant are checked, only the caller's own account may be read.
fn allowed_cost(
    table: &Table,
    caller: &CallerKind,
    key: &CellKey,
    cell: &Cell,
) -> Option<AllowedCost> {
    const NOTHING: AllowedCost = AllowedCost::OneOf(&[""]);
    const OWN: AllowedCost = AllowedCost::OneOf(&["", "o"]);
    let (_, tenant, user) = *key;
    let own_lookup_only = if caller.seeded_name.is_some() { OWN } else { NOTHING };
    let is_self = user == Some(TargetUser::Caller) || name_of(user) == caller.seeded_name;
    Some(match cell.outcome.split_once(' ')?.1 {
        "missing_token" | "invalid_token" => NOTHING,
        "insufficient_permission" if !caller.has_permission && !is_self => NOTHING,
        // A blocked user is found to be so.
        "insufficient_permission" if is_self || table.operation.is_about_caller() => {
            AllowedCost::AnyOf("or")
        }
        // R3 depends on the user's role, and the caller may see the user.
        "insufficient_permission"
            if caller.seeded_name.is_some() && is_visible(table, caller, tenant, user) =>
        {
            AllowedCost::OneOf(&["", "o", "or"])
        }
        "insufficient_permission"
        | "tenant_forbidden"
        | "malformed_request"
        | "unknown_parameter"
        | "not_acceptable"
        | "method_not_allowed"
        | "validation_failed"
        | "unknown_role" => own_lookup_only,
        "user_not_found" | "managed_by_another_tenant" => {
            AllowedCost::OneOf(if caller.seeded_name.is_some() { &["o", "or"] } else { &["", "r"] })
        }
        "already_attached" => AllowedCost::AnyOf("oesr"),
        "subject_not_an_account" | "not_found" | "not_attached" => AllowedCost::AnyOf("or"),
        "last_protected_role_holder" => AllowedCost::AnyOf("ors"),
        "current_password_mismatch" => AllowedCost::AnyOf("orl"),
        // Auth0 itself refuses these writes.
        "email_taken" | "username_taken" => AllowedCost::AnyOf("oersw"),
        _ => return None,
    })
}

fn name_of(user: Option<TargetUser>) -> Option<&'static str> {
    match user {
        Some(TargetUser::Seeded(name)) => Some(name),
        Some(TargetUser::Unknown | TargetUser::Malformed | TargetUser::Caller) | None => None,
    }
}
