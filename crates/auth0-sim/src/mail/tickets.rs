//! The tickets behind links: what a link does, for whom, and until when.
//!
//! Documented: five days as the default lifetime. Observed: the form of the links.

use std::collections::HashMap;

use crate::crypto::{CryptoError, random_text};

/// The default lifetime of a ticket in milliseconds.
pub(crate) const DEFAULT_LIFETIME_MILLIS: i64 = 432_000_000;

/// What a link does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LinkKind {
    /// Sets `email_verified`.
    VerifyEmail,
    /// Opens the page that takes a new password.
    ResetPassword,
}

impl LinkKind {
    /// Returns the name of the e-mail template.
    pub(crate) fn mail_kind(self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_email",
        }
    }

    /// Returns the path of the links.
    fn path(self) -> &'static str {
        match self {
            Self::VerifyEmail => "/u/email-verification",
            Self::ResetPassword => "/u/reset-password",
        }
    }
}

/// A ticket.
#[derive(Clone)]
pub(crate) struct Ticket {
    pub(crate) kind: LinkKind,
    pub(crate) user_id: String,
    /// The identity, `provider|id`.
    pub(crate) identity: String,
    /// The address of the identity when the ticket was issued.
    pub(crate) email: Option<String>,
    /// When it expires, in milliseconds since 1970.
    pub(crate) expires_at: i64,
    /// Whether a new password also verifies the address. `None` leaves it to the switch.
    pub(crate) marks_verified: Option<bool>,
    /// Where the link leads after it has been followed.
    pub(crate) result_url: Option<String>,
}

/// The unused tickets, by the random part of their links.
#[derive(Default)]
pub(crate) struct Tickets(HashMap<String, Ticket>);

impl Tickets {
    /// Stores a ticket and returns its link.
    pub(crate) fn issue(&mut self, base_url: &str, ticket: Ticket) -> Result<String, CryptoError> {
        let token = random_text()?;
        let link = format!("{base_url}{}?ticket={token}#", ticket.kind.path());
        self.0.insert(token, ticket);
        Ok(link)
    }

    /// Returns an unexpired ticket of this kind.
    pub(crate) fn find(&self, token: &str, kind: LinkKind, now: i64) -> Option<&Ticket> {
        self.0.get(token).filter(|ticket| ticket.kind == kind && now < ticket.expires_at)
    }

    /// Removes a used ticket.
    pub(crate) fn remove(&mut self, token: &str) {
        self.0.remove(token);
    }
}
