//! Usher's data in an account's `app_metadata`: the home tenant, the memberships, and the stamp of
//! who last set the password or the address.
//!
//! | key | value | written by |
//! |---|---|---|
//! | `<prefix>` | `{"home": "acme", "service_user": false}` | creation, move of the home |
//! | `<prefix>_tenant_<t>` | `{"role": "admin", "m": "<id> <since> <address>"}` | attaching, change of role |
//! | `<prefix>_name_<t>` | `"<id> Jane"` | rename |
//! | `<prefix>_life_<t>` | `"<id> s=0 e=<end>"` | nothing yet: suspended, end date |
//! | `<prefix>_credentials` | `"<time> <home>"`, `-` for none | setting a password or an address |
//!
//! Auth0 merges metadata at the first level only, and has no conditional writes. With one key for
//! each kind of writer, no write repeats what another one set: a rename cannot restore a role, and
//! two tenants do not overwrite each other. `null` removes a key. (Auth0, "Manage Metadata Using
//! the Management API".)
//!
//! A name or life key counts only with the id of the membership. A membership of an older version
//! has no `m`, and its name beside its role: see [`NameId`].
//!
//! Parsing is lenient, since every user of the Auth0 dashboard can write there: a malformed home or
//! membership is none, and grants nothing; a malformed stamp is open, and a malformed life suspends.

mod keys;
mod membership_value;
mod patch;

use domain::{
    CredentialStamp, DisplayName, Membership, Memberships, RoleCatalogue, TenantId, Timestamp,
};

use crate::config::MetadataPrefix;
use crate::management::wire::{JsonValue, Members};
use membership_value::{StoredLife, StoredMembership, tagged_text};

pub(crate) use membership_value::NameId;
pub(crate) use patch::MetadataPatch;

/// The parsed metadata of an account.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AccountMetadata {
    pub(crate) home: Option<TenantId>,
    pub(crate) service_user: bool,
    pub(crate) memberships: Memberships,
    pub(crate) stamp: Option<CredentialStamp>,
}

impl AccountMetadata {
    /// Parses the metadata. Memberships whose role is not in the catalogue are ignored.
    pub(crate) fn parse(
        prefix: &MetadataPrefix,
        catalogue: &RoleCatalogue,
        metadata: &Members<'_>,
    ) -> Self {
        let membership = |(key, value): (&str, &JsonValue<'_>)| {
            let tenant = prefix.tenant_of(key)?;
            let membership = parse_membership(prefix, catalogue, metadata, &tenant, value)?;
            Some((tenant, membership))
        };
        Self {
            home: home(prefix, metadata),
            service_user: metadata
                .get(prefix.account_key())
                .and_then(|account| account.get("service_user"))
                .is_some_and(|flag| *flag == JsonValue::Bool(true)),
            memberships: metadata.iter().filter_map(membership).collect(),
            stamp: metadata.get_joined(&prefix.credentials_key_parts()).and_then(parse_stamp),
        }
    }

    /// Returns whether the metadata has anything of the tenant, whatever its form: a key of its own,
    /// or the home.
    pub(crate) fn concerns(
        prefix: &MetadataPrefix,
        tenant: &TenantId,
        metadata: &Members<'_>,
    ) -> bool {
        let has_key =
            |key: &String| metadata.get(key).is_some_and(|value| *value != JsonValue::Null);
        prefix.tenant_keys(tenant).iter().any(has_key)
            || home(prefix, metadata).as_ref() == Some(tenant)
    }
}

/// Returns the number of memberships without an id, whatever their roles.
pub(crate) fn count_older_memberships(prefix: &MetadataPrefix, metadata: &Members<'_>) -> usize {
    let is_older = |(key, value): &(&str, &JsonValue<'_>)| {
        let read = StoredMembership::parse(value);
        prefix.tenant_of(key).is_some() && read.is_some_and(|read| read.attachment.is_none())
    };
    metadata.iter().filter(is_older).count()
}

fn home(prefix: &MetadataPrefix, metadata: &Members<'_>) -> Option<TenantId> {
    metadata.get(prefix.account_key())?.get("home")?.as_str()?.parse().ok()
}

fn parse_membership(
    prefix: &MetadataPrefix,
    catalogue: &RoleCatalogue,
    metadata: &Members<'_>,
    tenant: &TenantId,
    value: &JsonValue<'_>,
) -> Option<Membership> {
    let StoredMembership { role, attachment, name } = StoredMembership::parse(value)?;
    let role = catalogue.resolve(role)?.clone();
    let renamed = metadata.get_joined(&prefix.name_key_parts(tenant)).and_then(tagged_text);
    let name_id = NameId::of(attachment.as_ref(), name);
    let renamed = renamed.filter(|(id, _)| name_id.matches(id)).map(|(_, name)| name);
    let life = metadata.get_joined(&prefix.life_key_parts(tenant)).and_then(tagged_text);
    let life = life.filter(|(id, _)| {
        attachment.as_ref().is_some_and(|attachment| attachment.id.as_str() == *id)
    });
    let life = life.map_or(StoredLife::default(), |(_, text)| StoredLife::parse(text));
    Some(Membership {
        role,
        name: renamed.or(name).and_then(DisplayName::cleaned),
        attachment: attachment.map(Box::new),
        suspended: life.suspended,
        expires_at: life.expires_at,
    })
}

/// Reads a stamp. One that cannot be read is never closed.
fn parse_stamp(value: &JsonValue<'_>) -> Option<CredentialStamp> {
    if *value == JsonValue::Null {
        return None;
    }
    let read = |text: &str| {
        let (at, by) = text.split_once(' ')?;
        let home = by.strip_suffix(patch::OF_ADDRESS);
        let (by, sets_address) = (home.unwrap_or(by), home.is_some());
        let by = if by == patch::NOBODY { None } else { Some(by.parse().ok()?) };
        Some(CredentialStamp { at: at.parse().ok()?, by, sets_address })
    };
    let at = Timestamp::UNIX_EPOCH.plus_millis(i64::MAX);
    let never_closed = CredentialStamp { at, by: None, sets_address: true };
    Some(value.as_str().and_then(read).unwrap_or(never_closed))
}

#[cfg(test)]
mod tests;
