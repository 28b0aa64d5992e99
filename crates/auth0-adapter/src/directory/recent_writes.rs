//! Recent writes of this process, so that callers see their own writes before Auth0's search does,
//! and a change starts from the latest state without a second read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use domain::{TenantId, Timestamp, User, UserId};
use parking_lot::{Mutex, MutexGuard};
use ports::Clock;

/// The maximum number of accounts; above it, the oldest writes are removed.
const CAPACITY: usize = 10_000;

/// The state of an account after a write of this process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrittenState {
    /// The account was written.
    Present(Arc<User>),
    /// The account was deleted. Its creation time distinguishes it from a later account with the
    /// same id, such as an imported one.
    Deleted(Timestamp),
}

impl WrittenState {
    /// Returns whether a state read from Auth0 is newer than this.
    ///
    /// Every write updates `updated_at`, with millisecond precision; of two states of the same
    /// millisecond, the one written here counts as the newer.
    pub(crate) fn is_outdated_by(&self, snapshot: &User) -> bool {
        match self {
            Self::Present(user) => snapshot.updated_at > user.updated_at,
            Self::Deleted(created_at) => snapshot.created_at > *created_at,
        }
    }
}

/// The writes of a limited time.
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
    /// The accounts with writes that concern a tenant: current and former members.
    by_tenant: HashMap<TenantId, BTreeSet<UserId>>,
    /// The accounts ordered by the age of their entries.
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
    /// Keeps each write for this long.
    pub(crate) fn new(clock: Arc<dyn Clock>, ttl: Duration) -> Self {
        let ttl_millis = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
        Self { clock, ttl_millis, capacity: CAPACITY, log: Mutex::default() }
    }

    /// Records that the account is now `user`. `before` is its previous state, if it existed.
    pub(crate) fn record_write(&self, before: Option<&User>, user: &User) {
        let tenants = before.into_iter().chain([user]).flat_map(|user| user.memberships.keys());
        let written = WrittenState::Present(Arc::new(user.clone()));
        self.insert(&user.id, tenants, written);
    }

    /// Records that the account was deleted. `before` is its last state.
    pub(crate) fn record_deletion(&self, before: &User) {
        self.insert(
            &before.id,
            before.memberships.keys(),
            WrittenState::Deleted(before.created_at),
        );
    }

    /// Returns the latest known state of the account, given a snapshot of it, unless it is deleted.
    pub(crate) fn latest(&self, snapshot: &User) -> Option<User> {
        let log = self.log();
        let written = log.entries.get(&snapshot.id).map(|entry| &entry.written);
        match written.filter(|written| !written.is_outdated_by(snapshot)) {
            Some(WrittenState::Deleted(_)) => None,
            Some(WrittenState::Present(user)) => Some(User::clone(user)),
            None => Some(snapshot.clone()),
        }
    }

    /// Records the result of a consistent read: another process may have changed or deleted the
    /// account since it was written here.
    pub(crate) fn record_read(&self, id: &UserId, found: Option<&User>) {
        let log = &mut *self.log();
        let Some(entry) = log.entries.get_mut(id) else { return };
        let Some(user) = found else {
            // An account that was written and is not found has been deleted.
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

    /// Returns whether there is an entry for the account.
    pub(crate) fn contains(&self, id: &UserId) -> bool {
        self.log().entries.contains_key(id)
    }

    /// Removes the entry of an account, which may be outdated.
    pub(crate) fn remove(&self, id: &UserId) {
        self.log().remove(id);
    }

    /// Removes the states that were read with an old role catalogue. Deletions stay.
    pub(crate) fn forget_accounts(&self) {
        let log = &mut *self.log();
        let are_users =
            |(_, entry): &(&UserId, &Entry)| matches!(entry.written, WrittenState::Present(_));
        let ids: Vec<_> = log.entries.iter().filter(are_users).map(|(id, _)| id.clone()).collect();
        for id in ids {
            log.remove(&id);
        }
    }

    /// Returns the recent writes to current and former members of the tenant.
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

    /// Returns the time up to which writes have expired.
    pub(crate) fn expired_at(&self) -> Timestamp {
        self.clock.now().plus_millis(self.ttl_millis.saturating_neg())
    }

    fn log(&self) -> MutexGuard<'_, WriteLog> {
        self.log.lock()
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

    /// Returns whether there was an entry.
    fn remove_oldest(&mut self) -> bool {
        let Some((_, id)) = self.by_age.pop_first() else { return false };
        self.remove(&id);
        true
    }
}

#[cfg(test)]
mod tests;
