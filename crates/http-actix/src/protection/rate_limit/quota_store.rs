//! The state of all callers' quotas, in bounded memory.

use std::collections::HashMap;

use domain::CallerKey;
use foldhash::fast::RandomState;
use governor::nanos::Nanos;
use governor::state::StateStore;
use parking_lot::Mutex;

/// The time at which each caller's quota is full again.
///
/// Callers can be made up, because subjects can. So a full table evicts the callers with the most
/// quota left: a flood of new callers evicts itself, and not the callers that are being limited.
#[derive(Debug)]
pub(super) struct QuotaStore {
    full_at: Mutex<HashMap<CallerKey, Nanos, RandomState>>,
    capacity: usize,
}

/// About ten megabytes.
const CAPACITY: usize = 100_000;

impl Default for QuotaStore {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl QuotaStore {
    /// Creates a table of at most this many callers.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { full_at: Mutex::default(), capacity }
    }

    /// Evicts half of the callers at once, so that evictions are rare.
    fn evict(full_at: &mut HashMap<CallerKey, Nanos, RandomState>) {
        let mut moments: Vec<Nanos> = full_at.values().copied().collect();
        let half = moments.len() / 2;
        let (_, median, _) = moments.select_nth_unstable(half);
        let median = *median;
        full_at.retain(|_, moment| *moment > median);
    }
}

impl StateStore for QuotaStore {
    type Key = CallerKey;

    fn measure_and_replace<T, F, E>(&self, caller: &CallerKey, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut full_at = self.full_at.lock();
        if let Some(moment) = full_at.get_mut(caller) {
            let (outcome, after) = measure(Some(*moment))?;
            *moment = after;
            return Ok(outcome);
        }
        let (outcome, after) = measure(None)?;
        if full_at.len() >= self.capacity {
            Self::evict(&mut full_at);
        }
        full_at.insert(*caller, after);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(number: u32) -> CallerKey {
        let mut digest = [0; 32];
        for (to, from) in digest.iter_mut().zip(number.to_be_bytes()) {
            *to = from;
        }
        CallerKey::new(digest)
    }

    fn insert(quota_store: &QuotaStore, number: u32, moment: u64) {
        quota_store
            .measure_and_replace(&caller(number), |_| Ok::<_, ()>(((), moment.into())))
            .unwrap();
    }

    fn get(quota_store: &QuotaStore, number: u32) -> Option<Nanos> {
        quota_store.measure_and_replace(&caller(number), Err::<((), _), _>).unwrap_err()
    }

    #[test]
    fn flood_of_new_callers_evicts_only_itself() {
        let quota_store = QuotaStore::with_capacity(10);
        insert(&quota_store, 0, 1000);
        for number in 1..1000 {
            insert(&quota_store, number, 1);
            assert!(quota_store.full_at.lock().len() <= 10);
            assert_eq!(get(&quota_store, 0), Some(1000.into()));
            assert_eq!(get(&quota_store, number), Some(1.into()));
        }
    }

    #[test]
    fn rejected_request_changes_nothing() {
        let quota_store = QuotaStore::default();
        assert_eq!(get(&quota_store, 0), None);
        assert!(quota_store.full_at.lock().is_empty());
    }
}
