//! The policy and the hashes of passwords, for adapters that store passwords.
//!
//! - [`check_policy`] checks a new password: it has at least [`MIN_PASSWORD_LENGTH`] characters.
//! - [`PasswordHash`] is an Argon2id hash with its salt.
//! - [`PhcHash`] is one as text, in the PHC string format, for stores that keep it.
//! - [`Hasher`] computes and verifies hashes. At most one is computed at a time for each core, and
//!   at most four; the memory that this takes, 19 MiB each, is reused while others wait, and goes
//!   back to the operating system when none does.
//! - [`spawn_scoped`] starts a thread for many hashes, such as those of a seed, with the memory
//!   ([`Blocks`]) that [`PasswordHash::of`] takes.
//!
//! What does not belong here: storage, the limit on wrong passwords (`application` has it).
//!
//! # Example
//!
//! ```
//! use domain::{CurrentPassword, Password};
//! use password_hashing::{Hasher, check_policy};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let password: Password = "correct-horse".parse()?;
//! assert!(check_policy(&password).is_ok());
//! let hasher = Hasher::default();
//! let hash = hasher.hash(password).await?;
//! let offered = CurrentPassword::offered("correct-horse".to_owned());
//! assert!(hasher.verify(Some(hash), offered).await?);
//! # Ok(())
//! # }
//! ```

#![warn(clippy::future_not_send)]

mod failed;
mod hash;
mod phc;
mod pool;

pub use hash::{Hasher, MIN_PASSWORD_LENGTH, PasswordHash, check_policy};
pub use phc::{InvalidPhc, PhcHash};
pub use pool::{Blocks, spawn_scoped};
