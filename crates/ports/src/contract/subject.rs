//! What the clauses are held against, and the few steps that most of them start with.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use domain::{
    Access, ListQuery, NewMember, NewUser, Page, Password, Role, RoleCatalogue, RoleDefinition,
    TenantId, Timestamp, User, UserId,
};

use super::caller::{Caller, writes};
use crate::{Clock, PasswordCheck, PortResult, UserDirectory};

/// The ports under test, and what stands behind them. Each clause has a fresh one, without any
/// accounts.
#[derive(Debug)]
pub struct Subject {
    /// The directory, under the roles of [`catalogue`].
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
    /// with other settings. The clause does not use the subject's own ports after it.
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

/// The roles that every subject knows, from the most to the least powerful.
///
/// `owner` and `auditor` are protected; `owner` and `admin`, between them, may read and write;
/// `auditor` and `viewer` may read; `member` may nothing and is the default.
pub fn catalogue() -> Arc<RoleCatalogue> {
    static CATALOGUE: LazyLock<Arc<RoleCatalogue>> = LazyLock::new(|| {
        let define = |name: &str, access: &[Access], protected| RoleDefinition {
            name: name.parse().unwrap(),
            access: access.iter().copied().collect(),
            protected,
            default: name == "member",
        };
        let roles = vec![
            define("owner", &[Access::Read, Access::Write], true),
            define("admin", &[Access::Read, Access::Write], false),
            define("auditor", &[Access::Read], true),
            define("viewer", &[Access::Read], false),
            define("member", &[], false),
        ];
        Arc::new(RoleCatalogue::new(roles).unwrap())
    });
    Arc::clone(&CATALOGUE)
}

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows 2026-01-01T00:00:00Z.
    #[must_use]
    pub fn new() -> Self {
        Self(AtomicI64::new(1_767_225_600_000))
    }

    /// Moves it forwards.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(by.as_millis().try_into().unwrap(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The role of this name in [`catalogue`].
pub(super) fn role(name: &str) -> Role {
    catalogue().resolve(name).unwrap().clone()
}

/// The e-mail address of somebody, as text.
pub(super) fn address(name: &str) -> String {
    format!("{name}@example.com")
}

/// A value of the domain that must be valid.
pub(super) fn valid<T: FromStr<Err: std::fmt::Debug>>(text: &str) -> T {
    text.parse().unwrap()
}

/// Somebody to be created, with as little as possible.
pub(super) fn newcomer(name: &str, role_name: &str) -> NewUser {
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
pub(super) fn recruit(name: &str, role_name: &str) -> NewMember {
    NewMember { email: valid(&address(name)), role: role(role_name), name: None }
}

impl Subject {
    /// Creates somebody at home in the tenant.
    pub(super) async fn create(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        self.directory.create(&writes(tenant), newcomer(name, role)).await.unwrap()
    }

    /// Creates somebody at home in the tenant, with a password.
    pub(super) async fn create_with_password(
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
    pub(super) async fn attach(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        let enlisted =
            self.directory.attach_or_create(&writes(tenant), recruit(name, role)).await.unwrap();
        assert!(!enlisted.created, "there was no {name} to attach");
        enlisted.user
    }

    /// Creates somebody at home in the first tenant and attached to the second.
    pub(super) async fn share(&self, home: &TenantId, other: &TenantId, name: &str) -> User {
        self.create(home, name, "member").await;
        self.attach(other, name, "member").await
    }

    /// Plants an account, and answers it.
    pub(super) async fn plant(&self, planted: Planted) -> User {
        let id = self.backstage.plant(planted).await;
        self.now(&id).await.expect("what was planted must be there")
    }

    /// The account as it now is, if it is still there.
    pub(super) async fn now(&self, id: &UserId) -> Option<User> {
        self.directory.find(&Caller::operator().views(), id).await.unwrap()
    }

    /// The account as callers of the tenant find it.
    pub(super) async fn found_in(&self, tenant: &TenantId, id: &UserId) -> Option<User> {
        self.directory.find(&Caller::of([tenant.clone()]).views(), id).await.unwrap()
    }

    /// Everybody in the tenant, by id.
    pub(super) async fn people_of(&self, tenant: &TenantId) -> Vec<User> {
        self.page(tenant, ListQuery::default()).await.users
    }

    /// A list of the tenant's people.
    pub(super) async fn page(&self, tenant: &TenantId, listing: ListQuery) -> Page {
        let scope = Caller::of([tenant.clone()]).reads(tenant);
        self.directory.list(&scope, &listing).await.unwrap()
    }

    /// Asserts that the account is as it was.
    pub(super) async fn assert_untouched(&self, before: &User) {
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
pub(super) use assert_fails;

/// The error of the one of two racing calls that failed.
pub(super) fn only_failure<A: std::fmt::Debug, B: std::fmt::Debug>(
    results: (PortResult<A>, PortResult<B>),
) -> crate::PortError {
    match results {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both @ ((Ok(_), Ok(_)) | (Err(_), Err(_))) => panic!("exactly one must win, got {both:?}"),
    }
}
