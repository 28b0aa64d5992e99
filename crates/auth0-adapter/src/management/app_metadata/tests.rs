use conformance::catalogue;
use proptest::prelude::*;

use super::*;

fn prefix() -> MetadataPrefix {
    MetadataPrefix::default()
}

fn read(metadata: &Value) -> AccountMetadata {
    AccountMetadata::parse(&prefix(), &catalogue(), metadata.as_object().unwrap())
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn membership(role: &str, name: Option<&str>) -> Membership {
    let role = catalogue().resolve(role).unwrap().clone();
    Membership { role, name: name.map(|name| name.parse().unwrap()) }
}

#[test]
fn written_metadata_is_read_back() {
    let named = membership("viewer", Some("Jane \"J\" Doe"));
    let patch = MetadataPatch::default()
        .account(&prefix(), &tenant("acme"), true)
        .membership(&prefix(), &tenant("acme"), Some(&membership("owner", None)))
        .membership(&prefix(), &tenant("a-1"), Some(&named));
    let written = Value::Object(patch.into_map());
    assert_eq!(
        written,
        json!({
            "usher": { "home": "acme", "service_user": true },
            "usher_tenant_acme": { "role": "owner" },
            "usher_tenant_a-1": { "role": "viewer", "name": "Jane \"J\" Doe" },
        })
    );
    let expected = AccountMetadata {
        home: Some(tenant("acme")),
        service_user: true,
        memberships: [(tenant("acme"), membership("owner", None)), (tenant("a-1"), named)].into(),
    };
    assert_eq!(read(&written), expected);
}

#[test]
fn membership_is_removed_by_null() {
    let patch = MetadataPatch::default().membership(&prefix(), &tenant("acme"), None);
    assert_eq!(Value::Object(patch.into_map()), json!({ "usher_tenant_acme": null }));
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
    for name in [json!(null), json!(7), json!(""), json!(" "), json!("\n\u{200b}\u{202e}")] {
        let metadata = read(&json!({ "usher_tenant_acme": { "role": "admin", "name": name } }));
        assert_eq!(metadata.memberships, [(tenant("acme"), membership("admin", None))].into());
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
            .account(&one, &tenant(&id), false)
            .membership(&one, &tenant(&id), Some(&membership("owner", None)));
        let metadata = AccountMetadata::parse(&other, &catalogue(), &patch.into_map());
        let expected = usize::from(one == other);
        prop_assert_eq!(metadata.memberships.len(), expected);
        prop_assert_eq!(metadata.home.is_some(), one == other);
    }
}
