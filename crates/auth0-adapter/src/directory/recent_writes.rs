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
pub(crate) enum Written {
    /// It became this.
    Is(Arc<User>),
    /// It was deleted; when it had been created tells it from a later one of the same id, such as
    /// that of an import.
    Gone(Timestamp),
}

impl Written {
    /// Whether what somebody else has seen of the account is newer than this.
    ///
    /// Every write moves `updated_at`, to the millisecond; of two states of one millisecond, the
    /// one that was written here counts as the newer one.
    pub(crate) fn is_outdated_by(&self, snapshot: &User) -> bool {
        match self {
            Self::Is(user) => snapshot.updated_at > user.updated_at,
            Self::Gone(created_at) => snapshot.created_at > *created_at,
        }
    }
}

/// The writes of the last while.
#[derive(Debug)]
pub(crate) struct Recent {
    clock: Arc<dyn Clock>,
    keep_millis: i64,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<UserId, Entry>,
    /// Whom the writes of a tenant's people are about: also those who were its people before.
    by_tenant: HashMap<TenantId, BTreeSet<UserId>>,
    /// The entries by age.
    by_age: BTreeMap<u64, UserId>,
    next: u64,
}

#[derive(Debug)]
struct Entry {
    written: Written,
    tenants: BTreeSet<TenantId>,
    at: Timestamp,
    age: u64,
}

impl Recent {
    /// Remembers each write for this long.
    pub(crate) fn new(clock: Arc<dyn Clock>, keep: Duration) -> Self {
        let keep_millis = i64::try_from(keep.as_millis()).unwrap_or(i64::MAX);
        Self { clock, keep_millis, capacity: CAPACITY, state: Mutex::default() }
    }

    /// The account was written, and is now `user`. `before` is what it was, if it was there.
    pub(crate) fn wrote(&self, before: Option<&User>, user: &User) {
        let tenants = before.into_iter().chain([user]).flat_map(|user| user.memberships.keys());
        let written = Written::Is(Arc::new(user.clone()));
        self.put(&user.id, tenants, written);
    }

    /// The account was deleted. `before` is what it was.
    pub(crate) fn deleted(&self, before: &User) {
        self.put(&before.id, before.memberships.keys(), Written::Gone(before.created_at));
    }

    /// The newest state that is known of an account that somebody has seen, unless it is gone.
    pub(crate) fn newest(&self, snapshot: &User) -> Option<User> {
        let state = self.state();
        let written = state.entries.get(&snapshot.id).map(|entry| &entry.written);
        match written.filter(|written| !written.is_outdated_by(snapshot)) {
            Some(Written::Gone(_)) => None,
            Some(Written::Is(user)) => Some(User::clone(user)),
            None => Some(snapshot.clone()),
        }
    }

    /// A read that is never behind has answered this of an account: somebody else may have changed
    /// or deleted it since it was written here.
    pub(crate) fn observe(&self, id: &UserId, found: Option<&User>) {
        let state = &mut *self.state();
        let Some(entry) = state.entries.get_mut(id) else { return };
        let Some(user) = found else {
            // An account that was written and is not there is gone.
            if let Written::Is(user) = &entry.written {
                entry.written = Written::Gone(user.created_at);
            }
            return;
        };
        if entry.written.is_outdated_by(user) {
            entry.written = Written::Is(Arc::new(user.clone()));
            entry.tenants.extend(user.memberships.keys().cloned());
            for tenant in user.memberships.keys() {
                state.by_tenant.entry(tenant.clone()).or_default().insert(id.clone());
            }
        }
    }

    /// Whether there is something to say of the account.
    pub(crate) fn knows(&self, id: &UserId) -> bool {
        self.state().entries.contains_key(id)
    }

    /// Forgets what was written of an account: it may be so no more.
    pub(crate) fn forget(&self, id: &UserId) {
        self.state().remove(id);
    }

    /// Forgets what accounts became, which was read under another catalogue of roles. Who is gone
    /// stays so.
    pub(crate) fn forget_roles(&self) {
        let state = &mut *self.state();
        let are_users = |(_, entry): &(&UserId, &Entry)| matches!(entry.written, Written::Is(_));
        let ids: Vec<_> =
            state.entries.iter().filter(are_users).map(|(id, _)| id.clone()).collect();
        for id in ids {
            state.remove(&id);
        }
    }

    /// What was written of those who are the tenant's people, or were before the write.
    pub(crate) fn about(&self, tenant: &TenantId) -> BTreeMap<UserId, Written> {
        let mut state = self.state();
        state.forget_until(self.outlived());
        let ids = state.by_tenant.get(tenant).into_iter().flatten();
        ids.filter_map(|id| Some((id.clone(), state.entries.get(id)?.written.clone()))).collect()
    }

    fn put<'a>(&self, id: &UserId, tenants: impl Iterator<Item = &'a TenantId>, written: Written) {
        let mut state = self.state();
        state.forget_until(self.outlived());
        let mut tenants: BTreeSet<_> = tenants.cloned().collect();
        if let Some(before) = state.remove(id) {
            tenants.extend(before.tenants);
        }
        while state.entries.len() >= self.capacity && state.forget_oldest() {}
        let age = state.next;
        state.next += 1;
        state.by_age.insert(age, id.clone());
        for tenant in &tenants {
            state.by_tenant.entry(tenant.clone()).or_default().insert(id.clone());
        }
        state.entries.insert(id.clone(), Entry { written, tenants, at: self.clock.now(), age });
    }

    /// What was written at this moment or earlier has been remembered for long enough.
    fn outlived(&self) -> Timestamp {
        self.clock.now().plus_millis(self.keep_millis.saturating_neg())
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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

    fn forget_until(&mut self, moment: Timestamp) {
        while let Some(id) = self.by_age.values().next()
            && self.entries.get(id).is_none_or(|entry| entry.at <= moment)
        {
            self.forget_oldest();
        }
    }

    /// Whether there was one.
    fn forget_oldest(&mut self) -> bool {
        let Some((_, id)) = self.by_age.pop_first() else { return false };
        self.remove(&id);
        true
    }
}

#[cfg(test)]
mod tests;
