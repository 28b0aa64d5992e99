//! Whether somebody knows an account's password.

use std::fmt::Debug;
use std::net::IpAddr;

use async_trait::async_trait;
use domain::{AccountScope, CurrentPassword, User};

use crate::error::PortResult;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordVerdict {
    /// It is the account's password.
    Match,
    /// It is not, or the account has none.
    Mismatch,
}

/// Checks passwords.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait PasswordCheck: Debug + Send + Sync {
    /// Whether this is the account's current password.
    ///
    /// It takes about as long for an account without a password as for one with another. Where the
    /// directory keeps no passwords of an account's kind at all, `Mismatch` may come at once.
    /// `client` is where the attempt came from, for directories that count attempts by it.
    ///
    /// # Errors
    /// `NotFound` or `Refused` as [`AccountScope::authorize_password`] says; `TooManyAttempts` if the
    /// directory stops attempts by itself; `Unavailable`, `Timeout`, `Failed`.
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict>;
}
