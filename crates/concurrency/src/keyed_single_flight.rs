//! Single flight by key.

use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;
use tokio::time::Instant;

/// The calls in flight, by key: tasks that want the same at the same time share one call.
///
/// No task owns a call. It runs in whichever of its tasks is polled, so that it continues when one of
/// them is cancelled, and is dropped with the last one.
pub struct KeyedSingleFlight<K: Eq + Hash, T: Clone> {
    calls: Mutex<HashMap<K, CallEntry<T>>>,
}

type SharedCall<T> = Shared<BoxFuture<'static, T>>;

struct CallEntry<T: Clone> {
    call: WeakShared<BoxFuture<'static, T>>,
    started: Instant,
}

/// One task's part in a call: a future of the call's output.
///
/// # Cancel safety
/// Dropping it drops the call, unless another task waits for it.
pub struct Flight<'a, K: Eq + Hash, T: Clone> {
    calls: &'a KeyedSingleFlight<K, T>,
    key: K,
    /// None once it has ended.
    call: Option<SharedCall<T>>,
    is_own: bool,
}

impl<K: Clone + Eq + Hash, T: Clone> KeyedSingleFlight<K, T> {
    /// Joins the call of this key in flight, unless it started longer than `max_age` ago; else starts
    /// one, which later tasks join.
    pub fn join<F>(&self, key: K, max_age: Duration, start: impl FnOnce() -> F) -> Flight<'_, K, T>
    where
        F: Future<Output = T> + Send + 'static,
    {
        let now = Instant::now();
        let mut calls = self.calls.lock();
        let joined = calls.get(&key).and_then(|entry| {
            let age = now.saturating_duration_since(entry.started);
            let call = entry.call.upgrade().filter(|call| call.peek().is_none());
            call.filter(|_| age <= max_age)
        });
        let (call, is_own) = match joined {
            Some(call) => (call, false),
            None => (start().boxed().shared(), true),
        };
        if is_own && let Some(weak) = call.downgrade() {
            calls.insert(key.clone(), CallEntry { call: weak, started: now });
        }
        drop(calls);
        Flight { calls: self, key, call: Some(call), is_own }
    }
}

impl<K: Eq + Hash, T: Clone> KeyedSingleFlight<K, T> {
    /// Ends the sharing of the calls with such keys: later tasks do not join them. The tasks that
    /// wait for them still get their output.
    pub fn forget(&self, is_such: impl Fn(&K) -> bool) {
        self.calls.lock().retain(|key, _| !is_such(key));
    }

    /// Returns the number of calls in flight that can be joined.
    pub fn len(&self) -> usize {
        self.calls.lock().len()
    }

    /// Returns whether no call in flight can be joined.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Eq + Hash, T: Clone> KeyedSingleFlight<K, T> {
    /// Removes the entry of this key, if its call has ended or nobody waits for it.
    fn remove_ended(&self, key: &K) {
        let mut calls = self.calls.lock();
        let has_ended =
            |entry: &CallEntry<T>| entry.call.upgrade().is_none_or(|call| call.peek().is_some());
        if calls.get(key).is_some_and(has_ended) {
            calls.remove(key);
        }
    }
}

impl<K: Eq + Hash, T: Clone> Default for KeyedSingleFlight<K, T> {
    fn default() -> Self {
        Self { calls: Mutex::default() }
    }
}

impl<K: Eq + Hash, T: Clone> fmt::Debug for KeyedSingleFlight<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedSingleFlight").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<K: Eq + Hash, T: Clone> Flight<'_, K, T> {
    /// Returns whether this task started the call, rather than joined it.
    pub fn is_own(&self) -> bool {
        self.is_own
    }
}

impl<K: Eq + Hash + Unpin, T: Clone> Future for Flight<'_, K, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(call) = &mut self.call else { return Poll::Pending };
        let output = ready!(call.poll_unpin(context));
        self.call = None;
        self.calls.remove_ended(&self.key);
        Poll::Ready(output)
    }
}

impl<K: Eq + Hash, T: Clone> Drop for Flight<'_, K, T> {
    fn drop(&mut self) {
        if self.call.take().is_some() {
            self.calls.remove_ended(&self.key);
        }
    }
}

impl<K: Eq + Hash, T: Clone> fmt::Debug for Flight<'_, K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight").field("is_own", &self.is_own).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
