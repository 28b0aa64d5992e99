//! Connections without usernames, and connections that insist on them.

use auth0_sim::{Config, Usernames};
use conformance::{Caller, acme};
use domain::NewUser;
use ports::{Conflict, PortError, UserDirectory};

use crate::world::{BY_EMAIL, CREATE, World, calls, newcomer, recruit};

async fn world(usernames: Usernames) -> World {
    let with = move |settings: &mut Config| settings.connections[0].usernames = usernames;
    World::with(with, |_| ()).await
}

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn with_username(name: &str) -> NewUser {
    NewUser { username: Some(name.parse().unwrap()), ..newcomer(name, "member") }
}

#[tokio::test]
async fn a_connection_without_usernames_keeps_none_which_is_found_out_once() {
    let world = world(Usernames::None).await;
    // Who has none finds out nothing.
    world.directory.create(&writes(), newcomer("bare", "member")).await.unwrap();
    assert_eq!(world.calls(), calls([(CREATE, 1)]));
    let ada = world.directory.create(&writes(), with_username("ada")).await.unwrap();
    assert_eq!(ada.username, None);
    assert_eq!(world.calls(), calls([(CREATE, 2)]));
    let bob = world.directory.create(&writes(), with_username("bob")).await.unwrap();
    assert_eq!(bob.username, None);
    assert_eq!(world.calls(), calls([(CREATE, 1)]));
    assert_eq!(world.control().users().len(), 3);
}

#[tokio::test]
async fn a_connection_that_wants_usernames_gets_one_that_nobody_sees() {
    let world = world(Usernames::Required).await;
    let ada = world.directory.create(&writes(), newcomer("ada", "member")).await.unwrap();
    assert_eq!(world.calls(), calls([(CREATE, 2)]));
    assert_eq!(ada.username, None);
    let stored = world.control().user(ada.id.as_str()).unwrap();
    let stored = stored["username"].as_str().unwrap();
    let own = ada.id.as_str().strip_prefix("auth0|").unwrap();
    assert_eq!(stored, format!("u{}", own.get(..14).unwrap()));
    assert_eq!(world.now(&ada.id).await.unwrap().username, None);
    world.calls();

    let bob =
        world.directory.attach_or_create(&writes(), recruit("bob", "member")).await.unwrap().user;
    assert_eq!(world.calls(), calls([(BY_EMAIL, 1), (CREATE, 1)]));
    assert_eq!(bob.username, None);
    let cy = world.directory.create(&writes(), with_username("cy")).await.unwrap();
    assert_eq!(cy.username, Some("cy".parse().unwrap()));
    assert_eq!(world.calls(), calls([(CREATE, 1)]));
}

#[tokio::test]
async fn a_taken_username_is_a_conflict_and_nothing_is_made() {
    let world = world(Usernames::Optional).await;
    world.directory.create(&writes(), with_username("ada")).await.unwrap();
    let again = NewUser { username: Some("ada".parse().unwrap()), ..newcomer("eve", "member") };
    let again = world.directory.create(&writes(), again).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::UsernameTaken))), "{again:?}");
    assert_eq!(world.calls(), calls([(CREATE, 2)]));
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn what_a_connection_has_said_is_not_believed_for_ever() {
    let world = world(Usernames::None).await;
    world.directory.create(&writes(), with_username("ada")).await.unwrap();
    world.directory.create(&writes(), with_username("bob")).await.unwrap();
    assert_eq!(world.calls(), calls([(CREATE, 3)]));
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_mins(5)).await;
    tokio::time::resume();
    world.directory.create(&writes(), with_username("cy")).await.unwrap();
    assert_eq!(world.calls(), calls([(CREATE, 2)]));
}
