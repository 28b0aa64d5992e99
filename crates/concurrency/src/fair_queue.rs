//! A queue that shares permits evenly among keys (max-min fairness).

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

use foldhash::fast::RandomState;

/// Waiters in one queue per key, and the number of permits that each key holds.
///
/// The next permit goes to the key that holds the fewest and, of those, to the key whose last
/// permit is longest ago; with short-lived permits this is round robin. A key with a thousand
/// waiters therefore delays another key by at most one permit. If too many wait, the newest waiter
/// of the longest queue is evicted ([`FairQueue::evict`]).
///
/// There is no async, clock or lock in it: a waiter is a value of the caller, such as the sender
/// of a channel, and callers that share the queue among threads put a lock around it. A key that
/// neither waits nor holds a permit takes no memory.
#[derive(Debug)]
pub struct FairQueue<K, W> {
    keys: HashMap<K, KeyState<W>, RandomState>,
    waiting: usize,
    held: usize,
    /// The number of permits granted so far, which orders keys by their last permit.
    grants: u64,
}

#[derive(Debug)]
struct KeyState<W> {
    waiters: VecDeque<W>,
    held: usize,
    last_grant: u64,
}

impl<W> KeyState<W> {
    fn is_idle(&self) -> bool {
        self.waiters.is_empty() && self.held == 0
    }
}

impl<K, W> Default for FairQueue<K, W> {
    fn default() -> Self {
        Self { keys: HashMap::default(), waiting: 0, held: 0, grants: 0 }
    }
}

impl<K: Clone + Eq + Hash, W> FairQueue<K, W> {
    /// Returns the number of waiters.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns the number of permits held by all keys together.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Returns the number of permits that the key holds.
    pub fn held_by(&self, key: &K) -> usize {
        self.keys.get(key).map_or(0, |state| state.held)
    }

    /// Grants the key a permit without waiting.
    pub fn grant(&mut self, key: &K) {
        let _ = self.try_grant(key, usize::MAX);
    }

    /// Grants the key a permit without waiting, unless it holds `limit` already. Returns whether it
    /// was granted.
    pub fn try_grant(&mut self, key: &K, limit: usize) -> bool {
        let grant = self.grants + 1;
        match self.keys.get_mut(key) {
            Some(state) if state.held >= limit => return false,
            Some(state) => {
                state.held += 1;
                state.last_grant = grant;
            }
            None if limit == 0 => return false,
            None => {
                let state = KeyState { waiters: VecDeque::new(), held: 1, last_grant: grant };
                self.keys.insert(key.clone(), state);
            }
        }
        self.grants = grant;
        self.held += 1;
        true
    }

    /// Returns one permit of the key.
    pub fn release(&mut self, key: &K) {
        let Some(state) = self.keys.get_mut(key) else { return };
        if state.held > 0 {
            state.held -= 1;
            self.held -= 1;
        }
        if state.is_idle() {
            self.keys.remove(key);
        }
    }

    /// Adds a waiter to the end of the key's queue.
    pub fn enqueue(&mut self, key: &K, waiter: W) {
        self.state(key).waiters.push_back(waiter);
        self.waiting += 1;
    }

    /// Grants a permit to the next waiter and returns it with its key.
    ///
    /// Considers the keys that wait and hold fewer permits than `limit` allows them. A waiter for
    /// which `is_live` returns false is dropped, and the next one is considered.
    pub fn grant_next(
        &mut self,
        limit: impl Fn(&K) -> usize,
        mut is_live: impl FnMut(&W) -> bool,
    ) -> Option<(K, W)> {
        loop {
            let key = self
                .keys
                .iter()
                .filter(|(key, state)| !state.waiters.is_empty() && state.held < limit(key))
                .min_by_key(|(_, state)| (state.held, state.last_grant))
                .map(|(key, _)| key.clone())?;
            let waiter = self.keys.get_mut(&key)?.waiters.pop_front()?;
            self.waiting -= 1;
            if is_live(&waiter) {
                self.grant(&key);
                return Some((key, waiter));
            }
            self.remove_if_idle(&key);
        }
    }

    /// Evicts the newest waiter of the longest queue, to make room for a waiter of `key`.
    ///
    /// Returns `None` if no queue is longer than that of `key`: then the new waiter has to be
    /// refused.
    pub fn evict(&mut self, key: &K) -> Option<W> {
        let own = self.keys.get(key).map_or(0, |state| state.waiters.len());
        let (longest, state) = self.keys.iter().max_by_key(|(_, state)| state.waiters.len())?;
        if state.waiters.len() <= own {
            return None;
        }
        let longest = longest.clone();
        let evicted = self.keys.get_mut(&longest)?.waiters.pop_back()?;
        self.waiting -= 1;
        self.remove_if_idle(&longest);
        Some(evicted)
    }

    /// Drops the waiters for which `is_live` returns false.
    pub fn retain(&mut self, mut is_live: impl FnMut(&W) -> bool) {
        for state in self.keys.values_mut() {
            state.waiters.retain(&mut is_live);
        }
        self.waiting = self.keys.values().map(|state| state.waiters.len()).sum();
        self.keys.retain(|_, state| !state.is_idle());
    }

    fn state(&mut self, key: &K) -> &mut KeyState<W> {
        // A new key starts behind every key that waits already, but before those granted later.
        let last_grant = self.grants;
        self.keys.entry(key.clone()).or_insert_with(|| KeyState {
            waiters: VecDeque::new(),
            held: 0,
            last_grant,
        })
    }

    fn remove_if_idle(&mut self, key: &K) {
        if self.keys.get(key).is_some_and(KeyState::is_idle) {
            self.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
