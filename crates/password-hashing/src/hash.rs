//! The password policy and hashes.

use std::fmt;
use std::sync::{Arc, OnceLock};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use domain::{CurrentPassword, Password};
use ports::{BoxError, PortResult, RejectedValue};

use crate::failed::failed;
use crate::phc::PhcHash;
use crate::pool::{Blocks, HashPool};

/// The minimum number of characters of a password.
pub const MIN_PASSWORD_LENGTH: usize = 8;

/// Checks that the password satisfies the policy.
///
/// # Errors
/// `WeakPassword` if it is too short.
pub fn check_policy(password: &Password) -> Result<(), RejectedValue> {
    // Passwords are ASCII, so bytes are characters.
    if password.expose().len() < MIN_PASSWORD_LENGTH {
        Err(RejectedValue::WeakPassword)
    } else {
        Ok(())
    }
}

/// An Argon2id hash with its salt. Cheap to clone.
#[derive(Clone)]
pub struct PasswordHash(Arc<Hash>);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

struct Hash {
    salt: [u8; 16],
    output: OnceLock<[u8; 32]>,
    /// The password, if there is no output yet.
    deferred: Option<Password>,
}

impl PasswordHash {
    /// Computes the hash in these blocks, which takes about 20 ms.
    ///
    /// # Errors
    /// When the blocks are too few. Those of [`spawn_scoped`](crate::spawn_scoped) suffice.
    pub fn of(password: &Password, blocks: &mut Blocks) -> Result<Self, BoxError> {
        let salt: [u8; 16] = rand::random();
        let output = OnceLock::from(digest(password.expose(), &salt, blocks)?);
        Ok(Self(Arc::new(Hash { salt, output, deferred: None })))
    }

    /// Returns a hash that is computed when it is first needed. Keeps the password in memory, which
    /// must be public.
    pub fn deferred(password: Password) -> Self {
        let (salt, output) = (rand::random(), OnceLock::new());
        Self(Arc::new(Hash { salt, output, deferred: Some(password) }))
    }

    fn matches(&self, offered: &CurrentPassword, blocks: &mut Blocks) -> Result<bool, BoxError> {
        let Hash { salt, output, deferred } = &*self.0;
        let expected = match (output.get(), deferred) {
            (Some(output), _) => output,
            (None, Some(password)) => {
                let computed = digest(password.expose(), salt, blocks)?;
                output.get_or_init(|| computed)
            }
            (None, None) => return Ok(false),
        };
        let offered = digest(offered.expose(), salt, blocks)?;
        Ok(constant_time::verify_slices_are_equal(&offered, expected).is_ok())
    }
}

/// Computes Argon2id with the parameters that OWASP recommends (Password Storage Cheat Sheet), which
/// are the crate's defaults.
fn digest(password: &str, salt: &[u8], blocks: &mut Blocks) -> Result<[u8; 32], BoxError> {
    let mut output = [0; 32];
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    argon2.hash_password_into_with_memory(password.as_bytes(), salt, &mut output, blocks)?;
    Ok(output)
}

/// Computes hashes, at most one per core at a time.
#[derive(Debug, Default)]
pub struct Hasher(HashPool);

impl Hasher {
    /// Computes the hash of a password.
    ///
    /// # Errors
    /// `Failed` if no thread can be started.
    pub async fn hash(&self, password: Password) -> PortResult<PasswordHash> {
        self.run(move |blocks| PasswordHash::of(&password, blocks)).await
    }

    /// Whether the text is the hashed password. Without a hash the answer is `false` after the same
    /// time.
    ///
    /// # Errors
    /// `Failed` if no thread can be started.
    pub async fn verify(
        &self,
        hash: Option<PasswordHash>,
        offered: CurrentPassword,
    ) -> PortResult<bool> {
        self.run(move |blocks| match hash {
            Some(hash) => hash.matches(&offered, blocks),
            None => digest(offered.expose(), &[0; 16], blocks).map(|_| false),
        })
        .await
    }

    /// Computes the hash of a password, to be stored as text.
    ///
    /// # Errors
    /// `Failed` if no thread can be started.
    pub async fn hash_to_phc(&self, password: Password) -> PortResult<PhcHash> {
        self.run(move |blocks| {
            let salt: [u8; 16] = rand::random();
            Ok(PhcHash::new(&salt, &digest(password.expose(), &salt, blocks)?))
        })
        .await
    }

    /// As [`Hasher::verify`], of a hash that was stored as text.
    ///
    /// # Errors
    /// `Failed` if no thread can be started.
    pub async fn verify_phc(
        &self,
        hash: Option<PhcHash>,
        offered: CurrentPassword,
    ) -> PortResult<bool> {
        self.run(move |blocks| match hash {
            Some(hash) => hash.matches(&offered, blocks),
            None => digest(offered.expose(), &[0; 16], blocks).map(|_| false),
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Blocks) -> Result<T, BoxError> + Send + 'static,
    ) -> PortResult<T> {
        self.0.run(work).await?.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn equal_passwords_have_different_hashes() {
        let password: Password = "correct-horse".parse().unwrap();
        let hasher = Hasher::default();
        let one = hasher.hash(password.clone()).await.unwrap();
        let other = hasher.hash(password).await.unwrap();
        assert_ne!(one.0.output, other.0.output);
    }

    #[tokio::test]
    async fn deferred_hash_matches_its_password_alone() {
        let hasher = Hasher::default();
        let hash = PasswordHash::deferred("correct-horse".parse().unwrap());
        for (offered, expected) in
            [("wrong-horse", false), ("correct-horse", true), ("correct-horse", true)]
        {
            let offered = CurrentPassword::offered(offered.to_owned());
            let matches = hasher.verify(Some(hash.clone()), offered).await.unwrap();
            assert_eq!(matches, expected);
        }
        let offered = CurrentPassword::offered("correct-horse".to_owned());
        assert!(!hasher.verify(None, offered).await.unwrap());
    }

    /// The hash does not depend on what was computed in the blocks before.
    #[tokio::test]
    async fn used_memory_does_not_change_hashes() {
        let salt = [7; 16];
        let mut expected = [0; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
            .hash_password_into(b"correct-horse", &salt, &mut expected)
            .unwrap();
        let pool = HashPool::default();
        let outputs = pool.run(move |blocks| {
            let _ = digest("another-password", &[1; 16], blocks);
            [(); 2].map(|()| digest("correct-horse", &salt, blocks).unwrap())
        });
        assert_eq!(outputs.await.unwrap(), [expected; 2]);
    }
}
