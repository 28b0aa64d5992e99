//! Mails that Auth0 would have sent.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

/// Requests in a row that one address may make about one e-mail; one more with each minute.
const BURST: u64 = 10;
const MINUTE_MILLIS: i64 = 60_000;

/// A mail that Auth0 would have sent. `Debug` leaves out to whom.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// What it is for: `reset_email` or `verify_email`.
    pub kind: String,
    /// To whom.
    pub to: String,
    /// The user's id.
    pub user_id: String,
    /// When, in milliseconds since 1970.
    pub sent_at: i64,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The mails, and who asked for them how often.
#[derive(Default)]
pub(crate) struct Outbox {
    sent: Vec<Mail>,
    request_quotas: HashMap<(IpAddr, String), (i64, u64)>,
}

impl Outbox {
    /// A mail goes out.
    pub(crate) fn send(&mut self, kind: &str, to: &str, user_id: &str, now: i64) {
        self.sent.push(Mail {
            kind: kind.to_owned(),
            to: to.to_owned(),
            user_id: user_id.to_owned(),
            sent_at: now,
        });
    }

    pub(crate) fn sent(&self) -> Vec<Mail> {
        self.sent.clone()
    }

    /// Takes one from what is left for the address and the e-mail; false if nothing is.
    pub(super) fn take_request(&mut self, ip: IpAddr, email: &str, now: i64) -> bool {
        let minute = now.div_euclid(MINUTE_MILLIS);
        let (since, remaining) =
            self.request_quotas.entry((ip, email.to_owned())).or_insert((minute, BURST));
        let elapsed_minutes = u64::try_from(minute - *since).unwrap_or(0);
        *since = minute;
        *remaining = remaining.saturating_add(elapsed_minutes).min(BURST);
        let is_allowed = *remaining > 0;
        *remaining = remaining.saturating_sub(1);
        is_allowed
    }
}
