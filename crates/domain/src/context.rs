//! What every decision of the policy depends on besides the caller and the account.

use crate::timestamp::Timestamp;

/// The moment of a decision and the configured rules about accounts of several tenants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyContext {
    /// The present moment.
    pub now: Timestamp,
    /// The configured rules.
    pub rules: AccountRules,
}

impl PolicyContext {
    /// Returns the context of a decision now, under the default rules.
    pub fn at(now: Timestamp) -> Self {
        Self { now, rules: AccountRules::default() }
    }

    /// Replaces the rules.
    #[must_use]
    pub fn with_rules(self, rules: AccountRules) -> Self {
        Self { rules, ..self }
    }
}

/// The configured rules about accounts that several tenants rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountRules {
    /// Which foreign memberships have force.
    pub attach: AttachRule,
    /// What a tenant sees of accounts whose home is elsewhere.
    pub foreign_profile: ForeignProfile,
}

/// Which foreign memberships have force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AttachRule {
    /// Those of accounts that are provably the person's own.
    #[default]
    Verified,
    /// All: for closed systems, where nobody can sign up and every tenant is trusted.
    Any,
}

/// What a tenant sees of the accounts with active memberships whose home is elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ForeignProfile {
    /// The account's own data.
    #[default]
    Shown,
    /// What the tenant itself has entered, and whether the account is blocked.
    Hidden,
}
