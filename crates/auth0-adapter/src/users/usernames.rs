//! Whether the connection has usernames: found out by the first account that needs to know.

use std::sync::atomic::{AtomicU8, Ordering};

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

/// What the connection has said, for as long as the process lives or until it says otherwise.
#[derive(Debug, Default)]
pub(crate) struct Memory(AtomicU8);

impl Memory {
    pub(super) fn get(&self) -> Usernames {
        match self.0.load(Ordering::Relaxed) {
            1 => Usernames::None,
            2 => Usernames::Required,
            _ => Usernames::Untold,
        }
    }

    pub(super) fn set(&self, usernames: Usernames) {
        let number = match usernames {
            Usernames::Untold => 0,
            Usernames::None => 1,
            Usernames::Required => 2,
        };
        self.0.store(number, Ordering::Relaxed);
    }
}
