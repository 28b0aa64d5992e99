//! Names for accounts in logs.
//!
//! The id of an account can contain its address, which must not reach a log.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest as hash};

/// Returns the first 16 hexadecimal digits of the SHA-256 digest of an account's id.
///
/// An operator finds the account by the same computation: `printf %s "$id" | sha256sum`.
pub(crate) fn digest(id: &str) -> String {
    let mut text = String::new();
    for byte in hash(&SHA256, id.as_bytes()).as_ref().iter().take(8) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_is_the_start_of_sha256() {
        assert_eq!(digest("abc"), "ba7816bf8f01cfea");
    }
}
