//! Passwords: set by `PATCH`, checked by logging in (the password-realm grant).

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use aws_lc_rs::rand;
use domain::{AccountScope, CurrentPassword, Password, User, UserId};
use ports::{BoxError, CallContext, PasswordCheck, PasswordVerdict, PortError, PortResult};
use tokio::time::Instant;
use tracing::Instrument as _;

use crate::directory::{Auth0Directory, Inner};
use crate::error::Fault;
use crate::lock_key::LockKey;
use crate::log_in::LogIn;
use crate::management::Repeat;
use crate::retry::pause;
use crate::wire::UserPatch;

/// What Auth0 puts before the ids of accounts whose password it keeps itself.
const PROVIDER: &str = "auth0|";

impl Inner {
    pub(crate) async fn set_password(
        self: &Arc<Self>,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        let _held = self.lock([LockKey::Account(snapshot.id.clone())]).await?;
        let before = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
        scope.authorize_password(&before)?;
        let patch = UserPatch {
            connection: Some(self.connection.clone()),
            password: Some(password),
            ..UserPatch::default()
        };
        let blocked = before.blocked || self.owed.holds(&before.id);
        let set = self.management.patch(&before.id, &patch, Repeat::OnlyIfUnprocessed).await;
        match set {
            Ok(answer) if !blocked => self.wrote(&before.id, Some(&before), answer),
            Ok(_) => self.block_again(&before).await,
            // Whether the password was set is not known, so neither is whether the block went.
            Err(fault @ Fault::Lost(_)) if blocked => {
                self.look_after_block(&before.id);
                self.block_again(&before).await?;
                Err(fault.into())
            }
            Err(fault) => Err(self.failed(&before, fault).await),
        }
    }

    /// Auth0 lifts an administrator's block when a password is set ("Block and Unblock Users").
    ///
    /// This may take a deadline of its own: whoever asked may have given up, but the account must
    /// not stay unblocked for that.
    async fn block_again(self: &Arc<Self>, before: &User) -> PortResult<User> {
        let patch = UserPatch { blocked: Some(true), ..UserPatch::default() };
        let blocking = self.patch(before, &patch);
        let blocked = match CallContext::current() {
            Some(call) => {
                let deadline = call.deadline().max(Instant::now() + self.deadline);
                let longer = CallContext::new(call.request_id().into(), deadline);
                longer.set_quota_owner(call.quota_owner());
                let blocked = longer.clone().scope(blocking).await;
                for _ in 0..longer.upstream_calls() {
                    call.count_upstream_call();
                }
                blocked
            }
            None => blocking.await,
        };
        match &blocked {
            Ok(_) | Err(PortError::NotFound) => self.owed.paid(&before.id),
            Err(error) => {
                unblocked(&before.id, error);
                if self.owed.owe(&before.id) {
                    self.look_after_block(&before.id);
                }
            }
        }
        blocked
    }

    /// Sees to it, later and if need be several times, that the account is blocked: a password
    /// whose answer never came may be set, and the block lifted, after it was blocked again; and a
    /// block that could not be put back is still owed.
    fn look_after_block(self: &Arc<Self>, id: &UserId) {
        let (inner, id) = (Arc::clone(self), id.clone());
        let work = async move {
            for attempt in 1..=LOOKS {
                pause(inner.timeout * attempt).await;
                // Without the lock too: a block that is put back twice does no harm.
                let _held = inner.lock([LockKey::Account(id.clone())]).await;
                let blocked = match inner.read(&id).await {
                    Ok(Some(user)) if !user.blocked => inner.block_again(&user).await.map(drop),
                    Ok(_) => {
                        inner.owed.paid(&id);
                        Ok(())
                    }
                    Err(error) => Err(error),
                };
                if blocked.is_ok() {
                    return;
                }
            }
            // Whoever sets its password again still blocks it.
            tracing::error!(user_id = %id, "given up blocking an account again");
        };
        // Not a part of the call, whose time may be over.
        let span = tracing::info_span!(parent: None, "block_again");
        self.tasks.write(work.instrument(span));
    }
}

/// How often a block is looked after. Each look waits longer than the one before, in all about a
/// minute by the usual timeout.
const LOOKS: u32 = 5;

/// Whose block was lifted by a new password, and could not be put back yet.
#[derive(Debug, Default)]
pub(crate) struct Owed(Mutex<HashSet<UserId>>);

impl Owed {
    fn holds(&self, id: &UserId) -> bool {
        self.all().contains(id)
    }

    /// Whether it is new.
    fn owe(&self, id: &UserId) -> bool {
        self.all().insert(id.clone())
    }

    fn paid(&self, id: &UserId) {
        self.all().remove(id);
    }

    /// Nothing in here panics half-way, so a poisoned lock is taken all the same.
    fn all(&self) -> MutexGuard<'_, HashSet<UserId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells the operator whom to look after.
fn unblocked(id: &UserId, error: &PortError) {
    tracing::error!(
        user_id = %id,
        error = %error,
        "an account that was blocked may not be any more, since its password was set"
    );
}

impl Inner {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: &CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let newest = self.recent.newest(snapshot).ok_or(PortError::NotFound)?;
        scope.authorize_password(&newest)?;
        // Nobody has what no password can be, and the password that an account of another provider
        // has is not kept here: the address may be that of somebody else's account here.
        let possible = offered.expose().parse::<Password>().is_ok();
        if !possible || !newest.id.as_str().starts_with(PROVIDER) {
            return Ok(PasswordVerdict::Mismatch);
        }
        match self.management.log_in(&newest.email, offered, client).await? {
            LogIn::Right => Ok(PasswordVerdict::Match),
            LogIn::Wrong => Ok(PasswordVerdict::Mismatch),
            LogIn::Stopped { retry_after } => Err(PortError::TooManyAttempts { retry_after }),
        }
    }
}

#[async_trait]
impl PasswordCheck for Auth0Directory {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.while_wanted(
            |inner| async move { inner.verify(&scope, &snapshot, &offered, client).await },
        )
        .await
    }
}

/// What passwords that nobody knows are made of: 64 characters of all four classes, without those
/// that look alike.
const ALPHABET: &[u8; 64] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789!#$%*+-=";
const LENGTH: usize = 48;

/// A password that nobody knows, and that every policy takes: 48 characters of all four classes,
/// no two equal ones side by side.
pub(crate) fn random_password() -> PortResult<Password> {
    let failed = |source: BoxError| PortError::Failed { source };
    loop {
        let mut bytes = [0; LENGTH];
        rand::fill(&mut bytes).map_err(|source| failed(source.into()))?;
        // 64 divides 256, so every character is as likely.
        let characters = bytes.iter().filter_map(|byte| ALPHABET.get(usize::from(byte % 64)));
        let text: String = characters.map(|byte| char::from(*byte)).collect();
        if is_strong(&text) {
            return text.parse().map_err(|source: domain::InvalidPassword| failed(source.into()));
        }
    }
}

fn is_strong(text: &str) -> bool {
    let has = |class: fn(&u8) -> bool| text.bytes().any(|byte| class(&byte));
    let apart = text.bytes().zip(text.bytes().skip(1)).all(|(one, next)| one != next);
    apart
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_digit)
        && has(u8::is_ascii_punctuation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_passwords_are_strong_and_each_is_another() {
        let passwords: Vec<_> =
            (0..200).map(|_| random_password().unwrap().expose().to_owned()).collect();
        for password in &passwords {
            assert_eq!(password.len(), 48);
            assert!(is_strong(password));
        }
        let distinct: std::collections::BTreeSet<_> = passwords.iter().collect();
        assert_eq!(distinct.len(), 200);
        assert!(!is_strong("aaB3!") && !is_strong("abcdEF12") && !is_strong("abcd12!"));
    }

    #[test]
    fn every_character_of_the_alphabet_is_there_once() {
        let distinct: std::collections::BTreeSet<_> = ALPHABET.iter().collect();
        assert_eq!(distinct.len(), 64);
    }
}
