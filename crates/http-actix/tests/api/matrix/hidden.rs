//! What a caller may not know, and whether an answer tells it all the same.
//!
//! Who may know what is worked out here from the callers and the people, not asked of the service.

use super::callers::{Caller, callers};
use super::people::{TENANTS, User, person};
use super::walk::{Cell, Matrix, Table};

/// Whether the caller may know the user, who is named by a call in this tenant or in none.
pub(crate) fn is_visible(
    table: &Table,
    caller: &Caller,
    tenant: Option<&str>,
    user: Option<User>,
) -> bool {
    let known = match user {
        Some(User::Known(name)) => person(name),
        Some(User::Caller) => caller.person.and_then(person),
        Some(User::Unknown | User::Malformed) | None => None,
    };
    let Some(known) = known else { return false };
    match tenant.filter(|_| table.operation.tenant) {
        Some(tenant) => caller.covers(tenant) && known.tenants.contains(tenant),
        // An operator sees those too who are attached to nothing.
        None => caller.covers_all() || known.tenants.iter().any(|tenant| caller.covers(tenant)),
    }
}

/// The answers from which a caller could tell what it may not know.
pub(crate) fn telling(matrix: &Matrix) -> Telling {
    let mut found = Telling::default();
    for table in &matrix.tables {
        for caller in callers() {
            found.users(table, &caller);
            found.tenants(table, &caller);
        }
    }
    found
}

/// What came of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Telling {
    /// The calls that can be told apart.
    pub(crate) calls: Vec<String>,
    /// How many answers were compared.
    pub(crate) compared: usize,
}

impl Telling {
    /// A foreign user, and a text that can name nobody, against an unknown user.
    fn users(&mut self, table: &Table, caller: &Caller) {
        let operation = &table.operation;
        for tenant in Table::tenants(operation) {
            let unknown = table.cells.get(&(caller.title, tenant, Some(User::Unknown)));
            let Some(unknown) = unknown else { continue };
            for user in Table::users(operation, tenant).into_iter().flatten() {
                let is_own = user == User::Caller || Some(user) == caller.person.map(User::Known);
                let is_visible = is_visible(table, caller, tenant, Some(user));
                if user == User::Unknown || is_own || is_visible {
                    continue;
                }
                let place = (caller.title, tenant, Some(user));
                let cell = &table.cells[&place];
                // Whether a text can name somebody is no secret, nor is what it costs.
                let malformed = user == User::Malformed;
                if operation.by_id || !(unknown.success || malformed) {
                    let what = || format!("{} {place:?}", operation.name());
                    self.compare(cell, unknown, !malformed, what);
                } else if !malformed {
                    // Who may create somebody learns by the contracts whether an address is taken.
                    let expected = ["201", "409 email_taken"].contains(&cell.outcome.as_str());
                    assert!(expected, "{} {place:?}: {cell:?}", operation.name());
                }
            }
        }
    }

    /// A foreign tenant against one that never was, and one that cannot be.
    fn tenants(&mut self, table: &Table, caller: &Caller) {
        let operation = &table.operation;
        if caller.covers_all() {
            return;
        }
        let in_path = operation.template.contains("{tenantId}");
        let is_foreign = |tenant: &&str| {
            if TENANTS.contains(tenant) { !caller.knows(tenant) } else { in_path }
        };
        for user in Table::users(operation, None) {
            let tenants = Table::tenants(operation).into_iter().flatten().filter(is_foreign);
            let places = tenants.map(|tenant| (caller.title, Some(tenant), user));
            let cells: Vec<_> =
                places.filter_map(|place| Some((place, table.cells.get(&place)?))).collect();
            for pair in cells.windows(2) {
                let [(one, first), (other, second)] = pair else { continue };
                let what = || format!("{} {one:?} and {other:?}", operation.name());
                self.compare(first, second, true, what);
            }
        }
    }

    fn compare(&mut self, one: &Cell, other: &Cell, costs: bool, what: impl Fn() -> String) {
        self.compared += 1;
        if one.seen != other.seen {
            self.calls.push(format!("{}\n{}\n{}", what(), one.seen, other.seen));
        }
        // Every request to Auth0 takes its time, which can be measured.
        if costs && one.cost != other.cost {
            self.calls.push(format!("{}: {:?} and {:?}", what(), one.cost, other.cost));
        }
    }
}
