//! Whether the connection supports usernames: learned from the first account that needs to know.

use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// For how long the answer is cached: operators can change the connection.
const TTL: Duration = Duration::from_mins(5);

/// What is known about the connection's usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsernameSupport {
    /// Nothing: an account can have one or none.
    Unknown,
    /// No account can have one. Given usernames are dropped.
    Unsupported,
    /// Every account must have one. Where none is given, a placeholder is used.
    Required,
}

/// The cached answer, and when it was learned.
#[derive(Debug, Default)]
pub(crate) struct UsernameSupportCache(Mutex<Option<(UsernameSupport, Instant)>>);

impl UsernameSupportCache {
    pub(super) fn get(&self) -> UsernameSupport {
        let cached = *self.0.lock();
        match cached {
            Some((username_support, when)) if when.elapsed() < TTL => username_support,
            Some(_) | None => UsernameSupport::Unknown,
        }
    }

    pub(super) fn set(&self, username_support: UsernameSupport) {
        let cached = Some((username_support, Instant::now()));
        *self.0.lock() = cached;
    }
}
