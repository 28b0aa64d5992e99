//! The ports in memory: the embedded default, and the reference for every other adapter.
//!
//! - [`MemoryDirectory`]: accounts, memberships and passwords. Nothing survives the process; a seed
//!   ([`MemoryDirectory::load_seed`]) fills the directory at the start.
//! - [`MemoryKeySource`]: public keys of token issuers, published by code.
//!
//! Guarantees beyond the ports:
//! - One lock guards all accounts, so a check and the change that depends on it are one step.
//!   Nothing slow happens while it is held: no password is hashed, and no list is sorted or copied.
//! - Roles are stored by name. The catalogue resolves them when an account is stored; an unknown
//!   name is kept, but is no membership.
//! - Passwords have at least 8 characters. They are stored as Argon2id hashes, which the crate
//!   `password-hashing` computes, few at a time.
//! - An account that is created without a password has no hash: no password matches until one is
//!   set.
//!
//! There is no persistence here, no mail, no last login (only a seed sets it), and no limit on wrong
//! passwords, which the use case has. What mails do elsewhere, [`MemoryDirectory::edit`] does in
//! tests.
//!
//! # Example
//!
//! ```
//! use std::sync::Arc;
//!
//! use domain::RoleCatalogue;
//! use memory_adapter::MemoryDirectory;
//! use ports::SystemClock;
//!
//! let roles = Arc::new(RoleCatalogue::standard());
//! let directory = MemoryDirectory::new(roles, Arc::new(SystemClock));
//! let seed = r#"{"email": "ada@acme.example", "homeTenant": "acme", "tenants": {"acme": "owner"}}"#;
//! assert_eq!(directory.load_seed(seed.as_bytes())?.accounts, 1);
//! # Ok::<(), memory_adapter::SeedError>(())
//! ```
//!
//! To add a port method: implement it in `users.rs` or `passwords.rs`, and make every change through
//! `State::put`, which updates the indexes.

#![warn(clippy::future_not_send)]

mod core_work;
mod directory;
mod keys;
mod list_builds;
mod lists;
mod password_check;
mod record;
mod role_change;
mod seed;
mod state;
mod users;

pub use directory::MemoryDirectory;
pub use keys::MemoryKeySource;
pub use seed::{SeedError, SeedSummary};
