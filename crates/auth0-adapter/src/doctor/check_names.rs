//! The names of the checks.

pub(super) const REACHED: &str = "reached";
pub(super) const CLOCK: &str = "clock";
pub(super) const CREDENTIALS: &str = "credentials";
pub(super) const CONNECTION: &str = "connection";
pub(super) const USERNAMES: &str = "usernames";
pub(super) const ENABLED: &str = "connection enabled";
pub(super) const SIGN_UP: &str = "sign-up";
pub(super) const MEMBERSHIPS: &str = "memberships";
pub(super) const PASSWORD_GRANT: &str = "password grant";
pub(super) const FORWARDED_FOR: &str = "client addresses";
pub(super) const ATTACH: &str = "attach rule";

/// All checks, in order.
pub(super) const ALL: [&str; 18] = [
    REACHED,
    CLOCK,
    CREDENTIALS,
    "scope read:users",
    "scope create:users",
    "scope update:users",
    "scope update:users_app_metadata",
    "scope delete:users",
    "scope read:users_app_metadata",
    "scope create:users_app_metadata",
    CONNECTION,
    USERNAMES,
    ENABLED,
    SIGN_UP,
    MEMBERSHIPS,
    PASSWORD_GRANT,
    FORWARDED_FOR,
    ATTACH,
];
