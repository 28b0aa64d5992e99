//! Password changes: the calls that are made, and those that are not.

use std::mem::discriminant;
use std::net::IpAddr;
use std::sync::Arc;

use application::UseCaseError;
use conformance::Caller;
use domain::{AccountScope, CallerKey, User, UserView};
use mockall::Sequence;
use ports::{PasswordVerdict, PortError, RejectedValue};

use crate::support::{
    TestPorts, acme, assert_hidden, assert_refused, current_password, globex, new_password, user,
};

fn ann() -> User {
    user("ann", &[("acme", "member")])
}

fn own() -> AccountScope {
    Caller::ranked([(acme(), "member")]).without_permissions(&ann().id).proves(&ann().id)
}

/// Changes ann's password.
async fn change(
    ports: TestPorts,
    scope: &AccountScope,
    client: Option<IpAddr>,
) -> Result<UserView<'static>, UseCaseError> {
    let passwords = ports.services().passwords;
    let texts = (current_password(), new_password());
    passwords.change(scope, &ann().id, CallerKey::new([0; 32]), texts, client).await
}

#[tokio::test]
async fn current_password_is_checked_between_read_and_write() {
    let mut ports = TestPorts::default();
    let mut sequence = Sequence::new();
    ports
        .directory
        .expect_find()
        .withf(|scope, id| *scope == own() && *id == ann().id)
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, _| Ok(Some(Arc::new(ann()))));
    ports
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
    ports
        .directory
        .expect_set_password()
        .withf(|scope, snapshot, new| {
            *scope == own() && *snapshot == ann() && *new == new_password()
        })
        .times(1)
        .in_sequence(&mut sequence)
        .returning(|_, snapshot, _| Ok(snapshot.clone()));
    let client = "192.0.2.1".parse().ok();
    assert_eq!(*change(ports, &own(), client).await.unwrap(), ann());
}

#[tokio::test]
async fn wrong_current_password_changes_nothing() {
    let mut ports = TestPorts::finding(&ann());
    ports.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Mismatch));
    let error = change(ports, &own(), None).await.unwrap_err();
    assert!(matches!(error, UseCaseError::CurrentPasswordMismatch), "{error:?}");
}

#[tokio::test]
async fn failed_password_check_changes_nothing() {
    let failures: [fn() -> PortError; 5] = [
        || PortError::Timeout,
        || PortError::Unavailable { retry_after: None, source: None },
        || PortError::Failed { source: "cause".into() },
        || PortError::TooManyAttempts { retry_after: None },
        || PortError::NotFound,
    ];
    for failure in failures {
        let mut ports = TestPorts::finding(&ann());
        ports.check.expect_verify().times(1).return_once(move |_, _, _, _| Err(failure()));
        let error = change(ports, &own(), None).await.unwrap_err();
        let expected = UseCaseError::from(failure());
        assert_eq!(discriminant(&error), discriminant(&expected), "{error:?}");
    }
}

#[tokio::test]
async fn hidden_account_has_no_password_check() {
    let mut ports = TestPorts::default();
    ports.directory.expect_find().times(1).returning(|_, _| Ok(None));
    assert_hidden(change(ports, &own(), None).await);
}

#[tokio::test]
async fn unauthorized_caller_has_no_password_check() {
    let blocked = User { blocked: true, ..ann() };
    assert_refused(
        change(TestPorts::finding(&blocked), &own(), None).await,
        domain::Refusal::AccountBlocked,
    );
    // A tenant cannot try passwords of accounts that are only attached to it.
    let guest = user("ann", &[("globex", "member"), ("acme", "member")]);
    let of_acme = Caller::of([acme()]).changes();
    assert_refused(
        change(TestPorts::finding(&guest), &of_acme, None).await,
        domain::Refusal::ManagedByAnotherTenant,
    );
    let of_globex = Caller::of([globex()]).changes();
    let mut ports = TestPorts::finding(&guest);
    ports.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Match));
    ports.directory.expect_set_password().times(1).returning(|_, snapshot, _| Ok(snapshot.clone()));
    change(ports, &of_globex, None).await.unwrap();
}

#[tokio::test]
async fn weak_new_password_is_reported_after_match() {
    let mut ports = TestPorts::finding(&ann());
    ports.check.expect_verify().times(1).returning(|_, _, _, _| Ok(PasswordVerdict::Match));
    let weak = PortError::Rejected(RejectedValue::WeakPassword);
    ports.directory.expect_set_password().times(1).return_once(|_, _, _| Err(weak));
    let error = change(ports, &own(), None).await.unwrap_err();
    assert!(matches!(error, UseCaseError::Rejected(RejectedValue::WeakPassword)), "{error:?}");
}

#[tokio::test]
async fn set_needs_no_current_password() {
    let mut ports = TestPorts::finding(&ann());
    ports.directory.expect_set_password().times(1).returning(|_, snapshot, _| Ok(snapshot.clone()));
    let scope = Caller::of([acme()]).changes();
    ports.services().passwords.set(&scope, &ann().id, new_password()).await.unwrap();
}
