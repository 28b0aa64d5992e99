//! From what Auth0 says of an account to the account.

use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::{DisplayName, RoleCatalogue, Timestamp, User, UserId, Username};

use crate::config::MetadataPrefix;
use crate::management::app_metadata::AccountMetadata;
use crate::management::wire;

/// The reader that counts: another one whenever the catalogue of roles changes.
#[derive(Debug)]
pub(crate) struct ReloadableReader {
    prefix: MetadataPrefix,
    current: RwLock<Arc<AccountReader>>,
}

impl ReloadableReader {
    pub(crate) fn new(prefix: MetadataPrefix, catalogue: Arc<RoleCatalogue>) -> Self {
        let reader = AccountReader { prefix: prefix.clone(), catalogue };
        Self { prefix, current: RwLock::new(Arc::new(reader)) }
    }

    /// The prefix of all of them.
    pub(crate) fn prefix(&self) -> &MetadataPrefix {
        &self.prefix
    }

    /// The reader of this moment.
    pub(crate) fn current(&self) -> Arc<AccountReader> {
        Arc::clone(&self.lock_current())
    }

    /// The reader of this moment, which stays the one that counts until this is dropped: for what
    /// is read to be remembered, or put together with what is.
    pub(crate) fn lock_current(&self) -> RwLockReadGuard<'_, Arc<AccountReader>> {
        self.current.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on accounts are read under this catalogue. `forget` forgets what was read before,
    /// while nobody reads.
    pub(crate) fn replace_catalogue(&self, catalogue: Arc<RoleCatalogue>, forget: impl FnOnce()) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(AccountReader { prefix: self.prefix.clone(), catalogue });
        forget();
    }
}

/// Reads accounts under a catalogue of roles.
#[derive(Debug)]
pub(crate) struct AccountReader {
    pub(crate) prefix: MetadataPrefix,
    pub(crate) catalogue: Arc<RoleCatalogue>,
}

impl AccountReader {
    /// The account, unless it is one that Usher cannot have: without an e-mail address, say.
    pub(crate) fn read(&self, user: wire::Auth0User) -> Option<User> {
        let without = |what| {
            // Nothing of the person gets into the log; the id is found in Auth0's own.
            tracing::warn!(what, "an account in Auth0 is left out, since Usher cannot read it");
        };
        let Ok(id) = user.user_id.parse::<UserId>() else {
            without("user_id");
            return None;
        };
        let Some(email) = user.email.as_deref().and_then(|email| email.parse().ok()) else {
            without("email");
            return None;
        };
        let Ok(created_at) = user.created_at.parse() else {
            without("created_at");
            return None;
        };
        let moment = |text: Option<String>| text.and_then(|text| text.parse::<Timestamp>().ok());
        let metadata = AccountMetadata::parse(&self.prefix, &self.catalogue, &user.app_metadata);
        Some(User {
            username: user
                .username
                .and_then(|name| name.parse().ok())
                .filter(|name| *name != placeholder_username(&id)),
            given_name: user.given_name.and_then(|name| name.parse().ok()),
            family_name: user.family_name.and_then(|name| name.parse().ok()),
            display_name: display_name(user.name.as_deref(), user.email.as_deref()),
            service_user: metadata.service_user,
            blocked: user.blocked,
            created_at,
            updated_at: moment(user.updated_at),
            last_login: moment(user.last_login),
            home: metadata.home,
            memberships: metadata.memberships,
            id,
            email,
        })
    }
}

/// Auth0 puts the e-mail address there where nobody gave a name.
fn display_name(name: Option<&str>, email: Option<&str>) -> Option<DisplayName> {
    let is_address = |name: &str| email.is_some_and(|email| name.eq_ignore_ascii_case(email));
    name.filter(|name| !is_address(name)).and_then(|name| name.parse().ok())
}

/// The username of an account that was given none, where the connection wants one: known by the
/// id, so that it can be read as none.
///
/// 15 characters, the most that a connection allows by default.
pub(crate) fn placeholder_username(id: &UserId) -> Username {
    let own = id.as_str().rsplit('|').next().unwrap_or_default();
    let hex = own.chars().filter(char::is_ascii_hexdigit).take(14);
    let text = std::iter::once('u').chain(hex).collect::<String>();
    #[expect(clippy::expect_used, reason = "a u and hexadecimal digits are a username")]
    text.parse().expect("a username")
}

#[cfg(test)]
mod tests;
