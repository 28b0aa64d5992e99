use conformance::catalogue;
use domain::{Attachment, Role, StampUpdate};
use proptest::prelude::*;
use serde::Deserialize as _;
use serde_json::{Map, Value, json};

use super::*;
use crate::management::wire::Auth0User;

fn prefix() -> MetadataPrefix {
    MetadataPrefix::default()
}

/// Returns the metadata as it is read from an account.
fn members(metadata: &Value) -> Members<'static> {
    let user = json!({ "user_id": "auth0|a", "app_metadata": metadata });
    Auth0User::deserialize(user).unwrap().app_metadata
}

fn read(metadata: &Value) -> AccountMetadata {
    AccountMetadata::parse(&prefix(), &catalogue(), &members(metadata))
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn role(name: &str) -> Role {
    catalogue().resolve(name).unwrap().clone()
}

/// A membership of an older version.
fn older(role_name: &str, name: Option<&str>) -> Membership {
    Membership { name: name.map(|name| name.parse().unwrap()), ..Membership::new(role(role_name)) }
}

fn attachment(id: &str) -> Attachment {
    Attachment {
        id: id.parse().unwrap(),
        since: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        email: "jane@acme.example".parse().unwrap(),
    }
}

fn membership(role_name: &str, id: &str, name: Option<&str>) -> Membership {
    Membership { attachment: Some(Box::new(attachment(id))), ..older(role_name, name) }
}

/// Returns the metadata after a change, as Auth0 merges it.
fn merged(metadata: &Value, change: MetadataPatch) -> Value {
    merged_with(metadata, change.into_map().unwrap())
}

fn merged_with(metadata: &Value, change: Map<String, Value>) -> Value {
    let mut merged = metadata.as_object().unwrap().clone();
    merged.extend(change);
    merged.retain(|_, value| !value.is_null());
    Value::Object(merged)
}

fn patch() -> MetadataPatch {
    MetadataPatch::default()
}

fn acme_of(metadata: &Value) -> Membership {
    read(metadata).memberships[&tenant("acme")].clone()
}

#[test]
fn written_metadata_is_read_back() {
    let named = membership("viewer", "7b", Some("Jane \"J\" Doe"));
    let own = membership("owner", "1a", None);
    let limited = Membership {
        suspended: true,
        expires_at: Some("2027-01-01T00:00:00.000Z".parse().unwrap()),
        ..membership("member", "2c", None)
    };
    let stamp = CredentialStamp {
        at: "2026-03-02T03:04:05.000Z".parse().unwrap(),
        by: Some(tenant("acme")),
        sets_address: true,
    };
    let written = patch()
        .account(&prefix(), Some(&tenant("acme")), true)
        .first_membership(&prefix(), &tenant("acme"), &own)
        .membership(&prefix(), &tenant("a-1"), &named)
        .membership(&prefix(), &tenant("b"), &limited)
        .stamp(&prefix(), &StampUpdate::Set(stamp.clone()));
    let written = merged(&json!({}), written);
    let since = "2026-01-02T03:04:05.678Z jane@acme.example";
    assert_eq!(
        written,
        json!({
            "usher": { "home": "acme", "service_user": true },
            "usher_tenant_acme": { "role": "owner", "m": format!("1a {since}") },
            "usher_tenant_a-1": { "role": "viewer", "m": format!("7b {since}") },
            "usher_name_a-1": "7b Jane \"J\" Doe",
            "usher_tenant_b": { "role": "member", "m": format!("2c {since}") },
            "usher_life_b": "2c s=1 e=2027-01-01T00:00:00.000Z",
            "usher_credentials": "2026-03-02T03:04:05.000Z acme address",
        })
    );
    let expected = AccountMetadata {
        home: Some(tenant("acme")),
        service_user: true,
        memberships: [(tenant("acme"), own), (tenant("a-1"), named), (tenant("b"), limited)].into(),
        stamp: Some(stamp),
    };
    assert_eq!(read(&written), expected);
}

fn stamp_at_epoch() -> CredentialStamp {
    CredentialStamp { at: Timestamp::UNIX_EPOCH, by: None, sets_address: false }
}

#[test]
fn stamp_without_address_is_read_back() {
    let stamp = stamp_at_epoch();
    let written = patch().stamp(&prefix(), &StampUpdate::Set(stamp.clone()));
    let written = merged(&json!({}), written);
    assert_eq!(written, json!({ "usher_credentials": "1970-01-01T00:00:00.000Z -" }));
    assert_eq!(read(&written).stamp, Some(stamp));
}

#[test]
fn membership_is_removed_with_all_of_its_keys() {
    let removal = patch().no_membership(&prefix(), &tenant("acme"));
    let nulls =
        json!({ "usher_tenant_acme": null, "usher_name_acme": null, "usher_life_acme": null });
    assert_eq!(removal.into_map().map(Value::Object), Some(nulls));
    assert_eq!(patch().stamp(&prefix(), &StampUpdate::Keep).into_map(), None);
}

#[test]
fn rename_restores_no_role_and_no_membership() {
    let before = merged(
        &json!({}),
        patch().membership(&prefix(), &tenant("acme"), &membership("owner", "1a", None)),
    );
    let held = acme_of(&before);
    let id = NameId::from(held.attachment.as_deref().unwrap());
    let rename = || patch().name(&prefix(), &tenant("acme"), &id, Some(&"Jane".parse().unwrap()));
    let demoted = merged(&before, patch().role(&prefix(), &tenant("acme"), &held, &role("member")));
    assert_eq!(acme_of(&merged(&demoted, rename())), membership("member", "1a", Some("Jane")));
    let detached = merged(&before, patch().no_membership(&prefix(), &tenant("acme")));
    let late = merged(&detached, rename());
    assert!(read(&late).memberships.is_empty());
    // The name of an ended membership is not that of the next one.
    let next = membership("viewer", "9f", None);
    let attached = patch().first_membership(&prefix(), &tenant("acme"), &next);
    assert_eq!(acme_of(&merged(&late, attached)), next);
}

#[test]
fn older_membership_keeps_its_name_and_its_proof_in_changes() {
    let before = json!({ "usher_tenant_acme": { "role": "viewer", "name": "Jane" } });
    let held = acme_of(&before);
    assert_eq!(held, older("viewer", Some("Jane")));
    // A rename leaves the role to whoever changes it at the same moment.
    let id = NameId::of_value(members(&before).get("usher_tenant_acme")).unwrap();
    let rename = patch().name(&prefix(), &tenant("acme"), &id, Some(&"Janet".parse().unwrap()));
    let renamed = merged(&before, rename);
    assert_eq!(renamed["usher_tenant_acme"], before["usher_tenant_acme"]);
    assert_eq!(acme_of(&renamed), older("viewer", Some("Janet")));
    let promotion = patch().role(&prefix(), &tenant("acme"), &acme_of(&renamed), &role("admin"));
    let promoted = merged(&renamed, promotion);
    assert_eq!(promoted["usher_tenant_acme"], json!({ "role": "admin" }));
    assert_eq!(acme_of(&promoted), older("admin", Some("Janet")));
}

#[test]
fn changes_by_an_older_version_lose_nothing() {
    let older_write = |before: &Value, value: Value| {
        merged_with(before, [("usher_tenant_acme".to_owned(), value)].into_iter().collect())
    };
    // It sees the name beside the role only, and repeats that with a new role.
    let stored = json!({ "usher_tenant_acme": { "role": "viewer", "name": "Jane" } });
    let id = NameId::of_value(members(&stored).get("usher_tenant_acme")).unwrap();
    let rename = patch().name(&prefix(), &tenant("acme"), &id, Some(&"Janet".parse().unwrap()));
    let renamed = merged(&stored, rename);
    let promoted = older_write(&renamed, json!({ "role": "admin", "name": "Jane" }));
    assert_eq!(acme_of(&promoted), older("admin", Some("Janet")));
    let renamed_again = older_write(&renamed, json!({ "role": "viewer", "name": "Jo" }));
    assert_eq!(acme_of(&renamed_again), older("viewer", Some("Jo")));
    // It drops what it does not know with a new role, but not the name.
    let new = membership("viewer", "1a", Some("Jane"));
    let new = merged(&json!({}), patch().membership(&prefix(), &tenant("acme"), &new));
    let promoted = older_write(&new, json!({ "role": "admin" }));
    assert_eq!(acme_of(&promoted), older("admin", Some("Jane")));
    let renamed = older_write(&new, json!({ "role": "viewer", "name": "Jo" }));
    assert_eq!(acme_of(&renamed), older("viewer", Some("Jo")));
}

#[test]
fn unreadable_attachment_is_no_membership() {
    for m in [json!(7), json!(""), json!("1a"), json!("1a yesterday j@acme.example"), json!({})] {
        let metadata = json!({ "usher_tenant_acme": { "role": "owner", "m": m } });
        assert_eq!(read(&metadata), AccountMetadata::default(), "{metadata}");
    }
}

#[test]
fn unreadable_stamp_is_never_closed() {
    for stamp in [json!(7), json!(""), json!("now"), json!("2026-03-02T03:04:05.000Z acme x")] {
        let stamp = read(&json!({ "usher_credentials": stamp })).stamp.unwrap();
        assert!(stamp.at > "9999-01-01T00:00:00.000Z".parse().unwrap());
        assert!(stamp.sets_address);
    }
    assert_eq!(read(&json!({ "usher_credentials": null })).stamp, None);
}

#[test]
fn unreadable_life_suspends_and_another_id_counts_for_nothing() {
    let since = "2026-01-02T03:04:05.678Z jane@acme.example";
    for (life, suspended) in [
        ("1a s=0 e=", false),
        ("1a s=1 e=", true),
        ("1a", false),
        ("1a s=2 e=", true),
        ("1a s=0", true),
        ("1a s=0 e=soon", true),
        ("9f s=1 e=", false),
    ] {
        let metadata = json!({
            "usher_tenant_acme": { "role": "owner", "m": format!("1a {since}") },
            "usher_life_acme": life,
        });
        assert_eq!(acme_of(&metadata).suspended, suspended, "{life}");
    }
}

#[test]
fn malformed_metadata_grants_nothing() {
    for malformed in [
        json!({}),
        json!({ "usher": null, "usher_tenant_acme": null }),
        json!({ "usher": "acme", "usher_tenant_acme": "owner" }),
        json!({ "usher": ["acme"], "usher_tenant_acme": ["owner"] }),
        json!({ "usher": { "home": 7, "service_user": "yes" }, "usher_tenant_acme": { "role": 7 } }),
        json!({ "usher": { "home": "Acme" }, "usher_tenant_acme": { "role": "Owner" } }),
        json!({ "usher": { "home": "" }, "usher_tenant_acme": { "name": "Jane" } }),
        json!({ "usher": { "home": null }, "usher_tenant_acme": { "role": "retired" } }),
        json!({ "usher_tenant_": { "role": "owner" }, "usher_tenant_Acme": { "role": "owner" } }),
        json!({ "usher_tenant_acme.x": { "role": "owner" }, "tenant_acme": { "role": "owner" } }),
        json!({ "other_tenant_acme": { "role": "owner" }, "xusher_tenant_a": { "role": "owner" } }),
        json!({ "usher_tenant_acme_": { "role": "owner" }, "ushertenant_a": { "role": "owner" } }),
    ] {
        assert_eq!(read(&malformed), AccountMetadata::default(), "{malformed}");
    }
}

#[test]
fn malformed_name_keeps_the_membership() {
    let (long, cut) = ("x".repeat(301), "x".repeat(300));
    for (name, shown) in [
        (json!(null), None),
        (json!(7), None),
        (json!(""), None),
        (json!(" "), None),
        (json!("\n\u{200b}\u{202e}"), None),
        (json!("a\nb"), Some("ab")),
        (json!(long), Some(&*cut)),
    ] {
        let metadata = read(&json!({ "usher_tenant_acme": { "role": "admin", "name": name } }));
        assert_eq!(metadata.memberships, [(tenant("acme"), older("admin", shown))].into());
    }
}

proptest! {
    #[test]
    fn prefixes_do_not_read_each_others_memberships(
        one in "[a-z][a-z0-9_]{0,12}",
        other in "[a-z][a-z0-9_]{0,12}",
        id in "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?",
    ) {
        let (Ok(one), Ok(other)) = (one.parse::<MetadataPrefix>(), other.parse()) else {
            return Ok(());
        };
        let patch = MetadataPatch::default()
            .account(&one, Some(&tenant(&id)), false)
            .membership(&one, &tenant(&id), &membership("owner", "1a", Some("Jane")))
            .stamp(&one, &StampUpdate::Set(stamp_at_epoch()));
        let metadata = AccountMetadata::parse(
            &other,
            &catalogue(),
            &members(&Value::Object(patch.into_map().unwrap())),
        );
        let expected = usize::from(one == other);
        prop_assert_eq!(metadata.memberships.len(), expected);
        prop_assert_eq!(metadata.stamp.is_some(), one == other);
        prop_assert_eq!(metadata.home.is_some(), one == other);
    }
}
