//! A stored user.

use std::sync::Arc;

use super::passwords::Passwords;
use super::profile::{Profile, text};

/// A user as stored.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) profile: Arc<Profile>,
    pub(crate) passwords: Passwords,
}

impl User {
    pub(crate) fn new(profile: Profile, password: Option<&str>) -> Self {
        Self { profile: Arc::new(profile), passwords: Passwords::new(password) }
    }

    pub(super) fn id(&self) -> &str {
        text(&self.profile, "user_id").unwrap_or("")
    }

    /// Returns the identifiers that the user can log in with.
    pub(super) fn login_identifiers(&self) -> Vec<String> {
        ["email", "username", "phone_number"]
            .into_iter()
            .filter_map(|key| text(&self.profile, key).map(str::to_owned))
            .collect()
    }
}

/// The time of a write, and the lag of the search index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteTime {
    pub(crate) now: i64,
    pub(crate) lag: u64,
}
