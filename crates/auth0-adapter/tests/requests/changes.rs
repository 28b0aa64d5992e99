//! Changes: what they send, and what they leave alone.

use std::time::Duration;

use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, catalogue, globex};
use domain::{AccountChange, MembershipChange, User};
use ports::{AccountField, AccountUpdate, Conflict, PortError, RejectedValue, UserDirectory};
use serde_json::{Value, json};

use crate::world::{
    DELETE, GET, PATCH, World, account, calls, email, lagging_search, short_timeout, to_role,
};

fn sent(world: &World) -> Vec<Value> {
    let requests = world.control().requests();
    let patches = requests.into_iter().filter(|request| request.route == PATCH);
    patches.map(|request| request.body.unwrap()).collect()
}

/// Seeds a user whose home is acme and who is attached to globex.
async fn shared(world: &World, name: &str) -> User {
    let mut shared = account(name, [("acme", "member"), ("globex", "member")]);
    shared["app_metadata"]["usher"] = json!({ "home": "acme", "service_user": false });
    shared["app_metadata"]["somebody_elses"] = json!({ "kept": true });
    let id = world.seed(shared);
    let user = world.find(&id).await.unwrap();
    world.take_calls();
    user
}

fn change(user: &User) -> AccountChange {
    AccountChange {
        email: user.email.clone(),
        given_name: user.given_name.clone(),
        family_name: user.family_name.clone(),
    }
}

#[tokio::test]
async fn membership_change_patches_only_that_membership() {
    let world = World::new().await;
    let ada = shared(&world, "ada").await;
    let scope = Caller::of([globex()]).writes(&globex());
    let named = MembershipChange { name: Some("Ada G.".parse().unwrap()), ..to_role("viewer") };
    let ada = world.directory.change_membership(&scope, &ada, named).await.unwrap();
    let ada = world.directory.change_membership(&scope, &ada, to_role("admin")).await.unwrap();
    world.directory.detach(&scope, &ada).await.unwrap();
    assert_eq!(
        sent(&world),
        [
            json!({ "app_metadata": {
                "usher_tenant_globex": { "role": "viewer" },
                "usher_name_globex": "- Ada G.",
            } }),
            json!({ "app_metadata": {
                "usher_tenant_globex": { "role": "admin" },
                "usher_name_globex": "- Ada G.",
            } }),
            json!({ "app_metadata": {
                "usher_tenant_globex": null,
                "usher_name_globex": null,
                "usher_life_globex": null,
            } }),
        ]
    );
    let stored = world.control().user(ada.id.as_str()).unwrap();
    assert_eq!(
        stored["app_metadata"],
        json!({
            "usher": { "home": "acme", "service_user": false },
            "usher_tenant_acme": { "role": "member" },
            "somebody_elses": { "kept": true },
        })
    );
    // The detachment is followed by a read.
    assert_eq!(world.take_calls(), calls([(PATCH, 3), (GET, 1)]));
}

#[tokio::test]
async fn rename_at_home_patches_only_the_name() {
    let world = World::new().await;
    let ada = shared(&world, "ada").await;
    let scope = Caller::of([acme()]).writes(&acme());
    let named = MembershipChange { role: None, name: Some("Ada".parse().unwrap()) };
    world.directory.change_membership(&scope, &ada, named).await.unwrap();
    assert_eq!(sent(&world), [json!({ "name": "Ada" })]);
}

#[tokio::test]
async fn concurrent_processes_lose_no_membership_change() {
    let world = World::new().await;
    let other = world.another_directory(catalogue());
    for round in 0..20 {
        let seen = shared(&world, &format!("ada{round}")).await;
        let (here, there) =
            (Caller::of([acme()]).writes(&acme()), Caller::of([globex()]).writes(&globex()));
        let (one, two) = tokio::join!(
            world.directory.change_membership(&here, &seen, to_role("viewer")),
            async {
                if round % 2 == 0 {
                    other.change_membership(&there, &seen, to_role("admin")).await.map(drop)
                } else {
                    other.detach(&there, &seen).await
                }
            },
        );
        one.unwrap();
        two.unwrap();
        let user = world.find(&seen.id).await.unwrap();
        assert_eq!(user.role_in(&acme()), catalogue().resolve("viewer"));
        let expected = (round % 2 == 0).then(|| catalogue().resolve("admin").unwrap().clone());
        assert_eq!(user.role_in(&globex()), expected.as_ref());
    }
}

#[tokio::test]
async fn new_email_is_unverified_and_replaces_missing_name() {
    let world = World::with(|_| (), |config| config.verify_email = true).await;
    let scope = Caller::of([acme()]).changes();
    let ada = shared(&world, "ada").await;
    let ada = world
        .directory
        .change_account(&scope, &ada, AccountChange { email: email("new"), ..change(&ada) })
        .await
        .unwrap()
        .user;
    assert_eq!((ada.email.as_str(), &ada.display_name), ("new@example.com", &None));
    let everything = json!({
        "connection": "Username-Password-Authentication",
        "email": "new@example.com",
        "email_verified": false,
        "verify_email": true,
        "name": "new@example.com",
    });
    let mut sent_once = sent(&world);
    let stamp = sent_once[0].as_object_mut().unwrap().remove("app_metadata").unwrap();
    assert!(stamp["usher_credentials"].as_str().unwrap().ends_with(" acme address"), "{stamp}");
    assert_eq!(sent_once, [everything]);
    world.take_calls();

    let named = account("bob", [("acme", "member")]);
    let mut named = named.as_object().unwrap().clone();
    named.insert("name".to_owned(), json!("Bob"));
    named["app_metadata"]["usher"] = json!({ "home": "acme" });
    let id = world.seed(Value::Object(named));
    let bob = world.find(&id).await.unwrap();
    let moved = AccountChange { email: email("robert"), ..change(&bob) };
    let bob = world.directory.change_account(&scope, &bob, moved).await.unwrap().user;
    assert_eq!(bob.display_name, Some("Bob".parse().unwrap()));
    assert!(sent(&world)[0].get("name").is_none());
}

#[tokio::test]
async fn name_change_does_not_send_the_email() {
    let world = World::new().await;
    let ada = shared(&world, "ada").await;
    let named = AccountChange { given_name: Some("Ada".parse().unwrap()), ..change(&ada) };
    world.directory.change_account(&Caller::of([acme()]).changes(), &ada, named).await.unwrap();
    assert_eq!(sent(&world), [json!({ "given_name": "Ada" })]);
    assert_eq!(world.take_calls(), calls([(PATCH, 1)]));
}

#[tokio::test]
async fn taken_email_still_applies_name_changes() {
    let world = World::new().await;
    let ada = shared(&world, "ada").await;
    shared(&world, "bob").await;
    let scope = Caller::of([acme()]).changes();
    let taken = AccountChange { email: email("bob"), ..change(&ada) };
    let result = world.directory.change_account(&scope, &ada, taken.clone()).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::EmailTaken))), "{result:?}");
    assert_eq!(world.take_calls(), calls([(PATCH, 1)]));

    let renamed = AccountChange { given_name: Some("Ada".parse().unwrap()), ..taken };
    let AccountUpdate { user, failures } =
        world.directory.change_account(&scope, &ada, renamed).await.unwrap();
    assert_eq!(failures, [Conflict::EmailTaken]);
    assert_eq!((user.email, user.given_name), (ada.email, Some("Ada".parse().unwrap())));
    assert_eq!(world.take_calls(), calls([(PATCH, 2)]));
}

#[tokio::test]
async fn lost_response_of_a_change_is_retried() {
    let world = World::with(|_| (), short_timeout).await;
    let ada = shared(&world, "ada").await;
    let scope = Caller::of([acme()]).writes(&acme());
    let roles = ["viewer", "admin", "owner"];
    let kinds = [FaultKind::ResetAfter, FaultKind::ResetBefore, FaultKind::Malformed];
    for (kind, role) in kinds.into_iter().zip(roles) {
        let fault =
            Fault { route: Some(PATCH.to_owned()), skip: 0, times: Some(1), kind: kind.clone() };
        world.control().add_fault(fault);
        let result = world.directory.change_membership(&scope, &ada, to_role(role)).await;
        // Retried or not: a success returns what is stored.
        let stored = world.find(&ada.id).await.unwrap();
        if let Ok(user) = result {
            assert_eq!(user, stored, "{kind:?}");
        }
        assert!(world.take_calls()[PATCH] <= 3);
        world.control().clear_faults();
    }
}

#[tokio::test]
async fn deleted_account_is_neither_found_nor_listed() {
    let world = World::with(crate::world::lagging_search, |_| ()).await;
    let ada = world.create("ada", "member").await;
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.total, 1);
    // Another process deletes the account.
    world.another_directory(catalogue()).delete(&Caller::operator().changes(), &ada).await.unwrap();
    world.take_calls();
    let scope = Caller::of([acme()]).writes(&acme());
    let result = world.directory.change_membership(&scope, &ada, to_role("viewer")).await;
    assert!(matches!(result, Err(PortError::NotFound)), "{result:?}");
    assert_eq!(world.take_calls(), calls([(PATCH, 1)]));
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.total, 0);
    // No call is made about an account that is known to be deleted.
    world.take_calls();
    let result = world.directory.delete(&Caller::operator().changes(), &ada).await;
    assert!(matches!(result, Err(PortError::NotFound)), "{result:?}");
    assert_eq!(world.take_calls(), calls([]));
}

#[tokio::test]
async fn change_by_another_process_counts_after_a_read() {
    let world = World::with(crate::world::lagging_search, |_| ()).await;
    let ada = world.create("ada", "member").await;
    world.clock.advance(Duration::from_secs(1));
    let other = world.another_directory(catalogue());
    let scope = Caller::of([acme()]).writes(&acme());
    other.change_membership(&scope, &ada, to_role("owner")).await.unwrap();
    let seen = world.find(&ada.id).await.unwrap();
    assert_eq!(seen.role_in(&acme()), catalogue().resolve("owner"));
    // An earlier own write hides the change neither from authorization nor from a list.
    let ranked = Caller::ranked([(acme(), "admin")]).writes(&acme());
    let result = world.directory.detach(&ranked, &seen).await;
    assert!(matches!(result, Err(PortError::Refused(_))), "{result:?}");
    let listed = world.list(&acme(), domain::ListQuery::default()).await.users;
    assert_eq!(listed.first().map(|view| -> &User { view }), Some(&seen));
}

#[tokio::test]
async fn write_of_unknown_outcome_is_not_remembered() {
    for reading in [true, false] {
        let world = World::with(lagging_search, short_timeout).await;
        let ada = world.create("ada", "member").await;
        // Processed, but the responses are lost.
        let lost = |route: &str| {
            let route = Some(route.to_owned());
            Fault { route, skip: 0, times: Some(3), kind: FaultKind::Malformed }
        };
        let reset = Fault { kind: FaultKind::ResetAfter, ..lost(DELETE) };
        world.control().add_fault(reset);
        if !reading {
            world.control().add_fault(lost(GET));
        }
        let result = world.directory.delete(&Caller::operator().changes(), &ada).await;
        assert!(result.is_err(), "{reading}");
        assert_eq!(world.control().users(), [] as [Value; 0]);
        // The search index never showed the account.
        let listed = world.list(&acme(), domain::ListQuery::default()).await.users;
        assert_eq!(listed, [], "{reading}");
    }
}

/// An account as another software has left it: every shown value differs from the stored one.
fn odd(name: &str) -> Value {
    let mut odd = account(name, [("acme", "member")]);
    odd["app_metadata"]["usher"] = json!({ "home": "acme" });
    odd["app_metadata"]["usher_tenant_acme"]["name"] = json!("line\nbreak");
    odd["name"] = json!("x".repeat(400));
    odd["given_name"] = json!("\u{0}");
    odd["family_name"] = json!("a\tb");
    odd["blocked"] = json!("false");
    odd
}

#[tokio::test]
async fn change_to_the_shown_values_sends_nothing() {
    let world = World::new().await;
    let id = world.seed(odd("odd"));
    let stored = world.control().user(id.as_str());
    let user = world.find(&id).await.unwrap();
    let (changes, writes) = (Caller::of([acme()]).changes(), Caller::of([acme()]).writes(&acme()));
    world.take_calls();
    let update = world.directory.change_account(&changes, &user, change(&user)).await.unwrap();
    assert_eq!((&update.user, update.failures), (&user, Vec::new()));
    for role in [None, user.role_in(&acme()).cloned()] {
        let name = user.name_in(&acme()).cloned();
        assert_eq!(name.as_ref().unwrap().as_str(), "linebreak");
        let shown = MembershipChange { role, name };
        let unchanged = world.directory.change_membership(&writes, &user, shown).await.unwrap();
        assert_eq!(unchanged, user);
    }
    assert_eq!(world.take_calls(), calls([]));
    assert_eq!(world.control().user(id.as_str()), stored);
}

#[tokio::test]
async fn change_sends_only_what_differs() {
    let world = World::new().await;
    let id = world.seed(odd("odd"));
    let user = world.find(&id).await.unwrap();
    let changed = AccountChange { given_name: Some("Jane".parse().unwrap()), ..change(&user) };
    let changes = Caller::of([acme()]).changes();
    world.directory.change_account(&changes, &user, changed).await.unwrap();
    assert_eq!(sent(&world), [json!({ "given_name": "Jane" })]);
    assert_eq!(world.control().user(id.as_str()).unwrap()["family_name"], "a\tb");
}

#[tokio::test]
async fn refused_change_of_another_providers_account_names_the_fields() {
    let world = World::new().await;
    let id = world.seed(json!({
        "user_id": "google-oauth2|1",
        "email": "Ada@example.com",
        "name": "Ada",
        "given_name": "Ada",
        "app_metadata": {
            "usher": { "home": "acme" }, "usher_tenant_acme": { "role": "member" },
        },
    }));
    let user = world.find(&id).await.unwrap();
    let (changes, writes) = (Caller::of([acme()]).changes(), Caller::of([acme()]).writes(&acme()));
    world.take_calls();
    world.directory.change_account(&changes, &user, change(&user)).await.unwrap();
    assert_eq!(world.take_calls(), calls([]));
    let refused = async |change: AccountChange| match world
        .directory
        .change_account(&changes, &user, change)
        .await
    {
        Err(PortError::Rejected(RejectedValue::Unsupported(fields))) => fields,
        other => panic!("{other:?}"),
    };
    let named = AccountChange { given_name: None, ..change(&user) };
    assert_eq!(refused(named.clone()).await, [AccountField::GivenName]);
    let moved = AccountChange { email: email("new"), ..named };
    assert_eq!(refused(moved).await, [AccountField::Email, AccountField::GivenName]);
    let renamed = MembershipChange { role: None, name: Some("A.".parse().unwrap()) };
    let result = world.directory.change_membership(&writes, &user, renamed).await;
    let expected = [AccountField::DisplayName];
    assert!(
        matches!(&result, Err(PortError::Rejected(RejectedValue::Unsupported(fields))) if *fields == expected),
        "{result:?}"
    );
    let password = "battery-staple".parse().unwrap();
    let result = world.directory.set_password(&changes, &user, password).await;
    assert!(
        matches!(&result, Err(PortError::Rejected(RejectedValue::Unsupported(fields))) if *fields == [AccountField::Password]),
        "{result:?}"
    );
}

#[tokio::test]
async fn name_equal_to_the_address_is_none() {
    let world = World::new().await;
    let ada = shared(&world, "ada").await;
    let (here, there) =
        (Caller::of([acme()]).writes(&acme()), Caller::of([globex()]).writes(&globex()));
    let rename = |name: &str| MembershipChange { role: None, name: Some(name.parse().unwrap()) };
    let named = world.directory.change_membership(&here, &ada, rename("Ada")).await.unwrap();
    let unnamed =
        world.directory.change_membership(&here, &named, rename("ADA@example.com")).await.unwrap();
    assert_eq!(unnamed.display_name, None);
    world.take_calls();
    // Of another home, the name is the membership's.
    let there = world.directory.change_membership(&there, &unnamed, rename("ada@example.com"));
    assert_eq!(there.await.unwrap().name_in(&globex()).unwrap().as_str(), "ada@example.com");
}
