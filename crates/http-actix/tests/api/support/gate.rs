//! A gate in front of the directory, which holds changes and password checks, and counts reads.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use application::Ports;
use async_trait::async_trait;
use domain::{
    AccountChange, AccountScope, CurrentPassword, MembershipChange, NewMember, NewUser, Page,
    PageRequest, Password, Sort, TenantId, TenantScope, User, UserId,
};
use ports::{
    AccountUpdate, AttachOutcome, FullList, PasswordCheck, PasswordVerdict, PortResult,
    ReleaseOutcome, UserDirectory,
};
use tokio::sync::watch;

/// Holds changes and password checks until they are released, and counts them. Reads are counted only.
#[derive(Debug)]
pub(crate) struct Gate(watch::Sender<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// How many of the next calls are held.
    to_hold: usize,
    /// How many held calls may continue.
    released: usize,
    at_work: usize,
    most_at_work: usize,
    finished: usize,
    /// How many reads have begun.
    reads: usize,
}

impl Gate {
    /// Returns a gate that holds this many of the next calls.
    pub(crate) fn holding(calls: usize) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(Counts { to_hold: calls, ..Counts::default() })))
    }

    /// Lets this many held calls continue.
    pub(crate) fn release(&self, calls: usize) {
        self.0.send_modify(|counts| counts.released += calls);
    }

    /// Waits until this many calls are in the directory, held or not.
    pub(crate) async fn wait_for_calls(&self, calls: usize) {
        self.wait_until(|counts| counts.at_work == calls).await;
    }

    /// Waits until this many calls have been carried out.
    pub(crate) async fn wait_for_finished(&self, calls: usize) {
        self.wait_until(|counts| counts.finished == calls).await;
    }

    /// Waits until this many reads of accounts and pages have begun.
    pub(crate) async fn wait_for_reads(&self, reads: usize) {
        self.wait_until(|counts| counts.reads >= reads).await;
    }

    /// Returns the highest number of calls that were in the directory at the same time.
    pub(crate) fn most_calls(&self) -> usize {
        self.0.borrow().most_at_work
    }

    /// Returns how many calls have been carried out.
    pub(crate) fn finished(&self) -> usize {
        self.0.borrow().finished
    }

    async fn wait_until(&self, reached: impl Fn(&Counts) -> bool) {
        let mut counts = self.0.subscribe();
        let waiting = counts.wait_for(|counts| reached(counts));
        let in_time = tokio::time::timeout(Duration::from_secs(30), waiting).await.is_ok();
        assert!(in_time, "not reached: {:?}", self.0.borrow());
    }

    /// Puts the gate in front of the ports.
    pub(crate) fn guard(self: Arc<Self>, ports: Ports) -> Ports {
        let directory = GatedDirectory { gate: Arc::clone(&self), inner: ports.directory };
        let check = GatedCheck { gate: self, inner: ports.password_check };
        Ports { directory: Arc::new(directory), password_check: Arc::new(check), ..ports }
    }

    fn count_read(&self) {
        self.0.send_modify(|counts| counts.reads += 1);
    }

    async fn pass<T>(&self, call: impl Future<Output = T>) -> T {
        let _at_work = AtWork::start(self);
        let mut is_held = false;
        self.0.send_modify(|counts| {
            is_held = counts.to_hold > 0;
            counts.to_hold -= usize::from(is_held);
        });
        if is_held {
            let mut counts = self.0.subscribe();
            let released = |counts: &mut Counts| {
                let is_released = counts.released > 0;
                counts.released -= usize::from(is_released);
                is_released
            };
            while !self.0.send_if_modified(released) {
                counts.changed().await.unwrap();
            }
        }
        let outcome = call.await;
        self.0.send_modify(|counts| counts.finished += 1);
        outcome
    }
}

/// Counts a call as at work until it is dropped.
struct AtWork<'a>(&'a Gate);

impl<'a> AtWork<'a> {
    fn start(gate: &'a Gate) -> Self {
        gate.0.send_modify(|counts| {
            counts.at_work += 1;
            counts.most_at_work = counts.most_at_work.max(counts.at_work);
        });
        Self(gate)
    }
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|counts| counts.at_work -= 1);
    }
}

#[derive(Debug)]
struct GatedCheck {
    gate: Arc<Gate>,
    inner: Arc<dyn PasswordCheck>,
}

#[async_trait]
impl PasswordCheck for GatedCheck {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        self.gate.pass(self.inner.verify(scope, snapshot, offered, client)).await
    }
}

#[derive(Debug)]
struct GatedDirectory {
    gate: Arc<Gate>,
    inner: Arc<dyn UserDirectory>,
}

#[async_trait]
impl UserDirectory for GatedDirectory {
    async fn find(&self, scope: &AccountScope, id: &UserId) -> PortResult<Option<Arc<User>>> {
        self.gate.count_read();
        self.inner.find(scope, id).await
    }

    async fn list_page(
        &self,
        scope: &TenantScope,
        sort: Sort,
        page: PageRequest,
    ) -> PortResult<Page> {
        self.gate.count_read();
        self.inner.list_page(scope, sort, page).await
    }

    async fn list_all(&self, scope: &TenantScope, sort: Sort) -> PortResult<FullList> {
        self.inner.list_all(scope, sort).await
    }

    async fn create(&self, scope: &TenantScope, new: NewUser) -> PortResult<User> {
        self.gate.pass(self.inner.create(scope, new)).await
    }

    async fn attach_or_create(
        &self,
        scope: &TenantScope,
        new_member: NewMember,
    ) -> PortResult<AttachOutcome> {
        self.gate.pass(self.inner.attach_or_create(scope, new_member)).await
    }

    async fn change_membership(
        &self,
        scope: &TenantScope,
        user: &User,
        change: MembershipChange,
    ) -> PortResult<User> {
        self.gate.pass(self.inner.change_membership(scope, user, change)).await
    }

    async fn detach(&self, scope: &TenantScope, user: &User) -> PortResult<()> {
        self.gate.pass(self.inner.detach(scope, user)).await
    }

    async fn change_account(
        &self,
        scope: &AccountScope,
        user: &User,
        change: AccountChange,
    ) -> PortResult<AccountUpdate> {
        self.gate.pass(self.inner.change_account(scope, user, change)).await
    }

    async fn set_password(
        &self,
        scope: &AccountScope,
        user: &User,
        password: Password,
    ) -> PortResult<User> {
        self.gate.pass(self.inner.set_password(scope, user, password)).await
    }

    async fn delete(&self, scope: &AccountScope, user: &User) -> PortResult<()> {
        self.gate.pass(self.inner.delete(scope, user)).await
    }

    async fn move_home(
        &self,
        scope: &AccountScope,
        user: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        self.gate.pass(self.inner.move_home(scope, user, home)).await
    }

    async fn set_email_verified(
        &self,
        scope: &AccountScope,
        user: &User,
        verified: bool,
    ) -> PortResult<User> {
        self.gate.pass(self.inner.set_email_verified(scope, user, verified)).await
    }

    async fn send_invitation(&self, scope: &TenantScope, user: &User) -> PortResult<()> {
        self.gate.pass(self.inner.send_invitation(scope, user)).await
    }

    async fn release_tenant(
        &self,
        scope: &TenantScope,
        limit: usize,
    ) -> PortResult<ReleaseOutcome> {
        self.gate.pass(self.inner.release_tenant(scope, limit)).await
    }

    async fn check_ready(&self) -> PortResult<()> {
        self.inner.check_ready().await
    }
}
