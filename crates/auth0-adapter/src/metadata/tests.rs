use conformance::catalogue;
use proptest::prelude::*;

use super::*;

fn prefix() -> MetadataPrefix {
    MetadataPrefix::default()
}

fn read(metadata: &Value) -> Kept {
    Kept::read(&prefix(), &catalogue(), metadata.as_object().unwrap())
}

fn tenant(name: &str) -> TenantId {
    name.parse().unwrap()
}

fn membership(role: &str, name: Option<&str>) -> Membership {
    let role = catalogue().resolve(role).unwrap().clone();
    Membership { role, name: name.map(|name| name.parse().unwrap()) }
}

#[test]
fn what_is_written_is_read_again() {
    let named = membership("viewer", Some("Jane \"J\" Doe"));
    let entries = Entries::default()
        .account(&prefix(), &tenant("acme"), true)
        .membership(&prefix(), &tenant("acme"), Some(&membership("owner", None)))
        .membership(&prefix(), &tenant("a-1"), Some(&named));
    let written = Value::Object(entries.into_map());
    assert_eq!(
        written,
        json!({
            "usher": { "home": "acme", "service_user": true },
            "usher_tenant_acme": { "role": "owner" },
            "usher_tenant_a-1": { "role": "viewer", "name": "Jane \"J\" Doe" },
        })
    );
    let expected = Kept {
        home: Some(tenant("acme")),
        service_user: true,
        memberships: [(tenant("acme"), membership("owner", None)), (tenant("a-1"), named)].into(),
    };
    assert_eq!(read(&written), expected);
}

#[test]
fn a_membership_is_taken_away_by_null() {
    let entries = Entries::default().membership(&prefix(), &tenant("acme"), None);
    assert_eq!(Value::Object(entries.into_map()), json!({ "usher_tenant_acme": null }));
}

#[test]
fn what_is_malformed_is_no_home_and_no_membership() {
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
        assert_eq!(read(&malformed), Kept::default(), "{malformed}");
    }
}

#[test]
fn a_malformed_name_is_none_and_the_membership_stands() {
    for name in [json!(null), json!(7), json!(""), json!("a\nb"), json!("x".repeat(301))] {
        let kept = read(&json!({ "usher_tenant_acme": { "role": "admin", "name": name } }));
        assert_eq!(kept.memberships, [(tenant("acme"), membership("admin", None))].into());
    }
}

proptest! {
    #[test]
    fn no_two_prefixes_read_each_others_memberships(
        one in "[a-z][a-z0-9_]{0,12}",
        other in "[a-z][a-z0-9_]{0,12}",
        id in "[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?",
    ) {
        let (Ok(one), Ok(other)) = (one.parse::<MetadataPrefix>(), other.parse()) else {
            return Ok(());
        };
        let entries = Entries::default()
            .account(&one, &tenant(&id), false)
            .membership(&one, &tenant(&id), Some(&membership("owner", None)));
        let kept = Kept::read(&other, &catalogue(), &entries.into_map());
        let expected = usize::from(one == other);
        prop_assert_eq!(kept.memberships.len(), expected);
        prop_assert_eq!(kept.home.is_some(), one == other);
    }
}
