//! Accounts, the tenants they are attached to, and changes to either.

use std::collections::BTreeMap;

use crate::id::{TenantId, UserId};
use crate::password::Password;
use crate::role::Role;
use crate::text::{DisplayName, EmailAddress, PersonName, Username};
use crate::timestamp::Timestamp;

/// One account, with all the tenants that it is attached to.
///
/// It is the inside view: what a caller may see of it is for a scope to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Which account.
    pub id: UserId,
    /// Its e-mail address; no two accounts of a directory share one.
    pub email: EmailAddress,
    /// A second way to log in.
    pub username: Option<Username>,
    /// The first name.
    pub given_name: Option<PersonName>,
    /// The last name.
    pub family_name: Option<PersonName>,
    /// The account's own display name; a membership may have another for its tenant.
    pub display_name: Option<DisplayName>,
    /// Whether a program, and no person, stands behind it.
    pub service_user: bool,
    /// Whether an administrator has blocked it. A blocked user acts nowhere.
    pub blocked: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, by anyone.
    pub updated_at: Option<Timestamp>,
    /// When it last logged in.
    pub last_login: Option<Timestamp>,
    /// The tenant through which Usher created it, whose administrators have authority over what
    /// is the account's own (rule R2). Without one, that authority is the operators'.
    pub home: Option<TenantId>,
    /// The tenants that it is attached to.
    pub memberships: BTreeMap<TenantId, Membership>,
}

/// What an account is in one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// Its role there.
    pub role: Role,
    /// What it is called there, if not by the account's own display name.
    pub name: Option<DisplayName>,
}

/// Whose display name a tenant changes when it renames a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameOwner {
    /// The account's own: the tenant is its home.
    Account,
    /// The membership's: the account is at home elsewhere, and there nothing may change.
    Membership,
}

impl User {
    /// Its role in the tenant, if it is attached to it.
    pub fn role_in(&self, tenant: &TenantId) -> Option<&Role> {
        self.memberships.get(tenant).map(|membership| &membership.role)
    }

    /// What it is called in the tenant.
    pub fn name_in(&self, tenant: &TenantId) -> Option<&DisplayName> {
        self.memberships
            .get(tenant)
            .and_then(|membership| membership.name.as_ref())
            .or(self.display_name.as_ref())
    }

    /// Whose name the tenant changes when it renames this user (rules R1 and R2).
    pub fn name_owner(&self, tenant: &TenantId) -> NameOwner {
        if self.home.as_ref() == Some(tenant) { NameOwner::Account } else { NameOwner::Membership }
    }

    /// Gives it another name, as the tenant sees it. Without a membership there, nothing happens.
    pub fn rename_in(&mut self, tenant: &TenantId, name: DisplayName) {
        let owner = self.name_owner(tenant);
        if let Some(membership) = self.memberships.get_mut(tenant) {
            match owner {
                NameOwner::Account => {
                    membership.name = None;
                    self.display_name = Some(name);
                }
                NameOwner::Membership => membership.name = Some(name),
            }
        }
    }

    /// The username as it is shown: the e-mail address stands in for a missing one.
    pub fn username_or_email(&self) -> &str {
        self.username.as_ref().map_or(self.email.as_str(), Username::as_str)
    }

    /// The first name as it is shown: empty if there is none.
    pub fn given_name_or_empty(&self) -> &str {
        self.given_name.as_ref().map_or("", PersonName::as_str)
    }

    /// The last name as it is shown: empty if there is none.
    pub fn family_name_or_empty(&self) -> &str {
        self.family_name.as_ref().map_or("", PersonName::as_str)
    }
}

/// An account to be created; its home is the tenant through which that happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Its e-mail address.
    pub email: EmailAddress,
    /// A second way to log in.
    pub username: Option<Username>,
    /// The first name.
    pub given_name: Option<PersonName>,
    /// The last name.
    pub family_name: Option<PersonName>,
    /// The account's own display name.
    pub display_name: Option<DisplayName>,
    /// Whether a program, and no person, stands behind it.
    pub service_user: bool,
    /// Its role in the tenant.
    pub role: Role,
    /// Its password. Without one, nobody knows it until it is changed.
    pub password: Option<Password>,
}

/// Somebody to be among a tenant's people: attached if the address has an account, else created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMember {
    /// Who.
    pub email: EmailAddress,
    /// The role in the tenant.
    pub role: Role,
    /// The display name in the tenant.
    pub name: Option<DisplayName>,
}

/// A change to what an account is in one tenant. What is absent stays as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MembershipChange {
    /// Another role.
    pub role: Option<Role>,
    /// Another display name, for whomever [`User::name_owner`] tells.
    pub name: Option<DisplayName>,
}

/// A change to what is the account's own. All of it is set.
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
