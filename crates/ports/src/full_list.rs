//! Full lists, which may be too long to be held in memory.

use std::fmt;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use domain::{Page, UserView};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};

use crate::error::PortResult;

/// About what a user takes in memory.
const USER_BYTES: usize = 1024;

/// All users of a tenant as it sees them, in order, as they were at one moment.
///
/// It is a stream of batches. A batch is computed when the stream is polled, so a list that is
/// dropped stops costing anything. After an error the stream ends.
///
/// Its client may read it slowly, for minutes. An implementation that has to hold the users until
/// then states by [`FullList::holding`] what they take, so that the memory of all lists is limited.
pub struct FullList {
    total: u64,
    /// The users that are not in a batch yet.
    remaining: u64,
    held_bytes: usize,
    batches: BoxStream<'static, PortResult<Vec<UserView<'static>>>>,
}

impl FullList {
    /// The number of users in a batch, by which implementations should go: few enough that a batch
    /// takes a fraction of a millisecond, and enough that its overhead does not count.
    pub const BATCH_SIZE: usize = 256;

    /// Returns a list of `total` users, in these batches, which are computed when they are needed.
    pub fn new(
        total: u64,
        batches: impl Stream<Item = PortResult<Vec<UserView<'static>>>> + Send + 'static,
    ) -> Self {
        Self { total, remaining: total, held_bytes: 0, batches: batches.boxed() }
    }

    /// Returns the list of users that are in memory already, and only for this list.
    pub fn from_users(users: Vec<UserView<'static>>) -> Self {
        let (total, held_bytes) = (users.len() as u64, users.len().saturating_mul(USER_BYTES));
        let mut users = users.into_iter();
        let batches = iter::from_fn(move || {
            let batch: Vec<_> = users.by_ref().take(Self::BATCH_SIZE).collect();
            (!batch.is_empty()).then_some(Ok(batch))
        });
        Self::new(total, stream::iter(batches)).holding(held_bytes)
    }

    /// Returns the list with the memory that it keeps from being freed, in bytes. It frees that
    /// evenly with its batches, and the rest when it is dropped.
    #[must_use]
    pub fn holding(self, bytes: usize) -> Self {
        Self { held_bytes: bytes, ..self }
    }

    /// Returns about how many bytes of memory the rest of the list keeps from being freed, beside
    /// one batch.
    pub fn held_bytes(&self) -> usize {
        let (remaining, total) = (u128::from(self.remaining), u128::from(self.total.max(1)));
        let held = self.held_bytes as u128 * remaining / total;
        usize::try_from(held).unwrap_or(self.held_bytes)
    }

    /// Returns the number of users in all batches.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Reads every batch into memory.
    ///
    /// # Errors
    /// The first error of a batch.
    pub async fn collect(mut self) -> PortResult<Page> {
        let mut users = Vec::new();
        while let Some(batch) = self.batches.next().await {
            users.extend(batch?);
        }
        Ok(Page { users, total: self.total })
    }
}

impl Stream for FullList {
    type Item = PortResult<Vec<UserView<'static>>>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let batch = ready!(self.batches.poll_next_unpin(context));
        let users = match &batch {
            Some(Ok(users)) => users.len() as u64,
            Some(Err(_)) | None => self.remaining,
        };
        self.remaining = self.remaining.saturating_sub(users);
        Poll::Ready(batch)
    }
}

/// Omits the users.
impl fmt::Debug for FullList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FullList").field("total", &self.total).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::error::PortError;

    use super::*;

    #[test]
    fn held_memory_is_freed_with_the_users() {
        let batches = [Ok(Vec::new()), Err(PortError::Timeout)];
        let mut list = FullList::new(4, stream::iter(batches)).holding(4000);
        assert!(list.next().now_or_never().unwrap().unwrap().is_ok());
        assert_eq!(list.held_bytes(), 4000);
        list.remaining = 1;
        assert_eq!(list.held_bytes(), 1000);
        assert!(list.next().now_or_never().unwrap().unwrap().is_err());
        assert_eq!(list.held_bytes(), 0);
    }

    #[test]
    fn empty_list_holds_nothing() {
        assert_eq!(FullList::from_users(Vec::new()).held_bytes(), 0);
    }
}
