//! The stored accounts.

use std::sync::{Arc, Weak};

use domain::{
    Attachment, Decision, EmailAddress, LastProtectedRoleHolder, MembershipId, RoleCatalogue,
    RoleName, TenantId, Timestamp, User, UserId, Username,
};
use parking_lot::Mutex;
use ports::{Conflict, PortError};
use roster::{AccountSnapshot, Roster};

use crate::record::Record;

/// Changes in their order: the account with its new state, or that it was removed.
pub(crate) type ChangeLog = Mutex<Vec<(UserId, Option<Record>)>>;

/// Every account, and the lists of each tenant.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) roster: Roster<Record>,
    /// Records changes as long as anybody holds it.
    log: Weak<ChangeLog>,
}

impl State {
    /// Returns these accounts under a catalogue.
    pub(crate) fn under_catalogue(
        accounts: &AccountSnapshot<Record>,
        catalogue: &RoleCatalogue,
    ) -> Self {
        let mut state = Self::default();
        state.reserve(accounts.len());
        for record in accounts.iter() {
            state.put(record.clone().under_catalogue(catalogue));
        }
        state
    }

    /// Starts recording changes, instead of for the caller before. They are recorded until the log
    /// is dropped.
    pub(crate) fn start_log(&mut self) -> Arc<ChangeLog> {
        let log = Arc::default();
        self.log = Arc::downgrade(&log);
        log
    }

    /// Whether changes are recorded in this log.
    pub(crate) fn has_log(&self, log: &Arc<ChangeLog>) -> bool {
        Weak::ptr_eq(&self.log, &Arc::downgrade(log))
    }

    fn log(&self, id: &UserId, after: Option<&Record>) {
        if let Some(log) = self.log.upgrade() {
            log.lock().push((id.clone(), after.cloned()));
        }
    }

    /// Makes room for this many more accounts, before they are stored one by one.
    pub(crate) fn reserve(&mut self, additional: usize) {
        self.roster.reserve(additional);
    }

    /// Returns the role of each membership whose role the catalogue does not have.
    pub(crate) fn unknown_roles(&self) -> impl Iterator<Item = &RoleName> {
        let memberships = self.roster.iter().flat_map(Record::unresolved);
        memberships.map(|(_, membership)| &membership.role)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.roster.is_empty()
    }

    pub(crate) fn get(&self, id: &UserId) -> Option<&Record> {
        self.roster.get(id)
    }

    pub(crate) fn by_email(&self, email: &EmailAddress) -> Option<&Record> {
        self.roster.by_email(email)
    }

    /// Returns the account with the username.
    pub(crate) fn by_username(&self, username: &Username) -> Option<&Record> {
        self.roster.by_username(username)
    }

    /// Checks that no account has the address or the username.
    pub(crate) fn check_vacant(
        &self,
        email: &EmailAddress,
        username: Option<&Username>,
    ) -> Result<(), Conflict> {
        if self.by_email(email).is_some() {
            Err(Conflict::EmailTaken)
        } else if username.is_some_and(|username| self.by_username(username).is_some()) {
            Err(Conflict::UsernameTaken)
        } else {
            Ok(())
        }
    }

    /// Returns an unused id.
    pub(crate) fn new_id(&self) -> Result<UserId, PortError> {
        loop {
            let id = new_id()?;
            if self.get(&id).is_none() {
                return Ok(id);
            }
        }
    }

    /// Returns the record of attaching an account by this address now, with a new id.
    pub(crate) fn new_attachment(email: EmailAddress, now: Timestamp) -> Attachment {
        Attachment { id: MembershipId::from_random_bits(rand::random()), since: now, email }
    }

    /// Returns the ids of at most `limit` accounts that have a membership or their home in the
    /// tenant, and the number of all.
    pub(crate) fn related_to(&self, tenant: &TenantId, limit: usize) -> (Vec<UserId>, usize) {
        let related = self.roster.related(tenant).take(limit);
        let ids = related.map(|record| record.user.id.clone()).collect();
        (ids, self.roster.related_len(tenant))
    }

    /// Returns the account on which a scope depends, as it is now.
    pub(crate) fn caller(&self, id: Option<&UserId>) -> Option<&User> {
        id.and_then(|id| self.get(id)).map(|record| record.user.as_ref())
    }

    /// Completes a decision with the holders of each role at risk (R4).
    pub(crate) fn complete<C>(&self, decision: Decision<C>) -> Result<C, LastProtectedRoleHolder> {
        decision.complete(|at_risk| self.roster.holders(at_risk))
    }

    /// Stores the account, replacing the one with its id, and returns it as it is stored.
    ///
    /// The caller must have checked that no other account has its e-mail address or username.
    pub(crate) fn put(&mut self, mut record: Record) -> Arc<User> {
        if let Some(user) = Arc::get_mut(&mut record.user) {
            self.share_tenants(user);
        }
        self.roster.put(&record);
        self.log(&record.user.id, Some(&record));
        record.user
    }

    /// Lets the account share the ids of its tenants with the others, which takes less memory.
    fn share_tenants(&self, user: &mut User) {
        let shared =
            |tenant: TenantId| self.roster.stored_tenant(&tenant).cloned().unwrap_or(tenant);
        user.home = user.home.take().map(shared);
        let memberships = std::mem::take(&mut user.memberships).into_iter();
        user.memberships =
            memberships.map(|(tenant, membership)| (shared(tenant), membership)).collect();
    }

    /// Removes the account.
    pub(crate) fn remove(&mut self, id: &UserId) {
        self.roster.remove(id);
        self.log(id, None);
    }
}

/// Returns an id in Auth0's form, with 96 random bits.
pub(crate) fn new_id() -> Result<UserId, PortError> {
    let text = format!("auth0|{:024x}", rand::random::<u128>() >> 32);
    text.parse()
        .map_err(|source: domain::InvalidUserId| PortError::Failed { source: source.into() })
}
