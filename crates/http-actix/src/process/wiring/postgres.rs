//! The wiring of the directory in PostgreSQL.

use std::sync::Arc;

use ports::Clock;
use postgres_adapter::{
    Database, DatabaseConfig, DatabaseUrl, OpenError, PostgresDirectory, SCHEMA_VERSION,
};

use crate::process::upstream_runtime::UpstreamRuntime;
use crate::process::wiring_error::WiringError;
use crate::settings::{DatabaseSettings, DirectorySettings, Settings};

fn config(settings: &DatabaseSettings) -> Result<DatabaseConfig, WiringError> {
    let url = DatabaseUrl::parse(&settings.url);
    Ok(DatabaseConfig {
        url: url.map_err(|error| WiringError::setting("database", "url", error))?,
        ca_pem: settings.ca.clone(),
        max_connections: settings.max_connections,
        statement_timeout: settings.statement_timeout,
        connect_timeout: settings.connect_timeout,
    })
}

/// Prepares the use of the database. Does not connect.
///
/// # Errors
/// When a setting is invalid.
pub(super) fn database(
    settings: &DatabaseSettings,
    upstream: &UpstreamRuntime,
) -> Result<Database, WiringError> {
    Database::new(&config(settings)?, upstream.runtime().clone()).map_err(|error| match error {
        OpenError::Certificate => WiringError::setting("database", "ca_file", error),
        OpenError::Tls(_) | OpenError::Pool(_) => WiringError::client("PostgreSQL")(error),
    })
}

/// Refuses development mode on the database of another machine.
///
/// # Errors
/// When the URL is invalid, or names another machine.
pub(super) fn check_dev(settings: &DatabaseSettings) -> Result<(), WiringError> {
    if config(settings)?.url.is_loopback() { Ok(()) } else { Err(WiringError::DevOnRealDatabase) }
}

/// Connects to the database, migrates its schema if the settings say so, and returns its directory.
/// Must not be called from async code.
///
/// # Errors
/// When a setting is invalid, the database cannot be used, or its schema has another version.
pub(super) fn open(
    settings: &Settings,
    database_settings: &DatabaseSettings,
    upstream: &UpstreamRuntime,
    clock: &Arc<dyn Clock>,
) -> Result<PostgresDirectory, WiringError> {
    let database = database(database_settings, upstream)?;
    upstream.runtime().block_on(async {
        if database_settings.migrate {
            for version in database.migrate().await.map_err(WiringError::database)? {
                tracing::info!(version, "schema migrated");
            }
        }
        database.check_schema().await.map_err(WiringError::database)?;
        if database.bypasses_row_security().await.map_err(WiringError::database)? {
            tracing::warn!("the role of database.url is not subject to row-level security");
        }
        let roles = Arc::clone(&settings.roles);
        let directory =
            PostgresDirectory::new(database, roles, settings.accounts, Arc::clone(clock));
        directory.prepare().await.map_err(WiringError::database)?;
        Ok(directory)
    })
}

/// Migrates the schema of the configured database, and returns what it did as a sentence. Must not
/// be called from async code.
///
/// # Errors
/// When the adapter is another one, or the schema cannot be migrated.
pub(crate) fn migrate(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<String, WiringError> {
    let database = configured(settings, upstream)?;
    let applied = upstream.runtime().block_on(database.migrate()).map_err(WiringError::database)?;
    Ok(if applied.is_empty() {
        format!("The schema has version {SCHEMA_VERSION} already.")
    } else {
        format!("The schema was migrated to version {SCHEMA_VERSION}.")
    })
}

/// Checks that the schema of the configured database is current. Must not be called from async
/// code.
///
/// # Errors
/// When the adapter is another one, the schema has another version, or it cannot be read.
pub(crate) fn check_schema(
    settings: &Settings,
    upstream: &UpstreamRuntime,
) -> Result<String, WiringError> {
    let database = configured(settings, upstream)?;
    upstream.runtime().block_on(database.check_schema()).map_err(WiringError::database)?;
    Ok(format!("The schema has version {SCHEMA_VERSION}."))
}

fn configured(settings: &Settings, upstream: &UpstreamRuntime) -> Result<Database, WiringError> {
    match &settings.directory {
        DirectorySettings::Postgres(settings) => database(settings, upstream),
        DirectorySettings::Memory { .. } | DirectorySettings::Auth0(_) => {
            Err(WiringError::NoSchema)
        }
    }
}
