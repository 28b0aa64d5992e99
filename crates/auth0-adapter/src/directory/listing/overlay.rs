//! The overlay of recent writes over a search result. Pure.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use domain::{ListQuery, Sort, SortField, TenantId, User, UserId};

use super::found_page::FoundPage;
use super::index::{IndexPage, IndexRow};
use crate::directory::recent_writes::WrittenState;

/// Returns the users of the tenant, given the rows of the index and the recent writes.
pub(super) fn apply_writes<'a>(
    tenant: &TenantId,
    rows: &'a [IndexRow],
    written: &'a BTreeMap<UserId, WrittenState>,
) -> Vec<&'a Arc<User>> {
    let indexed = rows.iter().filter_map(|row| row.user.as_ref());
    let mut users: HashMap<_, _> = indexed.map(|user| (&user.id, user)).collect();
    for (id, written) in written {
        if users.get(id).is_some_and(|row| written.is_outdated_by(row)) {
            continue;
        }
        match written {
            WrittenState::Present(user) if user.memberships.contains_key(tenant) => {
                users.insert(id, user);
            }
            WrittenState::Present(_) | WrittenState::Deleted(_) => {
                users.remove(id);
            }
        }
    }
    users.into_values().collect()
}

/// Recently written users, to be merged into index rows that exclude them: so it does not matter
/// which of the writes the index shows already.
#[derive(Debug, Default)]
pub(super) struct Overlay {
    /// The written users that are on the list.
    present: Vec<Arc<User>>,
}

impl Overlay {
    /// The overlay of these writes, given the index rows of their accounts.
    pub(super) fn new(
        tenant: &TenantId,
        written: &BTreeMap<UserId, WrittenState>,
        rows: &[IndexRow],
    ) -> Self {
        Self { present: apply_writes(tenant, rows, written).into_iter().cloned().collect() }
    }

    /// Returns the range of index rows that contains a range of the list.
    ///
    /// Merging can move a row back by as many places as there are written users.
    pub(super) fn widened(&self, range: &Range<u64>) -> Range<u64> {
        range.start.saturating_sub(self.present.len() as u64)..range.end
    }

    /// Returns the length of the list, given the number of other users in the index.
    pub(super) fn total(&self, counted: u64) -> u64 {
        counted + self.present.len() as u64
    }

    /// Cuts a range of the list from rows that cover [`Overlay::widened`], and whose order is that
    /// of the list, except for ties.
    pub(super) fn cut(
        &self,
        found: &IndexPage,
        counted: u64,
        sort: Sort,
        range: &Range<u64>,
    ) -> FoundPage {
        let total = self.total(counted);
        if range.start >= total {
            return FoundPage { users: Vec::new(), total };
        }
        let rows = found.rows.iter().filter_map(|row| row.user.as_ref());
        let merged: Vec<_> = if self.present.is_empty() && sort.field == SortField::Id {
            // Ids do not tie.
            rows.collect()
        } else {
            ListQuery { sort, page: None }.select(rows.chain(&self.present))
        };
        // A user merged before the first fetched row is placed too late by this, but still before
        // the range.
        let position = |position: u64| usize::try_from(position.saturating_sub(found.start));
        let (start, end) = (position(range.start), position(range.end));
        let (start, end) = (start.unwrap_or(usize::MAX), end.unwrap_or(usize::MAX));
        let users = merged.into_iter().skip(start).take(end.saturating_sub(start)).cloned();
        FoundPage { users: users.collect(), total }
    }
}
