//! Whether memberships have force.

use crate::account::User;
use crate::context::{AccountRules, AttachRule, PolicyContext};
use crate::id::TenantId;
use crate::membership::Membership;
use crate::role::Role;

/// Whether a membership has force.
///
/// What is not active gives its holder nothing and counts for nothing, but is listed and can be
/// changed, confirmed and detached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// It gives the role.
    Active,
    /// It is foreign, and the account is not provably the person's own.
    Pending,
    /// The tenant has suspended it.
    Suspended,
    /// Its end date has passed.
    Expired,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Self; 4] = [Self::Active, Self::Pending, Self::Suspended, Self::Expired];

    /// Returns the name that responses use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
        }
    }
}

/// Returns the standing of an account's membership in the tenant.
///
/// Expiry comes before suspension, and that before want of proof. A membership at home needs no
/// proof. A foreign one is proven if
///
/// 1. the account's address is verified,
/// 2. every identity of the account is of an allowed connection,
/// 3. no credential stamp is open, and
/// 4. the address is still the one by which the account was attached.
///
/// A membership without [`Attachment`](crate::Attachment) needs the third alone. As its address is not recorded, a stamp
/// of a new address stays open for it: a reset proves only who reads the mail of that one.
pub fn standing(
    tenant: &TenantId,
    membership: &Membership,
    account: &User,
    context: &PolicyContext,
) -> Standing {
    if membership.expires_at.is_some_and(|end| end <= context.now) {
        Standing::Expired
    } else if membership.suspended {
        Standing::Suspended
    } else if is_proven(tenant, membership, account, context.rules) {
        Standing::Active
    } else {
        Standing::Pending
    }
}

/// Whether the account is provably the person's own as far as the membership needs it.
pub(crate) fn is_proven(
    tenant: &TenantId,
    membership: &Membership,
    account: &User,
    rules: AccountRules,
) -> bool {
    let needs_no_proof = account.home.as_ref() == Some(tenant) || rules.attach == AttachRule::Any;
    needs_no_proof || has_proof(membership, account)
}

fn has_proof(membership: &Membership, account: &User) -> bool {
    match &membership.attachment {
        Some(attachment) => account.credentials.are_proven() && attachment.email == account.email,
        None => account.credentials.are_untouched(),
    }
}

impl User {
    /// Returns the standing of the membership in the tenant, if there is one.
    pub fn standing_in(&self, tenant: &TenantId, context: &PolicyContext) -> Option<Standing> {
        let membership = self.memberships.get(tenant)?;
        Some(standing(tenant, membership, self, context))
    }

    /// Returns the roles that the user may act with: those of active memberships, and none if the
    /// account is blocked.
    pub fn active_roles<'a>(
        &'a self,
        context: &'a PolicyContext,
    ) -> impl Iterator<Item = (&'a TenantId, &'a Role)> {
        self.memberships
            .iter()
            .filter(|_| !self.blocked)
            .filter(|(tenant, membership)| {
                standing(tenant, membership, self, context) == Standing::Active
            })
            .map(|(tenant, membership)| (tenant, &membership.role))
    }

    /// Returns the role in the tenant, if it counts for the rules about roles: the membership is
    /// active.
    pub(crate) fn active_role_in(
        &self,
        tenant: &TenantId,
        context: &PolicyContext,
    ) -> Option<&Role> {
        let membership = self.memberships.get(tenant)?;
        let is_active = standing(tenant, membership, self, context) == Standing::Active;
        is_active.then_some(&membership.role)
    }

    /// Returns the role in the tenant, if the user counts as one of its lasting holders (R4): the
    /// membership is active and has no end date, and the account is not blocked. So this depends on
    /// the rules of the context, but not on its moment.
    pub fn lasting_role_in(&self, tenant: &TenantId, context: &PolicyContext) -> Option<&Role> {
        let lasts = self.memberships.get(tenant)?.expires_at.is_none();
        self.active_role_in(tenant, context).filter(|_| lasts && !self.blocked)
    }
}
