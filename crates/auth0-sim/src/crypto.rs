//! Random identifiers, and the error of cryptographic operations.

use aws_lc_rs::{error, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

/// A key could not be generated or used, or no random bytes were available.
#[derive(Debug, Error)]
#[error("the signing keys cannot be generated")]
pub(crate) struct CryptoError;

impl From<error::Unspecified> for CryptoError {
    fn from(_: error::Unspecified) -> Self {
        Self
    }
}

impl From<rcgen::Error> for CryptoError {
    fn from(_: rcgen::Error) -> Self {
        Self
    }
}

/// Returns 24 random bytes in base64url.
pub(crate) fn random_text() -> Result<String, CryptoError> {
    let mut bytes = [0; 24];
    rand::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns an id: the prefix and 16 random hexadecimal digits.
pub(crate) fn random_id(prefix: &str) -> Result<String, CryptoError> {
    let mut bytes = [0; 8];
    rand::fill(&mut bytes)?;
    Ok(format!("{prefix}{:016x}", u64::from_be_bytes(bytes)))
}
