//! The mapping of port errors to use-case errors.

use std::error::Error as _;
use std::time::Duration;

use application::UseCaseError;
use conformance::Caller;
use domain::{LastProtectedRoleHolder, Refusal, Sort};
use ports::{Conflict, PortError, RejectedValue};

use crate::support::{
    TestPorts, acme, first_page, new_member, new_password, new_user, to_address, to_role, user,
};

const WAIT: Duration = Duration::from_secs(7);

/// Returns every port error with the text of the use-case error.
fn table() -> Vec<(PortError, &'static str)> {
    let mut table = vec![
        (PortError::NotFound, "Hidden"),
        (PortError::TooManyAttempts { retry_after: Some(WAIT) }, "TooManyAttempts 7s"),
        (PortError::TooManyAttempts { retry_after: None }, "TooManyAttempts"),
        (unavailable(Some(WAIT)), "Unavailable 7s: cause"),
        (PortError::Unavailable { retry_after: None, source: None }, "Unavailable"),
        (PortError::Timeout, "Timeout"),
        (PortError::Failed { source: "cause".into() }, "Failed: cause"),
        (PortError::Rejected(RejectedValue::WeakPassword), "RejectedValue WeakPassword"),
    ];
    for (refusal, name) in [
        (Refusal::TenantNotCovered, "Refused TenantNotCovered"),
        (Refusal::ManagedByAnotherTenant, "Refused ManagedByAnotherTenant"),
        (Refusal::RoleAboveOwn, "Refused RoleAboveOwn"),
    ] {
        table.push((PortError::Refused(refusal), name));
    }
    for (conflict, name) in [
        (Conflict::AlreadyAttached, "Conflict AlreadyAttached"),
        (Conflict::EmailTaken, "Conflict EmailTaken"),
        (Conflict::UsernameTaken, "Conflict UsernameTaken"),
        (Conflict::AmbiguousAccount, "Conflict AmbiguousAccount"),
        (
            Conflict::LastProtectedRoleHolder(LastProtectedRoleHolder { tenant: acme() }),
            "Conflict LastProtectedRoleHolder(LastProtectedRoleHolder { tenant: TenantId(acme) })",
        ),
        (Conflict::NotAttached, "Conflict NotAttached"),
        (Conflict::MailUnavailable, "Conflict MailUnavailable"),
    ] {
        table.push((PortError::Conflict(conflict), name));
    }
    table
}

fn unavailable(retry_after: Option<Duration>) -> PortError {
    PortError::Unavailable { retry_after, source: Some("cause".into()) }
}

/// Returns the error of a use case in one line.
fn error_line<T: std::fmt::Debug>(result: Result<T, UseCaseError>) -> String {
    let error = result.unwrap_err();
    let wait = |wait: &Option<Duration>| wait.map(|wait| format!(" {wait:?}")).unwrap_or_default();
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    match &error {
        UseCaseError::Hidden => "Hidden".to_owned(),
        UseCaseError::Refused(refusal) => format!("Refused {refusal:?}"),
        UseCaseError::Conflict(conflict) => format!("Conflict {conflict:?}"),
        UseCaseError::Rejected(value) => format!("RejectedValue {value:?}"),
        UseCaseError::CurrentPasswordMismatch => "CurrentPasswordMismatch".to_owned(),
        UseCaseError::TooManyAttempts { retry_after } => {
            format!("TooManyAttempts{}", wait(retry_after))
        }
        UseCaseError::TooManyInvitations { retry_after } => {
            format!("TooManyInvitations {retry_after:?}")
        }
        UseCaseError::Unavailable { retry_after, .. } => {
            format!("Unavailable{}{cause}", wait(retry_after))
        }
        UseCaseError::Timeout => "Timeout".to_owned(),
        UseCaseError::Failed { .. } => format!("Failed{cause}"),
    }
}

#[tokio::test]
async fn read_errors_map_to_use_case_errors() {
    for (error, expected) in table() {
        let mut ports = TestPorts::default();
        ports.directory.expect_find().return_once(|_, _| Err(error));
        let scope = Caller::operator().views();
        assert_eq!(
            error_line(ports.services().users.get(&scope, &user("ann", &[]).id).await),
            expected
        );
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::default();
        ports.directory.expect_list_page().return_once(|_, _, _| Err(error));
        let scope = Caller::operator().reads(&acme());
        let users = ports.services().tenant_users;
        assert_eq!(
            error_line(users.list_page(&scope, Sort::default(), first_page()).await),
            expected
        );
    }
}

#[tokio::test]
async fn write_errors_map_to_use_case_errors() {
    let ann = user("ann", &[("acme", "admin")]);
    let writes = Caller::operator().writes(&acme());
    let changes = Caller::operator().changes();
    for (error, expected) in table() {
        let mut ports = TestPorts::finding(&ann);
        ports.directory.expect_change_membership().return_once(|_, _, _| Err(error));
        let users = ports.services().tenant_users;
        assert_eq!(error_line(users.change(&writes, &ann.id, to_role("viewer")).await), expected);
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::finding(&ann);
        ports.directory.expect_detach().return_once(|_, _| Err(error));
        assert_eq!(
            error_line(ports.services().tenant_users.detach(&writes, &ann.id).await),
            expected
        );
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::finding(&ann);
        ports.directory.expect_change_account().return_once(|_, _, _| Err(error));
        let change = to_address("an@example.com");
        assert_eq!(
            error_line(ports.services().users.change(&changes, &ann.id, change).await),
            expected
        );
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::finding(&ann);
        ports.directory.expect_delete().return_once(|_, _| Err(error));
        assert_eq!(error_line(ports.services().users.delete(&changes, &ann.id).await), expected);
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::finding(&ann);
        ports.directory.expect_set_password().return_once(|_, _, _| Err(error));
        let passwords = ports.services().passwords;
        assert_eq!(error_line(passwords.set(&changes, &ann.id, new_password()).await), expected);
    }
}

#[tokio::test]
async fn create_errors_map_to_use_case_errors() {
    let writes = Caller::operator().writes(&acme());
    for (error, expected) in table() {
        let mut ports = TestPorts::default();
        ports.directory.expect_attach_or_create().return_once(|_, _| Err(error));
        let users = ports.services().tenant_users;
        assert_eq!(
            error_line(users.attach_or_create(&writes, new_member("member")).await),
            expected
        );
    }
    for (error, expected) in table() {
        let mut ports = TestPorts::default();
        ports.directory.expect_create().return_once(|_, _| Err(error));
        assert_eq!(
            error_line(ports.services().users.create(&writes, new_user("member")).await),
            expected
        );
    }
}

#[tokio::test]
async fn failed_read_prevents_the_write() {
    let ann = user("ann", &[("acme", "admin")]);
    let services = || {
        let mut ports = TestPorts::default();
        ports.directory.expect_find().returning(|_, _| Err(unavailable(Some(WAIT))));
        ports.services()
    };
    let writes = Caller::operator().writes(&acme());
    let changes = Caller::operator().changes();
    let expected = "Unavailable 7s: cause";
    let users = services().tenant_users;
    assert_eq!(error_line(users.change(&writes, &ann.id, to_role("viewer")).await), expected);
    assert_eq!(error_line(users.detach(&writes, &ann.id).await), expected);
    let users = services().users;
    let change = to_address("an@example.com");
    assert_eq!(error_line(users.change(&changes, &ann.id, change).await), expected);
    assert_eq!(error_line(users.delete(&changes, &ann.id).await), expected);
    let passwords = services().passwords;
    assert_eq!(error_line(passwords.set(&changes, &ann.id, new_password()).await), expected);
}

#[tokio::test]
async fn readiness_comes_from_the_directory() {
    let mut ports = TestPorts::default();
    ports.directory.expect_check_ready().times(1).returning(|| Ok(()));
    ports.services().check_ready().await.unwrap();
    let mut ports = TestPorts::default();
    ports.directory.expect_check_ready().times(1).returning(|| Err(PortError::Timeout));
    let error = ports.services().check_ready().await.unwrap_err();
    assert!(matches!(error, PortError::Timeout));
}
