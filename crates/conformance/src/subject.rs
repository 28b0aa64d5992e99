//! The subject of the cases, and the setup steps that many of them share.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    ListQuery, NewUser, Page, Password, PolicyContext, RoleCatalogue, Standing, TenantId,
    TenantScope, User, UserId,
};
use ports::{Clock, PasswordCheck, PortResult, UserDirectory};

use crate::caller::{Caller, operates, writes};
use crate::clock::ManualClock;
use crate::values::{address, new_member, new_user, valid};

/// The ports under test and the store behind them. Each case gets a fresh one, without accounts.
#[derive(Debug)]
pub struct Subject {
    /// The directory, under the roles of [`catalogue`](crate::catalogue()).
    pub directory: Arc<dyn UserDirectory>,
    /// The password check of the same accounts.
    pub passwords: Arc<dyn PasswordCheck>,
    /// The clock of the ports and of the store.
    pub clock: Arc<ManualClock>,
    /// Control over the store, which also keeps it alive.
    pub store: Box<dyn StoreControl>,
}

/// Control over the store behind the ports, for what no port can do.
#[async_trait]
pub trait StoreControl: std::fmt::Debug + Send + Sync {
    /// Inserts an account into the store, and returns its id once it is visible through the ports.
    async fn insert(&self, account: StoredAccount) -> UserId;

    /// Returns a directory over the same accounts under another catalogue, as after a restart with
    /// other settings. The case does not use the subject's own ports afterwards.
    async fn reopen(&self, catalogue: Arc<RoleCatalogue>) -> Arc<dyn UserDirectory>;

    /// Lets something happen to an account in the store, visible through the ports on return.
    async fn happen(&self, id: &UserId, event: StoreEvent) {
        panic!("the store cannot let {event:?} happen to {id}");
    }

    /// Whether the directory sends mails.
    fn sends_mail(&self) -> bool {
        false
    }
}

/// What happens to an account past the ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreEvent {
    /// The person follows a verification link.
    EmailVerified,
    /// The person sets a password by a link, now by the subject's clock.
    PasswordReset,
    /// An administrator of the directory blocks the account.
    Blocked,
}

/// An account to insert into the store behind the ports. What is not set is absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAccount {
    /// The e-mail address.
    pub email: String,
    /// The username.
    pub username: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// The account's own display name.
    pub display_name: Option<String>,
    /// Whether the account is blocked.
    pub blocked: bool,
    /// The password.
    pub password: Option<String>,
    /// The home tenant.
    pub home: Option<TenantId>,
    /// The names of the stored roles, in the catalogue or not.
    pub roles: BTreeMap<TenantId, String>,
}

impl StoredAccount {
    /// Returns an account with the e-mail address `name@example.com`, and nothing else.
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

    /// Sets the home, whether attached to it or not.
    #[must_use]
    pub fn at_home_in(self, tenant: TenantId) -> Self {
        Self { home: Some(tenant), ..self }
    }

    /// Adds a membership with the name of a role.
    #[must_use]
    pub fn with_role(mut self, tenant: TenantId, role: &str) -> Self {
        self.roles.insert(tenant, role.to_owned());
        self
    }

    /// Blocks the account.
    #[must_use]
    pub fn blocked(self) -> Self {
        Self { blocked: true, ..self }
    }

    /// Sets the password.
    #[must_use]
    pub fn with_password(self, password: &str) -> Self {
        Self { password: Some(password.to_owned()), ..self }
    }
}

impl Subject {
    /// Creates a user whose home is the tenant.
    pub(crate) async fn create(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        self.directory.create(&writes(tenant), new_user(name, role)).await.unwrap()
    }

    /// Creates a user whose home is the tenant, with a password.
    pub(crate) async fn create_with_password(
        &self,
        tenant: &TenantId,
        name: &str,
        password: &str,
    ) -> User {
        let password: Option<Password> = Some(valid(password));
        let new = NewUser { password, ..new_user(name, "member") };
        self.directory.create(&writes(tenant), new).await.unwrap()
    }

    /// Attaches an existing user to the tenant, without any proof that the account is the person's.
    pub(crate) async fn attach_unproven(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        let attached =
            self.directory.attach_or_create(&writes(tenant), new_member(name, role)).await.unwrap();
        assert!(!attached.created, "there was no {name} to attach");
        attached.user
    }

    /// Attaches an existing user to the tenant, and vouches for the account, so that the membership is
    /// active.
    pub(crate) async fn attach(&self, tenant: &TenantId, name: &str, role: &str) -> User {
        let user = self.attach_unproven(tenant, name, role).await;
        self.vouch(&user).await
    }

    /// Vouches as an operator that the account is the person's own.
    pub(crate) async fn vouch(&self, user: &User) -> User {
        self.directory.set_email_verified(&operates(), user, true).await.unwrap()
    }

    /// Returns the standing of the user's membership in the tenant, as the tenant sees it.
    pub(crate) async fn standing(&self, tenant: &TenantId, user: &User) -> Option<Standing> {
        let now = self.clock.now();
        self.current(&user.id).await?.standing_in(tenant, &PolicyContext::at(now))
    }

    /// Creates a user whose home is the first tenant and who has an active membership in the second.
    pub(crate) async fn create_shared(
        &self,
        home: &TenantId,
        other: &TenantId,
        name: &str,
    ) -> User {
        self.create(home, name, "member").await;
        self.attach(other, name, "member").await
    }

    /// Inserts an account into the store, and returns it as found through the ports.
    pub(crate) async fn insert(&self, account: StoredAccount) -> User {
        let id = self.store.insert(account).await;
        self.current(&id).await.expect("an inserted account can be found")
    }

    /// Returns the current account, if it still exists.
    pub(crate) async fn current(&self, id: &UserId) -> Option<User> {
        self.directory
            .find(&Caller::operator().views(), id)
            .await
            .unwrap()
            .map(Arc::unwrap_or_clone)
    }

    /// Returns the account as callers of the tenant find and see it.
    pub(crate) async fn found_in(&self, tenant: &TenantId, id: &UserId) -> Option<User> {
        let scope = Caller::of([tenant.clone()]).views();
        let found = self.directory.find(&scope, id).await.unwrap()?;
        Some(User::clone(&scope.view(&found).expect("a found account is visible")))
    }

    /// Returns all users of the tenant as its callers see them, by id.
    pub(crate) async fn users_of(&self, tenant: &TenantId) -> Vec<User> {
        shown(&self.page(tenant, ListQuery::default()).await)
    }

    /// Returns a page of the tenant's users.
    pub(crate) async fn page(&self, tenant: &TenantId, query: ListQuery) -> Page {
        let scope = Caller::of([tenant.clone()]).reads(tenant);
        select(&*self.directory, &scope, query).await.unwrap()
    }

    /// Asserts that the account is unchanged.
    pub(crate) async fn assert_untouched(&self, before: &User) {
        assert_eq!(self.current(&before.id).await.as_ref(), Some(before), "nothing must change");
    }
}

/// Returns what the query selects of the tenant's users: a page, or all of them.
///
/// # Errors
/// Those of the directory.
pub async fn select(
    directory: &dyn UserDirectory,
    scope: &TenantScope,
    query: ListQuery,
) -> PortResult<Page> {
    match query.page {
        Some(page) => directory.list_page(scope, query.sort, page).await,
        None => directory.list_all(scope, query.sort).await?.collect().await,
    }
}

/// Returns the users of a page, as they are seen.
pub(crate) fn shown(page: &Page) -> Vec<User> {
    page.users.iter().map(|view| User::clone(view)).collect()
}

/// Asserts that the result is this error.
macro_rules! assert_fails {
    ($result:expr, $error:pat $(if $condition:expr)?) => {{
        let result = $result;
        assert!(matches!(&result, Err($error) $(if $condition)?), "got {result:?}, not {}", stringify!($error));
    }};
}
pub(crate) use assert_fails;

/// Returns the error of the one of two concurrent calls that failed.
pub(crate) fn single_failure<A: std::fmt::Debug, B: std::fmt::Debug>(
    results: (PortResult<A>, PortResult<B>),
) -> ports::PortError {
    match results {
        (Ok(_), Err(error)) | (Err(error), Ok(_)) => error,
        both @ ((Ok(_), Ok(_)) | (Err(_), Err(_))) => panic!("exactly one must win, got {both:?}"),
    }
}
