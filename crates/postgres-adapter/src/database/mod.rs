//! Connections and transactions, whatever they are for.

mod connect;
mod failure;
mod open_error;
mod pool;
mod reach;
mod retry;
mod tls;
mod transaction;

pub(crate) use failure::Failure;
pub use open_error::OpenError;
pub use pool::Database;
pub(crate) use reach::Reach;
pub(crate) use retry::retry;
pub(crate) use transaction::{Mode, Transaction};
