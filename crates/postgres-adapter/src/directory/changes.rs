//! Changes, each in one transaction. A caller tries a transaction again that another one prevented.

use domain::{
    AccountChange, AccountScope, AttachStep, Attachment, CredentialStamp, EmailAddress,
    MembershipChange, MembershipId, NewMember, NewUser, StampUpdate, TenantScope, User, UserId,
};
use ports::{AccountUpdate, AttachOutcome, Conflict, PortError, ReleaseOutcome};

use crate::database::{Failure, Transaction};
use crate::directory::postgres_directory::PostgresDirectory;
use crate::directory::record::Record;
use crate::directory::step::Step;

const ACCOUNT_OF_ADDRESS: &str = "SELECT id FROM usher.account_of_address($1)";
const DELETE: &str = "DELETE FROM usher.account WHERE id = $1";
/// Accounts that have a membership or their home in the tenant.
const RELATED: &str = "
    SELECT id, count(*) OVER () FROM (
        SELECT account AS id FROM usher.membership WHERE tenant = $1
        UNION SELECT id FROM usher.account WHERE home = $1
    ) AS related ORDER BY id LIMIT $2";

impl PostgresDirectory {
    pub(super) async fn insert_new(
        &self,
        scope: &TenantScope,
        new: &NewUser,
        password: Option<&String>,
    ) -> Result<User, Failure> {
        let step = self.begin_change(scope).await?;
        step.scope.authorize_grant(&new.role)?;
        let mut user = self.new_user(&step.scope, new.clone())?;
        if password.is_some() && step.scope.leaves_stamp() {
            let (at, by) = (self.clock.now(), user.home.clone());
            let stamp = CredentialStamp { at, by, sets_address: false };
            user.credentials.stamp = Some(Box::new(stamp));
        }
        let record = Record::of(user).with_password(password.cloned());
        self.insert(step, record).await
    }

    async fn insert(&self, step: Step<TenantScope>, record: Record) -> Result<User, Failure> {
        step.transaction.insert(&record, self.rules).await?;
        step.transaction.commit().await?;
        Ok(record.user)
    }

    pub(super) async fn attach_or_insert(
        &self,
        scope: &TenantScope,
        new_member: &NewMember,
    ) -> Result<AttachOutcome, Failure> {
        let NewMember { email, role, name } = new_member.clone();
        let Some(id) = self.account_of(scope, &email).await? else {
            let step = self.begin_change(scope).await?;
            step.scope.authorize_grant(&role)?;
            let new = NewUser {
                email: email.clone(),
                username: None,
                given_name: None,
                family_name: None,
                display_name: name,
                service_user: false,
                role,
                password: None,
            };
            let record = Record::of(self.new_user(&step.scope, new)?);
            return match self.insert(step, record).await {
                // Somebody else has created it meanwhile, so that it is to be attached.
                Err(Failure::Port(PortError::Conflict(Conflict::EmailTaken))) => {
                    Box::pin(self.attach_or_insert(scope, new_member)).await
                }
                inserted => Ok(AttachOutcome { user: inserted?, created: true }),
            };
        };
        let found = self.begin_change_of_named(scope, &id).await?;
        let Some((step, record)) = found.filter(|(_, record)| record.user.email == email) else {
            // It has been deleted, or has got another address, since it was found.
            return Box::pin(self.attach_or_insert(scope, new_member)).await;
        };
        if step.scope.authorize_attach(&record.user, &role)? == AttachStep::AlreadyAttached {
            return Err(Conflict::AlreadyAttached.into());
        }
        let tenant = step.scope.tenant().clone();
        // A stored membership with an unknown role is replaced, with its name.
        let kept = record.clone().without_unresolved(&tenant);
        let attachment = self.new_attachment(email);
        let user = self
            .store(step, &record, kept, |user| user.attach(&tenant, role, name, attachment))
            .await?;
        Ok(AttachOutcome { user, created: false })
    }

    pub(super) async fn update_membership(
        &self,
        scope: &TenantScope,
        id: &UserId,
        change: &MembershipChange,
    ) -> Result<User, Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        let decision = step.scope.authorize_change(&record.user, change)?;
        let authorized = step.complete(decision).await?;
        self.store(step, &record, record.clone(), |user| authorized.apply(user)).await
    }

    pub(super) async fn remove_membership(
        &self,
        scope: &TenantScope,
        id: &UserId,
    ) -> Result<(), Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        let decision = step.scope.authorize_detach(&record.user)?;
        let authorized = step.complete(decision).await?;
        self.store(step, &record, record.clone(), |user| authorized.apply(user)).await?;
        Ok(())
    }

    pub(super) async fn update_account(
        &self,
        scope: &AccountScope,
        id: &UserId,
        change: &AccountChange,
    ) -> Result<AccountUpdate, Failure> {
        match self.set_account(scope, id, change, true).await {
            Err(Failure::Port(PortError::Conflict(Conflict::EmailTaken))) => {
                let user = self.set_account(scope, id, change, false).await?;
                Ok(AccountUpdate { user, failures: vec![Conflict::EmailTaken] })
            }
            updated => Ok(AccountUpdate { user: updated?, failures: Vec::new() }),
        }
    }

    /// Changes the names, and the address unless it is known to be taken.
    async fn set_account(
        &self,
        scope: &AccountScope,
        id: &UserId,
        change: &AccountChange,
        with_address: bool,
    ) -> Result<User, Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        step.scope.authorize_change(&record.user)?;
        if !with_address && !change.changes_names(&record.user) {
            return Err(Conflict::EmailTaken.into());
        }
        let stamp = step.scope.stamp_after_address(&record.user, self.clock.now());
        self.store(step, &record, record.clone(), |user| {
            let AccountChange { email, given_name, family_name } = change.clone();
            (user.given_name, user.family_name) = (given_name, family_name);
            if with_address && user.email != email {
                user.email = email;
                let name = user.display_name.take();
                user.set_display_name(name);
                user.credentials.email_verified = false;
                update_stamp(user, stamp);
            }
        })
        .await
    }

    pub(super) async fn update_password(
        &self,
        scope: &AccountScope,
        id: &UserId,
        hash: &str,
    ) -> Result<User, Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        step.scope.authorize_password(&record.user)?;
        let now = self.clock.now();
        let stamp = step.scope.stamp_after_password(&record.user, now);
        let changed = record.clone().with_password(Some(hash.to_owned()));
        self.store(step, &record, changed, |user| {
            update_stamp(user, stamp);
            user.updated_at = Some(now);
        })
        .await
    }

    pub(super) async fn delete_account(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<(), Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        let decision = step.scope.authorize_deletion(&record.user)?;
        let authorized = step.complete(decision).await?;
        step.transaction.execute(DELETE, &[&authorized.user().as_str()]).await?;
        step.transaction.commit().await
    }

    pub(super) async fn update_as_operator(
        &self,
        scope: &AccountScope,
        id: &UserId,
        change: impl FnOnce(&mut User) -> Result<(), Conflict> + Send,
    ) -> Result<User, Failure> {
        let (step, record) = self.begin_change_of(scope, id).await?;
        step.scope.authorize_operator(&record.user)?;
        let mut changed = record.clone();
        change(&mut changed.user)?;
        self.store(step, &record, changed, |_| {}).await
    }

    pub(super) async fn release(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> Result<ReleaseOutcome, Failure> {
        let tenant = scope.tenant();
        let step = self.begin_change(scope).await?;
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = step.transaction.query(RELATED, &[&tenant.as_str(), &limit]).await?;
        let related: i64 = rows.first().map_or(0, |row| row.get(1));
        step.transaction.finish().await?;
        let mut done = 0;
        for row in &rows {
            let id: &str = row.get(0);
            let id: UserId = id.parse().map_err(failed)?;
            let Some((step, record)) = self.begin_change_of_named(scope, &id).await? else {
                // Somebody else has deleted it meanwhile.
                continue;
            };
            let kept = record.clone().without_unresolved(tenant);
            self.store(step, &record, kept, |user| {
                user.memberships.remove(tenant);
                user.home.take_if(|home| home == tenant);
            })
            .await?;
            done += 1;
        }
        Ok(ReleaseOutcome { done, left: u64::try_from(related.saturating_sub(limit)).unwrap_or(0) })
    }

    /// Stores the record with a change to its user, and returns the user as stored. The time of the
    /// last change moves only if something differs.
    async fn store<S: Send + Sync>(
        &self,
        step: Step<S>,
        before: &Record,
        mut after: Record,
        change: impl FnOnce(&mut User) + Send,
    ) -> Result<User, Failure> {
        change(&mut after.user);
        if after.user != before.user {
            after.user.updated_at = Some(self.clock.now());
        }
        step.transaction.update(before, &after, self.rules).await?;
        step.transaction.commit().await?;
        Ok(after.user)
    }

    /// Returns the id of the account with the address.
    async fn account_of(
        &self,
        scope: &TenantScope,
        email: &EmailAddress,
    ) -> Result<Option<UserId>, Failure> {
        let transaction: Transaction = self.begin_change(scope).await?.transaction;
        let rows = transaction.query(ACCOUNT_OF_ADDRESS, &[&email.as_str()]).await?;
        transaction.finish().await?;
        let id = rows.first().map(|row| row.get::<_, &str>(0).parse().map_err(failed));
        id.transpose()
    }

    fn new_attachment(&self, email: EmailAddress) -> Attachment {
        let id = MembershipId::from_random_bits(rand::random());
        Attachment { id, since: self.clock.now(), email }
    }

    /// Returns a new account whose home is the scope's tenant.
    fn new_user(&self, scope: &TenantScope, new: NewUser) -> Result<User, Failure> {
        let attachment = self.new_attachment(new.email.clone());
        Ok(new.into_user(new_id()?, scope.tenant().clone(), attachment))
    }
}

fn update_stamp(user: &mut User, update: StampUpdate) {
    match update {
        StampUpdate::Keep => {}
        StampUpdate::Set(stamp) => user.credentials.stamp = Some(Box::new(stamp)),
        StampUpdate::Remove => user.credentials.stamp = None,
    }
}

/// Returns an id in Auth0's form, with 96 random bits, which no other account has.
fn new_id() -> Result<UserId, Failure> {
    format!("auth0|{:024x}", rand::random::<u128>() >> 32).parse().map_err(failed)
}

fn failed(source: domain::InvalidUserId) -> Failure {
    Failure::Port(PortError::Failed { source: source.into() })
}
