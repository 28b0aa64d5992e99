//! The users of a tenant in one order.

use domain::{SortValue, User};

use crate::handle::Handle;
use crate::handle_list::HandleList;
use crate::order::ListOrder;
use crate::record::Record;
use crate::records::Records;

/// The handles of a tenant's members in ascending order. The records that it is used with are those
/// that it was ordered by.
#[derive(Clone)]
pub(crate) struct SortedList {
    pub(crate) order: ListOrder,
    handles: HandleList,
}

/// A part of a list: a position and a number of users, by the direction of the list.
#[derive(Debug, Clone, Copy)]
pub struct Range {
    /// The first position.
    pub start: usize,
    /// The number of users.
    pub len: usize,
    /// Whether the greatest comes first.
    pub descending: bool,
}

impl SortedList {
    /// Returns the list of handles that are in the order already.
    pub(crate) fn from_ordered(order: ListOrder, handles: &[Handle]) -> Self {
        Self { order, handles: HandleList::from_ordered(handles) }
    }

    pub(crate) fn len(&self) -> usize {
        self.handles.len()
    }

    fn position<R: Record>(&self, user: &User, records: &Records<R>) -> usize {
        let place = self.order.place(user);
        self.handles.partition_point(|handle| {
            let other = records.get(handle);
            other.is_some_and(|other| self.order.is_before(other.user(), place))
        })
    }

    /// Inserts a user that is not in the list.
    pub(crate) fn insert<R: Record>(&mut self, handle: Handle, user: &User, records: &Records<R>) {
        let position = self.position(user, records);
        self.handles.insert(position, handle);
    }

    /// Removes the user, whose record is as it was when the user was inserted. Returns whether the
    /// user was found.
    pub(crate) fn remove<R: Record>(
        &mut self,
        handle: Handle,
        user: &User,
        records: &Records<R>,
    ) -> bool {
        let position = self.position(user, records);
        let is_found = self.handles.get(position) == Some(handle);
        if is_found {
            self.handles.remove(position);
        }
        is_found
    }

    /// Returns the handles of a part of the list.
    pub(crate) fn range<R: Record>(&self, range: Range, records: &Records<R>) -> Vec<Handle> {
        let Range { start, len, descending } = range;
        let total = self.handles.len();
        let start = start.min(total);
        let len = len.min(total - start);
        if descending {
            self.descending_range(start, len, records)
        } else {
            self.handles.iter_from(start).take(len).collect()
        }
    }

    /// Returns a part of the list in descending order. Users with equal values, a tie, are in
    /// ascending order there as well, so that a tie is not reversed.
    fn descending_range<R: Record>(
        &self,
        start: usize,
        len: usize,
        records: &Records<R>,
    ) -> Vec<Handle> {
        let total = self.handles.len();
        let value = |handle| records.get(handle).map(|record| self.order.value(record.user()));
        let (window_start, window_end) = (total - start - len, total - start);
        let window: Vec<(Handle, Option<SortValue<'_>>)> = self
            .handles
            .iter_from(window_start)
            .take(len)
            .map(|handle| (handle, value(handle)))
            .collect();
        let mut range = Vec::with_capacity(len);
        let mut tie_end = window_end;
        for tie in window.chunk_by(|left, right| left.1 == right.1).rev() {
            let tie_start = tie_end - tie.len();
            let Some((_, shared)) = tie.first() else { continue };
            // Only a tie at an end of the window can have users beyond it.
            let first = if tie_start == window_start {
                self.tie_start(tie_start, |handle| value(handle) == *shared)
            } else {
                tie_start
            };
            let end = if tie_end == window_end {
                self.tie_end(tie_end, |handle| value(handle) == *shared)
            } else {
                tie_end
            };
            // The tie is at these positions of the descending list.
            let (from, to) = (total - end, total - first);
            let skipped = start.saturating_sub(from);
            let taken = to.min(start + len) - (from + skipped);
            if (first, end) == (tie_start, tie_end) {
                range.extend(tie.iter().map(|(handle, _)| *handle));
            } else {
                range.extend(self.handles.iter_from(first + skipped).take(taken));
            }
            tie_end = tie_start;
        }
        range
    }

    /// Returns the position of the first user of a tie that goes on before a position.
    ///
    /// The steps double, because most ties are short, and each comparison fetches a user.
    fn tie_start(&self, position: usize, is_in_tie: impl Fn(Handle) -> bool) -> usize {
        let is_in = |position| self.handles.get(position).is_some_and(&is_in_tie);
        let (mut first, mut step) = (position, 1);
        while first >= step && is_in(first - step) {
            first -= step;
            step *= 2;
        }
        while step > 0 {
            while first >= step && is_in(first - step) {
                first -= step;
            }
            step /= 2;
        }
        first
    }

    /// As [`SortedList::tie_start`], for the position after the last user.
    fn tie_end(&self, position: usize, is_in_tie: impl Fn(Handle) -> bool) -> usize {
        let is_in = |position| self.handles.get(position).is_some_and(&is_in_tie);
        let (mut end, mut step) = (position, 1);
        while is_in(end + step - 1) {
            end += step;
            step *= 2;
        }
        while step > 0 {
            while is_in(end + step - 1) {
                end += step;
            }
            step /= 2;
        }
        end
    }
}
