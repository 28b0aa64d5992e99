//! What all operations of the directory share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::{RoleCatalogue, TenantId, User, UserId};
use ports::{BoxError, CallContext, Clock, PortError, PortResult};
use tokio::time::{Instant, timeout_at};

use crate::config::{Auth0Config, Invite};
use crate::directory::listing::anomalies::Oddities;
use crate::directory::lock_key::LockKey;
use crate::directory::pending_reblocks::Owed;
use crate::directory::recent_writes::{Recent, Written};
use crate::directory::users::account_reader::{Reader, Readers};
use crate::directory::users::username_support::UsernameMemory;
use crate::keyed_lock::{KeyedLock, KeyedLockGuard};
use crate::management::client::Management;
use crate::management::error::Fault;
use crate::management::params::Repeat;
use crate::management::wire;
use crate::tasks::Tasks;

/// What the operations work with.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) management: Management,
    pub(crate) readers: Readers,
    pub(crate) recent: Recent,
    pub(crate) owed: Owed,
    pub(crate) oddities: Oddities,
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

impl Inner {
    pub(crate) fn new(
        config: Auth0Config,
        catalogue: Arc<RoleCatalogue>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
        management: Management,
    ) -> Self {
        Self {
            management,
            readers: Readers::new(config.metadata_prefix, catalogue),
            recent: Recent::new(clock, config.recent),
            owed: Owed::default(),
            oddities: Oddities::default(),
            usernames: UsernameMemory::default(),
            connection: config.connection,
            verify_email: config.verify_email,
            invite: config.invite,
            timeout: config.timeout,
            deadline: config.deadline,
            tasks,
            locks: KeyedLock::default(),
        }
    }

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
