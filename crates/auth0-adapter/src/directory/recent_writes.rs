//! What this process wrote of late, so that its callers see their own writes before Auth0's search
//! does, and so that a change rests on the newest state without a second read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{TenantId, Timestamp, User, UserId};
use ports::Clock;

/// How many accounts are remembered at most; beyond it, the oldest writes are forgotten.
const CAPACITY: usize = 10_000;

/// What an own write made of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrittenState {
    /// It became this.
    Present(Arc<User>),
    /// It was deleted; when it had been created tells it from a later one of the same id, such as
    /// that of an import.
    Deleted(Timestamp),
}

impl WrittenState {
    /// Whether what somebody else has seen of the account is newer than this.
    ///
    /// Every write moves `updated_at`, to the millisecond; of two states of one millisecond, the
    /// one that was written here counts as the newer one.
    pub(crate) fn is_outdated_by(&self, snapshot: &User) -> bool {
        match self {
            Self::Present(user) => snapshot.updated_at > user.updated_at,
            Self::Deleted(created_at) => snapshot.created_at > *created_at,
        }
    }
}

/// The writes of the last while.
#[derive(Debug)]
pub(crate) struct RecentWrites {
    clock: Arc<dyn Clock>,
    ttl_millis: i64,
    capacity: usize,
    log: Mutex<WriteLog>,
}

#[derive(Debug, Default)]
struct WriteLog {
    entries: HashMap<UserId, Entry>,
    /// Whom the writes of a tenant's people are about: also those who were its people before.
    by_tenant: HashMap<TenantId, BTreeSet<UserId>>,
    /// The entries by age.
    by_age: BTreeMap<u64, UserId>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    written: WrittenState,
    tenants: BTreeSet<TenantId>,
    at: Timestamp,
    age: u64,
}

impl RecentWrites {
    /// Remembers each write for this long.
    pub(crate) fn new(clock: Arc<dyn Clock>, ttl: Duration) -> Self {
        let ttl_millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Self { clock, ttl_millis, capacity: CAPACITY, log: Mutex::default() }
    }

    /// The account was written, and is now `user`. `before` is what it was, if it was there.
    pub(crate) fn record_write(&self, before: Option<&User>, user: &User) {
        let tenants = before.into_iter().chain([user]).flat_map(|user| user.memberships.keys());
        let written = WrittenState::Present(Arc::new(user.clone()));
        self.insert(&user.id, tenants, written);
    }

    /// The account was deleted. `before` is what it was.
    pub(crate) fn record_deletion(&self, before: &User) {
        self.insert(
            &before.id,
            before.memberships.keys(),
            WrittenState::Deleted(before.created_at),
        );
    }

    /// The newest state that is known of an account that somebody has seen, unless it is gone.
    pub(crate) fn latest(&self, snapshot: &User) -> Option<User> {
        let log = self.log();
        let written = log.entries.get(&snapshot.id).map(|entry| &entry.written);
        match written.filter(|written| !written.is_outdated_by(snapshot)) {
            Some(WrittenState::Deleted(_)) => None,
            Some(WrittenState::Present(user)) => Some(User::clone(user)),
            None => Some(snapshot.clone()),
        }
    }

    /// A read that is never behind has answered this of an account: somebody else may have changed
    /// or deleted it since it was written here.
    pub(crate) fn record_read(&self, id: &UserId, found: Option<&User>) {
        let log = &mut *self.log();
        let Some(entry) = log.entries.get_mut(id) else { return };
        let Some(user) = found else {
            // An account that was written and is not there is gone.
            if let WrittenState::Present(user) = &entry.written {
                entry.written = WrittenState::Deleted(user.created_at);
            }
            return;
        };
        if entry.written.is_outdated_by(user) {
            entry.written = WrittenState::Present(Arc::new(user.clone()));
            entry.tenants.extend(user.memberships.keys().cloned());
            for tenant in user.memberships.keys() {
                log.by_tenant.entry(tenant.clone()).or_default().insert(id.clone());
            }
        }
    }

    /// Whether there is something to say of the account.
    pub(crate) fn contains(&self, id: &UserId) -> bool {
        self.log().entries.contains_key(id)
    }

    /// Forgets what was written of an account: it may be so no more.
    pub(crate) fn remove(&self, id: &UserId) {
        self.log().remove(id);
    }

    /// Forgets what accounts became, which was read under another catalogue of roles. Who is gone
    /// stays so.
    pub(crate) fn forget_accounts(&self) {
        let log = &mut *self.log();
        let are_users =
            |(_, entry): &(&UserId, &Entry)| matches!(entry.written, WrittenState::Present(_));
        let ids: Vec<_> = log.entries.iter().filter(are_users).map(|(id, _)| id.clone()).collect();
        for id in ids {
            log.remove(&id);
        }
    }

    /// What was written of those who are the tenant's people, or were before the write.
    pub(crate) fn of_tenant(&self, tenant: &TenantId) -> BTreeMap<UserId, WrittenState> {
        let mut log = self.log();
        log.expire_until(self.expired_at());
        let ids = log.by_tenant.get(tenant).into_iter().flatten();
        ids.filter_map(|id| Some((id.clone(), log.entries.get(id)?.written.clone()))).collect()
    }

    fn insert<'a>(
        &self,
        id: &UserId,
        tenants: impl Iterator<Item = &'a TenantId>,
        written: WrittenState,
    ) {
        let mut log = self.log();
        log.expire_until(self.expired_at());
        let mut tenants: BTreeSet<_> = tenants.cloned().collect();
        if let Some(before) = log.remove(id) {
            tenants.extend(before.tenants);
        }
        while log.entries.len() >= self.capacity && log.remove_oldest() {}
        let age = log.next;
        log.next += 1;
        log.by_age.insert(age, id.clone());
        for tenant in &tenants {
            log.by_tenant.entry(tenant.clone()).or_default().insert(id.clone());
        }
        log.entries.insert(id.clone(), Entry { written, tenants, at: self.clock.now(), age });
    }

    /// What was written at this moment or earlier has been remembered for long enough.
    fn expired_at(&self) -> Timestamp {
        self.clock.now().plus_millis(self.ttl_millis.saturating_neg())
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn log(&self) -> MutexGuard<'_, WriteLog> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl WriteLog {
    fn remove(&mut self, id: &UserId) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        self.by_age.remove(&entry.age);
        for tenant in &entry.tenants {
            if let Some(ids) = self.by_tenant.get_mut(tenant) {
                ids.remove(id);
                if ids.is_empty() {
                    self.by_tenant.remove(tenant);
                }
            }
        }
        Some(entry)
    }

    fn expire_until(&mut self, moment: Timestamp) {
        while let Some(id) = self.by_age.values().next()
            && self.entries.get(id).is_none_or(|entry| entry.at <= moment)
        {
            self.remove_oldest();
        }
    }

    /// Whether there was one.
    fn remove_oldest(&mut self) -> bool {
        let Some((_, id)) = self.by_age.pop_first() else { return false };
        self.remove(&id);
        true
    }
}

#[cfg(test)]
mod tests;
