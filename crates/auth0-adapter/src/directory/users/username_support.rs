//! Whether the connection has usernames: found out by the first account that needs to know.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// For how long it holds what the connection has said: operators can change the connection.
const KEEP: Duration = Duration::from_mins(5);

/// What the connection has said about usernames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Usernames {
    /// Nothing yet: an account can have one or none.
    Untold,
    /// No account can have one. Those that are given are not kept.
    None,
    /// Every account must have one. Where none is given, one is made up.
    Required,
}

/// What the connection has said last, and when.
#[derive(Debug, Default)]
pub(crate) struct UsernameMemory(Mutex<Option<(Usernames, Instant)>>);

impl UsernameMemory {
    pub(super) fn get(&self) -> Usernames {
        let told = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match told {
            Some((usernames, when)) if when.elapsed() < KEEP => usernames,
            Some(_) | None => Usernames::Untold,
        }
    }

    pub(super) fn set(&self, usernames: Usernames) {
        let told = Some((usernames, Instant::now()));
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = told;
    }
}
