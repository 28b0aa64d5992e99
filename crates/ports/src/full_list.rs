//! Full lists, which may be too long to be held in memory.

use std::fmt;
use std::iter;
use std::pin::Pin;
use std::task::{Context, Poll};

use domain::{Page, UserView};
use futures_util::stream::{self, BoxStream, Stream, StreamExt as _};

use crate::error::PortResult;

/// All users of a tenant as it sees them, in order, as they were at one moment.
///
/// It is a stream of batches. A batch is computed when the stream is polled, so a list that is
/// dropped stops costing anything. After an error the stream ends.
pub struct FullList {
    total: u64,
    batches: BoxStream<'static, PortResult<Vec<UserView<'static>>>>,
}

impl FullList {
    /// The number of users in a batch, by which implementations should go: few enough that a batch
    /// takes a fraction of a millisecond, and enough that its overhead does not count.
    pub const BATCH_SIZE: usize = 256;

    /// Returns a list of `total` users, in these batches.
    pub fn new(
        total: u64,
        batches: impl Stream<Item = PortResult<Vec<UserView<'static>>>> + Send + 'static,
    ) -> Self {
        Self { total, batches: batches.boxed() }
    }

    /// Returns the list of users that are in memory already.
    pub fn from_users(users: Vec<UserView<'static>>) -> Self {
        let total = users.len() as u64;
        let mut users = users.into_iter();
        let batches = iter::from_fn(move || {
            let batch: Vec<_> = users.by_ref().take(Self::BATCH_SIZE).collect();
            (!batch.is_empty()).then_some(Ok(batch))
        });
        Self::new(total, stream::iter(batches))
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
        self.batches.poll_next_unpin(context)
    }
}

/// Omits the users.
impl fmt::Debug for FullList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FullList").field("total", &self.total).finish_non_exhaustive()
    }
}
