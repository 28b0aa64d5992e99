//! The pool of connections.

use std::fmt;
use std::time::Duration;

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio::runtime::Handle;

use crate::config::DatabaseConfig;
use crate::database::connect::{Connection, Connector};
use crate::database::failure::Failure;
use crate::database::open_error::OpenError;
use crate::database::tls::connector;

/// A database, of which this process uses a limited number of connections.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    pub(super) runtime: Handle,
    /// The time in which an interrupted commit is clarified.
    pub(super) patience: Duration,
}

impl Database {
    /// Prepares the use of a database. Connects when a connection is needed.
    ///
    /// Connections and the ends of interrupted transactions live on the given runtime.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn new(config: &DatabaseConfig, runtime: Handle) -> Result<Self, OpenError> {
        let connector = Connector {
            tls: connector(config.ca_pem.as_deref())?,
            runtime: runtime.clone(),
            statement_timeout: config.statement_timeout,
        };
        let connection = config.url.connection(config);
        // Whether a connection still works shows when it is used; to ask costs a round trip.
        let settings = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = Manager::from_connect(connection, connector, settings);
        let pool = Pool::builder(manager)
            .max_size(config.max_connections)
            .wait_timeout(Some(config.connect_timeout))
            .create_timeout(Some(config.connect_timeout))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|error| OpenError::Pool(error.into()))?;
        Ok(Self { pool, runtime, patience: config.connect_timeout })
    }

    /// Returns a connection, outside of a transaction.
    pub(crate) async fn connection(&self) -> Result<Connection, Failure> {
        Ok(self.pool.get().await?)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("pool", &self.pool.status()).finish_non_exhaustive()
    }
}
