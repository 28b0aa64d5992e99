//! The Management tokens that were given out, and the quota of each client.

use std::collections::HashMap;

const HOUR_MILLIS: i64 = 3_600_000;

/// The Management tokens that were given out.
#[derive(Default)]
pub(crate) struct IssuedTokens {
    grants: HashMap<String, Grant>,
    /// How many tokens each client got in an hour, by the number of the hour.
    quotas: HashMap<String, (i64, u64)>,
}

pub(super) struct Grant {
    pub(super) scopes: Vec<String>,
    /// In milliseconds since 1970.
    pub(super) expires_at: i64,
    pub(super) kid: String,
}

/// Where a client stands with its quota.
pub(crate) struct TokenQuota {
    pub(crate) remaining: u64,
    /// In how many seconds the next hour begins.
    pub(crate) reset_in: i64,
    pub(crate) is_allowed: bool,
}

impl IssuedTokens {
    pub(super) fn get(&self, token: &str) -> Option<&Grant> {
        self.grants.get(token)
    }

    /// None of them is good any more.
    pub(crate) fn revoke_all(&mut self) {
        self.grants.clear();
    }

    /// Takes one token from a client's quota of an hour.
    pub(crate) fn take_from_quota(&mut self, client: &str, per_hour: u64, now: i64) -> TokenQuota {
        let hour = now.div_euclid(HOUR_MILLIS);
        let used = self.quotas.entry(client.to_owned()).or_insert((hour, 0));
        if used.0 != hour {
            *used = (hour, 0);
        }
        let is_allowed = used.1 < per_hour;
        used.1 += u64::from(is_allowed);
        let reset_in = (HOUR_MILLIS - now.rem_euclid(HOUR_MILLIS)) / 1_000;
        TokenQuota { remaining: per_hour - used.1, reset_in, is_allowed }
    }

    pub(crate) fn insert(&mut self, token: &str, scopes: Vec<String>, expires_at: i64, kid: &str) {
        let grant = Grant { scopes, expires_at, kid: kid.to_owned() };
        self.grants.insert(token.to_owned(), grant);
    }
}
