//! Who controls an account: stamps, what operators decide, and the mails that prove it.

use std::time::Duration;

use auth0_sim::Connection;
use conformance::{Caller, acme, globex};
use domain::{AccountChange, NewUser, Standing, User};
use ports::{Clock, Conflict, PortError, RejectedValue, UserDirectory};
use serde_json::{Value, json};

use crate::world::{GET, MAIL, PATCH, World, account, calls, email, new_member, new_user};

const VERIFY: &str = "POST /api/v2/jobs/verification-email";

fn patches(world: &World) -> Vec<Value> {
    let requests = world.control().requests();
    let patches = requests.into_iter().filter(|request| request.route == PATCH);
    patches.map(|request| request.body.unwrap()).collect()
}

/// A verified account at home in acme and attached to globex.
async fn shared(world: &World) -> User {
    let mut ada = account("ada", []);
    ada["app_metadata"]["usher"] = json!({ "home": "acme", "service_user": true });
    ada["app_metadata"]["usher_tenant_acme"] = json!({ "role": "member" });
    ada["email_verified"] = json!(true);
    ada["password"] = json!("correct-horse");
    let id = world.seed(ada);
    let scope = Caller::of([globex()]).writes(&globex());
    world.directory.attach_or_create(&scope, new_member("ada", "admin")).await.unwrap();
    let ada = world.find(&id).await.unwrap();
    world.take_calls();
    ada
}

/// Returns the standing of the membership in globex now.
async fn standing(world: &World, user: &User) -> Standing {
    let user = world.find(&user.id).await.unwrap();
    let context = domain::PolicyContext::at(world.clock.now());
    user.standing_in(&globex(), &context).unwrap()
}

#[tokio::test]
async fn password_and_stamp_are_set_by_one_write() {
    let world = World::new().await;
    let ada = shared(&world).await;
    assert_eq!(standing(&world, &ada).await, Standing::Active);
    world.clock.advance(Duration::from_hours(2));
    let seen = world.find(&ada.id).await.unwrap();
    world.take_calls();
    let scope = Caller::of([acme()]).changes();
    let password = || "battery-staple".parse().unwrap();
    world.directory.set_password(&scope, &seen, password()).await.unwrap();
    let [sent] = &*patches(&world) else { panic!("one change") };
    let stamp = sent["app_metadata"]["usher_credentials"].as_str().unwrap();
    assert!(sent["password"].is_string() && stamp.ends_with(" acme"), "{stamp}");
    assert_eq!(standing(&world, &ada).await, Standing::Pending);
    // The person resets the password by mail, more than a minute later.
    world.clock.advance(Duration::from_secs(90));
    world.control().reset_password(ada.id.as_str(), "correct-horse-2").unwrap();
    assert_eq!(standing(&world, &ada).await, Standing::Active);
}

#[tokio::test]
async fn stamp_stays_open_if_the_write_comes_late() {
    let world = World::new().await;
    let ada = shared(&world).await;
    // Auth0's clock is read from its latest response, which is old here.
    world.clock.advance(Duration::from_hours(1));
    let scope = Caller::of([acme()]).changes();
    let password = "battery-staple".parse().unwrap();
    let after = world.directory.set_password(&scope, &ada, password).await.unwrap();
    assert!(after.credentials.open_stamp().is_some());
    assert_eq!(world.take_calls(), calls([(PATCH, 2)]));
    assert_eq!(standing(&world, &ada).await, Standing::Pending);
}

#[tokio::test]
async fn address_and_stamp_are_set_by_one_write() {
    let world = World::new().await;
    let ada = shared(&world).await;
    let scope = Caller::of([acme()]).changes();
    let change = AccountChange { email: email("eve"), given_name: None, family_name: None };
    world.directory.change_account(&scope, &ada, change).await.unwrap();
    let [sent] = &*patches(&world) else { panic!("one change") };
    assert!(sent["email"].is_string() && sent["app_metadata"]["usher_credentials"].is_string());
    assert_eq!(standing(&world, &ada).await, Standing::Pending);
}

#[tokio::test]
async fn given_password_of_a_new_account_leaves_a_stamp() {
    let world = World::new().await;
    let given = |name| NewUser {
        password: Some("correct-horse".parse().unwrap()),
        ..new_user(name, "member")
    };
    let stamp = |user: &User| user.credentials.stamp.clone().map(|stamp| stamp.by);
    let home = Caller::of([acme()]).writes(&acme());
    let ada = world.directory.create(&home, given("ada")).await.unwrap();
    assert_eq!(stamp(&ada), Some(Some(acme())));
    let operator = Caller::operator().writes(&acme());
    let bob = world.directory.create(&operator, given("bob")).await.unwrap();
    assert_eq!(stamp(&bob), None);
    let cy = world.directory.create(&home, new_user("cy", "member")).await.unwrap();
    assert_eq!(stamp(&cy), None);
}

#[tokio::test]
async fn operator_vouches_and_withdraws() {
    let world = World::new().await;
    let ada = shared(&world).await;
    let password = "battery-staple".parse().unwrap();
    let home = Caller::of([acme()]).changes();
    world.directory.set_password(&home, &ada, password).await.unwrap();
    assert_eq!(standing(&world, &ada).await, Standing::Pending);
    let operator = Caller::operator().operates().unwrap();
    let seen = world.find(&ada.id).await.unwrap();
    world.directory.set_email_verified(&operator, &seen, true).await.unwrap();
    assert_eq!(standing(&world, &ada).await, Standing::Active);
    world.take_calls();
    world.directory.set_email_verified(&operator, &seen, false).await.unwrap();
    assert_eq!(patches(&world), [json!({ "email_verified": false })]);
    assert_eq!(standing(&world, &ada).await, Standing::Pending);
}

#[tokio::test]
async fn connection_that_verifies_addresses_itself_is_not_overruled() {
    let world = World::new().await;
    let staff = Connection {
        id: "con_0000000000000002".to_owned(),
        name: "staff".to_owned(),
        strategy: "samlp".to_owned(),
        ..Connection::default()
    };
    world.control().set_connection(staff);
    let mut ada = account("ada", [("acme", "member")]);
    ada["user_id"] = json!("samlp|staff|ada");
    ada["identities"] = json!([{ "connection": "staff", "provider": "samlp", "user_id": "staff|ada", "isSocial": false }]);
    let id = world.seed(ada);
    let ada = world.find(&id).await.unwrap();
    assert!(!ada.credentials.connections_allowed);
    let operator = Caller::operator().operates().unwrap();
    let result = world.directory.set_email_verified(&operator, &ada, true).await;
    assert!(
        matches!(result, Err(PortError::Rejected(RejectedValue::Unsupported(_)))),
        "{result:?}"
    );
}

#[tokio::test]
async fn moved_home_keeps_what_creation_has_set() {
    let world = World::new().await;
    let ada = shared(&world).await;
    let operator = Caller::operator().operates().unwrap();
    let moved = world.directory.move_home(&operator, &ada, Some(globex())).await.unwrap();
    assert_eq!((moved.home, moved.service_user), (Some(globex()), true));
    let nowhere = Some("initech".parse().unwrap());
    let result = world.directory.move_home(&operator, &ada, nowhere).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::NotAttached))), "{result:?}");
    let seen = world.find(&ada.id).await.unwrap();
    let cleared = world.directory.move_home(&operator, &seen, None).await.unwrap();
    assert_eq!((cleared.home, cleared.service_user), (None, true));
}

#[tokio::test]
async fn invitation_mails_what_is_missing() {
    let world = World::new().await;
    let scope = Caller::of([acme()]).writes(&acme());
    let new = world.directory.create(&scope, new_user("new", "member")).await.unwrap();
    world.take_calls();
    world.directory.send_invitation(&scope, &new).await.unwrap();
    assert_eq!(world.take_calls(), calls([(VERIFY, 1), (MAIL, 1)]));
    // Verified, and the person has logged in: nothing is missing.
    let mut known = account("known", [("acme", "member")]);
    known["app_metadata"]["usher"] = json!({ "home": "acme" });
    known["email_verified"] = json!(true);
    known["last_login"] = json!("2026-01-02T03:04:05.000Z");
    let known = world.find(&world.seed(known)).await.unwrap();
    world.take_calls();
    world.directory.send_invitation(&scope, &known).await.unwrap();
    assert_eq!(world.take_calls(), calls([]));
    // The home sets a password: the person has to set one of its own.
    let home = Caller::of([acme()]).changes();
    let password = "battery-staple".parse().unwrap();
    let known = world.directory.set_password(&home, &known, password).await.unwrap();
    world.take_calls();
    world.directory.send_invitation(&scope, &known).await.unwrap();
    assert_eq!(world.take_calls(), calls([(MAIL, 1)]));
}

#[tokio::test]
async fn callers_role_is_read_again_in_the_step_of_the_change() {
    let world = World::new().await;
    let admin = world.seed(account("admin", [("acme", "admin")]));
    let member = world.seed(account("member", [("acme", "member")]));
    let (admin, member) = (world.find(&admin).await.unwrap(), world.find(&member).await.unwrap());
    let scope = Caller::member(&admin).writes(&acme());
    world.take_calls();
    let demoted =
        world.directory.change_membership(&scope, &member, crate::world::to_role("viewer"));
    demoted.await.unwrap();
    assert_eq!(world.take_calls(), calls([(GET, 1), (PATCH, 1)]));
    let owner = Caller::of([acme()]).writes(&acme());
    world.directory.detach(&owner, &admin).await.unwrap();
    let member = world.find(&member.id).await.unwrap();
    let result = world.directory.detach(&scope, &member).await;
    assert!(matches!(result, Err(PortError::Refused(_))), "{result:?}");
}
