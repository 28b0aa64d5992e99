//! Connections, each with its task on the runtime of the database.

use std::time::Duration;

use deadpool_postgres::{Client as PooledClient, Connect};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

/// Opens connections on one runtime, so that they outlive the thread that first needs them.
pub(crate) struct Connector {
    pub(crate) tls: MakeRustlsConnect,
    pub(crate) runtime: Handle,
    pub(crate) statement_timeout: Duration,
}

impl Connect for Connector {
    fn connect(&self, config: &Config) -> BoxFuture<'_, Result<(Client, JoinHandle<()>), Error>> {
        let (config, tls, runtime) = (config.clone(), self.tls.clone(), self.runtime.clone());
        let statement_timeout = self.statement_timeout;
        async move {
            let spawner = runtime.clone();
            // Whoever gives up waiting for the connection gives up connecting.
            let connecting = AbortOnDropHandle::new(runtime.spawn(async move {
                let (client, connection) = config.connect(tls).await?;
                let task = spawner.spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(error = %error, "connection to the database ended");
                    }
                });
                client.batch_execute(&session_settings(statement_timeout)).await?;
                Ok((client, task))
            }));
            match connecting.await {
                Ok(connected) => connected,
                // The task neither panics nor is cancelled, unless the runtime ends.
                Err(_) => std::future::pending().await,
            }
        }
        .boxed()
    }
}

/// What holds even if this process stops in the middle of a transaction.
fn session_settings(statement_timeout: Duration) -> String {
    let timeout = statement_timeout.as_millis();
    // A lock is waited for no longer than a statement may take in all. An idle transaction is one
    // whose process has died or hangs; a full list that is read slowly has a longer limit of its own.
    format!(
        "SET statement_timeout = {timeout}; SET lock_timeout = {timeout}; \
         SET idle_in_transaction_session_timeout = {}; SET timezone = 'UTC'",
        timeout.saturating_mul(3)
    )
}

/// A connection of the pool.
pub(crate) type Connection = PooledClient;
