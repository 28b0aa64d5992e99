//! One transaction.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use futures_util::future::try_join;
use tokio::time::Instant;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

use crate::database::connect::Connection;
use crate::database::failure::Failure;
use crate::database::pool::Database;
use crate::database::reach::Reach;
use crate::database::retry::wait;

/// What a transaction is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Reads of one moment.
    Snapshot,
    /// Reads of one moment, over minutes.
    LongSnapshot,
    /// Changes. Each statement sees what was committed before it, so that whoever locks a row first
    /// and reads it then sees its newest state.
    Change,
}

impl Mode {
    fn begin(self) -> &'static str {
        match self {
            Self::Snapshot => "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            Self::LongSnapshot => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; \
                 SET LOCAL idle_in_transaction_session_timeout = '10min'"
            }
            Self::Change => "BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE",
        }
    }
}

const ENTER: &str = "SELECT usher.enter($1, $2, $3)";
/// The pause between two questions what became of a transaction.
const CLARIFY_PAUSE: Duration = Duration::from_millis(50);

/// A transaction. Dropped before [`Transaction::commit`], it is rolled back, and its connection is
/// usable again after that.
pub(crate) struct Transaction {
    database: Database,
    /// Present until the transaction has ended.
    connection: Option<Connection>,
    /// The id of a transaction that changes something.
    id: OnceLock<String>,
}

impl Transaction {
    /// Begins a transaction that reaches no more than this.
    pub(crate) async fn begin(
        database: &Database,
        reach: &Reach,
        mode: Mode,
    ) -> Result<Self, Failure> {
        let connection = database.connection().await?;
        let enter = connection.prepare_cached(ENTER).await?;
        // From here on a drop rolls back.
        let database = database.clone();
        let transaction = Self { database, connection: Some(connection), id: OnceLock::new() };
        let connection = transaction.connection()?;
        // Both are sent at once.
        try_join(
            connection.batch_execute(mode.begin()),
            connection.query_one(&enter, &[&reach.tenants, &reach.every_tenant, &reach.accounts]),
        )
        .await?;
        Ok(transaction)
    }

    fn connection(&self) -> Result<&Connection, Failure> {
        self.connection.as_ref().ok_or(Failure::InDoubt)
    }

    /// Runs a statement that is prepared once for each connection, and returns its rows.
    pub(crate) async fn query(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let connection = self.connection()?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.query(&statement, parameters).await?)
    }

    /// As [`Transaction::query`], and returns the number of rows that it changed.
    pub(crate) async fn execute(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, Failure> {
        let connection = self.connection()?;
        let statement = connection.prepare_cached(sql).await?;
        Ok(connection.execute(&statement, parameters).await?)
    }

    /// Runs a statement without parameters that is not prepared, and returns its rows.
    pub(crate) async fn query_once(&self, sql: &str) -> Result<Vec<Row>, Failure> {
        Ok(self.connection()?.query(sql, &[]).await?)
    }

    /// Runs statements without parameters.
    pub(crate) async fn batch(&self, sql: &str) -> Result<(), Failure> {
        Ok(self.connection()?.batch_execute(sql).await?)
    }

    /// Asks for the id of the transaction, by which the outcome of a commit can be clarified.
    async fn ask_id(&self) -> Result<(), Failure> {
        if self.id.get().is_none() {
            let rows = self.query("SELECT pg_current_xact_id_if_assigned()::text", &[]).await?;
            let id: Option<String> = rows.first().and_then(|row| row.get(0));
            if let Some(id) = id {
                let _ = self.id.set(id);
            }
        }
        Ok(())
    }

    /// Makes the changes of the transaction last.
    pub(crate) async fn commit(mut self) -> Result<(), Failure> {
        self.ask_id().await?;
        let Some(connection) = &self.connection else { return Err(Failure::InDoubt) };
        let committed = connection.batch_execute("COMMIT").await;
        self.end();
        match committed {
            Ok(()) => Ok(()),
            Err(error) if may_be_committed(&error) => self.clarify(error).await,
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a transaction that changed nothing.
    pub(crate) async fn finish(mut self) -> Result<(), Failure> {
        if let Some(connection) = &self.connection {
            connection.batch_execute("COMMIT").await?;
        }
        self.end();
        Ok(())
    }

    /// Gives the connection back to the pool.
    fn end(&mut self) {
        self.connection = None;
    }

    /// Asks over other connections what became of the transaction.
    async fn clarify(&self, error: tokio_postgres::Error) -> Result<(), Failure> {
        let Some(id) = self.id.get() else {
            // Nothing was changed.
            return Err(Failure::Unavailable(error));
        };
        let deadline = Instant::now() + self.database.patience;
        while Instant::now() < deadline {
            match self.status(id).await {
                Ok(Some(status)) if status == "committed" => return Ok(()),
                Ok(Some(status)) if status == "aborted" => return Err(Failure::Unavailable(error)),
                // Still running, or the server is not back yet.
                Ok(Some(_)) | Err(_) => wait(CLARIFY_PAUSE).await,
                Ok(None) => break,
            }
        }
        tracing::error!(
            transaction = id.as_str(),
            "connection lost during a commit, the outcome is not known"
        );
        Err(Failure::InDoubt)
    }

    async fn status(&self, id: &str) -> Result<Option<String>, Failure> {
        let connection = self.database.connection().await?;
        let row = connection.query_one("SELECT pg_xact_status($1::text::xid8)", &[&id]).await?;
        Ok(row.get(0))
    }
}

/// Whether the server may have committed before this error: it did not answer, or said that it
/// ends the connection.
fn may_be_committed(error: &tokio_postgres::Error) -> bool {
    error.code().is_none_or(|state| {
        state == &SqlState::ADMIN_SHUTDOWN
            || state == &SqlState::CRASH_SHUTDOWN
            || state.code().starts_with("08")
    })
}

impl Drop for Transaction {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        self.database.runtime.spawn(async move {
            if connection.batch_execute("ROLLBACK").await.is_err() {
                // The server rolls back when the connection ends.
                drop(Connection::take(connection));
            }
        });
    }
}

impl fmt::Debug for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transaction").field("id", &self.id.get()).finish_non_exhaustive()
    }
}
