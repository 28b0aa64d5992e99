//! Maps Auth0's users to accounts.

use std::sync::Arc;

use domain::{
    Credentials, DisplayName, EmailAddress, PersonName, RoleCatalogue, Timestamp, User, UserId,
    Username,
};
use parking_lot::{RwLock, RwLockReadGuard};

use crate::config::MetadataPrefix;
use crate::digest::digest;
use crate::management::app_metadata::AccountMetadata;
use crate::management::wire::Auth0User;

/// The current reader, which is replaced when the role catalogue is reloaded.
#[derive(Debug)]
pub(crate) struct ReloadableReader {
    prefix: MetadataPrefix,
    connections: Arc<[String]>,
    current: RwLock<Arc<AccountReader>>,
}

impl ReloadableReader {
    /// A reader of accounts, of which those of these connections may vouch for their person.
    pub(crate) fn new(
        prefix: MetadataPrefix,
        connections: Arc<[String]>,
        catalogue: Arc<RoleCatalogue>,
    ) -> Self {
        let (own_prefix, own_connections) = (prefix.clone(), Arc::clone(&connections));
        let reader = AccountReader { prefix, connections, catalogue };
        let current = RwLock::new(Arc::new(reader));
        Self { prefix: own_prefix, connections: own_connections, current }
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
        let (prefix, connections) = (self.prefix.clone(), Arc::clone(&self.connections));
        *current = Arc::new(AccountReader { prefix, connections, catalogue });
        forget();
    }
}

/// Maps users under one role catalogue.
#[derive(Debug)]
pub(crate) struct AccountReader {
    pub(crate) prefix: MetadataPrefix,
    /// The connections that may vouch for their accounts.
    pub(crate) connections: Arc<[String]>,
    pub(crate) catalogue: Arc<RoleCatalogue>,
}

impl AccountReader {
    /// Maps a user, unless no request could name it: its id is no [`UserId`].
    ///
    /// Whoever has access in a tenant must be on its list, so everything else is read as well as
    /// possible: names without forbidden characters and cut to their maximum length, addresses of
    /// any syntax, and a placeholder for a missing address.
    pub(crate) fn read(&self, user: Auth0User<'_>) -> Option<User> {
        let id = user.user_id.parse::<UserId>().ok()?;
        let email = user.email.as_deref().and_then(EmailAddress::stored);
        let email = email.unwrap_or_else(|| placeholder_email(&id));
        let metadata = AccountMetadata::parse(&self.prefix, &self.catalogue, &user.app_metadata);
        Some(User {
            username: user
                .username
                .and_then(|name| name.parse().ok())
                .filter(|name| !is_placeholder_username(name, &id)),
            given_name: user.given_name.as_deref().and_then(PersonName::cleaned),
            family_name: user.family_name.as_deref().and_then(PersonName::cleaned),
            display_name: display_name(user.name.as_deref(), &email),
            service_user: metadata.service_user,
            blocked: user.blocked,
            created_at: user.created_at.unwrap_or(Timestamp::UNIX_EPOCH),
            updated_at: user.updated_at,
            last_login: user.last_login,
            home: metadata.home,
            credentials: Credentials {
                email_verified: user.email_verified,
                connections_allowed: user.identities.are_all_of(&self.connections),
                stamp: metadata.stamp.map(Box::new),
                last_password_reset: user.last_password_reset,
            },
            memberships: metadata.memberships,
            id,
            email,
        })
    }
}

/// Auth0 stores the e-mail address as the name if none was given.
fn display_name(name: Option<&str>, email: &EmailAddress) -> Option<DisplayName> {
    let is_address = |name: &str| name == email.as_str() || name.to_lowercase() == email.as_str();
    name.filter(|name| !is_address(name)).and_then(DisplayName::cleaned)
}

/// Returns the address that is shown for an account without one, such as one with a phone number
/// only: both contracts require an address, and whoever has access must be listed.
///
/// The top-level domain `invalid` has no hosts (RFC 6761 §6.4), so that nobody gets mail for it.
fn placeholder_email(id: &UserId) -> EmailAddress {
    let address = format!("account-{}@no-address.invalid", digest(id.as_str()));
    #[expect(clippy::expect_used, reason = "hexadecimal digits make an address")]
    address.parse().expect("an address")
}

/// Returns the placeholder username of an account created without one, where the connection
/// requires it. It is derived from the id, so that it can be read as absent.
///
/// It has 15 characters, the default maximum of a connection.
pub(crate) fn placeholder_username(id: &UserId) -> Username {
    let text = placeholder_characters(id).collect::<String>();
    #[expect(clippy::expect_used, reason = "a u and hexadecimal digits are a username")]
    text.parse().expect("a username")
}

/// Returns whether this is the [placeholder](placeholder_username) of the account.
fn is_placeholder_username(name: &Username, id: &UserId) -> bool {
    // A username is in lower case.
    name.as_str()
        .chars()
        .eq(placeholder_characters(id).map(|character| character.to_ascii_lowercase()))
}

fn placeholder_characters(id: &UserId) -> impl Iterator<Item = char> {
    let own = id.as_str().rsplit('|').next().unwrap_or_default();
    std::iter::once('u').chain(own.chars().filter(char::is_ascii_hexdigit).take(14))
}

#[cfg(test)]
mod tests;
