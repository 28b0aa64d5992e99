//! The names of Usher's keys.

use domain::TenantId;

use crate::config::MetadataPrefix;

impl MetadataPrefix {
    /// Returns the key of the account's own data.
    pub(crate) fn account_key(&self) -> &str {
        self.as_str()
    }

    /// Returns the key of the stamp of whoever last set the password or the address.
    pub(crate) fn credentials_key(&self) -> String {
        self.credentials_key_parts().concat()
    }

    pub(super) fn credentials_key_parts(&self) -> [&str; 2] {
        [self.as_str(), "_credentials"]
    }

    /// Returns the key of a membership: its role, and how it came about.
    pub(crate) fn membership_key(&self, tenant: &TenantId) -> String {
        format!("{self}_tenant_{tenant}")
    }

    /// Returns the key of the display name in the tenant.
    pub(crate) fn name_key(&self, tenant: &TenantId) -> String {
        self.name_key_parts(tenant).concat()
    }

    pub(super) fn name_key_parts<'a>(&'a self, tenant: &'a TenantId) -> [&'a str; 3] {
        [self.as_str(), "_name_", tenant.as_str()]
    }

    /// Returns the key of what limits the membership in time.
    pub(crate) fn life_key(&self, tenant: &TenantId) -> String {
        self.life_key_parts(tenant).concat()
    }

    pub(super) fn life_key_parts<'a>(&'a self, tenant: &'a TenantId) -> [&'a str; 3] {
        [self.as_str(), "_life_", tenant.as_str()]
    }

    /// Returns every key of the tenant.
    pub(super) fn tenant_keys(&self, tenant: &TenantId) -> [String; 3] {
        [self.membership_key(tenant), self.name_key(tenant), self.life_key(tenant)]
    }

    /// Returns the tenant whose membership has this key, if it is one of a membership.
    pub(super) fn tenant_of(&self, key: &str) -> Option<TenantId> {
        key.strip_prefix(self.as_str())?.strip_prefix("_tenant_")?.parse().ok()
    }
}
