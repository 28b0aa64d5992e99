//! Accounts made: what is sent, and what becomes of lost answers.

use auth0_adapter::Invite;
use auth0_sim::{Fault, FaultKind};
use conformance::{Caller, acme, globex};
use domain::{NewUser, UserId};
use ports::{AttachOutcome, Conflict, PortError, UserDirectory};
use serde_json::{Value, json};

use crate::world::{BY_EMAIL, CREATE, MAIL, PATCH, World, calls, impatient, newcomer, recruit};

/// The ways in which an answer gets lost after Auth0 did what it was asked.
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
async fn everything_that_has_a_default_is_said() {
    let world = World::new().await;
    let new = NewUser {
        given_name: Some("Ada".parse().unwrap()),
        display_name: Some("Ada L.".parse().unwrap()),
        ..newcomer("ada", "viewer")
    };
    let ada = world.directory.create(&writes(), new).await.unwrap();
    let own = ada.id.as_str().strip_prefix("auth0|").unwrap();
    assert!(own.len() == 24 && own.bytes().all(|b| b.is_ascii_hexdigit()));
    assert_eq!(
        sent(&world, CREATE),
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
                "usher_tenant_acme": { "role": "viewer" },
            },
        })
    );
    assert_eq!(world.calls(), calls([(CREATE, 1)]));
}

#[tokio::test]
async fn an_account_whose_answer_is_lost_is_found_and_not_made_again() {
    for loss in losses() {
        let world = World::with(|_| (), impatient).await;
        world.control().fault(once(CREATE, loss.clone()));
        let ada = world.directory.create(&writes(), newcomer("ada", "member")).await;
        let ada = ada.unwrap_or_else(|error| panic!("{loss:?}: {error:?}"));
        assert_eq!(world.calls(), calls([(CREATE, 1), (BY_EMAIL, 1)]), "{loss:?}");
        assert_eq!(world.control().users().len(), 1);
        assert_eq!(world.now(&ada.id).await, Some(ada));

        world.control().fault(once(CREATE, loss.clone()));
        let AttachOutcome { user, created } =
            world.directory.attach_or_create(&writes(), recruit("bob", "member")).await.unwrap();
        assert!(created);
        world.control().reset_calls();
        assert_eq!(world.now(&user.id).await, Some(user));
        assert_eq!(world.control().users().len(), 2, "{loss:?}");
    }
}

#[tokio::test]
async fn an_account_that_was_not_made_is_an_error_and_can_be_made_again() {
    for loss in [
        FaultKind::ResetBefore,
        FaultKind::Hang,
        FaultKind::Html { status: 200 },
        FaultKind::Status { status: 500, retry_after: None },
    ] {
        let world = World::with(|_| (), impatient).await;
        world.control().fault(once(CREATE, loss.clone()));
        let failed = world.directory.create(&writes(), newcomer("ada", "member")).await;
        assert!(
            matches!(
                failed,
                Err(PortError::Failed { .. } | PortError::Timeout | PortError::Unavailable { .. })
            ),
            "{loss:?}: {failed:?}"
        );
        assert_eq!(world.calls(), calls([(CREATE, 1), (BY_EMAIL, 1)]), "{loss:?}");
        assert_eq!(world.control().users(), [] as [Value; 0]);
        world.directory.create(&writes(), newcomer("ada", "member")).await.unwrap();
        assert_eq!(world.control().users().len(), 1);
    }
}

#[tokio::test]
async fn a_lost_answer_about_somebody_elses_address_is_a_conflict() {
    let world = World::with(|_| (), impatient).await;
    let first = world.create("ada", "member").await;
    for loss in [FaultKind::ResetAfter, FaultKind::Malformed, FaultKind::ResetBefore] {
        world.control().fault(once(CREATE, loss));
        let again = world.directory.create(&writes(), newcomer("ada", "owner")).await;
        assert!(matches!(again, Err(PortError::Conflict(Conflict::EmailTaken))), "{again:?}");
    }
    assert_eq!(world.now(&first.id).await, Some(first));
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn when_nothing_can_be_found_out_the_caller_who_repeats_gets_the_truth() {
    let world = World::with(|_| (), impatient).await;
    world.control().fault(once(CREATE, FaultKind::ResetAfter));
    world.control().fault(Fault { times: Some(3), ..once(BY_EMAIL, FaultKind::ResetBefore) });
    let failed = world.directory.create(&writes(), newcomer("ada", "member")).await;
    assert!(matches!(failed, Err(PortError::Failed { .. })), "{failed:?}");
    assert_eq!(world.calls(), calls([(CREATE, 1), (BY_EMAIL, 3)]));
    // It was made after all.
    let again = world.directory.create(&writes(), newcomer("ada", "member")).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::EmailTaken))), "{again:?}");
    let again = world.directory.attach_or_create(&writes(), recruit("ada", "member")).await;
    assert!(matches!(again, Err(PortError::Conflict(Conflict::AlreadyAttached))), "{again:?}");
    assert_eq!(world.control().users().len(), 1);
}

#[tokio::test]
async fn who_is_made_by_somebody_else_meanwhile_is_attached() {
    let world = World::new().await;
    let other = world.another(conformance::catalogue());
    // The look-up finds nobody, since it is answered before the other process makes the account.
    world.control().fault(once(CREATE, FaultKind::Delay { millis: 1000 }));
    let scope = writes();
    let (enlisted, made) =
        tokio::join!(world.directory.attach_or_create(&scope, recruit("ada", "viewer")), async {
            loop {
                if world.control().calls().contains_key(CREATE) {
                    let scope = Caller::of([globex()]).writes(&globex());
                    return other.create(&scope, newcomer("ada", "member")).await.unwrap();
                }
                tokio::task::yield_now().await;
            }
        });
    let AttachOutcome { user, created } = enlisted.unwrap();
    assert!(!created);
    assert_eq!((&user.id, &user.home, user.memberships.len()), (&made.id, &Some(globex()), 2));
    assert_eq!(world.calls(), calls([(BY_EMAIL, 2), (CREATE, 2), (PATCH, 1)]));
}

#[tokio::test]
async fn an_address_with_several_accounts_names_none() {
    let world = World::new().await;
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
    let result = world.directory.attach_or_create(&writes(), recruit("ada", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::AmbiguousAccount))), "{result:?}");
    assert_eq!(world.calls(), calls([(BY_EMAIL, 1)]));
}

#[tokio::test]
async fn who_has_no_password_gets_a_mail_if_that_is_wanted() {
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    world.create("ada", "member").await;
    assert_eq!(world.calls(), calls([(CREATE, 1), (MAIL, 1)]));
    world.directory.attach_or_create(&writes(), recruit("bob", "member")).await.unwrap();
    assert_eq!(world.calls(), calls([(BY_EMAIL, 1), (CREATE, 1), (MAIL, 1)]));
    assert_eq!(world.control().mails().len(), 2);

    // Not who has a password, nor a program, nor who was there before.
    let new = newcomer("cy", "member");
    let new = NewUser { password: Some("correct-horse".parse().unwrap()), ..new };
    world.directory.create(&writes(), new).await.unwrap();
    let new = NewUser { service_user: true, ..newcomer("bot", "member") };
    world.directory.create(&writes(), new).await.unwrap();
    let scope = Caller::of([globex()]).writes(&globex());
    world.directory.attach_or_create(&scope, recruit("cy", "member")).await.unwrap();
    assert_eq!(world.calls(), calls([(CREATE, 2), (BY_EMAIL, 1), (PATCH, 1)]));
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_does_not_undo_the_account() {
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    let fault = FaultKind::Status { status: 500, retry_after: None };
    world.control().fault(once(MAIL, fault));
    let ada = world.create("ada", "member").await;
    assert_eq!(world.calls(), calls([(CREATE, 1), (MAIL, 1)]));
    assert_eq!(world.now(&ada.id).await, Some(ada));
}

#[tokio::test]
async fn nobody_gets_a_mail_by_default_and_a_lost_answer_makes_no_difference() {
    let world = World::new().await;
    world.create("ada", "member").await;
    assert!(world.control().mails().is_empty());
    let world = World::with(|_| (), |config| config.invite = Invite::ResetEmail).await;
    world.control().fault(once(CREATE, FaultKind::ResetAfter));
    world.create("ada", "member").await;
    assert_eq!(world.control().mails().len(), 1);
}

#[tokio::test]
async fn whom_usher_cannot_read_is_not_there_and_stands_in_the_way_all_the_same() {
    let world = World::new().await;
    let odd = json!({
        "user_id": "auth0|a?b",
        "email": "ada@example.com",
        "app_metadata": { "usher_tenant_acme": { "role": "member" } },
    });
    world.control().seed(odd).unwrap();
    let result = world.directory.attach_or_create(&writes(), recruit("ada", "member")).await;
    assert!(matches!(result, Err(PortError::Conflict(Conflict::AmbiguousAccount))), "{result:?}");
    assert_eq!(world.list(&acme(), domain::ListQuery::default()).await.users, []);
    let unknown: UserId = "auth0|nobody".parse().unwrap();
    assert_eq!(world.now(&unknown).await, None);
}

#[tokio::test]
async fn an_account_of_another_connection_has_not_taken_the_address() {
    let world = World::with(|_| (), impatient).await;
    world.seed(json!({
        "user_id": "google-oauth2|1",
        "email": "ada@example.com",
        "identities": [{
            "connection": "google-oauth2", "provider": "google-oauth2", "user_id": "1",
            "isSocial": true,
        }],
    }));
    world.control().fault(once(CREATE, FaultKind::ResetBefore));
    let lost = world.directory.create(&writes(), newcomer("ada", "member")).await;
    assert!(matches!(lost, Err(PortError::Failed { .. })), "{lost:?}");
    world.directory.create(&writes(), newcomer("ada", "member")).await.unwrap();
}
