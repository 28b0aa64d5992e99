//! Statements of the superuser, on a runtime of this crate's own.

use std::sync::{LazyLock, mpsc};

use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::error::Error;

/// Lives as long as the process, because a runtime must not be dropped in async code.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    #[expect(clippy::expect_used, reason = "without a thread, no test can run")]
    builder
        .worker_threads(1)
        .thread_name("postgres-testkit")
        .enable_all()
        .build()
        .expect("a runtime")
});

/// Runs a future to its end, also in async code, where `Runtime::block_on` would panic.
///
/// Returns `None` if the future panics.
pub(crate) fn wait_for<F>(future: F) -> Option<F::Output>
where
    F: Future<Output: Send> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel();
    RUNTIME.spawn(async move { sender.send(future.await) });
    receiver.recv().ok()
}

/// Runs a future without waiting for it.
pub(crate) fn spawn(future: impl Future<Output = ()> + Send + 'static) {
    RUNTIME.spawn(future);
}

/// Runs statements on a new connection.
pub(crate) fn execute(config: Config, sql: String) -> Result<(), Error> {
    run(async move { Ok(connect(&config).await?.batch_execute(&sql).await?) })
}

/// Returns the rows of a query, as texts.
pub(crate) fn query(config: Config, sql: String) -> Result<Vec<Vec<Option<String>>>, Error> {
    run(async move {
        let messages = connect(&config).await?.simple_query(&sql).await?;
        let rows = messages.iter().filter_map(|message| {
            let SimpleQueryMessage::Row(row) = message else { return None };
            Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
        });
        Ok(rows.collect())
    })
}

/// Connects, with the connection's task on this crate's runtime.
pub(crate) async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    spawn(async move {
        // An error of the connection is also an error of its client.
        let _ = connection.await;
    });
    Ok(client)
}

fn run<T: Send + 'static>(
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    #[expect(clippy::expect_used, reason = "the futures of this module do not panic")]
    wait_for(future).expect("a result")
}
