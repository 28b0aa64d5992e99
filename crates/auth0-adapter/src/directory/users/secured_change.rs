//! What follows the write of a detachment or a demotion, since Auth0 has no conditional writes.
//!
//! Another process may have read the account before the write, and written its role after it: the
//! account is read once more by id, which is immediately consistent, and the write is repeated if it
//! has been undone. Another process may also have removed the other holder of a protected role: then
//! the write is undone (see [`super::protected_roles`]).

use domain::{Membership, Role, TenantId, User};
use ports::{BoxError, PortError, PortResult};

use super::protected_roles::OtherHolder;
use crate::directory::directory_core::DirectoryCore;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::PatchUserBody;

/// How often a write is repeated that other processes undo.
const MAX_REPETITIONS: usize = 3;

/// Other processes undid a change as often as it was repeated.
#[derive(Debug, thiserror::Error)]
#[error("other processes undid a change of a membership each time it was repeated")]
struct ChangeKeptVanishing;

impl DirectoryCore {
    /// Makes sure that the memberships stay removed, and that other holders of protected roles are
    /// left; else restores them.
    pub(super) async fn secure_removal(
        &self,
        before: &User,
        tenants: &[TenantId],
        others: &[OtherHolder],
    ) -> PortResult<()> {
        let is_back = |user: &User| {
            let is_back_in = |tenant: &&TenantId| {
                let held = before.memberships.get(tenant);
                held.zip(user.memberships.get(tenant)).is_some_and(|(old, new)| is_same(old, new))
            };
            tenants.iter().any(|tenant| is_back_in(&tenant))
        };
        self.repeat_while(before, is_back, &self.removal_of(tenants)).await?;
        let Err(error) = self.confirm_others(others).await else { return Ok(()) };
        self.restore(before, tenants).await;
        Err(error)
    }

    /// Restores memberships that were removed, where there is none now.
    pub(super) async fn restore(&self, before: &User, tenants: &[TenantId]) {
        if tenants.is_empty() {
            return;
        }
        let prefix = self.reader.prefix();
        let restored = async {
            let Some(now) = self.read(&before.id).await? else { return Ok(()) };
            let missing = tenants.iter().filter(|tenant| !now.memberships.contains_key(tenant));
            let metadata = missing
                .filter_map(|tenant| Some((tenant, before.memberships.get(tenant)?)))
                .fold(MetadataPatch::default(), |metadata, (tenant, membership)| {
                    metadata.membership(prefix, tenant, membership)
                });
            self.undo(&now, metadata).await
        };
        log_failed(restored.await);
    }

    /// Makes sure that the role stays changed, and that other holders of a protected role are left;
    /// else restores the role.
    pub(super) async fn secure_demotion(
        &self,
        before: &User,
        after: User,
        (tenant, role): (&TenantId, &Role),
        others: &[OtherHolder],
    ) -> PortResult<User> {
        let Some(held) = before.memberships.get(tenant) else { return Ok(after) };
        let prefix = self.reader.prefix();
        let has = |user: &User, role: &Role| {
            let now = user.memberships.get(tenant);
            now.is_some_and(|now| is_same(held, now) && now.role == *role)
        };
        let demotion = PatchUserBody {
            app_metadata: MetadataPatch::default().role(prefix, tenant, held, role).into_map(),
            ..PatchUserBody::default()
        };
        let is_undone = |user: &User| has(user, &held.role);
        let after = self.repeat_while(before, is_undone, &demotion).await?.unwrap_or(after);
        let Err(error) = self.confirm_others(others).await else { return Ok(after) };
        let restored = async {
            let Some(now) = self.read(&before.id).await? else { return Ok(()) };
            if !has(&now, role) {
                return Ok(());
            }
            let metadata = MetadataPatch::default().role(prefix, tenant, held, &held.role);
            self.undo(&now, metadata).await
        };
        log_failed(restored.await);
        Err(error)
    }

    /// Reads the account and repeats the change while that shows it undone. Returns the account as
    /// it then is; none if it cannot be read, since the change itself was acknowledged.
    async fn repeat_while(
        &self,
        before: &User,
        is_undone: impl Fn(&User) -> bool,
        change: &PatchUserBody,
    ) -> PortResult<Option<User>> {
        for _ in 0..=MAX_REPETITIONS {
            match self.read(&before.id).await {
                Ok(Some(user)) if is_undone(&user) => {
                    tracing::warn!("another process undid a change of a membership; repeating it");
                    self.patch(&user, change).await?;
                }
                Ok(found) => return Ok(found),
                Err(error) => {
                    tracing::warn!(%error, "could not check a changed membership once more");
                    return Ok(None);
                }
            }
        }
        Err(PortError::Failed { source: BoxError::from(ChangeKeptVanishing) })
    }

    async fn undo(&self, now: &User, metadata: MetadataPatch) -> PortResult<()> {
        let Some(metadata) = metadata.into_map() else { return Ok(()) };
        let patch = PatchUserBody { app_metadata: Some(metadata), ..PatchUserBody::default() };
        self.patch(now, &patch).await.map(drop)
    }
}

/// Whether these are one membership, and not one of a later attaching. One without an id may be
/// either, and counts as the same: a removal must not be undone by mistake.
fn is_same(old: &Membership, new: &Membership) -> bool {
    let id = |membership: &Membership| membership.attachment.as_ref().map(|made| made.id.clone());
    id(new).is_none() || id(old) == id(new)
}

/// Logs for the operator that a tenant may be without a holder of a protected role.
fn log_failed(restored: PortResult<()>) {
    if let Err(error) = restored {
        tracing::error!(
            %error,
            "a protected role could not be restored; its tenant may be without a holder"
        );
    }
}
