//! Settings of the behaviour that can be changed at run time.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::traffic::rate_limits::RateLimit;

/// Settings of the behaviour that can be changed at run time.
///
/// The default follows the clearest sources, without lag and without limits. Each behaviour that
/// sources leave open has a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "they are switches")]
pub struct Switches {
    /// How long the search index lags behind writes, in milliseconds.
    pub search_lag_millis: u64,
    /// How many records can be paged through: `(page + 1) * per_page` must not exceed it.
    pub search_window: usize,
    /// Whether `total` is capped at the window, as observed.
    pub cap_total: bool,
    /// Whether records with equal sort keys change their order with each request.
    pub unstable_ties: bool,
    /// Whether every search times out with 503.
    pub slow_search: bool,
    /// The latency added to every request, in milliseconds of the system clock.
    pub latency_millis: u64,
    /// The rate limits, if any.
    pub rate_limit: Option<RateLimit>,
    /// The page size to which larger ones are reduced without an error. The docs say 50, the API
    /// description 100.
    pub max_per_page: u64,
    /// Whether PATCH also rejects email with password and email with username.
    pub strict_patch_pairs: bool,
    /// Whether a new e-mail without `email_verified` is unverified.
    pub email_change_unverifies: bool,
    /// Whether a change of the address makes links mailed before useless.
    pub email_change_revokes_links: bool,
    /// Whether a new password by a mailed link also verifies the address.
    pub password_link_verifies: bool,
    /// The status of a verification job for an unknown user.
    pub unknown_job_user_status: u16,
    /// Whether PATCH may set a username for a user without one.
    pub username_for_users_without_one: bool,
    /// Whether `alg` is missing from keys in the key set.
    pub omit_alg_in_jwks: bool,
    /// Whether tokens follow RFC 9068: `typ: at+jwt`, `client_id`, `jti`.
    pub at_jwt_profile: bool,
    /// The ids of users whose logins require a second factor.
    pub mfa_users: BTreeSet<String>,
    /// The status of `mfa_required`: 403 was observed, the API description has 401.
    pub mfa_status: u16,
    /// The ids of users whose passwords have leaked.
    pub leaked_users: BTreeSet<String>,
    /// The users whose login an Action denies, by id, with the Action's message.
    pub denied_users: BTreeMap<String, String>,
    /// Whether logins are treated as those of a bot: `requires_verification`.
    pub bot_detection: bool,
    /// The response to a wrong password.
    pub wrong_password: WrongPasswordResponse,
    /// The response to the login of a blocked user.
    pub blocked_answer: BlockedLoginResponse,
    /// The number of wrong passwords in a row that blocks an identifier at an address.
    pub brute_force_threshold: u64,
    /// Logins per minute of one user from one address before they are limited. 0 means no limit.
    pub logins_per_minute: u64,
    /// Failed logins per day from one address before it is throttled, if that is on.
    pub suspicious_ip_threshold: Option<u64>,
    /// Whether a wrong client secret is `access_denied` instead of `invalid_client`.
    pub bad_secret_is_access_denied: bool,
    /// Whether the newer text is used for a missing client grant.
    pub new_client_grant_wording: bool,
    /// The lifetime of Management tokens in seconds.
    pub token_lifetime_seconds: u64,
    /// The quota of token requests of a client per hour, if any.
    pub tokens_per_hour: Option<u64>,
    /// Whether the last page of members has a `next` that leads to an empty page.
    pub members_next_quirk: bool,
    /// How long lists of members lag behind changes, in milliseconds.
    pub member_lag_millis: u64,
    /// The status of adding more than ten members at once.
    pub too_many_members_status: u16,
    /// The status of adding an unknown user as a member.
    pub unknown_member_status: u16,
    /// Whether the list of a user's organizations says `"total": 0`.
    pub wrong_organizations_total: bool,
    /// The offset of the `Date` header in milliseconds.
    pub clock_skew_millis: i64,
}

/// The response to a wrong password, always with 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WrongPasswordResponse {
    /// `invalid_grant`, as observed.
    #[default]
    InvalidGrant,
    /// `invalid_user_password`, as in the API description's example.
    InvalidUserPassword,
}

/// The response to the login of a blocked user.
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
            email_change_revokes_links: true,
            password_link_verifies: true,
            unknown_job_user_status: 404,
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
