//! Changes to `app_metadata`.

use domain::{DisplayName, Membership, Role, StampUpdate, TenantId};
use serde_json::{Map, Value, json};

use super::membership_value::{NameId, StoredLife, membership_value};
use crate::config::MetadataPrefix;

/// The end of a stamp that covers the address too.
pub(super) const OF_ADDRESS: &str = " address";
/// The home of a stamp on an account without one.
pub(super) const NOBODY: &str = "-";

/// Changes to `app_metadata`. Auth0 keeps the keys that are not named.
#[derive(Debug, Clone, Default)]
pub(crate) struct MetadataPatch(Map<String, Value>);

impl MetadataPatch {
    /// Sets the account's own data.
    #[must_use]
    pub(crate) fn account(
        mut self,
        prefix: &MetadataPrefix,
        home: Option<&TenantId>,
        service_user: bool,
    ) -> Self {
        let home = home.map(TenantId::as_str);
        let value = json!({ "home": home, "service_user": service_user });
        self.0.insert(prefix.account_key().to_owned(), value);
        self
    }

    /// Adds a membership of a new account.
    #[must_use]
    pub(crate) fn first_membership(
        mut self,
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        membership: &Membership,
    ) -> Self {
        let Membership { role, attachment, .. } = membership;
        let value = membership_value(role, attachment.as_deref(), None);
        self.0.insert(prefix.membership_key(tenant), value);
        self
    }

    /// Sets everything of a membership, whatever was there before.
    #[must_use]
    pub(crate) fn membership(
        mut self,
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        membership: &Membership,
    ) -> Self {
        let Membership { role, name, attachment, .. } = membership;
        let name = name.as_ref().map(DisplayName::as_str);
        let id = attachment.as_ref().map(|attachment| attachment.id.as_str());
        let tagged = |text: String| id.map_or(Value::Null, |id| format!("{id} {text}").into());
        let [membership_key, name_key, life_key] = prefix.tenant_keys(tenant);
        self.0.insert(membership_key, membership_value(role, attachment.as_deref(), name));
        self.0.insert(name_key, name.map_or(Value::Null, |name| tagged(name.to_owned())));
        let life = StoredLife::of(membership);
        self.0.insert(life_key, life.map_or(Value::Null, |life| tagged(life.to_string())));
        self
    }

    /// Sets the role of a membership. One of an older version stays without an id, so that it needs
    /// no more proof than before, and its name moves to a key of its own.
    #[must_use]
    pub(crate) fn role(
        mut self,
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        before: &Membership,
        role: &Role,
    ) -> Self {
        let attachment = before.attachment.as_deref();
        let value = membership_value(role, attachment, None);
        self.0.insert(prefix.membership_key(tenant), value);
        if attachment.is_none()
            && let Some(name) = &before.name
        {
            return self.name(prefix, tenant, &NameId::without_name(), Some(name));
        }
        self
    }

    /// Sets the display name of the membership with this id, or removes it.
    #[must_use]
    pub(crate) fn name(
        mut self,
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        id: &NameId,
        name: Option<&DisplayName>,
    ) -> Self {
        let value = name.map_or(Value::Null, |name| format!("{id} {}", name.as_str()).into());
        self.0.insert(prefix.name_key(tenant), value);
        self
    }

    /// Removes the membership with everything that belongs to it.
    #[must_use]
    pub(crate) fn no_membership(mut self, prefix: &MetadataPrefix, tenant: &TenantId) -> Self {
        self.0.extend(prefix.tenant_keys(tenant).map(|key| (key, Value::Null)));
        self
    }

    /// Changes the stamp of whoever sets the password or the address.
    #[must_use]
    pub(crate) fn stamp(mut self, prefix: &MetadataPrefix, update: &StampUpdate) -> Self {
        let value = match update {
            StampUpdate::Keep => return self,
            StampUpdate::Set(stamp) => {
                let by = stamp.by.as_ref().map_or(NOBODY, TenantId::as_str);
                let what = if stamp.sets_address { OF_ADDRESS } else { "" };
                format!("{} {by}{what}", stamp.at).into()
            }
            StampUpdate::Remove => Value::Null,
        };
        self.0.insert(prefix.credentials_key(), value);
        self
    }

    /// Returns the value to send, if anything changes: `{}` would remove every key.
    pub(crate) fn into_map(self) -> Option<Map<String, Value>> {
        (!self.0.is_empty()).then_some(self.0)
    }
}
