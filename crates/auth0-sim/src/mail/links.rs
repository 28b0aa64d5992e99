//! What links do.
//!
//! | behaviour | source |
//! |---|---|
//! | a verification link sets `email_verified` | documented |
//! | a password link sets the password by the connection's policy, and `last_password_reset` | documented |
//! | a link works once and for a limited time | documented |
//! | a password link from a mail also sets `email_verified` | contradictory: [`Switches::password_link_verifies`] |
//! | a password ticket sets `email_verified` if it was created with `mark_email_as_verified` | documented |
//! | a new password lifts brute-force blocks | documented |
//! | it does not lift an administrator's block, unlike one set by PATCH | assumed |
//! | a change of the address makes earlier links useless | assumed: [`Switches::email_change_revokes_links`] |
//!
//! [`Switches::password_link_verifies`]: crate::Switches::password_link_verifies
//! [`Switches::email_change_revokes_links`]: crate::Switches::email_change_revokes_links

use std::sync::Arc;

use serde_json::json;
use thiserror::Error;

use super::tickets::{DEFAULT_LIFETIME_MILLIS, LinkKind, Ticket};
use crate::clock::iso_timestamp;
use crate::crypto::CryptoError;
use crate::http::error::ApiError;
use crate::state::State;
use crate::users::credentials::set_password;
use crate::users::identities::{self, PRIMARY};
use crate::users::profile::{set_or_remove, text};
use crate::users::user::{User, WriteTime};

/// The reason why a link has no effect.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LinkError {
    /// The link is unknown, was used, has expired, or was sent to an earlier address.
    #[error("the link is unknown, used, expired, or of an earlier address")]
    Unusable,
    /// The user does not exist.
    #[error("the user does not exist")]
    UnknownUser,
    /// The user has no e-mail address or no password, or a password is missing.
    #[error("the user has no such credential, or no password was given")]
    NoCredential,
    /// The connection's policy refuses the password.
    #[error("{0}")]
    PasswordRefused(String),
    /// No random bytes are available for a link.
    #[error("no random bytes are available")]
    NoRandomness,
}

impl From<CryptoError> for LinkError {
    fn from(_: CryptoError) -> Self {
        Self::NoRandomness
    }
}

/// Returns a ticket for an identity of a user, with the default lifetime.
pub(crate) fn new_ticket(kind: LinkKind, user: &User, index: usize, now: i64) -> Ticket {
    let attributes = identities::attributes(&user.profile, index);
    Ticket {
        kind,
        user_id: user.id().to_owned(),
        identity: identities::identity_key(&user.profile, index),
        email: attributes.and_then(|attributes| text(attributes, "email")).map(str::to_owned),
        expires_at: now.saturating_add(DEFAULT_LIFETIME_MILLIS),
        marks_verified: None,
        result_url: None,
    }
}

/// Issues a link and records the e-mail with it. Does nothing if the identity has no address.
pub(crate) fn send_mail(
    state: &mut State,
    kind: LinkKind,
    user: &User,
    index: usize,
    now: i64,
) -> Result<(), CryptoError> {
    let ticket = new_ticket(kind, user, index, now);
    let Some(email) = ticket.email.clone() else { return Ok(()) };
    let link = state.tickets.issue(&state.url, ticket)?;
    state.outbox.send(kind.mail_kind(), &email, user.id(), link, now);
    Ok(())
}

/// Follows a link of either kind. A password link needs a password.
pub(crate) fn follow_link(
    state: &mut State,
    link: &str,
    password: Option<&str>,
    now: i64,
) -> Result<(), LinkError> {
    let (path, query) = link.split_once("?ticket=").ok_or(LinkError::Unusable)?;
    let token = query.split(['#', '&']).next().unwrap_or_default();
    if path.ends_with("/u/email-verification") {
        follow_verification_link(state, token, now)?;
    } else {
        let password = password.ok_or(LinkError::NoCredential)?;
        follow_password_link(state, token, password, now)?;
    }
    Ok(())
}

/// Verifies the primary address of a user, as if the user had followed a link mailed just now.
pub(crate) fn verify_email(state: &mut State, id: &str, now: i64) -> Result<(), LinkError> {
    let link = fresh_link(state, LinkKind::VerifyEmail, id, now)?;
    follow_link(state, &link, None, now)
}

/// Sets the password of the primary identity of a user, as if the user had followed a link mailed
/// just now.
pub(crate) fn reset_password(
    state: &mut State,
    id: &str,
    password: &str,
    now: i64,
) -> Result<(), LinkError> {
    let link = fresh_link(state, LinkKind::ResetPassword, id, now)?;
    follow_link(state, &link, Some(password), now)
}

fn fresh_link(state: &mut State, kind: LinkKind, id: &str, now: i64) -> Result<String, LinkError> {
    let user = state.users.get(id).ok_or(LinkError::UnknownUser)?;
    let ticket = new_ticket(kind, user, PRIMARY, now);
    if ticket.email.is_none() {
        return Err(LinkError::NoCredential);
    }
    Ok(state.tickets.issue(&state.url, ticket)?)
}

/// Verifies the address that the ticket was issued for. Returns where the link leads.
pub(super) fn follow_verification_link(
    state: &mut State,
    token: &str,
    now: i64,
) -> Result<Option<String>, LinkError> {
    let (ticket, mut user, index) = open(state, token, LinkKind::VerifyEmail, now)?;
    mark_verified(&mut user, index, ticket.email.as_deref());
    state.tickets.remove(token);
    store(state, user, now);
    Ok(ticket.result_url)
}

/// Sets the password of the identity that the ticket was issued for. Returns where the link leads.
pub(super) fn follow_password_link(
    state: &mut State,
    token: &str,
    password: &str,
    now: i64,
) -> Result<Option<String>, LinkError> {
    let (ticket, mut user, index) = open(state, token, LinkKind::ResetPassword, now)?;
    let connection = identities::member(&user.profile, index, "connection");
    let connection = state.connection(connection).filter(|connection| connection.is_database());
    let connection = connection.cloned().ok_or(LinkError::NoCredential)?;
    set_password(&mut user, index, Some(password), &connection, now).map_err(|error| {
        LinkError::PasswordRefused(match error {
            ApiError::Management { message, .. } => message,
            ApiError::OAuth { description, .. } => description,
        })
    })?;
    if ticket.marks_verified.unwrap_or(state.switches.password_link_verifies) {
        mark_verified(&mut user, index, ticket.email.as_deref());
    }
    state.tickets.remove(token);
    state.attempts.unblock(user.login_identifiers().iter().map(String::as_str));
    store(state, user, now);
    Ok(ticket.result_url)
}

/// Returns the ticket, its user and the index of its identity.
fn open(
    state: &State,
    token: &str,
    kind: LinkKind,
    now: i64,
) -> Result<(Ticket, User, usize), LinkError> {
    let ticket = state.tickets.find(token, kind, now).ok_or(LinkError::Unusable)?.clone();
    let user = state.users.get(&ticket.user_id).ok_or(LinkError::UnknownUser)?.clone();
    let (provider, id) = ticket.identity.split_once('|').unwrap_or_default();
    let index = identities::find_by_id(&user.profile, provider, id).ok_or(LinkError::Unusable)?;
    let has_same_email = ticket.email.as_deref() == address(&user, index);
    if !has_same_email
        && (kind == LinkKind::VerifyEmail || state.switches.email_change_revokes_links)
    {
        return Err(LinkError::Unusable);
    }
    Ok((ticket, user, index))
}

/// Sets `email_verified` of an identity, if its address still is this one.
fn mark_verified(user: &mut User, index: usize, email: Option<&str>) {
    if address(user, index) != email {
        return;
    }
    let profile = Arc::make_mut(&mut user.profile);
    if let Some(attributes) = identities::attributes_mut(profile, index) {
        set_or_remove(attributes, "email_verified", json!(true));
    }
}

fn address(user: &User, index: usize) -> Option<&str> {
    text(identities::attributes(&user.profile, index)?, "email")
}

fn store(state: &mut State, mut user: User, now: i64) {
    let profile = Arc::make_mut(&mut user.profile);
    set_or_remove(profile, "updated_at", json!(iso_timestamp(now)));
    state.users.store(user, WriteTime { now, lag: state.switches.search_lag_millis });
}
