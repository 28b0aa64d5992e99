//! The check of current passwords.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{AccountScope, CurrentPassword, User};
use ports::{PasswordCheck, PasswordVerdict, PortResult};

use crate::directory::MemoryDirectory;

#[async_trait]
impl PasswordCheck for MemoryDirectory {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        _client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let record = self.authorized(&snapshot.id, |user| scope.authorize_password(user))?;
        let matches = self.hasher.verify(record.password().cloned(), offered).await?;
        Ok(if matches { PasswordVerdict::Match } else { PasswordVerdict::Mismatch })
    }
}
