//! The directory: implements both ports.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, CurrentPassword, ListQuery, MembershipChange, NewMember, NewUser,
    Page, PageRequest, Password, RoleCatalogue, Sort, TenantId, TenantScope, User, UserId,
};
use futures_util::FutureExt as _;
use ports::{
    AccountUpdate, AttachOutcome, CallContext, Clock, FullList, PasswordCheck, PasswordVerdict,
    PortError, PortResult, ReleaseOutcome, UserDirectory,
};
use tracing::Instrument;

use crate::config::Auth0Config;
use crate::directory::directory_core::DirectoryCore;
use crate::directory::listing::context::ListContext;
use crate::directory::listing::list::list;
use crate::directory::listing::tenant_index::TenantIndex;
use crate::directory::shared_reads::TaskFailed;
use crate::management::client::ManagementClient;
use crate::tasks::Tasks;
use crate::transport::client::ClientError;

/// The accounts of one Auth0 connection, and the check of their passwords. Cheap to clone.
///
/// Reads run in the task of their caller and are cancelled with it. Writes run to completion on the
/// runtime given at construction, whatever runtime the caller is on.
#[derive(Debug, Clone)]
pub struct Auth0Directory {
    pub(crate) core: Arc<DirectoryCore>,
}

impl Auth0Directory {
    /// A directory of the configured accounts, with the roles of the catalogue. Sends nothing yet.
    ///
    /// # Errors
    /// If the HTTP client cannot be built, for example because a certificate cannot be read.
    pub fn new(
        config: Auth0Config,
        catalogue: Arc<RoleCatalogue>,
        clock: Arc<dyn Clock>,
        tasks: Tasks,
    ) -> Result<Self, ClientError> {
        let management = ManagementClient::new(&config, Arc::clone(&clock), &tasks)?;
        Ok(Self { core: Arc::new(DirectoryCore::new(config, catalogue, clock, tasks, management)) })
    }

    /// Runs a write to completion, even if its caller is cancelled: no write may stay half done,
    /// and no lock may be released while a write is in flight.
    async fn run_to_completion<T, F>(
        &self,
        write: impl FnOnce(Arc<DirectoryCore>) -> F,
    ) -> PortResult<T>
    where
        T: Send + 'static,
        F: Future<Output = PortResult<T>> + Send + 'static,
    {
        // The message of a panic may contain anything, so it is dropped.
        let task = self.core.tasks.write(self.in_call_context(write));
        task.await.map_err(|_| PortError::Failed { source: TaskFailed.into() })?
    }

    /// Returns the work as a part of the current call.
    fn in_call_context<T, F, W>(
        &self,
        work: W,
    ) -> impl Future<Output = PortResult<T>> + Send + 'static + use<T, F, W>
    where
        W: FnOnce(Arc<DirectoryCore>) -> F,
        T: Send + 'static,
        F: Future<Output = PortResult<T>> + Send + 'static,
    {
        let (call, work) = (CallContext::current(), work(Arc::clone(&self.core)).in_current_span());
        async move {
            match call {
                Some(call) => call.scope(work).await,
                None => work.await,
            }
        }
    }

    async fn select(&self, scope: &TenantScope, listing: ListQuery) -> PortResult<Page> {
        let core = &self.core;
        let DirectoryCore { anomalies, scans, .. } = &**core;
        let (now, recent_since) = (core.clock.now(), core.recent_writes.expired_at());
        let (reader, written) = core.recent_writes_of(scope.tenant());
        let index = TenantIndex::new(core, &reader, scope);
        let known = ListContext { scope, written, anomalies, scans, now, recent_since };
        contain_panic(Box::pin(list(&index, &known, &listing))).await
    }
}

/// Runs a read in the caller's task. A panic fails it only.
async fn contain_panic<T>(read: impl Future<Output = PortResult<T>>) -> PortResult<T> {
    // The message of a panic may contain anything, so it is dropped.
    let outcome = AssertUnwindSafe(read).catch_unwind().await;
    outcome.unwrap_or_else(|_| Err(PortError::Failed { source: TaskFailed.into() }))
}

#[async_trait]
impl UserDirectory for Auth0Directory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>> {
        let found = self.core.read_shared(id).await?;
        Ok(found.filter(|user| scope.can_see(user)))
    }

    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        self.select(scope, ListQuery { sort, page: Some(page) }).await
    }

    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        let page = self.select(scope, ListQuery { sort, page: None }).await?;
        Ok(FullList::from_users(page.users))
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        let scope = scope.clone();
        self.run_to_completion(|core| async move { core.create(&scope, new).await }).await
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        let scope = scope.clone();
        self.run_to_completion(
            |core| async move { core.attach_or_create(&scope, new_member).await },
        )
        .await
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        snapshot: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move {
            core.change_membership(&scope, &snapshot, change).await
        })
        .await
    }

    async fn detach(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move { core.detach(&scope, &snapshot).await }).await
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move {
            core.change_account(&scope, &snapshot, change).await
        })
        .await
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        password: Password,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move {
            core.set_password(&scope, &snapshot, password).await
        })
        .await
    }

    async fn delete(&self, scope: &AccountScope, snapshot: &User) -> PortResult<()> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move { core.delete(&scope, &snapshot).await }).await
    }

    async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move { core.move_home(&scope, &snapshot, home).await })
            .await
    }

    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move {
            core.set_email_verified(&scope, &snapshot, verified).await
        })
        .await
    }

    async fn send_invitation(&self, scope: &TenantScope, snapshot: &User) -> PortResult<()> {
        let (scope, snapshot) = (scope.clone(), snapshot.clone());
        self.run_to_completion(|core| async move { core.send_invitation(&scope, &snapshot).await })
            .await
    }

    async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        let scope = scope.clone();
        self.run_to_completion(|core| async move { core.release_tenant(&scope, limit).await }).await
    }

    async fn check_ready(&self) -> PortResult<()> {
        // Not cancelled with its caller: a probe with a short timeout still provides the result for
        // later ones.
        let readiness_probe =
            self.in_call_context(|core| async move { core.management.readiness_probe().await });
        let task = self.core.tasks.runtime.spawn(readiness_probe);
        task.await.map_err(|_| PortError::Failed { source: TaskFailed.into() })?
    }
}

#[async_trait]
impl PasswordCheck for Auth0Directory {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        contain_panic(self.core.verify(scope, snapshot, &offered, client)).await
    }
}
