//! The address of a database, and how to use it.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ports::is_loopback_host;
use secrecy::{ExposeSecret as _, SecretString};
use thiserror::Error;
use tokio_postgres::config::{Host, SslMode};

/// How to reach the database, and how much of it to use.
///
/// `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct DatabaseConfig {
    /// The address.
    pub url: DatabaseUrl,
    /// One or more PEM certificates to trust instead of those of the machine.
    pub ca_pem: Option<Vec<u8>>,
    /// The greatest number of connections of this process.
    pub max_connections: usize,
    /// The time after which the server cancels a statement.
    pub statement_timeout: Duration,
    /// The time to wait for a connection, from the pool or to the server.
    pub connect_timeout: Duration,
}

impl DatabaseConfig {
    /// Returns a configuration with the default limits.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            ca_pem: None,
            max_connections: 16,
            statement_timeout: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(5),
        }
    }
}

/// The address of a database: a PostgreSQL connection URI, which may contain a password
/// (PostgreSQL manual, "Connection URIs").
///
/// A connection to another machine uses TLS and verifies the certificate and the name of the server,
/// whatever `sslmode` says. One over loopback or a Unix socket uses it if the server offers it.
#[derive(Clone)]
pub struct DatabaseUrl {
    config: tokio_postgres::Config,
}

/// Why a text is not a [`DatabaseUrl`]. It does not repeat the text, which may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidDatabaseUrl {
    /// The text is no connection URI.
    #[error("must be a PostgreSQL connection URI, such as postgres://user:password@host/database")]
    Syntax,
    /// The URI names no server.
    #[error("must name a host")]
    NoHost,
    /// The URI names no user.
    #[error("must name a user")]
    NoUser,
    /// The URI turns TLS off for another machine.
    #[error("must not have sslmode=disable for a host that is not loopback")]
    TlsDisabled,
}

impl DatabaseUrl {
    /// Parses the URI.
    ///
    /// # Errors
    /// [`InvalidDatabaseUrl`].
    pub fn parse(url: &SecretString) -> Result<Self, InvalidDatabaseUrl> {
        let url = url.expose_secret();
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(InvalidDatabaseUrl::Syntax);
        }
        let url = without_verification_mode(url);
        let mut config =
            tokio_postgres::Config::from_str(&url).map_err(|_| InvalidDatabaseUrl::Syntax)?;
        if config.get_hosts().is_empty() {
            return Err(InvalidDatabaseUrl::NoHost);
        }
        if config.get_user().is_none() {
            return Err(InvalidDatabaseUrl::NoUser);
        }
        if !config.get_hosts().iter().all(is_this_machine) {
            if config.get_ssl_mode() == SslMode::Disable {
                return Err(InvalidDatabaseUrl::TlsDisabled);
            }
            config.ssl_mode(SslMode::Require);
        }
        Ok(Self { config })
    }

    /// Whether every host of the URI is this machine.
    pub fn is_loopback(&self) -> bool {
        self.config.get_hosts().iter().all(is_this_machine)
    }

    /// Returns the settings of a connection.
    pub(crate) fn connection(&self, config: &DatabaseConfig) -> tokio_postgres::Config {
        let mut connection = self.config.clone();
        if connection.get_application_name().is_none() {
            connection.application_name("usher");
        }
        if connection.get_connect_timeout().is_none() {
            connection.connect_timeout(config.connect_timeout);
        }
        // Limits that hold even if this process dies in the middle of a transaction. A connection
        // pooler such as PgBouncer rejects them as start-up parameters, so each connection sets
        // them by a statement.
        connection
    }
}

/// Removes the modes of libpq that the client library does not know. It verifies the server always.
fn without_verification_mode(url: &str) -> String {
    url.replace("sslmode=verify-full", "sslmode=require")
        .replace("sslmode=verify-ca", "sslmode=require")
}

fn is_this_machine(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => is_loopback_host(&name.to_ascii_lowercase()),
        Host::Unix(_) => true,
    }
}

/// Shows hosts, user and database.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseUrl")
            .field("hosts", &self.config.get_hosts())
            .field("user", &self.config.get_user())
            .field("database", &self.config.get_dbname())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<DatabaseUrl, InvalidDatabaseUrl> {
        DatabaseUrl::parse(&url.to_owned().into())
    }

    #[test]
    fn other_machines_need_tls() {
        for url in [
            "postgres://usher@db.example.com/usher",
            "postgresql://usher:secret@10.0.0.1:5433/usher?sslmode=prefer",
            "postgres://usher@db.example.com/usher?sslmode=verify-full",
            "postgres://usher@localhost,db.example.com/usher",
        ] {
            let parsed = parse(url).unwrap();
            assert_eq!(parsed.config.get_ssl_mode(), SslMode::Require, "{url}");
            assert!(!parsed.is_loopback(), "{url}");
        }
        for url in [
            "postgres://usher@db.example.com/usher?sslmode=disable",
            "postgres://usher@localhost,db.example.com/usher?sslmode=disable",
        ] {
            assert_eq!(parse(url).unwrap_err(), InvalidDatabaseUrl::TlsDisabled, "{url}");
        }
    }

    #[test]
    fn this_machine_may_do_without_tls() {
        for url in [
            "postgres://usher@localhost/usher",
            "postgres://usher@LOCALHOST/usher?sslmode=disable",
            "postgres://usher@127.0.0.1/usher",
            "postgres://usher@%2Frun%2Fpostgresql/usher",
            "postgres://usher@/usher?host=/run/postgresql",
        ] {
            let parsed = parse(url).unwrap();
            assert_ne!(parsed.config.get_ssl_mode(), SslMode::Require, "{url}");
            assert!(parsed.is_loopback(), "{url}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (url, expected) in [
            ("", InvalidDatabaseUrl::Syntax),
            ("mysql://usher@localhost/usher", InvalidDatabaseUrl::Syntax),
            ("host=localhost user=usher", InvalidDatabaseUrl::Syntax),
            ("postgres://usher@localhost:port/usher", InvalidDatabaseUrl::Syntax),
            ("postgres://usher@/usher", InvalidDatabaseUrl::NoHost),
            ("postgres://localhost/usher", InvalidDatabaseUrl::NoUser),
        ] {
            assert_eq!(parse(url).unwrap_err(), expected, "{url}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        let url = parse("postgres://usher:secret@localhost/usher").unwrap();
        let shown = format!("{:?}", DatabaseConfig::new(url));
        assert!(shown.contains("usher") && !shown.contains("secret"), "{shown}");
    }
}
