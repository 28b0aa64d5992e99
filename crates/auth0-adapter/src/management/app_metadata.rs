//! Usher's data in an account's `app_metadata`: the home tenant and the memberships.
//!
//! | key | value |
//! |---|---|
//! | `<prefix>` | `{"home": "acme", "service_user": false}` |
//! | `<prefix>_tenant_<tenant>` | `{"role": "viewer", "name": "Jane"}`; without a name, the account's own applies |
//!
//! Auth0 merges metadata at the first level only, and has no conditional writes. With one key for
//! each tenant, two processes that change an account for two tenants at the same moment do not
//! overwrite each other; keys that a change does not name stay. Setting a key to `null` removes it.
//! (Auth0, "Manage Metadata Using the Management API".)
//!
//! Parsing is lenient, since every user of the Auth0 dashboard can write there: a malformed value
//! is no home or no membership, and grants nothing.

use std::collections::BTreeMap;

use domain::{DisplayName, Membership, RoleCatalogue, TenantId};
use serde_json::{Map, Value, json};

use crate::config::MetadataPrefix;

impl MetadataPrefix {
    /// Returns the key of the account's own data.
    pub(crate) fn account_key(&self) -> &str {
        self.as_str()
    }

    /// Returns the key of a membership.
    pub(crate) fn membership_key(&self, tenant: &TenantId) -> String {
        format!("{self}_tenant_{tenant}")
    }

    /// Returns the tenant whose membership has this key, if it is one of a membership.
    fn tenant_of(&self, key: &str) -> Option<TenantId> {
        key.strip_prefix(self.as_str())?.strip_prefix("_tenant_")?.parse().ok()
    }
}

/// The parsed metadata of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountMetadata {
    pub(crate) home: Option<TenantId>,
    pub(crate) service_user: bool,
    pub(crate) memberships: BTreeMap<TenantId, Membership>,
}

impl AccountMetadata {
    /// Parses the metadata. Memberships whose role is not in the catalogue are ignored.
    pub(crate) fn parse(
        prefix: &MetadataPrefix,
        catalogue: &RoleCatalogue,
        metadata: &Map<String, Value>,
    ) -> Self {
        let account = metadata.get(prefix.account_key());
        let own = |name| account.and_then(|account| account.get(name));
        let membership = |(key, value): (&String, &Value)| {
            let tenant = prefix.tenant_of(key)?;
            let role = catalogue.resolve(value.get("role")?.as_str()?)?.clone();
            let name = value.get("name").and_then(Value::as_str).and_then(DisplayName::cleaned);
            Some((tenant, Membership { name, ..Membership::new(role) }))
        };
        Self {
            home: own("home").and_then(Value::as_str).and_then(|home| home.parse().ok()),
            service_user: own("service_user").and_then(Value::as_bool).unwrap_or(false),
            memberships: metadata.iter().filter_map(membership).collect(),
        }
    }
}

/// Changes to `app_metadata`. Auth0 keeps the keys that are not named.
#[derive(Debug, Default)]
pub(crate) struct MetadataPatch(Map<String, Value>);

impl MetadataPatch {
    /// Sets the account's own data.
    #[must_use]
    pub(crate) fn account(
        mut self,
        prefix: &MetadataPrefix,
        home: &TenantId,
        service_user: bool,
    ) -> Self {
        let value = json!({ "home": home.as_str(), "service_user": service_user });
        self.0.insert(prefix.account_key().to_owned(), value);
        self
    }

    /// Sets the membership in the tenant, or removes it.
    #[must_use]
    pub(crate) fn membership(
        mut self,
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        membership: Option<&Membership>,
    ) -> Self {
        // Auth0 replaces the whole value, so it always holds the complete membership.
        let value = membership.map_or(Value::Null, |Membership { role, name, .. }| match name {
            Some(name) => json!({ "role": role.name().as_str(), "name": name.as_str() }),
            None => json!({ "role": role.name().as_str() }),
        });
        self.0.insert(prefix.membership_key(tenant), value);
        self
    }

    /// Returns the value to send.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

#[cfg(test)]
mod tests;
