//! The stored accounts and their indexes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{
    Attachment, Decision, DisplayName, EmailAddress, LastProtectedRoleHolder, Membership,
    MembershipId, RoleCatalogue, RoleName, TenantId, Timestamp, User, UserId, Username,
};
use ports::{Conflict, PortError};

use crate::password_hash::PasswordHash;

/// One stored account.
///
/// A change copies the record, changes the copy, and stores it by [`State::put`].
#[derive(Clone)]
pub(crate) struct Record {
    /// The account as the catalogue resolves it; shared with the indexes by tenant.
    pub(crate) user: Arc<User>,
    /// Stored memberships whose role the catalogue does not have.
    pub(crate) unresolved: BTreeMap<TenantId, StoredMembership>,
    /// The hash of the password, if there is one.
    pub(crate) password: Option<PasswordHash>,
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

/// Every account, indexed by id, e-mail address, username and tenant.
#[derive(Default)]
pub(crate) struct State {
    records: HashMap<UserId, Record>,
    by_email: HashMap<EmailAddress, UserId>,
    by_username: HashMap<Username, UserId>,
    by_tenant: HashMap<TenantId, TenantIndex>,
}

/// The users of one tenant in one vector, which makes a list fast: about in the order in which they
/// were stored.
#[derive(Default)]
struct TenantIndex {
    users: Vec<Arc<User>>,
    positions: HashMap<UserId, usize>,
}

impl TenantIndex {
    fn insert(&mut self, user: Arc<User>) {
        self.positions.insert(user.id.clone(), self.users.len());
        self.users.push(user);
    }

    fn remove(&mut self, id: &UserId) {
        let Some(position) = self.positions.remove(id) else { return };
        self.users.swap_remove(position);
        if let Some(moved) = self.users.get(position) {
            self.positions.insert(moved.id.clone(), position);
        }
    }
}

impl Record {
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
        Self { user: Arc::new(user), unresolved, password }
    }

    /// Returns the account under another catalogue.
    pub(crate) fn under_catalogue(&self, catalogue: &RoleCatalogue) -> Self {
        let mut user = User::clone(&self.user);
        let resolved = std::mem::take(&mut user.memberships);
        let stored = resolved
            .into_iter()
            .map(|(tenant, membership)| (tenant, StoredMembership::from(membership)));
        let stored: Vec<_> = stored.chain(self.unresolved.clone()).collect();
        Self::new(user, stored, self.password.clone(), catalogue)
    }
}

impl State {
    pub(crate) fn under_catalogue(&self, catalogue: &RoleCatalogue) -> Self {
        let mut state = Self::default();
        for record in self.records.values() {
            state.put(record.under_catalogue(catalogue));
        }
        state
    }

    /// Returns the role of each membership whose role the catalogue does not have.
    pub(crate) fn unknown_roles(&self) -> impl Iterator<Item = &RoleName> {
        let memberships = self.records.values().flat_map(|record| record.unresolved.values());
        memberships.map(|membership| &membership.role)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn get(&self, id: &UserId) -> Option<&Record> {
        self.records.get(id)
    }

    pub(crate) fn by_email(&self, email: &EmailAddress) -> Option<&Record> {
        self.by_email.get(email).and_then(|id| self.records.get(id))
    }

    /// Returns the account with the username.
    pub(crate) fn by_username(&self, username: &Username) -> Option<&Record> {
        self.by_username.get(username).and_then(|id| self.records.get(id))
    }

    /// Returns the users attached to the tenant, in no particular order.
    pub(crate) fn users_of(&self, tenant: &TenantId) -> &[Arc<User>] {
        self.by_tenant.get(tenant).map_or(&[], |index| &index.users)
    }

    /// Checks that no account has the address or the username.
    pub(crate) fn check_vacant(
        &self,
        email: &EmailAddress,
        username: Option<&Username>,
    ) -> Result<(), Conflict> {
        if self.by_email.contains_key(email) {
            Err(Conflict::EmailTaken)
        } else if username.is_some_and(|username| self.by_username.contains_key(username)) {
            Err(Conflict::UsernameTaken)
        } else {
            Ok(())
        }
    }

    /// Returns an unused id.
    pub(crate) fn new_id(&self) -> Result<UserId, PortError> {
        loop {
            let id = new_id()?;
            if !self.records.contains_key(&id) {
                return Ok(id);
            }
        }
    }

    /// Returns the record of attaching an account by this address now, with a new id.
    pub(crate) fn new_attachment(email: EmailAddress, now: Timestamp) -> Attachment {
        Attachment { id: MembershipId::from_random_bits(rand::random()), since: now, email }
    }

    /// Returns the ids of the accounts that have a membership or their home in the tenant.
    pub(crate) fn related_to(&self, tenant: &TenantId) -> Vec<UserId> {
        let is_related = |record: &&Record| {
            record.user.home.as_ref() == Some(tenant)
                || record.user.memberships.contains_key(tenant)
                || record.unresolved.contains_key(tenant)
        };
        self.records.values().filter(is_related).map(|record| record.user.id.clone()).collect()
    }

    /// Returns the account on which a scope depends, as it is now.
    pub(crate) fn caller(&self, id: Option<&UserId>) -> Option<&User> {
        id.and_then(|id| self.records.get(id)).map(|record| record.user.as_ref())
    }

    /// Completes a decision with the other users of each tenant at risk (R4).
    pub(crate) fn complete<C>(&self, decision: Decision<C>) -> Result<C, LastProtectedRoleHolder> {
        decision.complete(|at_risk| self.users_of(at_risk.tenant()).iter().map(Arc::as_ref))
    }

    /// Stores the account, replacing the one with its id.
    ///
    /// The caller must have checked that no other account has its e-mail address or username.
    pub(crate) fn put(&mut self, record: Record) {
        let user = Arc::clone(&record.user);
        self.remove(&user.id);
        self.by_email.insert(user.email.clone(), user.id.clone());
        if let Some(username) = &user.username {
            self.by_username.insert(username.clone(), user.id.clone());
        }
        for tenant in user.memberships.keys() {
            let index = self.by_tenant.entry(tenant.clone()).or_default();
            index.insert(Arc::clone(&user));
        }
        self.records.insert(user.id.clone(), record);
    }

    /// Removes the account.
    pub(crate) fn remove(&mut self, id: &UserId) {
        let Some(Record { user, .. }) = self.records.remove(id) else { return };
        self.by_email.remove(&user.email);
        if let Some(username) = &user.username {
            self.by_username.remove(username);
        }
        for tenant in user.memberships.keys() {
            if let Some(index) = self.by_tenant.get_mut(tenant) {
                index.remove(id);
                if index.users.is_empty() {
                    self.by_tenant.remove(tenant);
                }
            }
        }
    }
}

/// Returns an id in Auth0's form, with 96 random bits.
pub(crate) fn new_id() -> Result<UserId, PortError> {
    let text = format!("auth0|{:024x}", rand::random::<u128>() >> 32);
    text.parse()
        .map_err(|source: domain::InvalidUserId| PortError::Failed { source: source.into() })
}
