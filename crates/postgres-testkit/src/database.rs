//! Databases and roles of a cluster.

use crate::admin;
use crate::endpoint::{Endpoint, SUPERUSER};
use crate::error::Error;

/// A database of its own for one test. Dropping it drops the database, also if there are
/// connections to it.
#[derive(Debug)]
pub struct Database {
    name: String,
    endpoint: Endpoint,
}

/// A database to clone; see [`crate::Cluster::template`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(crate) name: String,
}

/// A role that can log in; see [`crate::Cluster::login_role`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
}

impl Database {
    /// Clones a template.
    pub(crate) fn create(endpoint: &Endpoint, name: String, template: &str) -> Result<Self, Error> {
        let (new, old) = (identifier(&name), identifier(template));
        // Writing the pages to the log is faster than copying files, which needs two checkpoints.
        let sql = format!("CREATE DATABASE {new} TEMPLATE {old} STRATEGY wal_log");
        admin::execute(endpoint.config("postgres"), sql)?;
        Ok(Self { name, endpoint: endpoint.clone() })
    }

    /// Returns the name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the superuser's URL, over the Unix socket.
    pub fn url(&self) -> String {
        self.endpoint.url(SUPERUSER, None, &self.name)
    }

    /// Returns the URL of a role, over the Unix socket.
    pub fn url_for(&self, role: &Role) -> String {
        self.endpoint.url(&role.name, Some(&role.password), &self.name)
    }

    /// Returns the URL of a role over TCP, without an `sslmode`.
    ///
    /// # Errors
    ///
    /// [`Error::NoNetwork`] if the cluster accepts no TCP connections.
    pub fn tcp_url_for(&self, role: &Role) -> Result<String, Error> {
        self.endpoint.tcp_url(&role.name, &role.password, &self.name)
    }

    /// Runs statements as the superuser, on a connection of their own.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if a statement fails or the server is down.
    pub fn execute(&self, sql: &str) -> Result<(), Error> {
        admin::execute(self.endpoint.config(&self.name), sql.to_owned())
    }

    /// Returns the rows of a query of the superuser, each value as text or `None` for NULL.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`] if the query fails or the server is down.
    pub fn query(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, Error> {
        admin::query(self.endpoint.config(&self.name), sql.to_owned())
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let config = self.endpoint.config("postgres");
        let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", identifier(&self.name));
        // The test need not wait. What is not dropped goes with the cluster.
        admin::spawn(async move {
            if let Ok(client) = admin::connect(&config).await {
                let _ = client.batch_execute(&sql).await;
            }
        });
    }
}

/// Returns a name, quoted.
pub(crate) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Returns a text, quoted, under PostgreSQL's standard setting for backslashes.
pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
