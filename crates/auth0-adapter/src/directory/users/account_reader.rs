//! Maps Auth0's users to accounts.

use std::sync::Arc;

use domain::{
    Credentials, DisplayName, PersonName, RoleCatalogue, Timestamp, User, UserId, Username,
};
use parking_lot::{RwLock, RwLockReadGuard};

use crate::config::MetadataPrefix;
use crate::management::app_metadata::AccountMetadata;
use crate::management::wire;

/// The current reader, which is replaced when the role catalogue is reloaded.
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

    /// Returns the prefix, which never changes.
    pub(crate) fn prefix(&self) -> &MetadataPrefix {
        &self.prefix
    }

    /// Returns the current reader.
    pub(crate) fn current(&self) -> Arc<AccountReader> {
        Arc::clone(&self.lock_current())
    }

    /// Returns the current reader and prevents its replacement until the guard is dropped: for
    /// reads that are recorded, or combined with recorded ones.
    pub(crate) fn lock_current(&self) -> RwLockReadGuard<'_, Arc<AccountReader>> {
        self.current.read()
    }

    /// Replaces the catalogue. `forget` drops what was read with the old one, while no read is in
    /// progress.
    pub(crate) fn replace_catalogue(&self, catalogue: Arc<RoleCatalogue>, forget: impl FnOnce()) {
        let mut current = self.current.write();
        *current = Arc::new(AccountReader { prefix: self.prefix.clone(), catalogue });
        forget();
    }
}

/// Maps users under one role catalogue.
#[derive(Debug)]
pub(crate) struct AccountReader {
    pub(crate) prefix: MetadataPrefix,
    pub(crate) catalogue: Arc<RoleCatalogue>,
}

impl AccountReader {
    /// Maps a user, unless Usher cannot represent it, for example without an e-mail address.
    pub(crate) fn read(&self, user: wire::Auth0User) -> Option<User> {
        let without = |what| {
            // The log gets no personal data; Auth0's own log shows the id.
            tracing::warn!(what, "unreadable account skipped");
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
            given_name: user.given_name.as_deref().and_then(PersonName::cleaned),
            family_name: user.family_name.as_deref().and_then(PersonName::cleaned),
            display_name: display_name(user.name.as_deref(), user.email.as_deref()),
            service_user: metadata.service_user,
            blocked: user.blocked,
            created_at,
            updated_at: moment(user.updated_at),
            last_login: moment(user.last_login),
            home: metadata.home,
            credentials: Credentials::default(),
            memberships: metadata.memberships,
            id,
            email,
        })
    }
}

/// Auth0 stores the e-mail address as the name if none was given.
fn display_name(name: Option<&str>, email: Option<&str>) -> Option<DisplayName> {
    let is_address = |name: &str| email.is_some_and(|email| name.eq_ignore_ascii_case(email));
    name.filter(|name| !is_address(name)).and_then(DisplayName::cleaned)
}

/// Returns the placeholder username of an account created without one, where the connection
/// requires it. It is derived from the id, so that it can be read as absent.
///
/// It has 15 characters, the default maximum of a connection.
pub(crate) fn placeholder_username(id: &UserId) -> Username {
    let own = id.as_str().rsplit('|').next().unwrap_or_default();
    let hex = own.chars().filter(char::is_ascii_hexdigit).take(14);
    let text = std::iter::once('u').chain(hex).collect::<String>();
    #[expect(clippy::expect_used, reason = "a u and hexadecimal digits are a username")]
    text.parse().expect("a username")
}

#[cfg(test)]
mod tests;
