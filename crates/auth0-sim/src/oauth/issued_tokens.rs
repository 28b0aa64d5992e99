//! The issued Management tokens, and the token quota of each client.

use std::collections::HashMap;

const HOUR_MILLIS: i64 = 3_600_000;

/// The issued Management tokens, and the token quota of each client.
#[derive(Default)]
pub(crate) struct IssuedTokens {
    grants: HashMap<String, Grant>,
    /// For each client, the number of an hour and the tokens issued in it.
    quotas: HashMap<String, (i64, u64)>,
}

pub(super) struct Grant {
    pub(super) scopes: Vec<String>,
    /// The expiry in milliseconds since 1970.
    pub(super) expires_at: i64,
    pub(super) kid: String,
}

/// The state of a client's token quota.
pub(crate) struct TokenQuota {
    pub(crate) remaining: u64,
    /// Seconds until the next hour begins.
    pub(crate) reset_in: i64,
    pub(crate) is_allowed: bool,
}

impl IssuedTokens {
    pub(super) fn get(&self, token: &str) -> Option<&Grant> {
        self.grants.get(token)
    }

    /// Revokes all tokens.
    pub(crate) fn revoke_all(&mut self) {
        self.grants.clear();
    }

    /// Takes one token from a client's hourly quota.
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
