//! What the cases are held against, and the few steps that most of them start with.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    ListQuery, NewMember, NewUser, Page, Password, RoleCatalogue, TenantId, User, UserId,
};
use ports::{PasswordCheck, PortResult, UserDirectory};

use crate::caller::{Caller, writes};
use crate::catalogue::role;
use crate::clock::ManualClock;

/// The ports under test, and what stands behind them. Each case has a fresh one, without any
/// accounts.
#[derive(Debug)]
pub struct Subject {
    /// The directory, under the roles of [`catalogue`](crate::catalogue()).
    pub directory: Arc<dyn UserDirectory>,
    /// The check of the same accounts' passwords.
    pub passwords: Arc<dyn PasswordCheck>,
    /// The clock of everything, also of what stands behind the ports.
    pub clock: Arc<ManualClock>,
    /// What no port can do. It also keeps alive whatever stands behind the ports.
    pub backstage: Box<dyn Backstage>,
}

/// What a test must be able to do to the store behind the ports.
#[async_trait]
pub trait Backstage: std::fmt::Debug + Send + Sync {
    /// Puts an account into the store as it is told, and answers its id once it can be seen
    /// through the ports.
    async fn plant(&self, planted: Planted) -> UserId;

    /// A directory over the accounts as they now are, under another catalogue, as after a restart
    /// with other settings. The case does not use the subject's own ports after it.
    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory>;
}

/// An account to be put into the store behind the ports. What is not told is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planted {
    /// Its e-mail address.
    pub email: String,
    /// Its username.
    pub username: Option<String>,
    /// Its first name.
    pub given_name: Option<String>,
    /// Its last name.
    pub family_name: Option<String>,
    /// Its own display name.
    pub display_name: Option<String>,
    /// Whether it is blocked.
    pub blocked: bool,
    /// Its password.
    pub password: Option<String>,
    /// Its home tenant.
    pub home: Option<TenantId>,
    /// The names of its roles as they are stored, in the catalogue or not.
    pub roles: BTreeMap<TenantId, String>,
}

impl Planted {
    /// An account with the e-mail address `name@example.com`, and nothing else.
    pub fn named(name: &str) -> Self {
        Self {
            email: address(name),
            username: None,
            given_name: None,
            family_name: None,
            display_name: None,
            blocked: false,
            password: None,
            home: None,
            roles: BTreeMap::new(),
        }
    }

    /// With this home, whether attached to it or not.
    #[must_use]
    pub fn at_home_in(self, tenant: TenantId) -> Self {
        Self { home: Some(tenant), ..self }
    }

    /// Attached to the tenant by the name of a role.
    #[must_use]
    pub fn with_role(mut self, tenant: TenantId, role: &str) -> Self {
        self.roles.insert(tenant, role.to_owned());
        self
    }

    /// Blocked.
    #[must_use]
    pub fn blocked(self) -> Self {
        Self { blocked: true, ..self }
    }

    /// With a password.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self { password: Some(password.to_owned()), ..self }
    }
}

/// The e-mail address of somebody, as text.
pub(crate) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// A value of the domain that must be valid.
pub(crate) fn valid<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Somebody to be created, with as little as possible.
pub(crate) fn newcomer(name: &str, role_name: &str) -> NewUser {
    NewUser {
        email: valid(&address(name)),
        username: None,
        given_name: None,
        family_name: None,
        display_name: None,
        service_user: false,
        role: role(role_name),
        password: None,
    }
}

/// Somebody to be enlisted, without a name.
pub(crate) fn recruit(name: &str, role_name: &str) -> NewMember {
    NewMember { email: valid(&address(name)), role: role(role_name), name: None }
}

impl Subject {
    /// Creates somebody at home in the tenant.
    pub(crate) async fn create(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        self.directory.create(&writes(tenant), newcomer(name, role)).await.unwrap()
    }

    /// Creates somebody at home in the tenant, with a password.
    pub(crate) async fn create_with_password(
        &self,
        tenant: &TenantId,
        name: &str,
        password: &str,
    ) -> User {
        let password: Option<Password> = Some(valid(password));
        let new = NewUser { password, ..newcomer(name, "member") };
        self.directory.create(&writes(tenant), new).await.unwrap()
    }

    /// Attaches somebody who exists to the tenant.
    pub(crate) async fn attach(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        let enlisted =
            self.directory.attach_or_create(&writes(tenant), recruit(name, role)).await.unwrap();
        assert!(!enlisted.created, "there was no {name} to attach");
        enlisted.user
    }

    /// Creates somebody at home in the first tenant and attached to the second.
    pub(crate) async fn share(&self, home: &TenantId, other: &TenantId, name: &str) -> User {
        self.create(home, name, "member").await;
        self.attach(other, name, "member").await
    }

    /// Plants an account, and answers it.
    pub(crate) async fn plant(&self, planted: Planted) -> User {
        let id = self.backstage.plant(planted).await;
        self.now(&id).await.expect("what was planted must be there")
    }

    /// The account as it now is, if it is still there.
    pub(crate) async fn now(&self, id: &UserId) -> Option<User> {
        self.directory.find(&Caller::operator().views(), id).await.unwrap()
    }

    /// The account as callers of the tenant find it.
    pub(crate) async fn found_in(&self, tenant: &TenantId, id: &UserId) -> Option<User> {
        self.directory.find(&Caller::of([tenant.clone()]).views(), id).await.unwrap()
    }

    /// Everybody in the tenant, by id.
    pub(crate) async fn people_of(&self, tenant: &TenantId) -> Vec<User> {
        self.page(tenant, ListQuery::default()).await.users
    }

    /// A list of the tenant's people.
    pub(crate) async fn page(&self, tenant: &TenantId, listing: ListQuery) -> Page {
        let scope = Caller::of([tenant.clone()]).reads(tenant);
        self.directory.list(&scope, &listing).await.unwrap()
    }

    /// Asserts that the account is as it was.
    pub(crate) async fn assert_untouched(&self, before: &User) {
        assert_eq!(self.now(&before.id).await.as_ref(), Some(before), "nothing must change");
    }
}

/// Asserts what went wrong.
macro_rules! assert_fails {
    ($result:expr, $error:pat) => {{
        let result = $result;
        assert!(matches!(result, Err($error)), "got {result:?}, not {}", stringify!($error));
    }};
}
pub(crate) use assert_fails;

/// The error of the one of two racing calls that failed.
pub(crate) fn only_failure<A: std::fmt::Debug, B: std::fmt::Debug>(
    results: (PortResult<A>, PortResult<B>),
) -> ports::PortError {
    match results {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both @ ((Ok(_), Ok(_)) | (Err(_), Err(_))) => panic!("exactly one must win, got {both:?}"),
    }
}
