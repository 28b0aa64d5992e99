//! Wrong passwords and logins, counted: brute-force protection and the limits on logins.
//!
//! Documented: ten wrong passwords in a row for one identifier from one address block that pair,
//! for up to 30 days after the last, or until an administrator unblocks it or the password is
//! changed; a block is answered as `too_many_attempts` even when the password is right. Logins of
//! one user from one address are limited to 20 in a minute, successes too, and then to 10.
//! Assumed: that a right password ends the count, and the exact form of the two limits.

use std::collections::HashMap;
use std::net::IpAddr;

/// How long a block lasts after the last wrong password.
const BLOCK_MILLIS: i64 = 30 * 86_400_000;
const DAY_MILLIS: i64 = 86_400_000;
const MINUTE_MILLIS: i64 = 60_000;

/// Who tries, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LoginSource {
    /// As typed, in lower case: an e-mail address or a username.
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

/// One pair that is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BruteForceBlock {
    pub(crate) identifier: String,
    pub(crate) ip: IpAddr,
    pub(crate) connection: String,
}

/// Every count.
#[derive(Debug, Default)]
pub(crate) struct LoginAttempts {
    failures: HashMap<LoginSource, Failures>,
    logins: HashMap<LoginSource, LoginQuota>,
    by_address: HashMap<IpAddr, (i64, u64)>,
}

impl LoginAttempts {
    /// Whether the pair is blocked now.
    pub(crate) fn is_blocked(&self, identifier: &str, ip: IpAddr, now: i64) -> bool {
        self.failures
            .get(&source(identifier, ip))
            .is_some_and(|failures| failures.blocked && now < failures.last + BLOCK_MILLIS)
    }

    /// Counts a wrong password; the `threshold`th in a row blocks the pair.
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

    /// Ends the count of a pair: the password was right.
    pub(crate) fn record_success(&mut self, identifier: &str, ip: IpAddr) {
        self.failures.remove(&source(identifier, ip));
    }

    /// How many logins failed from the address today (UTC).
    pub(crate) fn failures_from(&self, ip: IpAddr, now: i64) -> u64 {
        self.by_address
            .get(&ip)
            .filter(|(day, _)| *day == now.div_euclid(DAY_MILLIS))
            .map_or(0, |(_, count)| *count)
    }

    /// Takes one login from what the pair has left: `burst`, and half of it more with each minute.
    /// False if nothing is left.
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

    /// The blocks of any of the identifiers, which count in any case of letters.
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

    /// Lifts the blocks of the identifiers and forgets their counts.
    pub(crate) fn unblock<'a>(&mut self, identifiers: impl IntoIterator<Item = &'a str>) {
        let identifiers: Vec<String> = identifiers.into_iter().map(str::to_lowercase).collect();
        self.failures.retain(|source, _| !identifiers.contains(&source.identifier));
    }
}

fn source(identifier: &str, ip: IpAddr) -> LoginSource {
    LoginSource { identifier: identifier.to_lowercase(), ip }
}
