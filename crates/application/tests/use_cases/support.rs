//! Users, their tokens, and services over mocked ports.

use std::num::NonZeroU32;
use std::sync::Arc;

use application::{AttemptLimit, Ports, Services, UseCaseError};
use conformance::ManualClock;
pub(crate) use conformance::{acme, globex, role, valid};
use domain::{
    AccountChange, AccountRules, Bearer, CallerKey, ClaimedTenants, CurrentPassword,
    MembershipChange, NewMember, NewUser, PageRequest, Password, Permission, Permissions, Refusal,
    SubjectKind, User,
};
use ports::{MockPasswordCheck, MockUserDirectory};

/// Mocked ports, on which a test sets its expectations.
#[derive(Default)]
pub(crate) struct TestPorts {
    pub(crate) directory: MockUserDirectory,
    pub(crate) check: MockPasswordCheck,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) limit: AttemptLimit,
}

impl TestPorts {
    /// Returns ports whose directory finds this account once.
    pub(crate) fn finding(user: &User) -> Self {
        let mut ports = Self::default();
        let user = user.clone();
        ports
            .directory
            .expect_find()
            .times(1)
            .returning(move |_, _| Ok(Some(Arc::new(user.clone()))));
        ports
    }

    /// Returns the services over these ports.
    pub(crate) fn services(self) -> Services {
        let Self { directory, check, clock, limit } = self;
        let ports =
            Ports { directory: Arc::new(directory), password_check: Arc::new(check), clock };
        Services::new(ports, limit, AccountRules::default())
    }
}

/// Returns the request for a first page of 50 users.
pub(crate) fn first_page() -> PageRequest {
    PageRequest { number: 0, size: NonZeroU32::new(50).unwrap() }
}

/// Returns a user with these roles, whose home is the first tenant.
pub(crate) fn user(name: &str, roles: &[(&str, &str)]) -> User {
    let builder = roles.iter().fold(conformance::user(name), |builder, (tenant, held)| {
        builder.membership(valid(tenant), role(held))
    });
    User { home: roles.first().map(|(tenant, _)| valid(tenant)), ..builder.build() }
}

/// Returns a bearer with every permission.
fn bearer(subject: &str, kind: SubjectKind, tenants: ClaimedTenants) -> Bearer {
    Bearer {
        caller: CallerKey::new([0; 32]),
        issuer: "https://issuer.example.com".to_owned(),
        subject: subject.parse().ok(),
        subject_kind: kind,
        permissions: Permission::ALL.into_iter().collect(),
        tenants,
    }
}

/// Returns a bearer whose token names these tenants.
pub(crate) fn listed(tenants: &[&str]) -> Bearer {
    let tenants = tenants.iter().map(|tenant| valid(tenant)).collect();
    bearer("a-program@clients", SubjectKind::Home, ClaimedTenants::Listed(tenants))
}

/// Returns a bearer whose own memberships decide.
pub(crate) fn member(name: &str) -> Bearer {
    bearer(
        &format!("auth0|{name}"),
        SubjectKind::Accounts,
        ClaimedTenants::Memberships { within: None },
    )
}

/// Returns an operator.
pub(crate) fn operator() -> Bearer {
    bearer("an-operator@clients", SubjectKind::External, ClaimedTenants::All)
}

/// Returns the bearer without any permission.
pub(crate) fn without_permissions(bearer: Bearer) -> Bearer {
    Bearer { permissions: Permissions::default(), ..bearer }
}

/// Returns a new user with this role.
pub(crate) fn new_user(held: &str) -> NewUser {
    conformance::new_user("new", held)
}

/// Returns a new member with this role.
pub(crate) fn new_member(held: &str) -> NewMember {
    conformance::new_member("new", held)
}

/// Returns a change of the role.
pub(crate) fn to_role(held: &str) -> MembershipChange {
    MembershipChange { role: Some(role(held)), name: None }
}

/// Returns a change of the address.
pub(crate) fn to_address(email: &str) -> AccountChange {
    AccountChange { email: valid(email), given_name: None, family_name: None }
}

pub(crate) fn new_password() -> Password {
    valid("the-new-password")
}

pub(crate) fn current_password() -> CurrentPassword {
    CurrentPassword::offered("the-current-password".to_owned())
}

/// Asserts that the call was refused for this reason.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T, UseCaseError>, why: Refusal) {
    match result {
        Err(UseCaseError::Refused(refusal)) => assert_eq!(refusal, why),
        other => panic!("got {other:?}, not a refusal"),
    }
}

/// Asserts that the account was hidden.
#[track_caller]
pub(crate) fn assert_hidden<T: std::fmt::Debug>(result: Result<T, UseCaseError>) {
    match result {
        Err(UseCaseError::Hidden) => {}
        other => panic!("got {other:?}, not hidden"),
    }
}
