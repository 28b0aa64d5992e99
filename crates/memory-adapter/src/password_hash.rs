//! The password policy and hashes.

use std::sync::Arc;
use std::thread::available_parallelism;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, rand};
use domain::{CurrentPassword, Password};
use ports::{BoxError, PortError, PortResult, RejectedValue};
use tokio::sync::Semaphore;

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

/// Computes hashes on blocking threads, at most one per core at a time, so that many attempts exhaust
/// neither memory nor the cores.
pub(crate) struct Hasher {
    permits: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Self {
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }
}

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
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(failed)?;
        // The work holds the permit, because it continues even if its caller gives up.
        let work = move || {
            let _permit = permit;
            work()
        };
        tokio::task::spawn_blocking(work).await.map_err(failed)?.map_err(failed)
    }
}

fn failed(source: impl Into<BoxError>) -> PortError {
    PortError::Failed { source: source.into() }
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

    #[tokio::test]
    async fn concurrent_hashes_are_limited_by_permits() {
        use std::sync::atomic::{AtomicUsize, Ordering};

        let hasher = Arc::new(Hasher { permits: Arc::new(Semaphore::new(2)) });
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (hasher, running, most) =
                    (Arc::clone(&hasher), Arc::clone(&running), Arc::clone(&most));
                tokio::spawn(async move {
                    hasher
                        .run(move || {
                            most.fetch_max(
                                running.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            std::thread::yield_now();
                            running.fetch_sub(1, Ordering::SeqCst);
                            Ok(())
                        })
                        .await
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!(most.load(Ordering::SeqCst) <= 2);
    }
}
