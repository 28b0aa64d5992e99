//! One stored account.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{
    Attachment, DisplayName, Membership, RoleCatalogue, RoleName, TenantId, Timestamp, User,
};
use password_hashing::PasswordHash;

/// One stored account.
///
/// A change copies the record, changes the copy, and stores it by `State::put`. A copy shares
/// everything.
#[derive(Clone)]
pub(crate) struct Record {
    /// The account as the catalogue resolves it.
    pub(crate) user: Arc<User>,
    /// What few accounts have.
    rest: Option<Arc<Rest>>,
}

#[derive(Clone, Default)]
struct Rest {
    /// Stored memberships whose role the catalogue does not have.
    unresolved: BTreeMap<TenantId, StoredMembership>,
    /// The hash of the password, if there is one.
    password: Option<PasswordHash>,
}

/// A membership as stored, with the role by name.
#[derive(Clone)]
pub(crate) struct StoredMembership {
    pub(crate) role: RoleName,
    pub(crate) name: Option<DisplayName>,
    pub(crate) attachment: Option<Box<Attachment>>,
    pub(crate) suspended: bool,
    pub(crate) expires_at: Option<Timestamp>,
}

impl StoredMembership {
    pub(crate) fn of_role(role: RoleName) -> Self {
        Self { role, name: None, attachment: None, suspended: false, expires_at: None }
    }

    fn resolve(self, catalogue: &RoleCatalogue) -> Result<Membership, Self> {
        let Some(role) = catalogue.resolve(self.role.as_str()).cloned() else { return Err(self) };
        let Self { role: _, name, attachment, suspended, expires_at } = self;
        Ok(Membership { role, name, attachment, suspended, expires_at })
    }
}

impl From<Membership> for StoredMembership {
    fn from(membership: Membership) -> Self {
        let Membership { role, name, attachment, suspended, expires_at } = membership;
        Self { role: role.name().clone(), name, attachment, suspended, expires_at }
    }
}

impl Record {
    /// Returns an account of which every role is resolved.
    pub(crate) fn of(user: User) -> Self {
        Self { user: Arc::new(user), rest: None }
    }

    /// Returns the account with these memberships, resolved by the catalogue.
    pub(crate) fn new(
        mut user: User,
        stored: impl IntoIterator<Item = (TenantId, StoredMembership)>,
        password: Option<PasswordHash>,
        catalogue: &RoleCatalogue,
    ) -> Self {
        let mut unresolved = BTreeMap::new();
        for (tenant, stored) in stored {
            match stored.resolve(catalogue) {
                Ok(membership) => drop(user.memberships.insert(tenant, membership)),
                Err(stored) => drop(unresolved.insert(tenant, stored)),
            }
        }
        Self { user: Arc::new(user), rest: Rest { unresolved, password }.shared() }
    }

    /// Returns the account under another catalogue.
    pub(crate) fn under_catalogue(self, catalogue: &RoleCatalogue) -> Self {
        let is_known = |membership: &Membership| catalogue.contains(&membership.role);
        if self.unresolved().next().is_none() && self.user.memberships.values().all(is_known) {
            return self;
        }
        let mut user = User::clone(&self.user);
        let resolved = std::mem::take(&mut user.memberships);
        let stored = resolved
            .into_iter()
            .map(|(tenant, membership)| (tenant, StoredMembership::from(membership)));
        let unresolved = self.unresolved().map(|(tenant, stored)| (tenant.clone(), stored.clone()));
        let stored: Vec<_> = stored.chain(unresolved).collect();
        Self::new(user, stored, self.password().cloned(), catalogue)
    }

    /// Returns the stored memberships whose role the catalogue does not have.
    pub(crate) fn unresolved(&self) -> impl Iterator<Item = (&TenantId, &StoredMembership)> {
        self.rest.iter().flat_map(|rest| &rest.unresolved)
    }

    /// Returns the hash of the password, if there is one.
    pub(crate) fn password(&self) -> Option<&PasswordHash> {
        self.rest.as_ref()?.password.as_ref()
    }

    /// Returns the record with this password.
    pub(crate) fn with_password(self, password: Option<PasswordHash>) -> Self {
        let unresolved = self.rest.map(|rest| Arc::unwrap_or_clone(rest).unresolved);
        let rest = Rest { unresolved: unresolved.unwrap_or_default(), password };
        Self { user: self.user, rest: rest.shared() }
    }

    /// Returns the record without the stored membership in the tenant, if its role is unknown.
    pub(crate) fn without_unresolved(self, tenant: &TenantId) -> Self {
        if !self.unresolved().any(|(known, _)| known == tenant) {
            return self;
        }
        let mut rest = self.rest.map(Arc::unwrap_or_clone).unwrap_or_default();
        rest.unresolved.remove(tenant);
        Self { user: self.user, rest: rest.shared() }
    }
}

impl Rest {
    fn shared(self) -> Option<Arc<Self>> {
        let is_needed = self.password.is_some() || !self.unresolved.is_empty();
        is_needed.then(|| Arc::new(self))
    }
}

impl roster::Record for Record {
    fn user(&self) -> &Arc<User> {
        &self.user
    }

    fn other_tenants(&self) -> impl Iterator<Item = &TenantId> {
        self.unresolved().map(|(tenant, _)| tenant)
    }
}
