//! On whose quota owner a request draws.

use domain::{Bearer, ClaimedTenants, TenantId};
use ports::QuotaOwner;

/// The tenant that the token speaks for: of several the one that the path names.
///
/// Only what the token itself proves counts, so that nobody draws on another tenant's quota owner by
/// naming it. Whoever speaks for several tenants and names none of them in the path, for all, or
/// for those that are still to be looked up, draws on a quota owner of their own.
pub(crate) fn quota_owner_of(bearer: &Bearer, named: Option<&TenantId>) -> QuotaOwner {
    let tenant = match &bearer.tenants {
        ClaimedTenants::Listed(tenants) => {
            let only = tenants.first().filter(|_| tenants.len() == 1);
            named.and_then(|named| tenants.get(named)).or(only)
        }
        ClaimedTenants::Memberships { within } => within.as_ref(),
        ClaimedTenants::All => None,
    };
    tenant.map_or(QuotaOwner::Caller(bearer.caller), |tenant| QuotaOwner::Tenant(tenant.clone()))
}

#[cfg(test)]
mod tests {
    use domain::{CallerKey, Permissions};

    use super::*;

    #[test]
    fn a_token_draws_on_what_it_proves_and_on_nothing_else() {
        let tenant = |name: &str| name.parse::<TenantId>().unwrap();
        let listed = |names: &[&str]| {
            ClaimedTenants::Listed(names.iter().map(|name| tenant(name)).collect())
        };
        let caller = CallerKey::new([7; 32]);
        for (tenants, named, quota_owner) in [
            (listed(&["acme"]), None, Some("acme")),
            (listed(&["acme"]), Some("globex"), Some("acme")),
            (listed(&["acme", "globex"]), Some("globex"), Some("globex")),
            (listed(&["acme", "globex"]), Some("initech"), None),
            (listed(&["acme", "globex"]), None, None),
            (listed(&[]), Some("acme"), None),
            (ClaimedTenants::All, Some("acme"), None),
            (ClaimedTenants::Memberships { within: None }, Some("acme"), None),
            (ClaimedTenants::Memberships { within: Some(tenant("acme")) }, None, Some("acme")),
        ] {
            let bearer =
                Bearer { caller, subject: None, permissions: Permissions::default(), tenants };
            let expected = quota_owner
                .map_or(QuotaOwner::Caller(caller), |name| QuotaOwner::Tenant(tenant(name)));
            assert_eq!(quota_owner_of(&bearer, named.map(tenant).as_ref()), expected, "{bearer:?}");
        }
    }
}
