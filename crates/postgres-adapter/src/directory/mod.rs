//! The directory: every change is one transaction, on the newest state of the account.

mod changes;
mod lists;
mod moment;
mod password_check;
mod postgres_directory;
mod record;
mod save;
mod sort_key;
mod sort_key_upkeep;
mod step;
mod users;

pub use postgres_directory::PostgresDirectory;
