//! The schema of the database, and its migrations.

use thiserror::Error;

use crate::database::{Database, Failure, Mode, Reach, Transaction};

/// The migrations in order. One that has been released never changes.
const MIGRATIONS: [Migration; 1] =
    [Migration { version: 1, sql: include_str!("0001_accounts.sql") }];

struct Migration {
    version: i32,
    sql: &'static str,
}

/// The version of the schema that this program works with.
pub const SCHEMA_VERSION: i32 = 1;

/// The lock that a migration holds, so that of several processes one migrates: any number that no
/// other program uses.
const MIGRATION_LOCK: i64 = 0x0075_7368_6572_0001;

/// The table of versions has no rows of tenants, and so no row-level security.
const PREPARE: &str = "
    CREATE SCHEMA IF NOT EXISTS usher;
    CREATE TABLE IF NOT EXISTS usher.schema_version (
        version integer PRIMARY KEY,
        migrated_at timestamptz NOT NULL DEFAULT now()
    );
";

/// What is wrong with the schema of a database, or why it could not be changed.
#[derive(Debug, Error)]
pub enum SchemaError {
    /// The schema is older than the program.
    #[error(
        "the database has schema version {found}, this program needs {SCHEMA_VERSION}: \
         run `usher migrate`, or set database.migrate"
    )]
    Older {
        /// The version found; 0 if there is no schema.
        found: i32,
    },
    /// The schema is newer than the program.
    #[error(
        "the database has schema version {found}, this program knows {SCHEMA_VERSION} only: \
         run a newer version of Usher"
    )]
    Newer {
        /// The version found.
        found: i32,
    },
    /// The database cannot be used.
    #[error("the database cannot be used")]
    Database(#[source] ports::PortError),
}

impl From<Failure> for SchemaError {
    fn from(failure: Failure) -> Self {
        Self::Database(failure.into())
    }
}

impl From<tokio_postgres::Error> for SchemaError {
    fn from(error: tokio_postgres::Error) -> Self {
        Failure::from(error).into()
    }
}

impl Database {
    /// Returns the version of the schema; 0 if there is none.
    ///
    /// # Errors
    /// [`SchemaError::Database`].
    pub async fn schema_version(&self) -> Result<i32, SchemaError> {
        let connection = self.connection().await?;
        let exists = "SELECT to_regclass('usher.schema_version') IS NOT NULL";
        if !connection.query_one(exists, &[]).await?.get::<_, bool>(0) {
            return Ok(0);
        }
        let version = "SELECT coalesce(max(version), 0) FROM usher.schema_version";
        Ok(connection.query_one(version, &[]).await?.get(0))
    }

    /// Checks that the schema is of the version that this program works with.
    ///
    /// # Errors
    /// [`SchemaError`].
    pub async fn check_schema(&self) -> Result<(), SchemaError> {
        match self.schema_version().await? {
            SCHEMA_VERSION => Ok(()),
            found if found < SCHEMA_VERSION => Err(SchemaError::Older { found }),
            found => Err(SchemaError::Newer { found }),
        }
    }

    /// Brings the schema to the version that this program works with, and returns the versions that
    /// it has gone through. All of it is one transaction, and of several processes one migrates.
    ///
    /// # Errors
    /// [`SchemaError::Newer`], [`SchemaError::Database`].
    pub async fn migrate(&self) -> Result<Vec<i32>, SchemaError> {
        let mut connection = self.connection().await?;
        let transaction = connection.transaction().await?;
        // Building an index of a large table takes longer than a statement of a request may.
        transaction
            .batch_execute("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
            .await?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await?;
        let exists = "SELECT to_regclass('usher.schema_version') IS NOT NULL";
        if !transaction.query_one(exists, &[]).await?.get::<_, bool>(0) {
            transaction.batch_execute(PREPARE).await?;
        }
        let version = "SELECT coalesce(max(version), 0) FROM usher.schema_version";
        let found: i32 = transaction.query_one(version, &[]).await?.get(0);
        if found > SCHEMA_VERSION {
            return Err(SchemaError::Newer { found });
        }
        let mut applied = Vec::new();
        for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
            transaction.batch_execute(migration.sql).await?;
            let record = "INSERT INTO usher.schema_version (version) VALUES ($1)";
            transaction.execute(record, &[&migration.version]).await?;
            applied.push(migration.version);
        }
        transaction.commit().await?;
        Ok(applied)
    }

    /// Whether the role that this process logs in as is subject to no row-level security: a
    /// superuser, or one with `BYPASSRLS`.
    ///
    /// # Errors
    /// [`SchemaError::Database`].
    pub async fn bypasses_row_security(&self) -> Result<bool, SchemaError> {
        let connection = self.connection().await?;
        let bypasses =
            "SELECT rolsuper OR rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user";
        Ok(connection.query_one(bypasses, &[]).await?.get(0))
    }

    /// Checks that the database responds.
    pub(crate) async fn ping(&self) -> Result<(), Failure> {
        Transaction::begin(self, &Reach::nothing(), Mode::Snapshot).await?.finish().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn migrations_are_numbered_from_one() {
        let versions: Vec<i32> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        let expected: Vec<i32> = (1..=SCHEMA_VERSION).collect();
        assert_eq!(versions, expected);
    }
}
