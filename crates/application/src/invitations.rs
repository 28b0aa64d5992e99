//! The limit on invitations, whose mails cost money and annoy people.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use domain::{TenantId, Timestamp, UserId};
use parking_lot::Mutex;

/// At most one invitation of an account in this time.
const PER_ACCOUNT: Quota = Quota { count: 1, window: Duration::from_mins(10) };
/// At most this many invitations of a tenant in this time.
const PER_TENANT: Quota = Quota { count: 20, window: Duration::from_hours(1) };
/// The maximum number of accounts and of tenants that are remembered, which bounds the memory. If it
/// is reached, further invitations wait.
const MAX_KEYS: usize = 100_000;

/// A number of invitations in a sliding window.
#[derive(Debug, Clone, Copy)]
struct Quota {
    count: usize,
    window: Duration,
}

/// Counts invitations in this process.
#[derive(Debug, Default)]
pub(crate) struct Invitations {
    sent: Mutex<Sent>,
}

#[derive(Debug, Default)]
struct Sent {
    by_account: HashMap<UserId, VecDeque<Timestamp>>,
    by_tenant: HashMap<TenantId, VecDeque<Timestamp>>,
}

impl Quota {
    fn millis(self) -> i64 {
        i64::try_from(self.window.as_millis()).unwrap_or(i64::MAX)
    }

    /// Checks that the key has not used up its quota, and forgets what is outside the window.
    fn check<K: Eq + Hash>(
        self,
        sent: &mut HashMap<K, VecDeque<Timestamp>>,
        key: &K,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let counts = |moment: &Timestamp| moment.plus_millis(self.millis()) > now;
        if sent.len() >= MAX_KEYS {
            sent.retain(|_, moments| moments.back().is_some_and(counts));
        }
        let Some(moments) = sent.get_mut(key) else {
            return if sent.len() < MAX_KEYS { Ok(()) } else { Err(self.window) };
        };
        moments.retain(counts);
        match moments.front() {
            Some(oldest) if moments.len() >= self.count => {
                let until = oldest.plus_millis(self.millis());
                let wait = until.as_unix_millis().saturating_sub(now.as_unix_millis());
                Err(Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl Invitations {
    /// Counts an invitation of the account by the tenant, or returns how long to wait for the next.
    pub(crate) fn begin(
        &self,
        tenant: &TenantId,
        user: &UserId,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let mut sent = self.sent.lock();
        PER_ACCOUNT.check(&mut sent.by_account, user, now)?;
        PER_TENANT.check(&mut sent.by_tenant, tenant, now)?;
        sent.by_account.entry(user.clone()).or_default().push_back(now);
        sent.by_tenant.entry(tenant.clone()).or_default().push_back(now);
        Ok(())
    }

    /// Takes back an invitation that was not sent.
    pub(crate) fn withdraw(&self, tenant: &TenantId, user: &UserId, began: Timestamp) {
        let mut sent = self.sent.lock();
        remove(&mut sent.by_account, user, began);
        remove(&mut sent.by_tenant, tenant, began);
    }
}

fn remove<K: Eq + Hash>(sent: &mut HashMap<K, VecDeque<Timestamp>>, key: &K, began: Timestamp) {
    let Some(moments) = sent.get_mut(key) else { return };
    if let Some(at) = moments.iter().rposition(|moment| *moment == began) {
        moments.remove(at);
    }
    if moments.is_empty() {
        sent.remove(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: Timestamp = Timestamp::UNIX_EPOCH;

    fn user(number: usize) -> UserId {
        format!("auth0|{number}").parse().unwrap()
    }

    fn tenant(name: &str) -> TenantId {
        name.parse().unwrap()
    }

    #[test]
    fn account_is_invited_once_in_ten_minutes() {
        let invitations = Invitations::default();
        let begin = |tenant_name, at| invitations.begin(&tenant(tenant_name), &user(1), at);
        assert_eq!(begin("acme", BEGIN), Ok(()));
        let later = BEGIN.plus_millis(60_000);
        assert_eq!(begin("globex", later), Err(Duration::from_mins(9)));
        assert_eq!(begin("globex", BEGIN.plus_millis(600_000)), Ok(()));
    }

    #[test]
    fn tenant_sends_twenty_invitations_an_hour() {
        let invitations = Invitations::default();
        for number in 0..20 {
            assert_eq!(invitations.begin(&tenant("acme"), &user(number), BEGIN), Ok(()));
        }
        let next = |name| invitations.begin(&tenant(name), &user(20), BEGIN);
        assert_eq!(next("acme"), Err(Duration::from_hours(1)));
        assert_eq!(next("globex"), Ok(()));
    }

    #[test]
    fn withdrawn_invitation_does_not_count() {
        let invitations = Invitations::default();
        let begin = || invitations.begin(&tenant("acme"), &user(1), BEGIN);
        begin().unwrap();
        invitations.withdraw(&tenant("acme"), &user(1), BEGIN);
        assert!(invitations.sent.lock().by_account.is_empty());
        assert!(invitations.sent.lock().by_tenant.is_empty());
        begin().unwrap();
    }
}
