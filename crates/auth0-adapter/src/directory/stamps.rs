//! Stamps of whoever sets a password or an address without being the person or an operator.

use domain::{CredentialStamp, StampUpdate, User};
use ports::PortResult;
use serde_json::{Map, Value};

use crate::directory::directory_core::DirectoryCore;
use crate::management::app_metadata::MetadataPatch;
use crate::management::wire::PatchUserBody;

impl DirectoryCore {
    /// Returns the metadata to send with the password or the address.
    pub(crate) fn stamp_patch(&self, update: &StampUpdate) -> Option<Map<String, Value>> {
        MetadataPatch::default().stamp(self.reader.prefix(), update).into_map()
    }

    /// Renews the stamp if the write that left it has closed it as well, and returns the account.
    ///
    /// The write moves `last_password_reset`. That is more than a minute after the stamp only if
    /// the clock of the `Date` header and that of the accounts differ, or if the write took as long.
    pub(crate) async fn keep_stamp_open(
        &self,
        left: &StampUpdate,
        after: User,
    ) -> PortResult<User> {
        let StampUpdate::Set(CredentialStamp { by, .. }) = left else { return Ok(after) };
        if after.credentials.open_stamp().is_some() {
            return Ok(after);
        }
        let reset = after.credentials.last_password_reset;
        let at = reset.max(after.updated_at).unwrap_or_else(|| self.directory_now());
        let stamp = StampUpdate::Set(CredentialStamp { at, by: by.clone() });
        let patch =
            PatchUserBody { app_metadata: self.stamp_patch(&stamp), ..PatchUserBody::default() };
        self.finish(self.patch(&after, &patch)).await
    }
}
