//! Accounts, the tenants they are attached to, and changes to either.

use crate::id::{TenantId, UserId};
use crate::membership::{Attachment, Credentials, Membership};
use crate::memberships::Memberships;
use crate::password::Password;
use crate::role::Role;
use crate::text::{DisplayName, EmailAddress, PersonName, Username};
use crate::timestamp::Timestamp;

/// A user: one account with its memberships in all tenants.
///
/// This is the unrestricted view; a scope decides what a caller may see of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The account's id.
    pub id: UserId,
    /// The e-mail address, unique in the directory.
    pub email: EmailAddress,
    /// The username, a second way to log in.
    pub username: Option<Username>,
    /// The first name.
    pub given_name: Option<PersonName>,
    /// The last name.
    pub family_name: Option<PersonName>,
    /// The account's own display name; a membership may have another for its tenant.
    pub display_name: Option<DisplayName>,
    /// Whether the account belongs to a program.
    pub service_user: bool,
    /// Whether an administrator has blocked it. A blocked user has no rights as a caller.
    pub blocked: bool,
    /// When the account was created.
    pub created_at: Timestamp,
    /// When the account was last changed, by anyone.
    pub updated_at: Option<Timestamp>,
    /// When the user last logged in.
    pub last_login: Option<Timestamp>,
    /// The home tenant, through which Usher created the account. Its administrators have authority
    /// over the account's own data (rule R2); without a home, only operators have.
    pub home: Option<TenantId>,
    /// What the directory knows about who controls the account.
    pub credentials: Credentials,
    /// The memberships, by tenant.
    pub memberships: Memberships,
}

impl AsRef<Self> for User {
    fn as_ref(&self) -> &Self {
        self
    }
}

/// The owner of the display name that a tenant changes when it renames a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOwner {
    /// The account: the tenant is its home.
    Account,
    /// The membership: the account's home is elsewhere, where nothing may change.
    Membership,
}

impl User {
    /// Returns the role in the tenant, if the user has a membership there.
    pub fn role_in(&self, tenant: &TenantId) -> Option<&Role> {
        self.memberships.get(tenant).map(|membership| &membership.role)
    }

    /// Returns the display name in the tenant.
    pub fn name_in(&self, tenant: &TenantId) -> Option<&DisplayName> {
        self.memberships
            .get(tenant)
            .and_then(|membership| membership.name.as_ref())
            .or(self.display_name.as_ref())
    }

    /// Returns which name the tenant changes when it renames this user (rules R1 and R2).
    pub fn name_owner(&self, tenant: &TenantId) -> NameOwner {
        if self.home.as_ref() == Some(tenant) { NameOwner::Account } else { NameOwner::Membership }
    }

    /// Attaches the account to the tenant, or confirms a membership there, which keeps its name
    /// unless another is given.
    pub fn attach(
        &mut self,
        tenant: &TenantId,
        role: Role,
        name: Option<DisplayName>,
        attachment: Attachment,
    ) {
        let kept = self.memberships.remove(tenant).and_then(|membership| membership.name);
        let membership = Membership {
            name: kept,
            attachment: Some(Box::new(attachment)),
            ..Membership::new(role)
        };
        self.memberships.insert(tenant.clone(), membership);
        if let Some(name) = name {
            self.rename_in(tenant, name);
        }
    }

    /// Sets the account's own display name. One that equals the address counts as none: Auth0
    /// stores the address as the name of an account without one.
    pub fn set_display_name(&mut self, name: Option<DisplayName>) {
        let is_address = |name: &DisplayName| name.as_str().to_lowercase() == self.email.as_str();
        self.display_name = name.filter(|name| !is_address(name));
    }

    /// Changes the display name that the tenant sees. Does nothing without a membership there.
    pub fn rename_in(&mut self, tenant: &TenantId, name: DisplayName) {
        let owner = self.name_owner(tenant);
        if let Some(membership) = self.memberships.get_mut(tenant) {
            match owner {
                NameOwner::Account => {
                    membership.name = None;
                    self.set_display_name(Some(name));
                }
                NameOwner::Membership => membership.name = Some(name),
            }
        }
    }

    /// Returns the username, or the e-mail address if there is none.
    pub fn username_or_email(&self) -> &str {
        self.username.as_ref().map_or(self.email.as_str(), Username::as_str)
    }

    /// Returns the first name, or an empty text if there is none.
    pub fn given_name_or_empty(&self) -> &str {
        self.given_name.as_ref().map_or("", PersonName::as_str)
    }

    /// Returns the last name, or an empty text if there is none.
    pub fn family_name_or_empty(&self) -> &str {
        self.family_name.as_ref().map_or("", PersonName::as_str)
    }
}

/// An account to create; its home is the tenant through which it is created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// The e-mail address.
    pub email: EmailAddress,
    /// The username, a second way to log in.
    pub username: Option<Username>,
    /// The first name.
    pub given_name: Option<PersonName>,
    /// The last name.
    pub family_name: Option<PersonName>,
    /// The account's own display name.
    pub display_name: Option<DisplayName>,
    /// Whether the account belongs to a program.
    pub service_user: bool,
    /// The role in the tenant.
    pub role: Role,
    /// The password. Without one, no password works until one is set.
    pub password: Option<Password>,
}

impl NewUser {
    /// Returns the account at home in the tenant, attached to it and created at that moment. It has
    /// no password.
    pub fn into_user(self, id: UserId, home: TenantId, attachment: Attachment) -> User {
        let now = attachment.since;
        let membership =
            Membership { attachment: Some(Box::new(attachment)), ..Membership::new(self.role) };
        let mut user = User {
            id,
            email: self.email,
            username: self.username,
            given_name: self.given_name,
            family_name: self.family_name,
            display_name: None,
            service_user: self.service_user,
            blocked: false,
            created_at: now,
            updated_at: Some(now),
            last_login: None,
            home: Some(home.clone()),
            credentials: Credentials::default(),
            memberships: [(home, membership)].into(),
        };
        user.set_display_name(self.display_name);
        user
    }
}

/// A member to add to a tenant: attached if the address has an account, else created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// The e-mail address.
    pub email: EmailAddress,
    /// The role in the tenant.
    pub role: Role,
    /// The display name in the tenant.
    pub name: Option<DisplayName>,
}

/// A change to a membership. Absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembershipChange {
    /// The new role.
    pub role: Option<Role>,
    /// The new display name, for the [`User::name_owner`].
    pub name: Option<DisplayName>,
}

/// A change to the account's own data. Every field is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountChange {
    /// The e-mail address.
    pub email: EmailAddress,
    /// The first name, or none.
    pub given_name: Option<PersonName>,
    /// The last name, or none.
    pub family_name: Option<PersonName>,
}

impl AccountChange {
    /// Whether the names, e-mail address aside, differ from those of the account.
    pub fn changes_names(&self, user: &User) -> bool {
        self.given_name != user.given_name || self.family_name != user.family_name
    }
}
