//! Changes of password: what is asked of whom, and what is not.

use std::mem::discriminant;
use std::net::IpAddr;

use application::UseCaseError;
use conformance::Caller;
use domain::{AccountScope, User};
use mockall::Sequence;
use ports::{PasswordVerdict, PortError, RejectedValue};

use crate::support::{
    Bench, acme, assert_hidden, assert_refused, current_password, globex, new_password, user,
};

fn ann() -> User {
    user("ann", &[("acme", "member")])
}

fn own() -> AccountScope {
    Caller::ranked([(acme(), "member")]).merely(&ann().id).proves(&ann().id)
}

/// Changes ann's password.
async fn change(
    bench: Bench,
    scope: &AccountScope,
    client: Option<IpAddr>,
) -> Result<User, UseCaseError> {
    let passwords = bench.services().passwords;
    passwords.change(scope, &ann().id, current_password(), new_password(), client).await
}

#[tokio::test]
async fn the_current_password_is_checked_between_the_look_and_the_change() {
    let mut bench = Bench::default();
    let mut sequence = Sequence::new();
    bench
        .directory
        .expect_find()
        .withf(|scope, id| *scope == own() && *id == ann().id)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(Some(ann())));
    bench
        .check
        .expect_verify()
        .withf(|scope, snapshot, offered, client| {
            let address = "192.0.2.1".parse().ok();
            *scope == own()
                && *snapshot == ann()
                && offered.expose() == "the-current-password"
                && *client == address
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _, _, _| Ok(PasswordVerdict::Match));
    bench
        .directory
        .expect_set_password()
        .withf(|scope, snapshot, new| {
            *scope == own() && *snapshot == ann() && *new == new_password()
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, snapshot, _| Ok(snapshot.clone()));
    let client = "192.0.2.1".parse().ok();
    assert_eq!(change(bench, &own(), client).await.unwrap(), ann());
}

#[tokio::test]
async fn a_mismatch_changes_nothing() {
    let mut bench = Bench::finding(&ann());
    bench.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Mismatch));
    let error = change(bench, &own(), None).await.unwrap_err();
    assert!(matches!(error, UseCaseError::CurrentPasswordMismatch), "{error:?}");
}

#[tokio::test]
async fn a_check_that_fails_changes_nothing() {
    let failures: [fn() -> PortError; 5] = [
        || PortError::Timeout,
        || PortError::Unavailable { retry_after: None, source: None },
        || PortError::Failed { source: "cause".into() },
        || PortError::TooManyAttempts { retry_after: None },
        || PortError::NotFound,
    ];
    for failure in failures {
        let mut bench = Bench::finding(&ann());
        bench.check.expect_verify().times(1).return_once(move |_, _, _, _| Err(failure()));
        let error = change(bench, &own(), None).await.unwrap_err();
        let expected = UseCaseError::from(failure());
        assert_eq!(discriminant(&error), discriminant(&expected), "{error:?}");
    }
}

#[tokio::test]
async fn no_password_is_checked_of_whom_the_caller_may_not_know() {
    let mut bench = Bench::default();
    bench.directory.expect_find().times(1).returning(|_, _| Ok(None));
    assert_hidden(change(bench, &own(), None).await);
}

#[tokio::test]
async fn no_password_is_checked_where_it_may_not_be_set() {
    let blocked = User { blocked: true, ..ann() };
    assert_refused(
        change(Bench::finding(&blocked), &own(), None).await,
        domain::Refusal::AccountBlocked,
    );
    // Nor may a tenant try out passwords of accounts that are only attached to it.
    let guest = user("ann", &[("globex", "member"), ("acme", "member")]);
    let of_acme = Caller::of([acme()]).changes();
    assert_refused(
        change(Bench::finding(&guest), &of_acme, None).await,
        domain::Refusal::ManagedByAnotherTenant,
    );
    let of_globex = Caller::of([globex()]).changes();
    let mut bench = Bench::finding(&guest);
    bench.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Match));
    bench.directory.expect_set_password().times(1).returning(|_, snapshot, _| Ok(snapshot.clone()));
    change(bench, &of_globex, None).await.unwrap();
}

#[tokio::test]
async fn a_weak_password_is_told_although_the_current_one_was_right() {
    let mut bench = Bench::finding(&ann());
    bench.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Match));
    let weak = PortError::Rejected(RejectedValue::WeakPassword);
    bench.directory.expect_set_password().times(1).return_once(|_, _, _| Err(weak));
    let error = change(bench, &own(), None).await.unwrap_err();
    assert!(matches!(error, UseCaseError::Rejected(RejectedValue::WeakPassword)), "{error:?}");
}

#[tokio::test]
async fn setting_a_password_asks_for_no_current_one() {
    let mut bench = Bench::finding(&ann());
    bench.directory.expect_set_password().times(1).returning(|_, snapshot, _| Ok(snapshot.clone()));
    let scope = Caller::of([acme()]).changes();
    bench.services().passwords.set(&scope, &ann().id, new_password()).await.unwrap();
}
