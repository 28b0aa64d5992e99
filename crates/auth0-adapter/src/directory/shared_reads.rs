//! Reads that equal ones share while they are in flight.
//!
//! Callers of one quota owner share them, so that no tenant's read waits in the queue of another. What
//! a caller may see is decided afterwards, for each.
//!
//! A read that begins after a write of this process has ended joins no read that began before. Other
//! processes do not end the sharing: a joined read can be as old as [`SharedReads::max_age`].

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use concurrency::KeyedSingleFlight;
use domain::{TenantId, User, UserId};
use futures_util::FutureExt as _;
use ports::{BoxError, CallContext, PortError, PortResult, QuotaOwner};
use tokio::time::timeout_at;
use tracing::Instrument as _;

use crate::directory::listing::index::IndexPage;
use crate::error::RequestError;
use crate::management::error::Auth0Error;
use crate::management::params::UserSearch;

/// The reads in flight.
#[derive(Debug)]
pub(crate) struct SharedReads {
    /// How old a call may be that a read joins: a later read would rather try its luck itself.
    max_age: Duration,
    accounts: KeyedSingleFlight<(QuotaOwner, UserId), Shared<Option<Arc<User>>>>,
    searches: KeyedSingleFlight<(QuotaOwner, TenantId, UserSearch), Shared<Arc<SearchResult>>>,
}

type Shared<T> = Result<T, ReadError>;

/// A page of a tenant's index.
#[derive(Debug, Clone)]
pub(crate) struct SearchResult {
    pub(crate) page: IndexPage,
    /// The size of the parts in which the page was fetched, if it was too long at once.
    pub(crate) part_size: Option<u32>,
}

/// Errors of a read, to be given to all who wait for it.
#[derive(Debug, Clone)]
pub(crate) enum ReadError {
    /// The request failed.
    Request(RequestError),
    /// The response is about another account.
    Mismatched,
    /// The task panicked.
    Panicked,
}

/// A response without a readable account, or about another account than requested.
#[derive(Debug, thiserror::Error)]
#[error("Auth0 returned an unreadable account, or another than requested")]
pub(crate) struct MismatchedAccount;

/// A task that panicked, or was cancelled because the process shuts down.
#[derive(Debug, thiserror::Error)]
#[error("a task panicked or was cancelled")]
pub(crate) struct TaskFailed;

impl SharedReads {
    pub(crate) fn new(max_age: Duration) -> Self {
        let (accounts, searches) = (KeyedSingleFlight::default(), KeyedSingleFlight::default());
        Self { max_age, accounts, searches }
    }

    /// Reads an account by `read`, or joins an equal read.
    pub(crate) async fn account<F>(
        &self,
        id: &UserId,
        read: impl Fn() -> F + Send + Sync,
    ) -> PortResult<Option<Arc<User>>>
    where
        F: Future<Output = Shared<Option<Arc<User>>>> + Send + 'static,
    {
        let call = CallContext::current();
        let key = (owner(call.as_ref()), id.clone());
        let flight = self.accounts.join(key, self.max_age, || isolated(call.clone(), read()));
        if flight.is_own() {
            return Ok(flight.await?);
        }
        joined(call, flight, read).await
    }

    /// Searches in the tenant by `search`, or joins an equal search.
    pub(crate) async fn search<F>(
        &self,
        tenant: &TenantId,
        search: UserSearch,
        read: impl Fn(UserSearch) -> F + Send + Sync,
    ) -> PortResult<Arc<SearchResult>>
    where
        F: Future<Output = Shared<Arc<SearchResult>>> + Send + 'static,
    {
        let call = CallContext::current();
        let key = (owner(call.as_ref()), tenant.clone(), search.clone());
        let read = || read(search.clone());
        let flight = self.searches.join(key, self.max_age, || isolated(call.clone(), read()));
        if flight.is_own() {
            return Ok(flight.await?);
        }
        joined(call, flight, read).await
    }

    /// Ends the sharing of reads of the account and of these tenants, because a write has ended.
    pub(crate) fn forget(&self, id: &UserId, tenants: &[&TenantId]) {
        self.accounts.forget(|(_, other)| other == id);
        self.searches.forget(|(_, other, _)| tenants.contains(&other));
    }

    /// Ends the sharing of all reads.
    pub(crate) fn forget_all(&self) {
        self.accounts.forget(|_| true);
        self.searches.forget(|_| true);
    }
}

fn owner(call: Option<&CallContext>) -> QuotaOwner {
    call.map_or(QuotaOwner::Unattributed, CallContext::quota_owner)
}

/// Returns the read as a part of the call that starts it, whichever task polls it. A panic fails it
/// only.
fn isolated<T: Send>(
    call: Option<CallContext>,
    read: impl Future<Output = Shared<T>> + Send + 'static,
) -> impl Future<Output = Shared<T>> + Send + 'static {
    let read = AssertUnwindSafe(read.in_current_span()).catch_unwind();
    let read = async move { read.await.unwrap_or(Err(ReadError::Panicked)) };
    async move {
        match call {
            Some(call) => call.scope(read).await,
            None => read.await,
        }
    }
}

/// Waits for another task's call until the deadline of the own one. Where its failure tells nothing
/// about the own one, reads without it.
async fn joined<T, F>(
    call: Option<CallContext>,
    flight: impl Future<Output = Shared<T>> + Send,
    read: impl Fn() -> F + Send + Sync,
) -> PortResult<T>
where
    F: Future<Output = Shared<T>> + Send,
{
    let outcome = match call {
        Some(call) => timeout_at(call.deadline(), flight).await.map_err(|_| PortError::Timeout)?,
        None => flight.await,
    };
    match outcome {
        Err(error) if !error.applies_to_waiters() => Ok(read().await?),
        outcome => Ok(outcome?),
    }
}

impl ReadError {
    /// Returns whether other tasks that wait for the same result would fail the same way.
    fn applies_to_waiters(&self) -> bool {
        match self {
            // A rate limit is final for a call whose deadline is before the reset.
            Self::Request(RequestError::RateLimited { .. }) | Self::Panicked => false,
            Self::Request(error) => error.applies_to_waiters(),
            Self::Mismatched => true,
        }
    }
}

impl From<RequestError> for ReadError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<ReadError> for PortError {
    fn from(error: ReadError) -> Self {
        let source: BoxError = match error {
            ReadError::Request(error) => return Auth0Error::from(error).into(),
            ReadError::Mismatched => MismatchedAccount.into(),
            ReadError::Panicked => TaskFailed.into(),
        };
        Self::Failed { source }
    }
}
