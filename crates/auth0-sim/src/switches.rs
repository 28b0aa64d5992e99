//! What can be changed about the behaviour while it runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::traffic::rate_limits::RateLimit;

/// What can be changed about the behaviour while it runs.
///
/// The default is what the sources say most plainly, without lag and without limits. What no
/// source settles is a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches")]
pub struct Switches {
    /// How long after a write the search index tells it, in milliseconds.
    pub search_lag_millis: u64,
    /// How many records can be paged through: `(page + 1) * per_page` may not be more.
    pub search_window: usize,
    /// Whether `total` stops at the window, as observed.
    pub cap_total: bool,
    /// Whether records that sort alike come in another order with each request.
    pub unstable_ties: bool,
    /// Whether every search takes too long and is answered with 503.
    pub slow_search: bool,
    /// How long every request takes besides, in milliseconds of the machine's clock.
    pub latency_millis: u64,
    /// The rate limits, if there are any.
    pub rate_limit: Option<RateLimit>,
    /// Larger pages are cut down to this in silence: the docs say 50, the API description 100.
    pub max_per_page: u64,
    /// Whether PATCH also refuses email with password and email with username.
    pub strict_patch_pairs: bool,
    /// Whether a new e-mail without `email_verified` is unverified.
    pub email_change_unverifies: bool,
    /// Whether PATCH may give a username to a user who has none.
    pub username_for_users_without_one: bool,
    /// Whether keys in the key set have no `alg`.
    pub omit_alg_in_jwks: bool,
    /// Whether tokens follow RFC 9068: `typ: at+jwt`, `client_id`, `jti`.
    pub at_jwt_profile: bool,
    /// Who must give a second factor, by user id.
    pub mfa_users: BTreeSet<String>,
    /// The status of `mfa_required`: 403 was observed, the API description has 401.
    pub mfa_status: u16,
    /// Whose password is known to have leaked, by user id.
    pub leaked_users: BTreeSet<String>,
    /// Whom an Action turns away at login, by user id, with what it says.
    pub denied_users: BTreeMap<String, String>,
    /// Whether logins look like a bot's: `requires_verification`.
    pub bot_detection: bool,
    /// Which of two forms a wrong password is answered in.
    pub wrong_password: WrongPasswordResponse,
    /// Which of two forms the login of a blocked user is answered in.
    pub blocked_answer: BlockedLoginResponse,
    /// After how many wrong passwords in a row an identifier is blocked at an address.
    pub brute_force_threshold: u64,
    /// Logins of one user from one address in a minute before they are slowed down; 0: no limit.
    pub logins_per_minute: u64,
    /// Failed logins from one address in a day before it is throttled, if that is on.
    pub suspicious_ip_threshold: Option<u64>,
    /// Whether a wrong client secret is answered as `access_denied` instead of `invalid_client`.
    pub bad_secret_is_access_denied: bool,
    /// Which of two wordings tells that a client grant is missing: the newer, or the older.
    pub new_client_grant_wording: bool,
    /// How many seconds Management tokens last.
    pub token_lifetime_seconds: u64,
    /// The requests that a client may make for tokens in an hour, if there is a quota.
    pub tokens_per_hour: Option<u64>,
    /// Whether the last page of members has a `next` that leads to an empty page.
    pub members_next_quirk: bool,
    /// How long after a change the members of an organization show it, in milliseconds.
    pub member_lag_millis: u64,
    /// The status of adding more than ten members at once.
    pub too_many_members_status: u16,
    /// The status of adding a member who is no user.
    pub unknown_member_status: u16,
    /// Whether the list of a user's organizations says `"total": 0`.
    pub wrong_organizations_total: bool,
    /// How far the `Date` header is off, in milliseconds.
    pub clock_skew_millis: i64,
}

/// How a wrong password is answered, always with 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongPasswordResponse {
    /// `invalid_grant`, as observed.
    #[default]
    InvalidGrant,
    /// `invalid_user_password`, as the API description's example has it.
    InvalidUserPassword,
}

/// How the login of a blocked user is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockedLoginResponse {
    /// 401 `unauthorized`, "user is blocked".
    #[default]
    Unauthorized,
    /// 403 `invalid_grant`, "user is blocked".
    InvalidGrant,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            search_lag_millis: 0,
            search_window: 1000,
            cap_total: true,
            unstable_ties: false,
            slow_search: false,
            latency_millis: 0,
            rate_limit: None,
            max_per_page: 100,
            strict_patch_pairs: true,
            email_change_unverifies: true,
            username_for_users_without_one: false,
            omit_alg_in_jwks: false,
            at_jwt_profile: false,
            mfa_users: BTreeSet::new(),
            mfa_status: 403,
            leaked_users: BTreeSet::new(),
            denied_users: BTreeMap::new(),
            bot_detection: false,
            wrong_password: WrongPasswordResponse::default(),
            blocked_answer: BlockedLoginResponse::default(),
            brute_force_threshold: 10,
            logins_per_minute: 20,
            suspicious_ip_threshold: None,
            bad_secret_is_access_denied: false,
            new_client_grant_wording: false,
            token_lifetime_seconds: 86_400,
            tokens_per_hour: None,
            members_next_quirk: false,
            member_lag_millis: 0,
            too_many_members_status: 400,
            unknown_member_status: 400,
            wrong_organizations_total: false,
            clock_skew_millis: 0,
        }
    }
}
