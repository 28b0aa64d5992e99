//! The check of an account's current password.

use std::fmt::Debug;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::{AccountScope, CurrentPassword, User};

use crate::error::PortResult;

/// The result of a password check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// The text is the account's password.
    Match,
    /// The text is not the account's password, or the account has none.
    Mismatch,
}

/// Checks current passwords.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PasswordCheck: Debug + Send + Sync {
    /// Checks whether this is the account's current password.
    ///
    /// The check takes about as long for an account without a password as for one with another.
    /// If the directory stores no passwords for accounts of this kind, `Mismatch` may be immediate.
    /// `client` is the client's address, for directories that count attempts by it.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_password`] decides; `TooManyAttempts` if
    /// the directory itself limits attempts; `Unavailable`, `Timeout`, `Failed`.
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict>;
}
