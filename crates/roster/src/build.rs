//! The first build of a list, while changes go on.

use std::fmt;
use std::num::NonZero;
use std::sync::Arc;

use crate::bulk_sort;
use crate::handle::Handle;
use crate::handle_list::HandleList;
use crate::order::ListOrder;
use crate::record::Record;
use crate::records::Records;
use crate::sorted_list::SortedList;

/// A list that is being built from a snapshot, for [`Roster::finish_build`](crate::Roster).
///
/// Changes made meanwhile are recorded until the build is finished or dropped.
pub struct Build<R> {
    pub(crate) token: Arc<()>,
    pub(crate) order: ListOrder,
    pub(crate) members: HandleList,
    pub(crate) records: Records<R>,
    pub(crate) list: Option<SortedList>,
    /// Changes that the list does not have yet.
    pub(crate) missed: Vec<Missed<R>>,
}

/// The changes that a build has missed.
pub(crate) struct BuildLog<R> {
    /// Shared with the build.
    pub(crate) token: Arc<()>,
    pub(crate) changes: Vec<Missed<R>>,
}

impl<R> Default for BuildLog<R> {
    fn default() -> Self {
        Self { token: Arc::new(()), changes: Vec::new() }
    }
}

impl<R> BuildLog<R> {
    /// Whether the build still exists.
    pub(crate) fn is_awaited(&self) -> bool {
        Arc::strong_count(&self.token) > 1
    }
}

/// A change of a record of which the user was or is a member of the tenant.
#[derive(Clone)]
pub(crate) struct Missed<R> {
    pub(crate) handle: Handle,
    pub(crate) was_member: bool,
    pub(crate) after: Option<R>,
}

impl<R: Record> Build<R> {
    /// Returns the number of users to sort.
    pub fn size(&self) -> usize {
        self.members.len()
    }

    /// Sorts, or adds the changes that the last attempt to finish has found. Takes long; nothing is
    /// locked meanwhile. A sort uses at most this many threads.
    pub fn advance(&mut self, threads: NonZero<usize>) {
        if self.list.is_none() {
            let sorted = bulk_sort::sort(&self.members, &self.order, &self.records, threads);
            self.list = Some(SortedList::from_ordered(self.order.clone(), &sorted));
        }
        self.catch_up();
    }

    /// Adds the changes that the list does not have yet.
    pub(crate) fn catch_up(&mut self) {
        let Some(list) = &mut self.list else { return };
        for Missed { handle, was_member, after } in std::mem::take(&mut self.missed) {
            if was_member && let Some(before) = self.records.get(handle) {
                list.remove(handle, before.user(), &self.records);
            }
            self.records.set(handle, after);
            let after = self.records.get(handle).map(Record::user);
            if let Some(after) = after
                && after.memberships.contains_key(self.order.tenant())
            {
                list.insert(handle, after, &self.records);
            }
        }
    }
}

impl<R> fmt::Debug for Build<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Build").field("order", &self.order).finish_non_exhaustive()
    }
}
