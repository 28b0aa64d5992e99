//! E-mails: what would have been sent, and the request for a password reset.

pub(crate) mod change_password;
pub(crate) mod outbox;
