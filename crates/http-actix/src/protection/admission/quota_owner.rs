//! Which quota owner a request counts for.

use domain::{Bearer, ClaimedTenants, TenantId};
use ports::QuotaOwner;

/// Returns the tenant of the token; of several tenants, the one that the path names.
///
/// Only tenants that the token proves count; otherwise a caller could use up another tenant's quota
/// by naming it. A caller has a quota of its own if its token covers several tenants and the path
/// names none of them, covers all tenants, or depends on memberships that are not known yet.
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
    use domain::{CallerKey, Permissions, SubjectKind};

    use super::*;

    #[test]
    fn only_proven_tenants_become_quota_owners() {
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
            let bearer = Bearer {
                caller,
                issuer: String::new(),
                subject: None,
                subject_kind: SubjectKind::Home,
                permissions: Permissions::default(),
                tenants,
            };
            let expected = quota_owner
                .map_or(QuotaOwner::Caller(caller), |name| QuotaOwner::Tenant(tenant(name)));
            assert_eq!(quota_owner_of(&bearer, named.map(tenant).as_ref()), expected, "{bearer:?}");
        }
    }
}
