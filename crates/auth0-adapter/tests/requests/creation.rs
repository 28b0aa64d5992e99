//! Creation of accounts: what is sent, and how lost responses are resolved.

use auth0_adapter::{Auth0Config, Invite};
use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, globex};
use domain::{NewUser, UserId};
use ports::{AttachOutcome, Conflict, PortError, UserDirectory};
use serde_json::{Value, json};

use crate::world::{
    BY_EMAIL, CREATE, MAIL, PATCH, SEARCH, World, calls, new_member, new_user, short_timeout,
};

/// The ways in which a response gets lost after Auth0 has processed the request.
fn losses() -> [FaultKind; 6] {
    [
        FaultKind::ResetAfter,
        FaultKind::HangAfter,
        FaultKind::Malformed,
        FaultKind::Truncated,
        FaultKind::EmptyBody,
        FaultKind::Oversized { bytes: 8 << 20 },
    ]
}

fn once(route: &str, kind: FaultKind) -> Fault {
    Fault { route: Some(route.to_owned()), skip: 0, times: Some(1), kind }
}

fn writes() -> domain::TenantScope {
    Caller::of([acme()]).writes(&acme())
}

/// The body of the last request to the route.
fn sent(world: &World, route: &str) -> Value {
    let requests = world.control().requests();
    requests.iter().rfind(|request| request.route == route).unwrap().body.clone().unwrap()
}

#[tokio::test]
async fn create_sends_every_field() {
    let world = World::new().await;
    let new = NewUser {
        given_name: Some("Ada".parse().unwrap()),
        display_name: Some("Ada L.".parse().unwrap()),
        ..new_user("ada", "viewer")
    };
    let ada = world.directory.create(&writes(), new).await.unwrap();
    let own = ada.id.as_str().strip_prefix("auth0|").unwrap();
    assert!(own.len() == 24 && own.bytes().all(|b| b.is_ascii_hexdigit()));
    let mut sent = sent(&world, CREATE);
    let attachment = sent["app_metadata"]["usher_tenant_acme"]["m"].take();
    let (id, rest) = attachment.as_str().unwrap().split_once(' ').unwrap();
    assert!(id.len() == 32 && rest == "2026-01-01T00:00:00.000Z ada@example.com", "{attachment}");
    assert_eq!(
        sent,
        json!({
            "connection": "Username-Password-Authentication",
            "user_id": own,
            "email": "ada@example.com",
            "email_verified": false,
            "verify_email": false,
            "name": "Ada L.",
            "given_name": "Ada",
            "password": "[redacted]",
            "app_metadata": {
                "usher": { "home": "acme", "service_user": false },
                "usher_tenant_acme": { "role": "viewer", "m": null },
            },
        })
    );
    assert_eq!(world.take_calls(), calls([(CREATE, 1)]));
}

#[tokio::test]
async fn lost_create_response_yields_one_account() {
    for loss in losses() {
        let world = World::with(|_| (), short_timeout).await;
        world.control().add_fault(once(CREATE, loss.clone()));
        let ada = world.directory.create(&writes(), new_user("ada", "member")).await;
        let ada = ada.unwrap_or_else(|error| panic!("{loss:?}: {error:?}"));
        assert_eq!(world.take_calls(), calls([(CREATE, 1), (BY_EMAIL, 1)]), "{loss:?}");
        assert_eq!(world.control().users().len(), 1);
        assert_eq!(world.find(&ada.id).await, Some(ada));

        world.control().add_fault(once(CREATE, loss.clone()));
        let AttachOutcome { user, created } =
            world.directory.attach_or_create(&writes(), new_member("bob", "member")).await.unwrap();
        assert!(created);
        world.control().reset_calls();
        assert_eq!(world.find(&user.id).await, Some(user));
        assert_eq!(world.control().users().len(), 2, "{loss:?}");
    }
}

#[tokio::test]
async fn failed_create_is_an_error_and_can_be_repeated() {
    for loss in [
        FaultKind::ResetBefore,
        FaultKind::Hang,
        FaultKind::Html { status: 200 },
        FaultKind::Status { status: 500, retry_after: None },
    ] {
        let world = World::with(|_| (), short_timeout).await;
        world.control().add_fault(once(CREATE, loss.clone()));
        let failed = world.directory.create(&writes(), new_user("ada", "member")).await;
        assert!(
            matches!(
                failed,
                Err(PortError::Failed { .. } | PortError::Timeout | PortError::Unavailable { .. })
            ),
            "{loss:?}: {failed:?}"
        );
        assert_eq!(world.take_calls(), calls([(CREATE, 1), (BY_EMAIL, 1)]), "{loss:?}");
        assert_eq!(world.control().users(), [] as [Value; 0]);
        world.directory.create(&writes(), new_user("ada", "member")).await.unwrap();
        assert_eq!(world.control().users().len(), 1);
    }
}

#[tokio::test]
async fn lost_create_response_for_taken_email_is_a_conflict() {
    let world = World::with(|_| (), short_timeout).await;
    let first = world.create("ada", "member").await;
    for loss in [FaultKind::ResetAfter, FaultKind::Malformed, FaultKind::ResetBefore] {
        world.control().add_fault(once(CREATE, loss));
        let again = world.directory.create(&writes(), new_user("ada", "owner")).await;
        assert!(matches!(again, Err(PortError::Conflict(Conflict::EmailTaken))), "{again:?}");
    }
    assert_eq!(world.find(&first.id).await, Some(first));
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn unknown_create_outcome_is_resolved_by_repeating() {
    let world = World::with(|_| (), short_timeout).await;
    world.control().add_fault(once(CREATE, FaultKind::ResetAfter));
    world.control().add_fault(Fault { times: Some(3), ..once(BY_EMAIL, FaultKind::ResetBefore) });
    let failed = world.directory.create(&writes(), new_user("ada", "member")).await;
    assert!(matches!(failed, Err(PortError::Failed { .. })), "{failed:?}");
    assert_eq!(world.take_calls(), calls([(CREATE, 1), (BY_EMAIL, 3)]));
    // The account was created after all.
    let again = world.directory.create(&writes(), new_user("ada", "member")).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::EmailTaken))), "{again:?}");
    let again = world.directory.attach_or_create(&writes(), new_member("ada", "member")).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::AlreadyAttached))), "{again:?}");
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn account_created_concurrently_is_attached() {
    let world = World::new().await;
    let other = world.another_directory(conformance::catalogue());
    // The look-up finds nothing, since it is answered before the other process creates the account.
    world.control().add_fault(once(CREATE, FaultKind::Delay { millis: 1000 }));
    let scope = writes();
    let (attached, created_user) = tokio::join!(
        world.directory.attach_or_create(&scope, new_member("ada", "viewer")),
        async {
            world.control().wait_for_calls(CREATE, 1).await;
            let scope = Caller::of([globex()]).writes(&globex());
            other.create(&scope, new_user("ada", "member")).await.unwrap()
        }
    );
    let AttachOutcome { user, created } = attached.unwrap();
    assert!(!created);
    assert_eq!(
        (&user.id, &user.home, user.memberships.len()),
        (&created_user.id, &Some(globex()), 2)
    );
    assert_eq!(world.take_calls(), calls([(BY_EMAIL, 2), (SEARCH, 2), (CREATE, 2), (PATCH, 1)]));
}

#[tokio::test]
async fn email_of_several_accounts_is_ambiguous() {
    let allow = |config: &mut Auth0Config| {
        config.attach_connections = vec!["google-oauth2".to_owned()];
    };
    let world = World::with(|_| (), allow).await;
    world.seed(json!({ "user_id": "auth0|one", "email": "ada@example.com" }));
    let social = json!({
        "user_id": "google-oauth2|1",
        "email": "ada@example.com",
        "identities": [{
            "connection": "google-oauth2", "provider": "google-oauth2", "user_id": "1",
            "isSocial": true,
        }],
    });
    world.seed(social);
    let result = world.directory.attach_or_create(&writes(), new_member("ada", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::AmbiguousAccount))), "{result:?}");
    assert_eq!(world.take_calls(), calls([(BY_EMAIL, 1), (SEARCH, 1)]));
}

#[tokio::test]
async fn invitation_goes_only_to_new_users_without_password() {
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    world.create("ada", "member").await;
    assert_eq!(world.take_calls(), calls([(CREATE, 1), (MAIL, 1)]));
    world.directory.attach_or_create(&writes(), new_member("bob", "member")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(BY_EMAIL, 1), (SEARCH, 1), (CREATE, 1), (MAIL, 1)]));
    assert_eq!(world.control().mails().len(), 2);

    // No invitation for users with a password, service users, or existing accounts.
    let new = new_user("cy", "member");
    let new = NewUser { password: Some("correct-horse".parse().unwrap()), ..new };
    world.directory.create(&writes(), new).await.unwrap();
    let new = NewUser { service_user: true, ..new_user("bot", "member") };
    world.directory.create(&writes(), new).await.unwrap();
    let scope = Caller::of([globex()]).writes(&globex());
    world.directory.attach_or_create(&scope, new_member("cy", "member")).await.unwrap();
    assert_eq!(world.take_calls(), calls([(CREATE, 2), (BY_EMAIL, 1), (SEARCH, 1), (PATCH, 1)]));
}

#[tokio::test]
async fn failed_invitation_keeps_the_account() {
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    let fault = FaultKind::Status { status: 500, retry_after: None };
    world.control().add_fault(once(MAIL, fault));
    let ada = world.create("ada", "member").await;
    assert_eq!(world.take_calls(), calls([(CREATE, 1), (MAIL, 1)]));
    assert_eq!(world.find(&ada.id).await, Some(ada));
}

#[tokio::test]
async fn no_invitation_by_default_and_one_after_recovery() {
    let world = World::new().await;
    world.create("ada", "member").await;
    assert!(world.control().mails().is_empty());
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    world.control().add_fault(once(CREATE, FaultKind::ResetAfter));
    world.create("ada", "member").await;
    assert_eq!(world.control().mails().len(), 1);
}

#[tokio::test]
async fn unreadable_account_is_hidden_but_blocks_attaching() {
    let world = World::new().await;
    let unreadable = json!({
        "user_id": "auth0|a\nb",
        "email": "ada@example.com",
        "app_metadata": { "usher_tenant_acme": { "role": "member" } },
    });
    world.control().seed(unreadable).unwrap();
    let result = world.directory.attach_or_create(&writes(), new_member("ada", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::AmbiguousAccount))), "{result:?}");
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.users, []);
    let unknown: UserId = "auth0|nobody".parse().unwrap();
    assert_eq!(world.find(&unknown).await, None);
}

#[tokio::test]
async fn account_of_another_connection_does_not_take_the_email() {
    let world = World::with(|_| (), short_timeout).await;
    world.seed(json!({
        "user_id": "google-oauth2|1",
        "email": "ada@example.com",
        "identities": [{
            "connection": "google-oauth2", "provider": "google-oauth2", "user_id": "1",
            "isSocial": true,
        }],
    }));
    world.control().add_fault(once(CREATE, FaultKind::ResetBefore));
    let lost = world.directory.create(&writes(), new_user("ada", "member")).await;
    assert!(matches!(lost, Err(PortError::Failed { .. })), "{lost:?}");
    world.directory.create(&writes(), new_user("ada", "member")).await.unwrap();
}
