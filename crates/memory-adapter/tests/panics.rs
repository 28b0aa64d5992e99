//! A panic while the lock is held leaves no partial change, and the directory usable.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so and stop")]

use std::sync::Arc;
use std::time::Duration;

use conformance::{Caller, ManualClock, acme, catalogue};
use domain::{AccountChange, MembershipChange, NewMember, NewUser, User};
use memory_adapter::MemoryDirectory;
use ports::{AccountUpdate, UserDirectory};

/// Returns a directory with ann, whose clock panics from now on.
async fn panic_at_clock_call() -> (Arc<MemoryDirectory>, Arc<ManualClock>, User) {
    let clock = Arc::new(ManualClock::new());
    let directory = Arc::new(MemoryDirectory::new(catalogue(), clock.clone()));
    let ann = directory.create(&Caller::of([acme()]).writes(&acme()), new("ann")).await.unwrap();
    toggle(&clock);
    (directory, clock, ann)
}

/// Makes the clock panic, or work again two milliseconds later.
fn toggle(clock: &ManualClock) {
    clock.advance(Duration::from_millis(i64::MAX.unsigned_abs()));
}

fn new(name: &str) -> NewUser {
    NewUser {
        email: format!("{name}@example.com").parse().unwrap(),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        role: catalogue().default_role().clone(),
        password: None,
    }
}

/// Asserts that a call panics with the broken clock, changes nothing, and succeeds afterwards.
async fn assert_recovers<T, F>(call: impl Fn(Arc<MemoryDirectory>, User) -> F)
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let (directory, clock, ann) = panic_at_clock_call().await;
    let panicked = tokio::spawn(call(directory.clone(), ann.clone())).await;
    assert!(panicked.is_err_and(|error| error.is_panic()));
    let views = Caller::of([acme()]).views();
    assert_eq!(directory.find(&views, &ann.id).await.unwrap().as_deref(), Some(&ann));
    let reads = Caller::of([acme()]).reads(&acme());
    let all = conformance::select(&*directory, &reads, domain::ListQuery::default()).await.unwrap();
    assert_eq!(all.users.iter().map(|view| &**view).collect::<Vec<_>>(), [&ann]);
    toggle(&clock);
    tokio::spawn(call(directory.clone(), ann)).await.unwrap();
}

#[tokio::test]
async fn panic_in_a_change_leaves_directory_unchanged_and_usable() {
    let writes = || Caller::of([acme()]).writes(&acme());
    let changes = || Caller::of([acme()]).changes();
    assert_recovers(move |directory, _| async move {
        directory.create(&writes(), new("ben")).await.unwrap()
    })
    .await;
    assert_recovers(move |directory, _| async move {
        let email = "cat@example.com".parse().unwrap();
        let role = catalogue().default_role().clone();
        directory.attach_or_create(&writes(), NewMember { email, role, name: None }).await.unwrap()
    })
    .await;
    assert_recovers(move |directory, ann| async move {
        let role = Some(catalogue().resolve("admin").unwrap().clone());
        let change = MembershipChange { role, name: Some("Ann".parse().unwrap()) };
        directory.change_membership(&writes(), &ann, change).await.unwrap()
    })
    .await;
    assert_recovers(move |directory, ann| async move {
        let email = "anna@example.com".parse().unwrap();
        let change = AccountChange { email, given_name: None, family_name: None };
        let applied: AccountUpdate =
            directory.change_account(&changes(), &ann, change).await.unwrap();
        applied
    })
    .await;
    assert_recovers(move |directory, ann| async move {
        let password = "another-password".parse().unwrap();
        directory.set_password(&changes(), &ann, password).await.unwrap()
    })
    .await;
}
