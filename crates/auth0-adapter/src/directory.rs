//! The directory: both ports, and what all of their operations share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, ListQuery, MembershipChange, NewMember, NewUser, Page, Password,
    RoleCatalogue, TenantId, TenantScope, User, UserId,
};
use ports::{
    AccountUpdate, AttachOutcome, BoxError, CallContext, Clock, PortError, PortResult,
    UpstreamObserver, UserDirectory,
};
use tokio::runtime::Handle;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;
use tracing::Instrument;

use crate::client::ClientError;
use crate::config::{Auth0Config, Invite};
use crate::error::Fault;
use crate::keyed_lock::{KeyedLock, KeyedLockGuard};
use crate::listing;
use crate::lock_key::LockKey;
use crate::management::{Management, Repeat};
use crate::passwords::Owed;
use crate::recent::{Recent, Written};
use crate::users::{Reader, Readers, UsernameMemory};
use crate::wire;

/// The accounts of one Auth0 connection, and the check of their passwords. Cheap to clone.
///
/// Whoever asks, and on whichever runtime: everything is done on the runtime that it is made with,
/// on which its connections live.
#[derive(Debug, Clone)]
pub struct Auth0Directory {
    pub(crate) inner: Arc<Inner>,
}

/// Where the work of a directory is done, and who is told of it.
#[derive(Debug, Clone)]
pub struct Tasks {
    /// What everything runs on. It must have its timer and its network enabled.
    pub runtime: Handle,
    /// Knows the writes that are under way, with or without a caller who waits for them. Whoever
    /// ends the runtime closes it and waits for it first, lest a write is cut half-way.
    pub writes: TaskTracker,
    /// Is told of each request to Auth0, by kinds `read`, `search`, `write`, `password_check`,
    /// `token` and `mail`. [`ports::NoopObserver`] where nobody wants to know.
    pub watch: Arc<dyn UpstreamObserver>,
}

/// What the operations work with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) management: Management,
    pub(crate) readers: Readers,
    pub(crate) recent: Recent,
    pub(crate) owed: Owed,
    pub(crate) oddities: listing::Oddities,
    pub(crate) usernames: UsernameMemory,
    pub(crate) connection: String,
    pub(crate) verify_email: bool,
    pub(crate) invite: Invite,
    pub(crate) timeout: Duration,
    pub(crate) deadline: Duration,
    pub(crate) tasks: Tasks,
    locks: KeyedLock<LockKey>,
}

/// An answer of Auth0 that is about no account, or about another one than was asked for.
#[derive(Debug, thiserror::Error)]
#[error("Auth0 answered with an account that makes no sense")]
struct Senseless;

/// Something that was given up half-way: it panicked, or the process is about to end.
#[derive(Debug, thiserror::Error)]
#[error("a task did not come to its end")]
struct GivenUp;

impl Auth0Directory {
    /// A directory over the accounts that the configuration leads to, with the roles of the
    /// catalogue. Nothing is sent yet.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up, for a certificate that cannot be read, say.
    pub fn new(
        config: Auth0Config,
        catalogue: Arc<RoleCatalogue>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
    ) -> Result<Self, ClientError> {
        let management = Management::new(&config, Arc::clone(&clock), &tasks)?;
        Ok(Self {
            inner: Arc::new(Inner {
                management,
                readers: Readers::new(config.metadata_prefix, catalogue),
                recent: Recent::new(clock, config.recent),
                owed: Owed::default(),
                oddities: listing::Oddities::default(),
                usernames: UsernameMemory::default(),
                connection: config.connection,
                verify_email: config.verify_email,
                invite: config.invite,
                timeout: config.timeout,
                deadline: config.deadline,
                tasks,
                locks: KeyedLock::default(),
            }),
        })
    }

    /// Does something that is of use only while somebody waits for it.
    pub(crate) async fn while_wanted<T, F>(
        &self,
        read: impl FnOnce(Arc<Inner>) -> F,
    ) -> PortResult<T>
    where
        T: Send + 'static,
        F: Future<Output = PortResult<T>> + Send + 'static,
    {
        let task = self.inner.tasks.runtime.spawn(self.work(read));
        let _ended_with_the_caller = Abort(task.abort_handle());
        task.await.map_err(|_| PortError::Failed { source: GivenUp.into() })?
    }

    /// Runs a write to its end, even if nobody waits for it any more: a caller who goes away must
    /// leave nothing half done, nor a lock let go while a write is under way.
    async fn to_its_end<T, F>(&self, write: impl FnOnce(Arc<Inner>) -> F) -> PortResult<T>
    where
        T: Send + 'static,
        F: Future<Output = PortResult<T>> + Send + 'static,
    {
        // What a panic says may hold anything, so it is not passed on.
        let task = self.inner.tasks.write(self.work(write));
        task.await.map_err(|_| PortError::Failed { source: GivenUp.into() })?
    }

    /// The work as a part of the call that this is a part of.
    fn work<T, F, W>(
        &self,
        work: W,
    ) -> impl Future<Output = PortResult<T>> + Send + 'static + use<T, F, W>
    where
        W: FnOnce(Arc<Inner>) -> F,
        T: Send + 'static,
        F: Future<Output = PortResult<T>> + Send + 'static,
    {
        let (call, work) =
            (CallContext::current(), work(Arc::clone(&self.inner)).in_current_span());
        async move {
            match call {
                Some(call) => call.scope(work).await,
                None => work.await,
            }
        }
    }
}

impl Tasks {
    /// Starts something that must come to its end.
    pub(crate) fn write<F>(&self, write: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.writes.spawn_on(write, &self.runtime)
    }
}

/// Ends a task when it is dropped.
struct Abort(AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Inner {
    /// The account as Auth0 has it at this moment.
    pub(crate) async fn read(&self, id: &UserId) -> PortResult<Option<User>> {
        let answer = self.management.user(id).await?;
        self.found(id, answer)
    }

    /// The account in the answer to a read, which is remembered.
    pub(crate) fn found(
        &self,
        id: &UserId,
        answer: Option<wire::User>,
    ) -> PortResult<Option<User>> {
        let reader = self.readers.steady();
        let found = answer.and_then(|user| reader.read(user));
        if found.as_ref().is_some_and(|user| user.id != *id) {
            return Err(PortError::Failed { source: Senseless.into() });
        }
        self.recent.observe(id, found.as_ref());
        Ok(found)
    }

    /// Takes the locks, if they can be had before the deadline.
    pub(crate) async fn lock(
        &self,
        keys: impl IntoIterator<Item = LockKey>,
    ) -> PortResult<KeyedLockGuard<LockKey>> {
        let deadline = CallContext::current()
            .map_or_else(|| Instant::now() + self.deadline, |call| call.deadline());
        timeout_at(deadline, self.locks.lock_all(keys)).await.map_err(|_| PortError::Timeout)
    }

    /// Sends a change that can be sent twice, and remembers what became of the account.
    pub(crate) async fn patch(&self, before: &User, patch: &wire::UserPatch) -> PortResult<User> {
        match self.management.patch(&before.id, patch, Repeat::Safe).await {
            Ok(answer) => self.wrote(&before.id, Some(before), answer),
            Err(fault) => Err(self.failed(before, fault).await),
        }
    }

    /// What was written of the tenant's people of late, and the reader that it was read with.
    pub(crate) fn known_of(&self, tenant: &TenantId) -> (Arc<Reader>, BTreeMap<UserId, Written>) {
        let reader = self.readers.steady();
        (Arc::clone(&reader), self.recent.about(tenant))
    }

    /// The account as a write has answered it, which is remembered.
    pub(crate) fn wrote(
        &self,
        id: &UserId,
        before: Option<&User>,
        answer: wire::User,
    ) -> PortResult<User> {
        let reader = self.readers.steady();
        let user = reader.read(answer).filter(|user| user.id == *id);
        let Some(user) = user else {
            // What is remembered is older than this answer, whatever it says.
            self.recent.forget(id);
            return Err(PortError::Failed { source: BoxError::from(Senseless) });
        };
        self.recent.wrote(before, &user);
        Ok(user)
    }

    /// What a failed write comes to. An account that is not there any more is remembered as gone.
    /// Where the write may have been made, what is remembered may be undone: then Auth0 is asked
    /// how things are, or else nothing is remembered.
    pub(crate) async fn failed(&self, before: &User, fault: Fault) -> PortError {
        let id = &before.id;
        if let Fault::NotFound = fault {
            self.recent.observe(id, None);
        } else if let Fault::Lost(_) = fault
            && self.recent.knows(id)
            && self.read(id).await.is_err()
        {
            self.recent.forget(id);
        }
        fault.into()
    }
}

#[async_trait]
impl UserDirectory for Auth0Directory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>> {
        let id = id.clone();
        let found = self.while_wanted(|inner| async move { inner.read(&id).await }).await?;
        Ok(found.filter(|user| scope.can_see(user)))
    }

    async fn list(&self, scope: &TenantScope, listing: &ListQuery) -> PortResult<Page> {
        let (tenant, listing) = (scope.tenant().clone(), *listing);
        self.while_wanted(|inner| async move {
            let Inner { management, oddities, .. } = &*inner;
            let (reader, written) = inner.known_of(&tenant);
            let index = listing::Search { management, reader: &reader, tenant: &tenant };
            let known = listing::Known { tenant: &tenant, written, oddities };
            listing::list(&index, &known, &listing).await
        })
        .await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        let scope = scope.clone();
        self.to_its_end(|inner| async move { inner.create(&scope, new).await }).await
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        let scope = scope.clone();
        self.to_its_end(|inner| async move { inner.attach_or_create(&scope, new_member).await })
            .await
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.to_its_end(
            |inner| async move { inner.change_membership(&scope, &snapshot, change).await },
        )
        .await
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.to_its_end(|inner| async move { inner.detach(&scope, &snapshot).await }).await
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.to_its_end(
            |inner| async move { inner.change_account(&scope, &snapshot, change).await },
        )
        .await
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.to_its_end(
            |inner| async move { inner.set_password(&scope, &snapshot, password).await },
        )
        .await
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.to_its_end(|inner| async move { inner.delete(&scope, &snapshot).await }).await
    }

    async fn check_ready(&self) -> PortResult<()> {
        // Whoever asks may go away, as probes do that have little patience: what the one call finds
        // is for all who come after it.
        let probe = self.work(|inner| async move { inner.management.probe().await });
        let task = self.inner.tasks.runtime.spawn(probe);
        task.await.map_err(|_| PortError::Failed { source: GivenUp.into() })?
    }
}
