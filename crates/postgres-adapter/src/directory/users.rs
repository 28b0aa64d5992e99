//! The methods of the port.

use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, MembershipChange, NewMember, NewUser, Page, PageRequest, Password,
    Sort, TenantId, TenantScope, User, UserId,
};
use password_hashing::check_policy;
use ports::{
    AccountUpdate, AttachOutcome, Conflict, FullList, PortError, PortResult, ReleaseOutcome,
    UserDirectory,
};

use crate::database::{Failure, Reach, retry};
use crate::directory::postgres_directory::PostgresDirectory;
use crate::directory::record::Record;

/// One round trip, as a statement of its own is a transaction: the second function is called with
/// the result of the first.
const FIND: &str = "
    SELECT found.* FROM usher.enter($1, $2, $3) AS entered,
    LATERAL usher.reached_accounts(CASE WHEN entered THEN $4::text[] END) AS found";

#[async_trait]
impl UserDirectory for PostgresDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>> {
        let record = retry(|| self.read(scope, id)).await?;
        Ok(record.map(|record| Arc::new(record.user)))
    }

    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        retry(|| self.page(scope, sort, page)).await
    }

    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        retry(|| self.full_list(scope, sort)).await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        scope.authorize_grant(&new.role)?;
        new.password.as_ref().map_or(Ok(()), check_policy).map_err(PortError::Rejected)?;
        let password = match &new.password {
            Some(password) => Some(self.hash(password.clone()).await?),
            None => None,
        };
        retry(|| self.insert_new(scope, &new, password.as_ref())).await
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        retry(|| self.attach_or_insert(scope, &new_member)).await
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        retry(|| self.update_membership(scope, &snapshot.id, &change)).await
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        retry(|| self.remove_membership(scope, &snapshot.id)).await
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        retry(|| self.update_account(scope, &snapshot.id, &change)).await
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        // Checked before the hash, which is expensive, and again in the step that changes.
        let record = retry(|| self.read_any(scope, &snapshot.id)).await?;
        scope.authorize_password(&record.ok_or(PortError::NotFound)?.user)?;
        check_policy(&password).map_err(PortError::Rejected)?;
        let hash = self.hash(password).await?;
        retry(|| self.update_password(scope, &snapshot.id, &hash)).await
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        retry(|| self.delete_account(scope, &snapshot.id)).await
    }

    async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        let change = |user: &mut User| {
            if home.as_ref().is_some_and(|home| !user.memberships.contains_key(home)) {
                return Err(Conflict::NotAttached);
            }
            user.home.clone_from(&home);
            Ok(())
        };
        retry(|| self.update_as_operator(scope, &snapshot.id, change)).await
    }

    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User> {
        let change = |user: &mut User| {
            user.credentials.email_verified = verified;
            if verified {
                user.credentials.stamp = None;
            }
            Ok(())
        };
        retry(|| self.update_as_operator(scope, &snapshot.id, change)).await
    }

    async fn send_invitation(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let authorized = || async {
            let (step, record) = self.begin_change_of(scope, &snapshot.id).await?;
            step.scope.authorize_invitation(&record.user)?;
            step.transaction.finish().await
        };
        retry(authorized).await?;
        Err(Conflict::MailUnavailable.into())
    }

    async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        scope.authorize_release()?;
        retry(|| self.release(scope, limit)).await
    }

    async fn check_ready(&self) -> PortResult<()> {
        Ok(self.database.ping().await?)
    }
}

impl PostgresDirectory {
    /// Returns the account, if the scope sees it.
    pub(super) async fn read(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<Option<Record>, Failure> {
        let record = self.read_any(scope, id).await?;
        Ok(record.filter(|record| scope.can_see(&record.user)))
    }

    /// Returns the account, if the transaction of the scope reaches it.
    pub(super) async fn read_any(
        &self,
        scope: &AccountScope,
        id: &UserId,
    ) -> Result<Option<Record>, Failure> {
        let catalogue = self.catalogue();
        let reach = Reach::from(scope);
        let connection = self.database.connection().await?;
        let statement = connection.prepare_cached(FIND).await?;
        let (Reach { tenants, every_tenant, accounts }, ids) = (&reach, [id.as_str()]);
        let rows = connection
            .query(&statement, &[tenants, every_tenant, accounts, &ids.as_slice()])
            .await?;
        Ok(rows.first().map(|row| Record::from_row(row, &catalogue)).transpose()?)
    }

    pub(super) async fn hash(&self, password: Password) -> PortResult<String> {
        Ok(self.hasher.hash_to_phc(password).await?.to_phc())
    }
}
