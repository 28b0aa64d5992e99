//! What changes of passwords and addresses do to credential stamps.

use crate::account::User;
use crate::account_scope::AccountScope;
use crate::membership::CredentialStamp;
use crate::timestamp::Timestamp;

/// What a change of a password or an address does to the account's credential stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StampUpdate {
    /// The stamp stays as it is.
    Keep,
    /// This stamp replaces it.
    Set(CredentialStamp),
    /// It is removed.
    Remove,
}

impl AccountScope {
    /// Returns what setting a password does to the credential stamp: a stamp for everyone but the
    /// person, who renews an open one, and operators, who remove it. Whoever proves the current
    /// password of its own account acts as the person, even if the token covers every tenant.
    ///
    /// `now` is by the directory's clock, as the time of its last password reset is.
    pub fn stamp_after_password(&self, user: &User, now: Timestamp) -> StampUpdate {
        if self.owns(user) {
            let open = user.credentials.open_stamp();
            open.map_or(StampUpdate::Keep, |open| {
                StampUpdate::Set(CredentialStamp { at: now, ..open.clone() })
            })
        } else if self.is_operator() {
            StampUpdate::Remove
        } else {
            let stamp = user.credentials.stamp.as_deref();
            StampUpdate::Set(CredentialStamp {
                at: now,
                by: user.home.clone(),
                sets_address: stamp.is_some_and(|stamp| stamp.sets_address),
            })
        }
    }

    /// Returns what changing the address does to the credential stamp: a stamp for everyone but
    /// operators. A person has no right to change the own address; one who may do so acts as the
    /// home.
    ///
    /// A reset that has closed a stamp was made by mail to the old address, and proves nothing about
    /// the new one: an operator's change renews a stamp, open or not.
    ///
    /// `now` is by the directory's clock, as the time of its last password reset is.
    pub fn stamp_after_address(&self, user: &User, now: Timestamp) -> StampUpdate {
        match user.credentials.stamp.as_deref() {
            Some(stamp) if self.is_operator() => {
                StampUpdate::Set(CredentialStamp { at: now, ..stamp.clone() })
            }
            None if self.is_operator() => StampUpdate::Keep,
            Some(_) | None => {
                let by = user.home.clone();
                StampUpdate::Set(CredentialStamp { at: now, by, sets_address: true })
            }
        }
    }
}
