//! Concurrency primitives that know nothing of Usher.
//!
//! - [`FairQueue`] shares permits evenly among keys, such as tenants. It has no async.
//! - [`KeyedLock`] gives one holder at a time access to a key, such as an account.
//! - [`SingleFlight`] lets one task fetch what many want at the same time.
//! - [`KeyedSingleFlight`] does so by key, for results that nobody caches.
//!
//! They do not know each other. What does not belong here: quotas, tenants, tokens, HTTP.
//!
//! ```
//! use concurrency::FairQueue;
//!
//! let mut queue = FairQueue::default();
//! queue.enqueue(&"acme", 1);
//! queue.enqueue(&"acme", 2);
//! queue.enqueue(&"globex", 3);
//! let granted: Vec<_> =
//!     std::iter::from_fn(|| queue.grant_next(|_| usize::MAX, |_| true)).collect();
//! // Each tenant gets a permit before one gets its second.
//! assert_eq!(granted.last(), Some(&("acme", 2)));
//! ```

#![warn(clippy::future_not_send)]

mod fair_queue;
mod keyed_lock;
mod keyed_single_flight;
mod single_flight;

pub use fair_queue::FairQueue;
pub use keyed_lock::{KeyedLock, KeyedLockGuard};
pub use keyed_single_flight::{Flight, KeyedSingleFlight};
pub use single_flight::{JoinError, SingleFlight};
