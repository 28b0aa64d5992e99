//! The parts that changes have in common: reading the newest state under locks, and R4.

use domain::{AccountScope, Decision, PendingChange, RoleCatalogue, TenantScope, User, UserId};
use ports::PortError;

use crate::database::{Failure, Mode, Reach, Transaction};
use crate::directory::postgres_directory::PostgresDirectory;
use crate::directory::record::Record;

const LOCK: &str = "SELECT usher.lock_accounts($1, $2)";
const READ: &str = "SELECT * FROM usher.reached_accounts($1)";
/// Of equal names in two tenants the locks differ. Two tenants whose hashes are equal wait for each
/// other for nothing.
const LOCK_HOLDERS: &str = "SELECT pg_advisory_xact_lock(hashtextextended('r4:' || $1, 0))";
const HOLDERS: &str = "
    SELECT whole.* FROM usher.membership AS held
    JOIN usher.whole_account AS whole ON whole.id = held.account
    WHERE held.tenant = $1 AND held.role = $2 AND held.account > $3 AND NOT whole.blocked
    ORDER BY held.account LIMIT 32";

/// A scope that a change renews in its own step.
pub(super) trait RenewedScope: Sized + Send + Sync {
    fn reach(&self) -> Reach;
    fn caller_account(&self) -> Option<&UserId>;
    fn renewed(
        &self,
        caller: Option<&User>,
        now: domain::Timestamp,
    ) -> Result<Self, domain::Denied>;
}

impl RenewedScope for TenantScope {
    fn reach(&self) -> Reach {
        self.into()
    }

    fn caller_account(&self) -> Option<&UserId> {
        self.caller_account()
    }

    fn renewed(
        &self,
        caller: Option<&User>,
        now: domain::Timestamp,
    ) -> Result<Self, domain::Denied> {
        self.renew(caller, now)
    }
}

impl RenewedScope for AccountScope {
    fn reach(&self) -> Reach {
        self.into()
    }

    fn caller_account(&self) -> Option<&UserId> {
        self.caller_account()
    }

    fn renewed(
        &self,
        caller: Option<&User>,
        now: domain::Timestamp,
    ) -> Result<Self, domain::Denied> {
        self.renew(caller, now)
    }
}

/// A change in progress: the transaction, the scope with the caller's present roles, and the
/// catalogue by which stored roles are read.
pub(super) struct Step<S> {
    pub(super) transaction: Transaction,
    pub(super) scope: S,
    pub(super) catalogue: std::sync::Arc<RoleCatalogue>,
}

impl PostgresDirectory {
    /// Begins a change by the scope. The caller's account is locked, so that it keeps its roles
    /// until the change is committed.
    pub(super) async fn begin_change<S: RenewedScope>(
        &self,
        scope: &S,
    ) -> Result<Step<S>, Failure> {
        self.begin(scope, scope.reach(), None).await.map(|(step, _)| step)
    }

    /// As [`PostgresDirectory::begin_change`], of an account, which is locked and read.
    pub(super) async fn begin_change_of<S: RenewedScope>(
        &self,
        scope: &S,
        id: &UserId,
    ) -> Result<(Step<S>, Record), Failure> {
        let (step, record) = self.begin(scope, scope.reach(), Some(id)).await?;
        Ok((step, record.ok_or(PortError::NotFound)?))
    }

    /// As [`PostgresDirectory::begin_change_of`], of an account that the scope may change although
    /// it is not attached to the tenant, before the change or after it.
    pub(super) async fn begin_change_of_named(
        &self,
        scope: &TenantScope,
        id: &UserId,
    ) -> Result<Option<(Step<TenantScope>, Record)>, Failure> {
        let mut reach = Reach::from(scope);
        reach.accounts.push(id.as_str().to_owned());
        let (step, record) = self.begin(scope, reach, Some(id)).await?;
        Ok(record.map(|record| (step, record)))
    }

    async fn begin<S: RenewedScope>(
        &self,
        scope: &S,
        reach: Reach,
        changed: Option<&UserId>,
    ) -> Result<(Step<S>, Option<Record>), Failure> {
        let catalogue = self.catalogue();
        let transaction = Transaction::begin(&self.database, &reach, Mode::Change).await?;
        let caller = scope.caller_account();
        let (mut target, mut own) = (None, None);
        if changed.is_some() || caller.is_some() {
            // The locks come first, in a statement of their own: a statement sees what was
            // committed before it began, not what was committed while it waited.
            let changed_id = changed.map(UserId::as_str);
            let caller_id = caller.map(UserId::as_str);
            transaction.execute(LOCK, &[&changed_id, &caller_id]).await?;
            let ids: Vec<&str> = changed_id.into_iter().chain(caller_id).collect();
            for row in &transaction.query(READ, &[&ids]).await? {
                let record = Record::from_row(row, &catalogue)?;
                if caller == Some(&record.user.id) {
                    own = Some(record.user.clone());
                }
                if changed == Some(&record.user.id) {
                    target = Some(record);
                }
            }
        }
        let scope = scope.renewed(own.as_ref(), self.clock.now())?;
        Ok((Step { transaction, scope, catalogue }, target))
    }
}

impl<S: Send + Sync> Step<S> {
    /// Completes a decision with the holders of each role at risk (R4), of which no other
    /// transaction takes one until this one has ended.
    pub(super) async fn complete<C: Send + Sync>(
        &self,
        decision: Decision<C>,
    ) -> Result<C, Failure> {
        let mut decision = decision;
        loop {
            match decision {
                Decision::Authorized(change) => return Ok(change),
                Decision::Pending(pending) => decision = self.resolve(pending).await?,
            }
        }
    }

    async fn resolve<C: Send + Sync>(
        &self,
        pending: PendingChange<C>,
    ) -> Result<Decision<C>, Failure> {
        let at_risk = pending.role_at_risk().clone();
        let tenant = at_risk.tenant().as_str();
        self.transaction.execute(LOCK_HOLDERS, &[&tenant]).await?;
        let role = at_risk.role().name().as_str();
        let mut after = String::new();
        loop {
            let rows = self.transaction.query(HOLDERS, &[&tenant, &role, &after]).await?;
            let mut others = Vec::with_capacity(rows.len());
            for row in &rows {
                others.push(Record::from_row(row, &self.catalogue)?.user);
            }
            let Some(last) = others.last() else { return Ok(pending.resolve([])?) };
            last.id.as_str().clone_into(&mut after);
            if others.iter().any(|other| at_risk.is_held_by(other)) {
                return Ok(pending.resolve(&others)?);
            }
        }
    }
}
