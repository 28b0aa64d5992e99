//! Recorded e-mails, and the endpoint that requests a password change.

pub(crate) mod change_password;
pub(crate) mod outbox;
