//! Brute-force protection and login limits.
//!
//! Documented: ten wrong passwords in a row for one identifier from one address block that pair for
//! up to 30 days after the last one, or until an administrator unblocks it or the password is
//! changed. A blocked login gets `too_many_attempts` even with the right password. Logins of one
//! user from one address are limited to 20 a minute, successful ones too, and then to 10. Assumed:
//! a right password resets the count; the exact form of the two limits.

use std::collections::HashMap;
use std::net::IpAddr;

/// The duration of a block after the last wrong password.
const BLOCK_MILLIS: i64 = 30 * 86_400_000;
const DAY_MILLIS: i64 = 86_400_000;
const MINUTE_MILLIS: i64 = 60_000;

/// An identifier and the address from which it logs in.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LoginSource {
    /// The e-mail address or username as entered, in lower case.
    identifier: String,
    ip: IpAddr,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    blocked: bool,
    last: i64,
    connection: String,
}

#[derive(Debug)]
struct LoginQuota {
    minute: i64,
    remaining: u64,
}

/// A blocked pair of identifier and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BruteForceBlock {
    pub(crate) identifier: String,
    pub(crate) ip: IpAddr,
    pub(crate) connection: String,
}

/// The failures and login quotas of all sources.
#[derive(Debug, Default)]
pub(crate) struct LoginAttempts {
    failures: HashMap<LoginSource, Failures>,
    logins: HashMap<LoginSource, LoginQuota>,
    by_address: HashMap<IpAddr, (i64, u64)>,
}

impl LoginAttempts {
    /// Returns whether the source is blocked.
    pub(crate) fn is_blocked(&self, identifier: &str, ip: IpAddr, now: i64) -> bool {
        self.failures
            .get(&source(identifier, ip))
            .is_some_and(|failures| failures.blocked && now < failures.last + BLOCK_MILLIS)
    }

    /// Counts a wrong password. The `threshold`th in a row blocks the source.
    pub(crate) fn record_failure(
        &mut self,
        identifier: &str,
        connection: &str,
        ip: IpAddr,
        threshold: u64,
        now: i64,
    ) {
        let failures = self.failures.entry(source(identifier, ip)).or_default();
        if now >= failures.last + BLOCK_MILLIS {
            *failures = Failures::default();
        }
        failures.count += 1;
        failures.last = now;
        connection.clone_into(&mut failures.connection);
        failures.blocked |= threshold > 0 && failures.count >= threshold;
        let day = now.div_euclid(DAY_MILLIS);
        let from_address = self.by_address.entry(ip).or_insert((day, 0));
        if from_address.0 != day {
            *from_address = (day, 0);
        }
        from_address.1 += 1;
    }

    /// Resets the failures of a source after a right password.
    pub(crate) fn record_success(&mut self, identifier: &str, ip: IpAddr) {
        self.failures.remove(&source(identifier, ip));
    }

    /// Returns the number of failed logins from the address on this day (UTC).
    pub(crate) fn failures_from(&self, ip: IpAddr, now: i64) -> u64 {
        self.by_address
            .get(&ip)
            .filter(|(day, _)| *day == now.div_euclid(DAY_MILLIS))
            .map_or(0, |(_, count)| *count)
    }

    /// Takes one login from the source's quota: `burst`, refilled by half of it each minute.
    /// Returns false if none remains.
    pub(crate) fn take_login(
        &mut self,
        identifier: &str,
        ip: IpAddr,
        burst: u64,
        now: i64,
    ) -> bool {
        let minute = now.div_euclid(MINUTE_MILLIS);
        let logins = self
            .logins
            .entry(source(identifier, ip))
            .or_insert(LoginQuota { minute, remaining: burst });
        let elapsed_minutes = u64::try_from(minute - logins.minute).unwrap_or(0);
        logins.minute = minute;
        logins.remaining =
            logins.remaining.saturating_add(elapsed_minutes.saturating_mul(burst / 2)).min(burst);
        let is_allowed = logins.remaining > 0;
        logins.remaining = logins.remaining.saturating_sub(1);
        is_allowed
    }

    /// Returns the blocks of the identifiers, ignoring case.
    pub(crate) fn list_blocks<'a>(
        &self,
        identifiers: impl IntoIterator<Item = &'a str>,
        now: i64,
    ) -> Vec<BruteForceBlock> {
        let identifiers: Vec<String> = identifiers.into_iter().map(str::to_lowercase).collect();
        let mut blocks: Vec<BruteForceBlock> = self
            .failures
            .iter()
            .filter(|(source, failures)| {
                failures.blocked
                    && now < failures.last + BLOCK_MILLIS
                    && identifiers.contains(&source.identifier)
            })
            .map(|(source, failures)| BruteForceBlock {
                identifier: source.identifier.clone(),
                ip: source.ip,
                connection: failures.connection.clone(),
            })
            .collect();
        blocks.sort_by(|a, b| (&a.identifier, a.ip).cmp(&(&b.identifier, b.ip)));
        blocks
    }

    /// Removes the blocks and failures of the identifiers.
    pub(crate) fn unblock<'a>(&mut self, identifiers: impl IntoIterator<Item = &'a str>) {
        let identifiers: Vec<String> = identifiers.into_iter().map(str::to_lowercase).collect();
        self.failures.retain(|source, _| !identifiers.contains(&source.identifier));
    }
}

fn source(identifier: &str, ip: IpAddr) -> LoginSource {
    LoginSource { identifier: identifier.to_lowercase(), ip }
}
