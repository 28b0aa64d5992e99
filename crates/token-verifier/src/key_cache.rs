//! The key sets of issuers, cached between fetches.
//!
//! - Keys are cached per [`KeySetLocation`](ports::KeySetLocation), so that a `kid` means nothing
//!   outside its issuer.
//! - The first use fetches. Concurrent requests share that fetch (single flight); it runs in a task
//!   of its own, so that a cancelled request does not cancel it.
//! - Keys older than `refresh` stay in use while one fetch in the background replaces them.
//! - A token with an unknown `kid` starts a fetch, at most once per `cooldown` and issuer.
//! - While fetches fail, keys stay in use until `stale_bound` after the last success. Retries back
//!   off from 1 s, doubling up to `cooldown`; requests in between fail at once.
//!
//! A template matches any number of issuers, and anyone can write such a name into a token. So the
//! number of cached issuers is bounded, issuers without keys are evicted first, and fetches are
//! separate:
//!
//! | issuer | fetch |
//! |---|---|
//! | named by the settings: fixed, or of a known tenant | at once; their number is bounded |
//! | others whose keys were fetched before | permits of their own |
//! | others | few permits, in turn for each client (`first_fetches`) |
//!
//! An issuer of the last kind whose source responds that it does not exist is remembered for
//! `cooldown`, and its tokens are invalid.
//!
//! `issuer_state` decides what one issuer needs, without tasks or locks; `cache` carries it out.

mod cache;
mod first_fetches;
mod issuer_state;
mod settings;
mod single_flight;

pub(crate) use cache::{CachedIssuer, KeyCache, KeyRequest};
pub(crate) use first_fetches::ClientNetwork;
pub use settings::KeyCacheSettings;
