//! Two processes on one database keep the promises of one.

use std::sync::Arc;

use conformance::{Caller, acme, globex, new_member, new_user, role};
use domain::{MembershipChange, Standing, User};
use ports::{Conflict, PortError, UserDirectory as _};
use postgres_adapter::PostgresDirectory;

use crate::world::World;

const ROUNDS: usize = 100;

async fn replicas() -> Option<(World, Arc<PostgresDirectory>, Arc<PostgresDirectory>)> {
    let world = World::new()?;
    let (one, other) = (world.standard_directory().await, world.standard_directory().await);
    Some((world, one, other))
}

async fn owners(directory: &PostgresDirectory) -> Vec<User> {
    let scope = Caller::operator().reads(&acme());
    let list = directory.list_all(&scope, domain::Sort::default()).await.unwrap();
    let users = list.collect().await.unwrap().users;
    users
        .iter()
        .map(|view| User::clone(view))
        .filter(|user| user.role_in(&acme()).is_some_and(|role| role.name().as_str() == "owner"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_demotions_keep_an_owner() {
    let Some((_world, one, other)) = replicas().await else { return };
    let scope = Caller::operator().writes(&acme());
    let ada = one.create(&scope, new_user("ada", "owner")).await.unwrap();
    let bob = one.create(&scope, new_user("bob", "owner")).await.unwrap();
    let change = |name| MembershipChange { role: Some(role(name)), name: None };
    for _ in 0..ROUNDS {
        let (first, second) = tokio::join!(
            one.change_membership(&scope, &ada, change("admin")),
            other.change_membership(&scope, &bob, change("admin")),
        );
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
        // What one process has changed, the other one lists at once.
        assert_eq!(owners(&one).await, owners(&other).await);
        assert_eq!(owners(&other).await.len(), 1);
        for user in [&ada, &bob] {
            one.change_membership(&scope, user, change("owner")).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_administrators_cannot_detach_each_other() {
    let Some((_world, one, other)) = replicas().await else { return };
    let operator = Caller::operator().writes(&acme());
    one.create(&operator, new_user("owner", "owner")).await.unwrap();
    for round in 0..ROUNDS {
        let ada = one.create(&operator, new_user(&format!("ada{round}"), "admin")).await.unwrap();
        let bob = one.create(&operator, new_user(&format!("bob{round}"), "admin")).await.unwrap();
        let by_ada = Caller::member(&ada).writes(&acme());
        let by_bob = Caller::member(&bob).writes(&acme());
        let (first, second) = tokio::join!(one.detach(&by_ada, &bob), other.detach(&by_bob, &ada));
        assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_creations_make_one_account() {
    let Some((_world, one, other)) = replicas().await else { return };
    let (in_acme, in_globex) =
        (Caller::operator().writes(&acme()), Caller::operator().writes(&globex()));
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let (first, second) = tokio::join!(
            one.create(&in_acme, new_user(&name, "member")),
            other.create(&in_globex, new_user(&name, "member")),
        );
        let failure = match (first, second) {
            (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
            both => panic!("{both:?}"),
        };
        assert!(matches!(failure, PortError::Conflict(Conflict::EmailTaken)), "{failure:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_attachments_by_two_tenants_share_one_account() {
    let Some((_world, one, other)) = replicas().await else { return };
    let (in_acme, in_globex) =
        (Caller::operator().writes(&acme()), Caller::operator().writes(&globex()));
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let (first, second) = tokio::join!(
            one.attach_or_create(&in_acme, new_member(&name, "member")),
            other.attach_or_create(&in_globex, new_member(&name, "member")),
        );
        let (first, second) = (first.unwrap(), second.unwrap());
        assert!(first.created != second.created);
        assert_eq!(first.user.id, second.user.id);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_attachment_and_change_of_address_leave_no_wrong_keys() {
    let Some((world, one, other)) = replicas().await else { return };
    let (in_acme, in_globex) =
        (Caller::operator().writes(&acme()), Caller::operator().writes(&globex()));
    let home = Caller::of([acme()]).changes();
    for round in 0..ROUNDS {
        let name = format!("user{round}");
        let user = one.create(&in_acme, new_user(&name, "member")).await.unwrap();
        let change = domain::AccountChange {
            email: format!("new{round}@example.com").parse().unwrap(),
            given_name: None,
            family_name: None,
        };
        let (attached, changed) = tokio::join!(
            one.attach_or_create(&in_globex, new_member(&name, "member")),
            other.change_account(&home, &user, change),
        );
        let (attached, changed) = (attached.unwrap(), changed.unwrap());
        if !attached.created {
            let standing = changed.user.standing_in(&globex(), in_globex.context());
            assert!(matches!(standing, Some(Standing::Pending) | None), "{standing:?}");
        }
    }
    // Made anew, no key differs.
    let keys = "SELECT tenant, account, username_key, email_key, first_name_key, created_key \
                FROM usher.membership ORDER BY tenant, account";
    let before = world.database.query(keys).unwrap();
    world.database.execute("DELETE FROM usher.setting").unwrap();
    assert!(one.prepare().await.unwrap() > 0);
    assert_eq!(world.database.query(keys).unwrap(), before);
}
