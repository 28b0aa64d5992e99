//! Queries: lists are correct for any valid name of a tenant, role or prefix.

use std::sync::Arc;

use conformance::{Caller, select};
use domain::{Access, ListQuery, RoleCatalogue, RoleDefinition, TenantId};
use serde_json::json;

use crate::world::{World, email};

fn catalogue(names: &[&str]) -> Arc<RoleCatalogue> {
    let define = |name: &&str| RoleDefinition {
        name: name.parse().unwrap(),
        access: [Access::Read, Access::Write].into(),
        protected: false,
        default: false,
    };
    Arc::new(RoleCatalogue::new(names.iter().map(define).collect()).unwrap())
}

#[tokio::test]
async fn list_is_correct_for_any_tenant_and_role_name() {
    let tenants = ["a", "a-b", "a-", "0", "or", "and", "not", "to", "acme", "acme-2", "acme2"];
    let tenants: Vec<TenantId> = tenants.iter().filter_map(|name| name.parse().ok()).collect();
    let roles = ["OR", "AND", "a:b", "-x", "x.y", "_exists_", "TO", "owner"];
    let world = World::with(|_| (), |config| config.metadata_prefix = "p_1".parse().unwrap()).await;
    let directory = world.another_directory(catalogue(&roles));
    let longest = "x".repeat(63);
    for (number, tenant) in tenants.iter().chain([&longest.parse().unwrap()]).enumerate() {
        let key = format!("p_1_tenant_{tenant}");
        for role in roles.iter().chain(&["retired"]) {
            let name = format!("{number}.{}", role.replace([':', '-', '.'], "_"));
            world.seed(json!({
                "email": email(&name).as_str(),
                "app_metadata": { key.as_str(): { "role": role } },
            }));
        }
    }
    for (number, tenant) in tenants.iter().chain([&longest.parse().unwrap()]).enumerate() {
        let scope = Caller::of([tenant.clone()]).reads(tenant);
        let page = select(&directory, &scope, ListQuery::default()).await.unwrap();
        assert_eq!(page.total, roles.len() as u64, "{tenant}");
        let own = format!("{number}.");
        assert!(page.users.iter().all(|user| user.email.as_str().starts_with(&own)));
    }
}

#[tokio::test]
async fn row_without_the_membership_is_dropped() {
    let world = World::new().await;
    // The index may match a value anywhere under the key; the account itself has no such role.
    for metadata in [
        json!({ "usher_tenant_acme": [{ "role": "owner" }] }),
        json!({ "usher_tenant_acme": { "role": ["owner", "member"] } }),
    ] {
        let number = world.control().users().len();
        let email = format!("p{number}@example.com");
        world.seed(json!({ "email": email, "app_metadata": metadata }));
    }
    let acme = "acme".parse().unwrap();
    let page = world.list(&acme, ListQuery::default()).await;
    assert_eq!((page.users, page.total), (vec![], 0));
}
