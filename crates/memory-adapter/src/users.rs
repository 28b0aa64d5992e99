//! The directory: every change is made under one lock, on the current account.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, Denied, ListQuery, Membership, MembershipChange, NewMember,
    NewUser, Page, Password, TenantScope, User, UserId,
};
use ports::{AccountUpdate, AttachOutcome, Conflict, PortError, PortResult, UserDirectory};

use crate::directory::MemoryDirectory;
use crate::password_hash::check_policy;
use crate::state::{Record, State};

/// The number of users above which sorting would block an async thread for too long.
const SORT_INLINE_LIMIT: usize = 1000;

fn page(users: &[Arc<User>], query: &ListQuery) -> Page {
    let selected = query.select(users.iter().map(Arc::as_ref));
    Page { users: selected.into_iter().cloned().collect(), total: users.len() as u64 }
}

#[async_trait]
impl UserDirectory for MemoryDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<User>> {
        // Copy the account after the lock is released.
        let user = self.state.read().get(id).map(|record| Arc::clone(&record.user));
        Ok(user.filter(|user| scope.can_see(user)).map(Arc::unwrap_or_clone))
    }

    async fn list(&self, scope: &TenantScope, query: &ListQuery) -> PortResult<Page> {
        // Sort after the lock is released.
        let users = self.state.read().users_of(scope.tenant()).to_vec();
        if users.len() <= SORT_INLINE_LIMIT {
            return Ok(page(&users, query));
        }
        let query = *query;
        tokio::task::spawn_blocking(move || page(&users, &query))
            .await
            .map_err(|source| PortError::Failed { source: source.into() })
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        scope.authorize_grant(&new.role)?;
        new.password.as_ref().map_or(Ok(()), check_policy).map_err(PortError::Rejected)?;
        // Checked before the hash, which is expensive, and again after it.
        self.state.read().check_vacant(&new.email, new.username.as_ref())?;
        let password = match &new.password {
            Some(password) => Some(self.hasher.hash(password.clone()).await?),
            None => None,
        };

        let mut state = self.state.write();
        state.check_vacant(&new.email, new.username.as_ref())?;
        let id = state.new_id()?;
        let user = self.new_user(scope, id, new);
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
        let mut state = self.state.write();
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
            let user = self.new_user(scope, state.new_id()?, new);
            let record = Record { user: Arc::new(user), unresolved: [].into(), password: None };
            let user = self.put(&mut state, &record);
            return Ok(AttachOutcome { user, created: true });
        };
        if record.user.memberships.contains_key(tenant) {
            return Err(Conflict::AlreadyAttached.into());
        }
        let mut record = record.clone();
        // A stored membership with an unknown role is replaced, with its name.
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
        let mut state = self.state.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_change(&record.user, &change)?)?;
        let record = record.clone();
        Ok(self.store(&mut state, record, |user| authorized.apply(user)))
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.state.write();
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
        let mut state = self.state.write();
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
        // Checked before the hash, which is expensive, and again after it.
        self.authorized(&snapshot.id, |user| scope.authorize_password(user))?;
        check_policy(&password).map_err(PortError::Rejected)?;
        let hash = self.hasher.hash(password).await?;

        let mut state = self.state.write();
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_password(&record.user)?;
        let record = Record { password: Some(hash), ..record.clone() };
        Ok(self.store(&mut state, record, |_| ()))
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.state.write();
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
    /// Returns a copy of the record, if the check of the scope passes for its account.
    pub(crate) fn authorized(
        &self,
        id: &UserId,
        check: impl FnOnce(&User) -> Result<(), Denied>,
    ) -> PortResult<Record> {
        let record = self.state.read().get(id).cloned().ok_or(PortError::NotFound)?;
        check(&record.user)?;
        Ok(record)
    }

    /// Returns a new account whose home is the scope's tenant.
    fn new_user(&self, scope: &TenantScope, id: UserId, new: NewUser) -> User {
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

    /// Stores the record with a change to its user, and returns the user as stored.
    fn store(&self, state: &mut State, mut record: Record, change: impl FnOnce(&mut User)) -> User {
        let mut user = Arc::unwrap_or_clone(record.user);
        change(&mut user);
        user.updated_at = Some(self.clock.now());
        record.user = Arc::new(user);
        self.put(state, &record)
    }

    /// Stores the record under the current catalogue: a call that began under an earlier one may have
    /// a role that no longer exists.
    fn put(&self, state: &mut State, record: &Record) -> User {
        let record = record.under_catalogue(&self.catalogue());
        let user = User::clone(&record.user);
        state.put(record);
        user
    }
}
