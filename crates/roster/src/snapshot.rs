//! The accounts, or a list of them, at one moment.

use std::fmt;
use std::sync::Arc;

use domain::User;

use crate::record::Record;
use crate::records::Records;
use crate::sorted_list::{Range, SortedList};

/// All accounts at one moment, whatever changes afterwards.
///
/// It shares its memory with the roster; what changes while it exists is stored twice.
#[derive(Clone)]
pub struct AccountSnapshot<R> {
    pub(crate) records: Records<R>,
    pub(crate) len: usize,
}

impl<R: Record> AccountSnapshot<R> {
    /// Returns the number of accounts.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no account.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the records, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.records.iter()
    }
}

/// The list of a tenant's users at one moment, whatever changes afterwards.
///
/// It shares its memory with the roster; what changes while it exists is stored twice.
#[derive(Clone)]
pub struct ListSnapshot<R> {
    pub(crate) list: SortedList,
    pub(crate) records: Records<R>,
}

impl<R: Record> ListSnapshot<R> {
    /// Returns the number of users.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the tenant has no users.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the users of a part of the list.
    pub fn users(&self, range: Range) -> Vec<Arc<User>> {
        users(&self.list, range, &self.records)
    }
}

/// Returns the users of a part of a list.
pub(crate) fn users<R: Record>(
    list: &SortedList,
    range: Range,
    records: &Records<R>,
) -> Vec<Arc<User>> {
    let handles = list.range(range, records).into_iter();
    handles
        .filter_map(|handle| records.get(handle).map(|record| Arc::clone(record.user())))
        .collect()
}

impl<R> fmt::Debug for AccountSnapshot<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountSnapshot").field("len", &self.len).finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for ListSnapshot<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListSnapshot").finish_non_exhaustive()
    }
}
