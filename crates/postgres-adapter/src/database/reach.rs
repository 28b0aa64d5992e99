//! The rows that a transaction can reach.

use domain::{AccountScope, TenantId, TenantScope, UserId};

/// The rows that row-level security lets a transaction reach: memberships of these tenants, and the
/// accounts that have one there, are at home there, or are named.
///
/// It is made of a scope, which only the policy makes. The statements name the tenant as well: each
/// of the two would be enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) tenants: Vec<String>,
    pub(crate) every_tenant: bool,
    pub(crate) accounts: Vec<String>,
}

impl Reach {
    /// Nothing.
    pub(crate) fn nothing() -> Self {
        Self { tenants: Vec::new(), every_tenant: false, accounts: Vec::new() }
    }

    /// Everything, for the upkeep of the whole database.
    pub(crate) fn everything() -> Self {
        Self { every_tenant: true, ..Self::nothing() }
    }
}

fn names<'a>(tenants: impl IntoIterator<Item = &'a TenantId>) -> Vec<String> {
    tenants.into_iter().map(|tenant| tenant.as_str().to_owned()).collect()
}

fn ids<'a>(accounts: impl IntoIterator<Item = &'a UserId>) -> Vec<String> {
    accounts.into_iter().map(|id| id.as_str().to_owned()).collect()
}

impl From<&TenantScope> for Reach {
    fn from(scope: &TenantScope) -> Self {
        Self {
            tenants: names([scope.tenant()]),
            every_tenant: false,
            accounts: ids(scope.caller_account()),
        }
    }
}

impl From<&AccountScope> for Reach {
    fn from(scope: &AccountScope) -> Self {
        let tenants = scope.covered_tenants();
        Self {
            every_tenant: tenants.is_none(),
            tenants: names(tenants.into_iter().flatten()),
            accounts: ids(scope.caller_account().into_iter().chain(scope.own_account())),
        }
    }
}
