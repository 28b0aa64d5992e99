//! The directory: every change under one lock, on the account as it then is.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, Denied, ListQuery, Membership, MembershipChange, NewMember,
    NewUser, Page, Password, TenantScope, User, UserId,
};
use ports::{AccountUpdate, AttachOutcome, Conflict, PortError, PortResult, UserDirectory};

use crate::MemoryDirectory;
use crate::passwords::check_policy;
use crate::state::{Record, State};

/// Putting more people than this in order takes so long that an async thread must not do it.
const MANY: usize = 1000;

fn page(people: &[Arc<User>], listing: &ListQuery) -> Page {
    let selected = listing.select(people.iter().map(Arc::as_ref));
    Page { users: selected.into_iter().cloned().collect(), total: people.len() as u64 }
}

#[async_trait]
impl UserDirectory for MemoryDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>> {
        // The copy is made when the lock is free again.
        let user = self.read().get(id).map(|record| Arc::clone(&record.user));
        Ok(user.filter(|user| scope.can_see(user)).map(Arc::unwrap_or_clone))
    }

    async fn list(&self, scope: &TenantScope, listing: &ListQuery) -> PortResult<Page> {
        // Only the people are taken under the lock; they are put in order when it is free again.
        let people = self.read().people_of(scope.tenant()).to_vec();
        if people.len() <= MANY {
            return Ok(page(&people, listing));
        }
        let listing = *listing;
        tokio::task::spawn_blocking(move || page(&people, &listing))
            .await
            .map_err(|source| PortError::Failed { source: source.into() })
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        scope.authorize_grant(&new.role)?;
        new.password.as_ref().map_or(Ok(()), check_policy).map_err(PortError::Rejected)?;
        // Asked before the hash, which is expensive, and again after it.
        self.read().vacant(&new.email, new.username.as_ref())?;
        let password = match &new.password {
            Some(password) => Some(self.hasher.hash(password.clone()).await?),
            None => None,
        };

        let mut state = self.write();
        state.vacant(&new.email, new.username.as_ref())?;
        let id = state.vacant_id()?;
        let user = self.at_home(scope, id, new);
        Ok(self.put(&mut state, &Record { user: Arc::new(user), unresolved: [].into(), password }))
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        let NewMember { email, role, name } = new_member;
        scope.authorize_grant(&role)?;
        let tenant = scope.tenant();
        let mut state = self.write();
        let Some(record) = state.by_email(&email) else {
            let new = NewUser {
                email,
                username: None,
                given_name: None,
                family_name: None,
                display_name: name,
                service_user: false,
                role,
                password: None,
            };
            let user = self.at_home(scope, state.vacant_id()?, new);
            let record = Record { user: Arc::new(user), unresolved: [].into(), password: None };
            let user = self.put(&mut state, &record);
            return Ok(AttachOutcome { user, created: true });
        };
        if record.user.memberships.contains_key(tenant) {
            return Err(Conflict::AlreadyAttached.into());
        }
        let mut record = record.clone();
        // Whatever was stored here under a role that is none is replaced, its name too.
        record.unresolved.remove(tenant);
        let user = self.store(&mut state, record, |user| {
            user.memberships.insert(tenant.clone(), Membership { role, name: None });
            if let Some(name) = name {
                user.rename_in(tenant, name);
            }
        });
        Ok(AttachOutcome { user, created: false })
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let mut state = self.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_change(&record.user, &change)?)?;
        let record = record.clone();
        Ok(self.store(&mut state, record, |user| authorized.apply(user)))
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_detach(&record.user)?)?;
        let record = record.clone();
        self.store(&mut state, record, |user| authorized.apply(user));
        Ok(())
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        let mut state = self.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_change(&record.user)?;
        let taken = state.by_email(&change.email).is_some_and(|other| other.user.id != snapshot.id);
        if taken && !change.changes_names(&record.user) {
            return Err(Conflict::EmailTaken.into());
        }
        let record = record.clone();
        let user = self.store(&mut state, record, |user| {
            let AccountChange { email, given_name, family_name } = change;
            (user.given_name, user.family_name) = (given_name, family_name);
            if !taken {
                user.email = email;
            }
        });
        let failures = if taken { vec![Conflict::EmailTaken] } else { Vec::new() };
        Ok(AccountUpdate { user, failures })
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        // Asked before the hash, which is expensive, and again after it.
        self.admitted(&snapshot.id, |user| scope.authorize_password(user))?;
        check_policy(&password).map_err(PortError::Rejected)?;
        let hash = self.hasher.hash(password).await?;

        let mut state = self.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_password(&record.user)?;
        let record = Record { password: Some(hash), ..record.clone() };
        Ok(self.store(&mut state, record, |_| ()))
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_deletion(&record.user)?)?;
        state.remove(authorized.user());
        Ok(())
    }

    async fn check_ready(&self) -> PortResult<()> {
        Ok(())
    }
}

impl MemoryDirectory {
    /// The record of this id, if the scope admits what is to be done to the account.
    pub(crate) fn admitted(
        &self,
        id: &UserId,
        admit: impl FnOnce(&User) -> Result<(), Denied>,
    ) -> PortResult<Record> {
        let record = self.read().get(id).cloned().ok_or(PortError::NotFound)?;
        admit(&record.user)?;
        Ok(record)
    }

    /// A new account, at home in the scope's tenant.
    fn at_home(&self, scope: &TenantScope, id: UserId, new: NewUser) -> User {
        let now = self.clock.now();
        let membership = Membership { role: new.role, name: None };
        User {
            id,
            email: new.email,
            username: new.username,
            given_name: new.given_name,
            family_name: new.family_name,
            display_name: new.display_name,
            service_user: new.service_user,
            blocked: false,
            created_at: now,
            updated_at: Some(now),
            last_login: None,
            home: Some(scope.tenant().clone()),
            memberships: [(scope.tenant().clone(), membership)].into(),
        }
    }

    /// Stores the record with a change to its user, who is answered as stored.
    fn store(&self, state: &mut State, mut record: Record, change: impl FnOnce(&mut User)) -> User {
        let mut user = Arc::unwrap_or_clone(record.user);
        change(&mut user);
        user.updated_at = Some(self.clock.now());
        record.user = Arc::new(user);
        self.put(state, &record)
    }

    /// Keeps the record as the catalogue of this moment reads it: a call that began under another
    /// one may give a role that is none any more.
    fn put(&self, state: &mut State, record: &Record) -> User {
        let record = record.under_catalogue(&self.catalogue());
        let user = User::clone(&record.user);
        state.put(record);
        user
    }
}
