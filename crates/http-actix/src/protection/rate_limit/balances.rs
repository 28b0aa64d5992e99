//! What callers have drawn, in bounded memory.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use domain::CallerKey;
use governor::nanos::Nanos;
use governor::state::StateStore;

/// When each caller's budget will be whole again.
///
/// Whoever can make up subjects can make up callers. So of too many, those are forgotten who have
/// drawn least: a flood of new ones crowds out itself, and not those who are held back.
#[derive(Debug)]
pub(super) struct Balances {
    whole_at: Mutex<HashMap<CallerKey, Nanos>>,
    capacity: usize,
}

/// About ten megabytes.
const CAPACITY: usize = 100_000;

impl Default for Balances {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Balances {
    /// Never remembers more callers than this.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self { whole_at: Mutex::default(), capacity }
    }

    /// Forgets half of them at once, so that room is not made again and again.
    fn make_room(whole_at: &mut HashMap<CallerKey, Nanos>) {
        let mut moments: Vec<Nanos> = whole_at.values().copied().collect();
        let half = moments.len() / 2;
        let (_, median, _) = moments.select_nth_unstable(half);
        let median = *median;
        whole_at.retain(|_, moment| *moment > median);
    }
}

impl StateStore for Balances {
    type Key = CallerKey;

    fn measure_and_replace<T, F, E>(&self, caller: &CallerKey, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut whole_at = self.whole_at.lock().unwrap_or_else(PoisonError::into_inner);
        let before = whole_at.get(caller).copied();
        let (outcome, after) = measure(before)?;
        if before.is_none() && whole_at.len() >= self.capacity {
            Self::make_room(&mut whole_at);
        }
        whole_at.insert(*caller, after);
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

    fn put(balances: &Balances, number: u32, moment: u64) {
        let put =
            balances.measure_and_replace(&caller(number), |_| Ok::<_, ()>(((), moment.into())));
        put.unwrap();
    }

    fn get(balances: &Balances, number: u32) -> Option<Nanos> {
        balances.measure_and_replace(&caller(number), Err::<((), _), _>).unwrap_err()
    }

    #[test]
    fn a_flood_of_new_callers_crowds_out_itself_and_not_who_has_drawn_much() {
        let balances = Balances::with_capacity(10);
        put(&balances, 0, 1000);
        for number in 1..1000 {
            put(&balances, number, 1);
            assert!(balances.whole_at.lock().unwrap().len() <= 10);
            assert_eq!(get(&balances, 0), Some(1000.into()));
            assert_eq!(get(&balances, number), Some(1.into()));
        }
    }

    #[test]
    fn a_refusal_changes_nothing() {
        let balances = Balances::default();
        assert_eq!(get(&balances, 0), None);
        assert!(balances.whole_at.lock().unwrap().is_empty());
    }
}
