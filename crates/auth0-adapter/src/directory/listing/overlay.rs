//! What this process wrote of late, laid over what the search says. Pure.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use domain::{ListQuery, Page, Sort, TenantId, User, UserId};

use super::index::{IndexPage, IndexRow};
use crate::directory::recent_writes::WrittenState;

/// The tenant's people, when the index holds these rows.
pub(super) fn apply_writes(
    tenant: &TenantId,
    rows: Vec<IndexRow>,
    written: &BTreeMap<UserId, WrittenState>,
) -> Vec<User> {
    let users = rows.into_iter().filter_map(|row| row.user);
    let mut people: HashMap<_, _> = users.map(|user| (user.id.clone(), user)).collect();
    for (id, written) in written {
        if people.get(id).is_some_and(|row| written.is_outdated_by(row)) {
            continue;
        }
        match written {
            WrittenState::Present(user) if user.memberships.contains_key(tenant) => {
                people.insert(id.clone(), User::clone(user));
            }
            WrittenState::Present(_) | WrittenState::Deleted(_) => {
                people.remove(id);
            }
        }
    }
    people.into_values().collect()
}

/// Those who were written of late, to be put among the rows of an index from which they are left
/// out: so it does not matter which of the writes the index knows by then.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// Who of them stands on the list.
    present: Vec<User>,
}

impl Overlay {
    /// The overlay of these writes, when these are the rows of their accounts.
    pub(super) fn new(
        tenant: &TenantId,
        written: &BTreeMap<UserId, WrittenState>,
        rows: Vec<IndexRow>,
    ) -> Self {
        Self { present: apply_writes(tenant, rows, written) }
    }

    /// The rows of the index among which those of a range of the list are.
    ///
    /// A row can stand later on the list by as many as are put in.
    pub(super) fn widened(&self, range: &Range<u64>) -> Range<u64> {
        range.start.saturating_sub(self.present.len() as u64)..range.end
    }

    /// How long the list is, when the index counts so many others.
    pub(super) fn total(&self, counted: u64) -> u64 {
        counted + self.present.len() as u64
    }

    /// A range of the list, cut from rows that hold what [`Overlay::widened`] says.
    pub(super) fn cut(
        &self,
        found: &IndexPage,
        counted: u64,
        sort: Sort,
        range: &Range<u64>,
    ) -> Page {
        let total = self.total(counted);
        if range.start >= total {
            return Page { users: Vec::new(), total };
        }
        let rows = found.rows.iter().filter_map(|row| row.user.as_ref());
        let merged = ListQuery { sort, page: None }.select(rows.chain(&self.present));
        // Whoever is put in before the first row in hand gets too late a place by this, but one
        // that is still before the range.
        let place = |place: u64| usize::try_from(place.saturating_sub(found.start));
        let (start, end) = (place(range.start), place(range.end));
        let (start, end) = (start.unwrap_or(usize::MAX), end.unwrap_or(usize::MAX));
        let users = merged.into_iter().skip(start).take(end.saturating_sub(start)).cloned();
        Page { users: users.collect(), total }
    }
}
