//! Memberships, and what is known about who controls an account.

use std::str::FromStr;

use thiserror::Error;

use crate::id::TenantId;
use crate::role::Role;
use crate::text::{DisplayName, EmailAddress};
use crate::text_value::{identifier_format, text_value};
use crate::timestamp::Timestamp;

/// The membership of a user in one tenant.
///
/// It is foreign if the tenant is not the account's home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The role in the tenant.
    pub role: Role,
    /// The display name in the tenant, if it differs from the account's own.
    pub name: Option<DisplayName>,
    /// How it came about. Unknown for memberships of older versions, of a seed, or written by hand.
    pub attachment: Option<Box<Attachment>>,
    /// Whether the tenant has suspended it.
    pub suspended: bool,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// The record of how an account was attached to a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The id of the membership, new at each attaching.
    pub id: MembershipId,
    /// When the account was attached.
    pub since: Timestamp,
    /// The address by which the tenant attached it.
    pub email: EmailAddress,
}

/// The random identifier of one membership: 1 to 64 ASCII letters and digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MembershipId(std::sync::Arc<str>);

/// Why a text is not a [`MembershipId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("must have 1 to 64 ASCII letters and digits")]
pub struct InvalidMembershipId;

text_value!(MembershipId, "the identifier");
identifier_format!(MembershipId);

impl MembershipId {
    const MAX_LENGTH: usize = 64;

    /// Returns the identifier with these random bits, in hexadecimal digits.
    pub fn from_random_bits(bits: u128) -> Self {
        Self(format!("{bits:032x}").into())
    }
}

impl FromStr for MembershipId {
    type Err = InvalidMembershipId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_valid = (1..=Self::MAX_LENGTH).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if is_valid { Ok(Self(text.into())) } else { Err(InvalidMembershipId) }
    }
}

impl Membership {
    /// Returns a membership with this role and nothing else.
    pub fn new(role: Role) -> Self {
        Self { role, name: None, attachment: None, suspended: false, expires_at: None }
    }
}

/// What the directory knows about who controls an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Whether the account's address is verified (Auth0 `email_verified`).
    pub email_verified: bool,
    /// Whether every identity of the account is of a connection that may vouch for its accounts.
    pub connections_allowed: bool,
    /// The stamp of whoever last set the password or the address for the person.
    pub stamp: Option<Box<CredentialStamp>>,
    /// When the password was last reset, by the directory's clock.
    pub last_password_reset: Option<Timestamp>,
}

/// The note that someone who is neither the person nor an operator set a password or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialStamp {
    /// When, by the directory's clock.
    pub at: Timestamp,
    /// The account's home at that moment.
    pub by: Option<TenantId>,
    /// Whether the address was set as well, now or with an earlier stamp: someone else than the
    /// person whom a tenant has attached may read its mail.
    pub sets_address: bool,
}

impl CredentialStamp {
    /// How long after the stamp a password reset must be to close it. The write that leaves the
    /// stamp moves the reset time as well, by a clock that may differ a little.
    const RESET_MARGIN_MILLIS: i64 = 60_000;
}

/// Nothing proven, in a directory of one connection.
impl Default for Credentials {
    fn default() -> Self {
        Self {
            email_verified: false,
            connections_allowed: true,
            stamp: None,
            last_password_reset: None,
        }
    }
}

impl Credentials {
    /// Returns the stamp, unless a later password reset by the person has closed it.
    pub fn open_stamp(&self) -> Option<&CredentialStamp> {
        self.stamp.as_deref().filter(|stamp| {
            let closes_after = stamp.at.plus_millis(CredentialStamp::RESET_MARGIN_MILLIS);
            self.last_password_reset.is_none_or(|reset| reset <= closes_after)
        })
    }

    /// Whether nobody but the person knows the password, and nobody else has set the address.
    pub(crate) fn are_untouched(&self) -> bool {
        let has_new_address = self.stamp.as_ref().is_some_and(|stamp| stamp.sets_address);
        !has_new_address && self.open_stamp().is_none()
    }

    /// Whether the account is provably of the person who reads the mail of its address.
    pub(crate) fn are_proven(&self) -> bool {
        self.email_verified && self.connections_allowed && self.open_stamp().is_none()
    }
}
