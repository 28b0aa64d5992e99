//! The step that checks and changes: its locks, the caller's present rights, and its deadline.

use domain::{
    AccountScope, Attachment, EmailAddress, MembershipId, TenantScope, Timestamp, User, UserId,
};
use ports::{BoxError, CallContext, PortError, PortResult};
use tokio::time::Instant;

use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use concurrency::KeyedLockGuard;

impl DirectoryCore {
    /// Acquires the locks, that of the caller's account included, and returns the scope with the
    /// role that its caller has now.
    pub(crate) async fn begin_in_tenant(
        &self,
        scope: &TenantScope,
        keys: impl IntoIterator<Item = LockKey>,
    ) -> PortResult<(KeyedLockGuard<LockKey>, TenantScope)> {
        let (held, caller) = self.lock_with_caller(scope.caller_account(), keys).await?;
        Ok((held, scope.renew(caller.as_ref(), self.clock.now())?))
    }

    /// As [`DirectoryCore::begin_in_tenant`].
    pub(crate) async fn begin_on_account(
        &self,
        scope: &AccountScope,
        keys: impl IntoIterator<Item = LockKey>,
    ) -> PortResult<(KeyedLockGuard<LockKey>, AccountScope)> {
        let (held, caller) = self.lock_with_caller(scope.caller_account(), keys).await?;
        Ok((held, scope.renew(caller.as_ref(), self.clock.now())?))
    }

    async fn lock_with_caller(
        &self,
        caller: Option<&UserId>,
        keys: impl IntoIterator<Item = LockKey>,
    ) -> PortResult<(KeyedLockGuard<LockKey>, Option<User>)> {
        let keys = keys.into_iter().chain(caller.cloned().map(LockKey::Account));
        let held = self.lock(keys).await?;
        let caller = match caller {
            Some(id) => self.read(id).await?,
            None => None,
        };
        Ok((held, caller))
    }

    /// Returns the latest known state of the account.
    pub(crate) fn latest(&self, snapshot: &User) -> PortResult<User> {
        self.recent_writes.latest(snapshot).ok_or(PortError::NotFound)
    }

    /// Returns the present time by Auth0's clock, or by this machine's until a response has shown
    /// that.
    pub(crate) fn directory_now(&self) -> Timestamp {
        self.management.directory_time().unwrap_or_else(|| self.clock.now())
    }

    /// Returns the record of attaching an account by this address now, with a new id.
    pub(crate) fn new_attachment(&self, email: EmailAddress) -> PortResult<Attachment> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes)
            .map_err(|source| PortError::Failed { source: BoxError::from(source) })?;
        let id = MembershipId::from_random_bits(u128::from_be_bytes(bytes));
        Ok(Attachment { id, since: self.clock.now(), email })
    }

    /// Runs work that must not be left half done, within at least the configured deadline, even if
    /// that of the caller has nearly passed.
    pub(crate) async fn finish<T>(&self, work: impl Future<Output = T>) -> T {
        let Some(call) = CallContext::current() else { return work.await };
        let deadline = call.deadline().max(Instant::now() + self.deadline);
        let extended = CallContext::new(call.request_id().into(), deadline);
        extended.set_quota_owner(call.quota_owner());
        let outcome = extended.clone().scope(work).await;
        for _ in 0..extended.upstream_calls() {
            call.count_upstream_call();
        }
        outcome
    }
}
