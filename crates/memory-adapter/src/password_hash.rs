//! The password policy and hashes.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, rand};
use domain::{CurrentPassword, Password};
use ports::{BoxError, PortResult, RejectedValue};

use crate::core_work::{CoreWork, failed};

/// The minimum number of characters of a password.
pub(crate) const MIN_PASSWORD_LENGTH: usize = 8;

/// Checks that the password satisfies the directory's policy.
pub(crate) fn check_policy(password: &Password) -> Result<(), RejectedValue> {
    // Passwords are ASCII, so bytes are characters.
    if password.expose().len() < MIN_PASSWORD_LENGTH {
        Err(RejectedValue::WeakPassword)
    } else {
        Ok(())
    }
}

/// An Argon2id hash with its salt. It never leaves the process and has no text form.
#[derive(Clone)]
pub(crate) struct PasswordHash {
    salt: [u8; 16],
    output: [u8; 32],
}

impl PasswordHash {
    /// Computes the hash, which takes about 20 ms and 19 MiB.
    pub(crate) fn of(password: &Password) -> Result<Self, BoxError> {
        let mut salt = [0; 16];
        rand::fill(&mut salt)?;
        Ok(Self { salt, output: digest(password.expose(), &salt)? })
    }

    fn matches(&self, offered: &CurrentPassword) -> Result<bool, BoxError> {
        let output = digest(offered.expose(), &self.salt)?;
        Ok(constant_time::verify_slices_are_equal(&output, &self.output).is_ok())
    }
}

/// Computes Argon2id with the parameters that OWASP recommends (Password Storage Cheat Sheet), which
/// are the crate's defaults.
fn digest(password: &str, salt: &[u8]) -> Result<[u8; 32], BoxError> {
    let mut output = [0; 32];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT).hash_password_into(
        password.as_bytes(),
        salt,
        &mut output,
    )?;
    Ok(output)
}

/// Computes hashes, at most one per core at a time.
#[derive(Default)]
pub(crate) struct Hasher(CoreWork);

impl Hasher {
    pub(crate) async fn hash(&self, password: Password) -> PortResult<PasswordHash> {
        self.run(move || PasswordHash::of(&password)).await
    }

    /// Whether the text is the hashed password. Without a hash the answer is `false` after the same
    /// time.
    pub(crate) async fn verify(
        &self,
        hash: Option<PasswordHash>,
        offered: CurrentPassword,
    ) -> PortResult<bool> {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or(PasswordHash { salt: [0; 16], output: [0; 32] });
            Ok(hash.matches(&offered)? && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
    ) -> PortResult<T> {
        self.0.run(work).await?.map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_passwords_have_different_hashes() {
        let password = "correct-horse".parse().unwrap();
        let (one, other) =
            (PasswordHash::of(&password).unwrap(), PasswordHash::of(&password).unwrap());
        assert_ne!(one.output, other.output);
    }
}
