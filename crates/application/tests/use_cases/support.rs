//! People, their tokens, and services over ports that do as they are told.

use std::str::FromStr;
use std::sync::Arc;

use application::{AttemptLimit, Ports, Services, UseCaseError};
use conformance::{ManualClock, catalogue};
use domain::{
    AccountChange, Bearer, CallerKey, ClaimedTenants, CurrentPassword, Membership,
    MembershipChange, NewMember, NewUser, Password, Permission, Permissions, Refusal, Role,
    TenantId, Timestamp, User,
};
use ports::{MockPasswordCheck, MockUserDirectory};

/// Ports before a test announces what they will be asked for.
#[derive(Default)]
pub(crate) struct Bench {
    pub(crate) directory: MockUserDirectory,
    pub(crate) check: MockPasswordCheck,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) limit: AttemptLimit,
}

impl Bench {
    /// Ports of which the directory will be asked for this account once.
    pub(crate) fn finding(user: &User) -> Self {
        let mut bench = Self::default();
        let user = user.clone();
        bench.directory.expect_find().times(1).returning(move |_, _| Ok(Some(user.clone())));
        bench
    }

    /// The services over these ports.
    pub(crate) fn services(self) -> Services {
        let Self { directory, check, clock, limit } = self;
        let ports =
            Ports { directory: Arc::new(directory), password_check: Arc::new(check), clock };
        Services::new(ports, limit)
    }
}

/// A value that must be valid.
pub(crate) fn valid<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A role of the catalogue.
pub(crate) fn role(name: &str) -> Role {
    catalogue().resolve(name).unwrap().clone()
}

/// An account with these roles, at home in the first tenant.
pub(crate) fn user(name: &str, roles: &[(&str, &str)]) -> User {
    let membership = |held: &str| Membership { role: role(held), name: None };
    let memberships = roles.iter().map(|(tenant, held)| (valid(tenant), membership(held)));
    User {
        id: valid(&format!("auth0|{name}")),
        email: valid(&format!("{name}@example.com")),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        blocked: false,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: None,
        last_login: None,
        home: roles.first().map(|(tenant, _)| valid(tenant)),
        memberships: memberships.collect(),
    }
}

/// Somebody with every permission.
fn bearer(subject: &str, tenants: ClaimedTenants) -> Bearer {
    Bearer {
        caller: CallerKey::new([0; 32]),
        subject: subject.parse().ok(),
        permissions: Permission::ALL.into_iter().collect(),
        tenants,
    }
}

/// Somebody whose token names these tenants.
pub(crate) fn listed(tenants: &[&str]) -> Bearer {
    let tenants = tenants.iter().map(|tenant| valid(tenant)).collect();
    bearer("a-program@clients", ClaimedTenants::Listed(tenants))
}

/// Somebody whose own memberships decide.
pub(crate) fn member(name: &str) -> Bearer {
    bearer(&format!("auth0|{name}"), ClaimedTenants::Memberships { within: None })
}

/// Somebody whose token covers everything.
pub(crate) fn operator() -> Bearer {
    bearer("an-operator@clients", ClaimedTenants::All)
}

/// The same somebody without any permission.
pub(crate) fn powerless(bearer: Bearer) -> Bearer {
    Bearer { permissions: Permissions::default(), ..bearer }
}

pub(crate) fn acme() -> TenantId {
    valid("acme")
}

pub(crate) fn globex() -> TenantId {
    valid("globex")
}

/// Somebody to be created.
pub(crate) fn newcomer(held: &str) -> NewUser {
    NewUser {
        email: valid("new@example.com"),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        role: role(held),
        password: None,
    }
}

/// Somebody to be attached.
pub(crate) fn recruit(held: &str) -> NewMember {
    NewMember { email: valid("new@example.com"), role: role(held), name: None }
}

/// Another role.
pub(crate) fn to_role(held: &str) -> MembershipChange {
    MembershipChange { role: Some(role(held)), name: None }
}

/// Another address.
pub(crate) fn to_address(email: &str) -> AccountChange {
    AccountChange { email: valid(email), given_name: None, family_name: None }
}

pub(crate) fn new_password() -> Password {
    valid("the-new-password")
}

pub(crate) fn current_password() -> CurrentPassword {
    CurrentPassword::offered("the-current-password".to_owned())
}

/// Asserts that it was refused, and why.
#[track_caller]
pub(crate) fn assert_refused<T: std::fmt::Debug>(result: Result<T, UseCaseError>, why: Refusal) {
    match result {
        Err(UseCaseError::Refused(refusal)) => assert_eq!(refusal, why),
        other => panic!("got {other:?}, not a refusal"),
    }
}

/// Asserts that it was hidden.
#[track_caller]
pub(crate) fn assert_hidden<T: std::fmt::Debug>(result: Result<T, UseCaseError>) {
    match result {
        Err(UseCaseError::Hidden) => {}
        other => panic!("got {other:?}, and it is not hidden"),
    }
}
