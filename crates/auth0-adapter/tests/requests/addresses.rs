//! Addresses: compared without case, and unique over the connections whose accounts may be attached.

use auth0_sim::Connection;
use conformance::{Caller, acme};
use domain::{AccountChange, NewMember, User, UserId};
use ports::{Conflict, PortError, PortResult, UserDirectory};
use serde_json::{Value, json};

use crate::world::{
    BY_EMAIL, CREATE, GET, PATCH, SEARCH, World, account, calls, email, new_member, new_user,
};

/// A world with an enterprise connection and another database, whose accounts may be attached if
/// `allowed`.
async fn world(allowed: bool) -> World {
    let world = World::with(
        |_| (),
        |config| {
            if allowed {
                config.attach_connections = vec!["corp".to_owned(), "staff".to_owned()];
            }
        },
    )
    .await;
    let corp = Connection {
        id: "con_0000000000000002".to_owned(),
        name: "corp".to_owned(),
        strategy: "samlp".to_owned(),
        ..Connection::default()
    };
    world.control().set_connection(corp);
    let staff = Connection {
        id: "con_0000000000000003".to_owned(),
        name: "staff".to_owned(),
        ..Connection::default()
    };
    world.control().set_connection(staff);
    world
}

/// Seeds an account of the enterprise connection with this address.
fn corporate(world: &World, id: &str, address: &str) -> UserId {
    let connection = json!([{ "connection": "corp", "provider": "samlp", "user_id": id }]);
    world.seed(json!({
        "user_id": format!("samlp|{id}"),
        "email": address,
        "name": "Jane of Corp",
        "given_name": "Jane",
        "identities": connection,
    }))
}

async fn attach(world: &World, new: NewMember) -> PortResult<(String, bool)> {
    let scope = Caller::of([acme()]).writes(&acme());
    let outcome = world.directory.attach_or_create(&scope, new).await?;
    Ok((outcome.user.id.to_string(), outcome.created))
}

#[tokio::test]
async fn account_with_capitals_is_attached() {
    for allowed in [false, true] {
        let world = world(allowed).await;
        let id = corporate(&world, "1", "Jane@Example.COM");
        let attached = attach(&world, new_member("jane", "member")).await.unwrap();
        assert_eq!(attached, (id.to_string(), false));
        assert_eq!(world.control().users().len(), 1);
        let expected = calls([(BY_EMAIL, 1), (SEARCH, 1), (GET, 1), (PATCH, 1)]);
        assert_eq!(world.take_calls(), expected);
        // The address stays as the provider keeps it.
        let stored = world.control().user(id.as_str()).unwrap();
        assert_eq!(stored["email"], "Jane@Example.COM");
    }
}

#[tokio::test]
async fn stale_search_row_is_not_attached() {
    let world = world(true).await;
    let id = corporate(&world, "1", "Jane@Example.com");
    world.control().update_switches(|switches| switches.search_lag_millis = 2000);
    world.control().remove_user(id.as_str());
    let (created, is_new) = attach(&world, new_member("jane", "member")).await.unwrap();
    assert!(is_new && created != id.as_str());
}

#[tokio::test]
async fn account_of_an_allowed_connection_is_preferred() {
    let world = world(false).await;
    corporate(&world, "1", "Jane@Example.com");
    let id = world.seed(account("jane", []));
    let attached = attach(&world, new_member("jane", "member")).await.unwrap();
    assert_eq!(attached, (id.to_string(), false));
}

#[tokio::test]
async fn accounts_of_two_allowed_connections_are_ambiguous() {
    let world = world(true).await;
    corporate(&world, "1", "Jane@Example.com");
    world.seed(account("jane", []));
    let result = attach(&world, new_member("jane", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::AmbiguousAccount))), "{result:?}");
}

#[tokio::test]
async fn address_of_an_allowed_connection_is_taken() {
    let world = world(true).await;
    corporate(&world, "1", "Jane@Example.com");
    let scope = Caller::of([acme()]).writes(&acme());
    world.take_calls();
    let result = world.directory.create(&scope, new_user("jane", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::EmailTaken))), "{result:?}");
    assert_eq!(world.take_calls(), calls([(BY_EMAIL, 1), (SEARCH, 1), (GET, 1)]));
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn address_of_another_connection_is_free() {
    let world = world(false).await;
    corporate(&world, "1", "Jane@Example.com");
    world.create("jane", "member").await;
    assert_eq!(world.take_calls(), calls([(CREATE, 1)]));
}

/// Seeds an account at home in acme.
async fn at_home(world: &World, name: &str) -> User {
    let mut user = account(name, [("acme", "member")]);
    user["app_metadata"]["usher"] = json!({ "home": "acme" });
    let id = world.seed(user);
    world.find(&id).await.unwrap()
}

fn with_email(user: &User, name: &str) -> AccountChange {
    AccountChange {
        email: email(name),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
    }
}

#[tokio::test]
async fn change_to_an_address_of_an_allowed_connection_is_refused() {
    let world = world(true).await;
    corporate(&world, "1", "Jane@Example.com");
    let ada = at_home(&world, "ada").await;
    let scope = Caller::of([acme()]).changes();
    let change = with_email(&ada, "jane");
    let result = world.directory.change_account(&scope, &ada, change.clone()).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::EmailTaken))), "{result:?}");
    let named = AccountChange { given_name: Some("Ada".parse().unwrap()), ..change };
    let update = world.directory.change_account(&scope, &ada, named).await.unwrap();
    assert_eq!(update.failures, [Conflict::EmailTaken]);
    assert_eq!(update.user.email, ada.email);
    assert_eq!(update.user.given_name_or_empty(), "Ada");
    let free = world.directory.change_account(&scope, &update.user, with_email(&ada, "free"));
    assert_eq!(free.await.unwrap().user.email, email("free"));
}

#[tokio::test]
async fn concurrent_creations_in_two_connections_make_one_account() {
    let world = world(true).await;
    let mut bob = account("bob", [("acme", "member")]);
    bob["app_metadata"]["usher"] = json!({ "home": "acme" });
    bob["connection"] = json!("staff");
    let id = world.seed(bob);
    let bob = world.find(&id).await.unwrap();
    let (changes, writes) = (Caller::of([acme()]).changes(), Caller::of([acme()]).writes(&acme()));
    let (update, created) = tokio::join!(
        world.directory.change_account(&changes, &bob, with_email(&bob, "new")),
        world.directory.create(&writes, new_user("new", "member")),
    );
    assert!(update.is_ok() != created.is_ok(), "{update:?} {created:?}");
    let has_it = |user: &&Value| user["email"] == "new@example.com";
    assert_eq!(world.control().users().iter().filter(has_it).count(), 1);
}
