//! Connections that do not support usernames, and connections that require them.

use auth0_sim::{Config, Usernames};
use conformance::{Caller, acme};
use domain::NewUser;
use ports::{Conflict, PortError, UserDirectory};

use crate::world::{BY_EMAIL, CREATE, SEARCH, World, calls, new_member, new_user};

async fn world(usernames: Usernames) -> World {
    let with = move |settings: &mut Config| settings.connections[0].usernames = usernames;
    World::with(with, |_| ()).await
}

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

fn with_username(name: &str) -> NewUser {
    NewUser { username: Some(name.parse().unwrap()), ..new_user(name, "member") }
}

#[tokio::test]
async fn missing_username_support_is_learned_once() {
    let world = world(Usernames::None).await;
    // An account without a username learns nothing.
    world.directory.create(&writes(), new_user("bare", "member")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(CREATE, 1)]));
    let ada = world.directory.create(&writes(), with_username("ada")).await.unwrap();
    assert_eq!(ada.username, None);
    assert_eq!(world.take_calls(), calls([(CREATE, 2)]));
    let bob = world.directory.create(&writes(), with_username("bob")).await.unwrap();
    assert_eq!(bob.username, None);
    assert_eq!(world.take_calls(), calls([(CREATE, 1)]));
    assert_eq!(world.control().users().len(), 3);
}

#[tokio::test]
async fn required_username_gets_a_hidden_placeholder() {
    let world = world(Usernames::Required).await;
    let ada = world.directory.create(&writes(), new_user("ada", "member")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(CREATE, 2)]));
    assert_eq!(ada.username, None);
    let stored = world.control().user(ada.id.as_str()).unwrap();
    let stored = stored["username"].as_str().unwrap();
    let own = ada.id.as_str().strip_prefix("auth0|").unwrap();
    assert_eq!(stored, format!("u{}", own.get(..14).unwrap()));
    assert_eq!(world.find(&ada.id).await.unwrap().username, None);
    world.take_calls();

    let bob = world
        .directory
        .attach_or_create(&writes(), new_member("bob", "member"))
        .await
        .unwrap()
        .user;
    assert_eq!(world.take_calls(), calls([(BY_EMAIL, 1), (SEARCH, 1), (CREATE, 1)]));
    assert_eq!(bob.username, None);
    let cy = world.directory.create(&writes(), with_username("cy")).await.unwrap();
    assert_eq!(cy.username, Some("cy".parse().unwrap()));
    assert_eq!(world.take_calls(), calls([(CREATE, 1)]));
}

#[tokio::test]
async fn taken_username_is_a_conflict() {
    let world = world(Usernames::Optional).await;
    world.directory.create(&writes(), with_username("ada")).await.unwrap();
    let again = NewUser { username: Some("ada".parse().unwrap()), ..new_user("eve", "member") };
    let again = world.directory.create(&writes(), again).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::UsernameTaken))), "{again:?}");
    assert_eq!(world.take_calls(), calls([(CREATE, 2)]));
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn learned_username_support_expires() {
    let world = world(Usernames::None).await;
    world.directory.create(&writes(), with_username("ada")).await.unwrap();
    world.directory.create(&writes(), with_username("bob")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(CREATE, 3)]));
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_mins(5)).await;
    tokio::time::resume();
    world.directory.create(&writes(), with_username("cy")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(CREATE, 2)]));
}
