//! The query: what tenants, roles and prefixes may be called does not matter to it.

use std::sync::Arc;

use conformance::Caller;
use domain::{Access, ListQuery, RoleCatalogue, RoleDefinition, TenantId};
use ports::UserDirectory;
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
async fn whatever_tenants_and_roles_are_called_each_list_holds_its_own_people() {
    let tenants = ["a", "a-b", "a-", "0", "or", "and", "not", "to", "acme", "acme-2", "acme2"];
    let tenants: Vec<TenantId> = tenants.iter().filter_map(|name| name.parse().ok()).collect();
    let roles = ["OR", "AND", "a:b", "-x", "x.y", "_exists_", "TO", "owner"];
    let world = World::with(|_| (), |config| config.metadata_prefix = "p_1".parse().unwrap()).await;
    let directory = world.another(catalogue(&roles));
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
        let page = directory.list(&scope, &ListQuery::default()).await.unwrap();
        assert_eq!(page.total, roles.len() as u64, "{tenant}");
        let own = format!("{number}.");
        assert!(page.users.iter().all(|user| user.email.as_str().starts_with(&own)));
    }
}

#[tokio::test]
async fn a_row_that_is_none_of_the_tenants_people_is_left_out() {
    let world = World::new().await;
    // An index may find a value anywhere below the key; the account itself has no such role.
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
