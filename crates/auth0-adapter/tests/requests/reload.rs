//! Another catalogue of roles, adopted without a restart.

use std::sync::Arc;

use conformance::{Caller, acme, catalogue};
use domain::{Access, ListQuery, MembershipChange, RoleCatalogue, RoleDefinition, User};
use ports::UserDirectory;

use crate::world::{World, account, lagging};

/// The contract's catalogue, with other rights of viewers, and one role more.
fn another() -> Arc<RoleCatalogue> {
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
async fn accounts_are_read_under_the_new_roles_from_then_on() {
    let world = World::new().await;
    let boss = world.seed(account("boss", [("acme", "boss")]));
    assert_eq!(world.now(&boss).await.unwrap().role_in(&acme()), None);
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 0);
    let new = another();
    world.directory.set_roles(Arc::clone(&new));
    assert_eq!(world.now(&boss).await.unwrap().role_in(&acme()), new.resolve("boss"));
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 1);
    world.directory.set_roles(catalogue());
    assert_eq!(world.list(&acme(), ListQuery::default()).await.total, 0);
}

#[tokio::test]
async fn what_was_written_under_the_old_roles_is_not_remembered_with_them() {
    let world = World::new().await;
    let viewer = world.create("viewer", "viewer").await;
    assert!(!may_write(&viewer));
    world.directory.set_roles(another());
    let listed = world.list(&acme(), ListQuery::default()).await.users;
    assert!(may_write(&listed[0]));
    // A change that rests on what its caller has seen before answers with the new roles.
    let change = MembershipChange { role: None, name: Some("Vi".parse().unwrap()) };
    let scope = Caller::of([acme()]).writes(&acme());
    let changed = world.directory.change_membership(&scope, &viewer, change).await.unwrap();
    assert!(may_write(&changed));
}

/// Whether the role that somebody has in acme has the right to write. Roles of two catalogues are
/// equal by name.
fn may_write(user: &User) -> bool {
    user.role_in(&acme()).is_some_and(|role| role.allows(Access::Write))
}

#[tokio::test]
async fn who_was_deleted_stays_off_the_lists() {
    let world = World::with(lagging, |_| ()).await;
    let ada = world.create("ada", "member").await;
    world.control().catch_up();
    world.directory.delete(&Caller::of([acme()]).changes(), &ada).await.unwrap();
    world.directory.set_roles(another());
    assert_eq!(world.list(&acme(), ListQuery::default()).await.users, []);
}
