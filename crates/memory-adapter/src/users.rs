//! The directory: every change is made under one lock, on the current account.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, AttachStep, CredentialStamp, Denied, MembershipChange, NewMember,
    NewUser, Page, PageRequest, Password, Sort, StampUpdate, TenantId, TenantScope, User, UserId,
};
use password_hashing::check_policy;
use ports::{
    AccountUpdate, AttachOutcome, Conflict, FullList, PortError, PortResult, ReleaseOutcome,
    UserDirectory,
};

use crate::directory::MemoryDirectory;
use crate::record::Record;
use crate::state::State;

fn update_stamp(user: &mut User, update: StampUpdate) {
    match update {
        StampUpdate::Keep => {}
        StampUpdate::Set(stamp) => user.credentials.stamp = Some(Box::new(stamp)),
        StampUpdate::Remove => user.credentials.stamp = None,
    }
}

#[async_trait]
impl UserDirectory for MemoryDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>> {
        let user = self.state.read().get(id).map(|record| Arc::clone(&record.user));
        Ok(user.filter(|user| scope.can_see(user)))
    }

    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        self.page(scope, sort, page).await
    }

    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        self.full_list(scope, sort).await
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
        let scope = self.renew_tenant(&state, scope)?;
        scope.authorize_grant(&new.role)?;
        state.check_vacant(&new.email, new.username.as_ref())?;
        let id = state.new_id()?;
        let mut user = self.new_user(&scope, id, new);
        if password.is_some() && scope.leaves_stamp() {
            let (at, by) = (self.clock.now(), user.home.clone());
            let stamp = CredentialStamp { at, by, sets_address: false };
            user.credentials.stamp = Some(Box::new(stamp));
        }
        Ok(self.put(&mut state, Record::of(user).with_password(password)))
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        let NewMember { email, role, name } = new_member;
        let mut state = self.state.write();
        let scope = self.renew_tenant(&state, scope)?;
        scope.authorize_grant(&role)?;
        let tenant = scope.tenant();
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
            let user = self.new_user(&scope, state.new_id()?, new);
            let user = self.put(&mut state, Record::of(user));
            return Ok(AttachOutcome { user, created: true });
        };
        if scope.authorize_attach(&record.user, &role)? == AttachStep::AlreadyAttached {
            return Err(Conflict::AlreadyAttached.into());
        }
        // A stored membership with an unknown role is replaced, with its name.
        let record = record.clone().without_unresolved(tenant);
        let attachment = State::new_attachment(email, self.clock.now());
        let user =
            self.store(&mut state, record, |user| user.attach(tenant, role, name, attachment));
        Ok(AttachOutcome { user, created: false })
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let mut state = self.state.write();
        let scope = self.renew_tenant(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_change(&record.user, &change)?)?;
        let record = record.clone();
        Ok(self.store(&mut state, record, |user| authorized.apply(user)))
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.state.write();
        let scope = self.renew_tenant(&state, scope)?;
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
        let scope = self.renew_account(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_change(&record.user)?;
        let taken = state.by_email(&change.email).is_some_and(|other| other.user.id != snapshot.id);
        if taken && !change.changes_names(&record.user) {
            return Err(Conflict::EmailTaken.into());
        }
        let stamp = scope.stamp_after_address(&record.user, self.clock.now());
        let record = record.clone();
        let user = self.store(&mut state, record, |user| {
            let AccountChange { email, given_name, family_name } = change;
            (user.given_name, user.family_name) = (given_name, family_name);
            if !taken && user.email != email {
                user.email = email;
                let name = user.display_name.take();
                user.set_display_name(name);
                user.credentials.email_verified = false;
                update_stamp(user, stamp);
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
        let scope = self.renew_account(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_password(&record.user)?;
        let stamp = scope.stamp_after_password(&record.user, self.clock.now());
        let record = record.clone().with_password(Some(hash));
        let now = self.clock.now();
        Ok(self.store(&mut state, record, |user| {
            update_stamp(user, stamp);
            user.updated_at = Some(now);
        }))
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let mut state = self.state.write();
        let scope = self.renew_account(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        let authorized = state.complete(scope.authorize_deletion(&record.user)?)?;
        state.remove(authorized.user());
        Ok(())
    }

    async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        let mut state = self.state.write();
        let scope = self.renew_account(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_operator(&record.user)?;
        if home.as_ref().is_some_and(|home| !record.user.memberships.contains_key(home)) {
            return Err(Conflict::NotAttached.into());
        }
        let record = record.clone();
        Ok(self.store(&mut state, record, |user| user.home = home))
    }

    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User> {
        let mut state = self.state.write();
        let scope = self.renew_account(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_operator(&record.user)?;
        let record = record.clone();
        Ok(self.store(&mut state, record, |user| {
            user.credentials.email_verified = verified;
            if verified {
                user.credentials.stamp = None;
            }
        }))
    }

    async fn send_invitation(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let state = self.state.read();
        let scope = self.renew_tenant(&state, scope)?;
        let record = state.get(&snapshot.id).ok_or(PortError::NotFound)?;
        scope.authorize_invitation(&record.user)?;
        Err(Conflict::MailUnavailable.into())
    }

    async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        scope.authorize_release()?;
        let tenant = scope.tenant();
        let mut state = self.state.write();
        let (ids, related) = state.related_to(tenant, limit);
        for id in &ids {
            let Some(record) = state.get(id).cloned() else { continue };
            let record = record.without_unresolved(tenant);
            self.store(&mut state, record, |user| {
                user.memberships.remove(tenant);
                user.home.take_if(|home| home == tenant);
            });
        }
        Ok(ReleaseOutcome { done: ids.len() as u64, left: (related - ids.len()) as u64 })
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

    /// Returns the scope with the role that its caller has now. The state is locked.
    fn renew_tenant(&self, state: &State, scope: &TenantScope) -> PortResult<TenantScope> {
        Ok(scope.renew(state.caller(scope.caller_account()), self.clock.now())?)
    }

    /// As [`MemoryDirectory::renew_tenant`].
    fn renew_account(&self, state: &State, scope: &AccountScope) -> PortResult<AccountScope> {
        Ok(scope.renew(state.caller(scope.caller_account()), self.clock.now())?)
    }

    /// Returns a new account whose home is the scope's tenant.
    fn new_user(&self, scope: &TenantScope, id: UserId, new: NewUser) -> User {
        let attachment = State::new_attachment(new.email.clone(), self.clock.now());
        new.into_user(id, scope.tenant().clone(), attachment)
    }

    /// Stores the record with a change to its user, and returns the user as stored. The time of the
    /// last change moves only if something differs.
    fn store(&self, state: &mut State, mut record: Record, change: impl FnOnce(&mut User)) -> User {
        let before = Arc::clone(&record.user);
        let mut user = Arc::unwrap_or_clone(record.user);
        change(&mut user);
        if user != *before {
            user.updated_at = Some(self.clock.now());
        }
        record.user = Arc::new(user);
        self.put(state, record)
    }

    /// Stores the record under the current catalogue: a call that began under an earlier one may have
    /// a role that no longer exists.
    fn put(&self, state: &mut State, record: Record) -> User {
        let record = record.under_catalogue(&self.catalogue());
        User::clone(&state.put(record))
    }
}
