//! What operators decide about an account: its home, and whether it is the person's own.

use domain::{AccountScope, StampUpdate, TenantId, User};
use ports::{Conflict, PortResult};

use crate::directory::directory_core::DirectoryCore;
use crate::directory::lock_key::LockKey;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::PatchUserBody;

impl DirectoryCore {
    pub(crate) async fn move_home(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        home: Option<TenantId>,
    ) -> PortResult<User> {
        let keys = [LockKey::Account(snapshot.id.clone())];
        let (_held, scope) = self.begin_on_account(scope, keys).await?;
        let before = self.latest(snapshot)?;
        scope.authorize_operator(&before)?;
        if home.as_ref().is_some_and(|home| !before.memberships.contains_key(home)) {
            return Err(Conflict::NotAttached.into());
        }
        if home == before.home {
            return Ok(before);
        }
        let prefix = self.reader.prefix();
        let metadata = MetadataPatch::default().account(prefix, home.as_ref(), before.service_user);
        let patch = PatchUserBody { app_metadata: metadata.into_map(), ..PatchUserBody::default() };
        self.patch(&before, &patch).await
    }

    pub(crate) async fn set_email_verified(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        verified: bool,
    ) -> PortResult<User> {
        let keys = [LockKey::Account(snapshot.id.clone())];
        let (_held, scope) = self.begin_on_account(scope, keys).await?;
        let before = self.latest(snapshot)?;
        scope.authorize_operator(&before)?;
        let stamp = if verified { StampUpdate::Remove } else { StampUpdate::Keep };
        let patch = PatchUserBody {
            email_verified: Some(verified),
            app_metadata: self.stamp_patch(&stamp),
            ..PatchUserBody::default()
        };
        self.patch(&before, &patch).await
    }
}
