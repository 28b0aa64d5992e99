//! A stored user.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::identities::{PRIMARY, identity_key, login_names};
use super::passwords::Passwords;
use super::profile::{Profile, text};

/// A user as stored.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) profile: Arc<Profile>,
    /// The passwords of the identities, by `provider|id`.
    passwords: BTreeMap<String, Passwords>,
}

impl User {
    /// Creates a user whose primary identity has this password.
    pub(crate) fn new(profile: Profile, password: Option<&str>) -> Self {
        let passwords =
            BTreeMap::from([(identity_key(&profile, PRIMARY), Passwords::new(password))]);
        Self { profile: Arc::new(profile), passwords }
    }

    pub(crate) fn id(&self) -> &str {
        text(&self.profile, "user_id").unwrap_or("")
    }

    /// Returns the passwords of the identity with this index.
    pub(crate) fn passwords(&self, index: usize) -> Option<&Passwords> {
        self.passwords.get(&identity_key(&self.profile, index))
    }

    /// Returns the passwords of the identity with this index.
    pub(crate) fn passwords_mut(&mut self, index: usize) -> &mut Passwords {
        self.passwords.entry(identity_key(&self.profile, index)).or_default()
    }

    /// Removes and returns the passwords of the identity `provider|id`.
    pub(super) fn take_passwords(&mut self, identity: &str) -> Passwords {
        self.passwords.remove(identity).unwrap_or_default()
    }

    /// Stores the passwords of the identity `provider|id`.
    pub(super) fn put_passwords(&mut self, identity: String, passwords: Passwords) {
        self.passwords.insert(identity, passwords);
    }

    /// Returns the identifiers that the user can log in with.
    pub(crate) fn login_identifiers(&self) -> Vec<String> {
        login_names(&self.profile).into_iter().map(|name| name.value).collect()
    }
}

/// The time of a write, and the lag of the search index.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WriteTime {
    pub(crate) now: i64,
    pub(crate) lag: u64,
}
