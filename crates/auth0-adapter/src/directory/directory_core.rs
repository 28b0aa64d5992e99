//! The state and the basic operations that all operations of the directory share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{RoleCatalogue, TenantId, User, UserId};
use ports::{BoxError, CallContext, Clock, PortError, PortResult};
use tokio::time::{Instant, timeout_at};

use crate::config::{Auth0Config, Invite};
use crate::directory::account_connections::AccountConnections;
use crate::directory::listing::anomalies::PagingAnomalies;
use crate::directory::listing::decoded_pages::DecodedPages;
use crate::directory::listing::scan_cache::ScanCache;
use crate::directory::listing::skipped_accounts::SkippedAccounts;
use crate::directory::lock_key::LockKey;
use crate::directory::pending_reblocks::PendingReblocks;
use crate::directory::recent_writes::{RecentWrites, WrittenState};
use crate::directory::shared_reads::{MismatchedAccount, ReadError, SharedReads};
use crate::directory::users::account_reader::{AccountReader, ReloadableReader};
use crate::directory::users::username_support::UsernameSupportCache;
use crate::management::client::ManagementClient;
use crate::management::error::Auth0Error;
use crate::management::params::PatchRetry;
use crate::management::wire::{self, Auth0User};
use crate::tasks::Tasks;
use concurrency::{KeyedLock, KeyedLockGuard};

/// The shared state of the directory.
#[derive(Debug)]
pub(crate) struct DirectoryCore {
    pub(crate) management: ManagementClient,
    pub(crate) reader: ReloadableReader,
    pub(crate) recent_writes: RecentWrites,
    pub(crate) pending_reblocks: PendingReblocks,
    pub(crate) anomalies: PagingAnomalies,
    pub(crate) skipped: SkippedAccounts,
    pub(crate) scans: ScanCache,
    pub(crate) shared_reads: SharedReads,
    pub(crate) decoded_pages: DecodedPages,
    pub(crate) username_support: UsernameSupportCache,
    pub(crate) connection: String,
    pub(crate) attach_connections: Vec<String>,
    other_connections: AccountConnections,
    pub(crate) verify_email: bool,
    pub(crate) invite: Invite,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) tasks: Tasks,
    pub(crate) clock: Arc<dyn Clock>,
    locks: KeyedLock<LockKey>,
}

impl DirectoryCore {
    pub(crate) fn new(
        config: Auth0Config,
        catalogue: Arc<RoleCatalogue>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
        management: ManagementClient,
    ) -> Self {
        let attach_connections = config.all_attach_connections();
        let connections = Arc::from(attach_connections.clone());
        Self {
            management,
            reader: ReloadableReader::new(config.metadata_prefix, connections, catalogue),
            recent_writes: RecentWrites::new(Arc::clone(&clock), config.recent_writes_ttl),
            pending_reblocks: PendingReblocks::default(),
            anomalies: PagingAnomalies::default(),
            skipped: SkippedAccounts::default(),
            scans: ScanCache::new(config.scan_ttl),
            shared_reads: SharedReads::new(config.timeout),
            decoded_pages: DecodedPages::default(),
            username_support: UsernameSupportCache::default(),
            attach_connections,
            other_connections: AccountConnections::default(),
            connection: config.connection,
            verify_email: config.verify_email,
            invite: config.invite,
            timeout: config.timeout,
            deadline: config.deadline,
            tasks,
            clock,
            locks: KeyedLock::default(),
        }
    }

    /// Returns the account as Auth0 has it now.
    pub(crate) async fn read(&self, id: &UserId) -> PortResult<Option<User>> {
        Ok(self.try_read(id).await?)
    }

    /// Returns the account as Auth0 has it now, or as an equal read in flight finds it.
    pub(crate) async fn read_shared(
        self: &Arc<Self>,
        id: &UserId,
    ) -> PortResult<Option<Arc<User>>> {
        let read = || {
            let (core, id) = (Arc::clone(self), id.clone());
            async move { Ok(core.try_read(&id).await?.map(Arc::new)) }
        };
        self.shared_reads.account(id, read).await
    }

    async fn try_read(&self, id: &UserId) -> Result<Option<User>, ReadError> {
        let found = self.management.read_user(id, |user| self.record_found(id, user)).await?;
        found.unwrap_or_else(|| {
            self.recent_writes.record_read(id, None);
            Ok(None)
        })
    }

    /// Returns the account of the response to a read, and records it.
    pub(crate) fn record_found(
        &self,
        id: &UserId,
        user: Auth0User<'_>,
    ) -> Result<Option<User>, ReadError> {
        let reader = self.reader.lock_current();
        self.record_connection(id, &user);
        let found = reader.read(user);
        if found.as_ref().is_some_and(|user| user.id != *id) {
            return Err(ReadError::Mismatched);
        }
        self.recent_writes.record_read(id, found.as_ref());
        Ok(found)
    }

    /// Records in which connection the account has its password.
    fn record_connection(&self, id: &UserId, user: &Auth0User<'_>) {
        let connection = user.identities.database();
        let is_configured = user.identities.are_of(&self.connection);
        self.other_connections.record(id, connection.filter(|_| !is_configured));
    }

    /// Returns the connection in which the account has its password, as of the latest read: the
    /// configured one if it has an identity there.
    pub(crate) fn connection_of(&self, id: &UserId) -> String {
        self.other_connections.of(id).unwrap_or_else(|| self.connection.clone())
    }

    /// Acquires the locks, if that is possible before the deadline.
    pub(crate) async fn lock(
        &self,
        keys: impl IntoIterator<Item = LockKey>,
    ) -> PortResult<KeyedLockGuard<LockKey>> {
        let deadline = CallContext::current()
            .map_or_else(|| Instant::now() + self.deadline, |call| call.deadline());
        timeout_at(deadline, self.locks.lock_all(keys)).await.map_err(|_| PortError::Timeout)
    }

    /// Sends an idempotent change and records the new state of the account.
    pub(crate) async fn patch(
        &self,
        before: &User,
        patch: &wire::PatchUserBody,
    ) -> PortResult<User> {
        match self.management.patch(&before.id, patch, PatchRetry::Always).await {
            Ok(response) => self.record_write(&before.id, Some(before), response),
            Err(error) => Err(self.resolve_failure(before, error).await),
        }
    }

    /// Returns the recent writes to users of the tenant, and the reader that they were read with.
    pub(crate) fn recent_writes_of(
        &self,
        tenant: &TenantId,
    ) -> (Arc<AccountReader>, BTreeMap<UserId, WrittenState>) {
        let reader = self.reader.lock_current();
        (Arc::clone(&reader), self.recent_writes.of_tenant(tenant))
    }

    /// Ends the sharing of reads and scans that began before a write to an account, given its states
    /// before and after.
    pub(crate) fn end_sharing<'a>(&self, id: &UserId, states: impl IntoIterator<Item = &'a User>) {
        let tenants: Vec<_> = states.into_iter().flat_map(|user| user.memberships.keys()).collect();
        self.scans.forget(tenants.iter().copied());
        self.shared_reads.forget(id, &tenants);
    }

    /// Returns the account of the response to a write, and records it.
    pub(crate) fn record_write(
        &self,
        id: &UserId,
        before: Option<&User>,
        response: Auth0User<'_>,
    ) -> PortResult<User> {
        let reader = self.reader.lock_current();
        let user = reader.read(response).filter(|user| user.id == *id);
        self.end_sharing(id, before.into_iter().chain(&user));
        let Some(user) = user else {
            // The recorded state is older than this response, whatever it says.
            self.recent_writes.remove(id);
            return Err(PortError::Failed { source: BoxError::from(MismatchedAccount) });
        };
        self.recent_writes.record_write(before, &user);
        Ok(user)
    }

    /// Converts the error of a failed write. A deleted account is recorded as such. If the outcome
    /// is unknown, the recorded state may be outdated: then the account is read again, or else the
    /// record is removed.
    pub(crate) async fn resolve_failure(&self, before: &User, error: Auth0Error) -> PortError {
        let id = &before.id;
        self.end_sharing(id, [before]);
        if let Auth0Error::NotFound = error {
            self.recent_writes.record_read(id, None);
        } else if let Auth0Error::OutcomeUnknown(_) = error
            && self.recent_writes.contains(id)
            && self.read(id).await.is_err()
        {
            self.recent_writes.remove(id);
        }
        error.into()
    }
}
