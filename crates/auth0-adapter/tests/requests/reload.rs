//! Reloads of the role catalogue.

use std::sync::Arc;

use conformance::{Caller, acme, catalogue};
use domain::{Access, ListQuery, MembershipChange, RoleCatalogue, RoleDefinition, User};
use ports::UserDirectory;

use crate::world::{World, account, lagging_search};

/// The conformance suite's catalogue with other rights of viewers, and one more role.
fn changed_catalogue() -> Arc<RoleCatalogue> {
    let mut roles: Vec<_> = catalogue()
        .roles()
        .iter()
        .map(|role| RoleDefinition {
            name: role.name().clone(),
            access: if role.name().as_str() == "viewer" {
                [Access::Read, Access::Write].into()
            } else {
                [Access::Read].into()
            },
            protected: role.is_protected(),
            default: role.name().as_str() == "member",
        })
        .collect();
    roles.push(RoleDefinition {
        name: "boss".parse().unwrap(),
        access: [Access::Read].into(),
        protected: false,
        default: false,
    });
    Arc::new(RoleCatalogue::new(roles).unwrap())
}

#[tokio::test]
async fn reloaded_roles_apply_to_the_next_read() {
    let world = World::new().await;
    let boss = world.seed(account("boss", [("acme", "boss")]));
    assert_eq!(world.find(&boss).await.unwrap().role_in(&acme()), None);
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 0);
    let new = changed_catalogue();
    world.directory.set_roles(Arc::clone(&new));
    assert_eq!(world.find(&boss).await.unwrap().role_in(&acme()), new.resolve("boss"));
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 1);
    world.directory.set_roles(catalogue());
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 0);
}

#[tokio::test]
async fn reloaded_roles_replace_remembered_ones() {
    let world = World::new().await;
    let viewer = world.create("viewer", "viewer").await;
    assert!(!can_write(&viewer));
    world.directory.set_roles(changed_catalogue());
    let listed = world.list(&acme(), ListQuery::default()).await.users;
    assert!(can_write(&listed[0]));
    // A change based on an older snapshot returns the new roles.
    let change = MembershipChange { role: None, name: Some("Vi".parse().unwrap()) };
    let scope = Caller::of([acme()]).writes(&acme());
    let changed = world.directory.change_membership(&scope, &viewer, change).await.unwrap();
    assert!(can_write(&changed));
}

/// Returns whether the user's role in acme allows writing. Roles of two catalogues are equal by
/// name.
fn can_write(user: &User) -> bool {
    user.role_in(&acme()).is_some_and(|role| role.allows(Access::Write))
}

#[tokio::test]
async fn deleted_user_stays_hidden_after_a_reload() {
    let world = World::with(lagging_search, |_| ()).await;
    let ada = world.create("ada", "member").await;
    world.control().catch_up();
    world.directory.delete(&Caller::of([acme()]).changes(), &ada).await.unwrap();
    world.directory.set_roles(changed_catalogue());
    assert_eq!(world.list(&acme(), ListQuery::default()).await.users, []);
}
