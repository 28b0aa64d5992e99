//! The runtime of what goes out.
//!
//! The HTTP server has a runtime for each of its threads, and a thread that has nothing more to do
//! ends while others still finish their requests. Connections to a directory are shared by all of
//! them, and so live on a runtime that outlasts the server.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// A runtime for connections to other services. Keep it until the server has ended.
///
/// # Errors
/// When the system gives no thread.
pub(crate) fn runtime() -> io::Result<Runtime> {
    Builder::new_multi_thread().worker_threads(2).thread_name("outgoing").enable_all().build()
}
