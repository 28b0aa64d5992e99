//! The check of current passwords.

use std::net::IpAddr;

use async_trait::async_trait;
use domain::{AccountScope, CurrentPassword, Password, User};
use password_hashing::PhcHash;
use ports::{PasswordCheck, PasswordVerdict, PortError, PortResult};

use crate::database::{Failure, Mode, Reach, Transaction, retry};
use crate::directory::postgres_directory::PostgresDirectory;

/// Only the hash that was checked is replaced, not one that was set meanwhile.
const REHASH: &str = "UPDATE usher.account SET password = $3 WHERE id = $1 AND password = $2";

#[async_trait]
impl PasswordCheck for PostgresDirectory {
    async fn verify(
        &self,
        scope: &AccountScope,
        snapshot: &User,
        offered: CurrentPassword,
        _client: Option<IpAddr>,
    ) -> PortResult<PasswordVerdict> {
        let record = retry(|| self.read_any(scope, &snapshot.id)).await?;
        let record = record.ok_or(PortError::NotFound)?;
        scope.authorize_password(&record.user)?;
        let hash = record.password.as_deref().map(str::parse::<PhcHash>).transpose();
        let hash = hash.map_err(|error| PortError::Failed { source: error.into() })?;
        let needs_rehash = hash.as_ref().is_some_and(PhcHash::needs_rehash);
        // Only a password that Usher itself would take can be stored anew.
        let password: Option<Password> =
            if needs_rehash { offered.expose().parse().ok() } else { None };
        if !self.hasher.verify_phc(hash, offered).await? {
            return Ok(PasswordVerdict::Mismatch);
        }
        if let (Some(password), Some(old)) = (password, &record.password) {
            let new = self.hash(password).await?;
            if let Err(error) = retry(|| self.rehash(scope, snapshot, old, &new)).await {
                // The check itself has succeeded; the next one tries again.
                tracing::warn!(error = %ports::error_chain(&error), "hash was not renewed");
            }
        }
        Ok(PasswordVerdict::Match)
    }
}

impl PostgresDirectory {
    async fn rehash(
        &self,
        scope: &AccountScope,
        user: &User,
        old: &str,
        new: &str,
    ) -> Result<(), Failure> {
        let transaction =
            Transaction::begin(&self.database, &Reach::from(scope), Mode::Change).await?;
        transaction.execute(REHASH, &[&user.id.as_str(), &old, &new]).await?;
        transaction.commit().await
    }
}
