//! What a caller must not learn, and the answers that would disclose it.
//!
//! The visibility is derived from the callers and the seed users, not from the service.

use super::callers::{CallerKind, callers};
use super::runner::{Cell, Matrix, Table};
use super::users::{TENANTS, TargetUser, seed_user};

/// Whether the caller may see the user in this tenant, or in any if `tenant` is `None`.
pub(crate) fn is_visible(
    table: &Table,
    caller: &CallerKind,
    tenant: Option<&str>,
    user: Option<TargetUser>,
) -> bool {
    let known = match user {
        Some(TargetUser::Seeded(name)) => seed_user(name),
        Some(TargetUser::Caller) => caller.seeded_name.and_then(seed_user),
        Some(TargetUser::Unknown | TargetUser::Malformed) | None => None,
    };
    let Some(known) = known else { return false };
    match tenant.filter(|_| table.operation.shows_users_of_named_tenant()) {
        Some(tenant) => caller.can_see(tenant) && known.tenants.contains(tenant),
        // An operator also sees users without memberships.
        None => {
            caller.sees_all_tenants() || known.tenants.iter().any(|tenant| caller.can_see(tenant))
        }
    }
}

/// Returns the answers from which a caller could learn what it must not know.
pub(crate) fn find_disclosures(matrix: &Matrix) -> Disclosures {
    let mut disclosures = Disclosures::default();
    for table in &matrix.tables {
        for caller in callers() {
            disclosures.compare_users(table, &caller);
            disclosures.compare_tenants(table, &caller);
        }
    }
    disclosures
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Disclosures {
    /// The calls whose answers differ.
    pub(crate) findings: Vec<String>,
    /// The number of comparisons.
    pub(crate) compared: usize,
}

impl Disclosures {
    /// Compares foreign users and malformed ids with an unknown user.
    fn compare_users(&mut self, table: &Table, caller: &CallerKind) {
        let operation = &table.operation;
        for tenant in Table::tenants(operation) {
            let unknown = table.cells.get(&(caller.title, tenant, Some(TargetUser::Unknown)));
            let Some(unknown) = unknown else { continue };
            for user in Table::users(operation, tenant).into_iter().flatten() {
                let is_own = user == TargetUser::Caller
                    || Some(user) == caller.seeded_name.map(TargetUser::Seeded);
                let is_visible = is_visible(table, caller, tenant, Some(user));
                if user == TargetUser::Unknown || is_own || is_visible {
                    continue;
                }
                let key = (caller.title, tenant, Some(user));
                let cell = &table.cells[&key];
                // Whether an id is malformed is public, and so is the cost of checking it.
                let malformed = user == TargetUser::Malformed;
                if operation.user_in_path || !(unknown.success || malformed) {
                    let describe = || format!("{} {key:?}", operation.name());
                    self.compare(cell, unknown, !malformed, describe);
                } else if !malformed {
                    // The contracts let a caller who may create users learn whether an address is
                    // taken.
                    let expected = ["201", "409 email_taken"].contains(&cell.outcome.as_str());
                    assert!(expected, "{} {key:?}: {cell:?}", operation.name());
                }
            }
        }
    }

    /// Compares foreign tenants with a tenant that does not exist, and with an invalid one.
    fn compare_tenants(&mut self, table: &Table, caller: &CallerKind) {
        let operation = &table.operation;
        if caller.sees_all_tenants() {
            return;
        }
        let in_path = operation.template.contains("{tenantId}");
        let is_foreign = |tenant: &&str| {
            if TENANTS.contains(tenant) { !caller.may_know(tenant) } else { in_path }
        };
        for user in Table::users(operation, None) {
            let tenants = Table::tenants(operation).into_iter().flatten().filter(is_foreign);
            let keys = tenants.map(|tenant| (caller.title, Some(tenant), user));
            let cells: Vec<_> =
                keys.filter_map(|key| Some((key, table.cells.get(&key)?))).collect();
            for pair in cells.windows(2) {
                let [(one, first), (other, second)] = pair else { continue };
                let describe = || format!("{} {one:?} and {other:?}", operation.name());
                self.compare(first, second, true, describe);
            }
        }
    }

    fn compare(&mut self, one: &Cell, other: &Cell, costs: bool, describe: impl Fn() -> String) {
        self.compared += 1;
        if one.visible_response != other.visible_response {
            self.findings.push(format!(
                "{}\n{}\n{}",
                describe(),
                one.visible_response,
                other.visible_response
            ));
        }
        // Each request to Auth0 takes measurable time.
        if costs && one.cost != other.cost {
            self.findings.push(format!("{}: {:?} and {:?}", describe(), one.cost, other.cost));
        }
    }
}
