//! Whether the connection has usernames: found out by the first account that needs to know.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For how long it holds what the connection has said: operators can change the connection.
const TTL: Duration = Duration::from_mins(5);

/// What the connection has said about usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsernameSupport {
    /// Nothing yet: an account can have one or none.
    Unknown,
    /// No account can have one. Those that are given are not kept.
    Unsupported,
    /// Every account must have one. Where none is given, one is made up.
    Required,
}

/// What the connection has said last, and when.
#[derive(Debug, Default)]
pub(crate) struct UsernameSupportCache(Mutex<Option<(UsernameSupport, Instant)>>);

impl UsernameSupportCache {
    pub(super) fn get(&self) -> UsernameSupport {
        let cached = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match cached {
            Some((username_support, when)) if when.elapsed() < TTL => username_support,
            Some(_) | None => UsernameSupport::Unknown,
        }
    }

    pub(super) fn set(&self, username_support: UsernameSupport) {
        let cached = Some((username_support, Instant::now()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = cached;
    }
}
