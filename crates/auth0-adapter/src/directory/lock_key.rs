//! What the directory locks within this process: tenants, addresses and accounts.
//!
//! Auth0 has no conditional writes, so what must not change between a check and the write that
//! depends on it is locked meanwhile. Other processes are not excluded.

use domain::{EmailAddress, TenantId, UserId};

/// What a lock protects. The variants are in the order in which locks are acquired, so that no two
/// operations wait for each other: tenants, then addresses, then accounts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LockKey {
    /// Which accounts hold the protected roles of the tenant.
    Tenant(TenantId),
    /// Which account has the address.
    Address(EmailAddress),
    /// The account.
    Account(UserId),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenants_come_before_addresses_before_accounts() {
        let tenant = LockKey::Tenant("z".parse().unwrap());
        let address = LockKey::Address("m@example.com".parse().unwrap());
        let account = LockKey::Account("auth0|a".parse().unwrap());
        let mut keys = [account.clone(), address.clone(), tenant.clone()];
        keys.sort();
        assert_eq!(keys, [tenant, address, account]);
    }
}
