//! The e-mails that Auth0 would have sent.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

/// Consecutive requests allowed from one client address for one e-mail address. One more is allowed
/// each minute.
const BURST: u64 = 10;
const MINUTE_MILLIS: i64 = 60_000;

/// An e-mail that Auth0 would have sent. `Debug` omits the recipient and the link.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// The kind: `reset_email` or `verify_email`.
    pub kind: String,
    /// The recipient's address.
    pub to: String,
    /// The user's id.
    pub user_id: String,
    /// The link, which can be followed by GET; a password link takes the password by POST.
    pub link: String,
    /// The time of sending, in milliseconds since 1970.
    pub sent_at: i64,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The sent e-mails, and the remaining requests of each pair of client address and e-mail address.
#[derive(Default)]
pub(crate) struct Outbox {
    sent: Vec<Mail>,
    request_quotas: HashMap<(IpAddr, String), (i64, u64)>,
}

impl Outbox {
    /// Records an e-mail as sent.
    pub(crate) fn send(&mut self, kind: &str, to: &str, user_id: &str, link: String, now: i64) {
        self.sent.push(Mail {
            kind: kind.to_owned(),
            to: to.to_owned(),
            user_id: user_id.to_owned(),
            link,
            sent_at: now,
        });
    }

    pub(crate) fn sent(&self) -> Vec<Mail> {
        self.sent.clone()
    }

    /// Takes one request from the quota of the pair of addresses. Returns false if none remains.
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
