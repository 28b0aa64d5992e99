//! A builder of users, for tests and for tools that read accounts from somewhere else.

use crate::account::User;
use crate::id::{TenantId, UserId};
use crate::membership::{Attachment, Credentials, Membership};
use crate::memberships::Memberships;
use crate::role::Role;
use crate::text::{DisplayName, EmailAddress, PersonName, Username};
use crate::timestamp::Timestamp;

/// Builds a [`User`]. What is not set is absent; the creation time is then the Unix epoch.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct UserBuilder(User);

impl User {
    /// Returns a builder of a user without names, home or memberships.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::{RoleCatalogue, User};
    ///
    /// let acme: domain::TenantId = "acme".parse()?;
    /// let viewer = RoleCatalogue::standard().resolve("viewer").cloned().unwrap();
    /// let user = User::builder("auth0|ada".parse()?, "ada@example.com".parse()?)
    ///     .home(acme.clone())
    ///     .membership(acme.clone(), viewer.clone())
    ///     .build();
    /// assert_eq!(user.role_in(&acme), Some(&viewer));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder(id: UserId, email: EmailAddress) -> UserBuilder {
        UserBuilder(Self {
            id,
            email,
            username: None,
            given_name: None,
            family_name: None,
            display_name: None,
            service_user: false,
            blocked: false,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: None,
            last_login: None,
            home: None,
            credentials: Credentials::default(),
            memberships: Memberships::new(),
        })
    }
}

impl UserBuilder {
    /// Sets the username.
    pub fn username(mut self, username: Username) -> Self {
        self.0.username = Some(username);
        self
    }

    /// Sets the first name.
    pub fn given_name(mut self, name: PersonName) -> Self {
        self.0.given_name = Some(name);
        self
    }

    /// Sets the last name.
    pub fn family_name(mut self, name: PersonName) -> Self {
        self.0.family_name = Some(name);
        self
    }

    /// Sets the account's own display name.
    pub fn display_name(mut self, name: DisplayName) -> Self {
        self.0.display_name = Some(name);
        self
    }

    /// Sets whether the account belongs to a program.
    pub fn service_user(mut self, service_user: bool) -> Self {
        self.0.service_user = service_user;
        self
    }

    /// Sets whether the account is blocked.
    pub fn blocked(mut self, blocked: bool) -> Self {
        self.0.blocked = blocked;
        self
    }

    /// Sets when the account was created.
    pub fn created_at(mut self, at: Timestamp) -> Self {
        self.0.created_at = at;
        self
    }

    /// Sets when the account was last changed.
    pub fn updated_at(mut self, at: Timestamp) -> Self {
        self.0.updated_at = Some(at);
        self
    }

    /// Sets when the user last logged in.
    pub fn last_login(mut self, at: Timestamp) -> Self {
        self.0.last_login = Some(at);
        self
    }

    /// Sets the home tenant. It does not attach the account to it.
    pub fn home(mut self, tenant: TenantId) -> Self {
        self.0.home = Some(tenant);
        self
    }

    /// Adds a membership with this role.
    pub fn membership(mut self, tenant: TenantId, role: Role) -> Self {
        self.0.memberships.insert(tenant, Membership::new(role));
        self
    }

    /// Adds a membership with this role and a display name of its own.
    pub fn named_membership(mut self, tenant: TenantId, role: Role, name: DisplayName) -> Self {
        let membership = Membership { name: Some(name), ..Membership::new(role) };
        self.0.memberships.insert(tenant, membership);
        self
    }

    /// Adds a membership with this role and the record of how it came about.
    pub fn attached(mut self, tenant: &TenantId, role: Role, attachment: Attachment) -> Self {
        self.0.attach(tenant, role, None, attachment);
        self
    }

    /// Sets what is known about who controls the account.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.0.credentials = credentials;
        self
    }

    /// Returns the user.
    #[must_use]
    pub fn build(self) -> User {
        self.0
    }
}
