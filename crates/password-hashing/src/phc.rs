//! Hashes as text, for stores that keep them.

use std::fmt;
use std::str::FromStr;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use domain::CurrentPassword;
use ports::BoxError;
use thiserror::Error;

use crate::pool::Blocks;

/// A hash in the PHC string format, such as `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`, with
/// parameters of its own.
///
/// The format is that of the Password Hashing Competition's string format and of the reference
/// implementation of Argon2. Only Argon2id of version 19 is read (RFC 9106).
#[derive(Clone)]
pub struct PhcHash {
    params: Params,
    salt: Vec<u8>,
    output: Vec<u8>,
}

/// Why a text is not a [`PhcHash`]. It does not repeat the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InvalidPhc {
    /// The text has another form.
    #[error("must be an Argon2id hash of version 19 in the PHC string format")]
    Syntax,
    /// The parameters would take too much time or memory, or are not allowed by RFC 9106.
    #[error("must have at most m=262144, t=16, p=8, and not less than Argon2 allows")]
    Params,
    /// The salt or the hash is too short or too long.
    #[error("must have a salt of 8 to 64 bytes and a hash of 16 to 64 bytes")]
    Length,
}

impl PhcHash {
    /// The greatest parameters that are verified: memory in KiB, passes, and lanes.
    const MAX: (u32, u32, u32) = (262_144, 16, 8);

    pub(crate) fn new(salt: &[u8], output: &[u8]) -> Self {
        Self { params: Params::DEFAULT, salt: salt.to_owned(), output: output.to_owned() }
    }

    /// Whether the hash is weaker than those that are made now.
    pub fn needs_rehash(&self) -> bool {
        let (own, current) = (&self.params, &Params::DEFAULT);
        own.m_cost() < current.m_cost()
            || own.t_cost() < current.t_cost()
            || self.salt.len() < 16
            || self.output.len() < 32
    }

    pub(crate) fn matches(
        &self,
        offered: &CurrentPassword,
        blocks: &mut Blocks,
    ) -> Result<bool, BoxError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let mut output = vec![0; self.output.len()];
        let password = offered.expose().as_bytes();
        if self.params.block_count() <= blocks.len() {
            argon2.hash_password_into_with_memory(password, &self.salt, &mut output, blocks)?;
        } else {
            argon2.hash_password_into(password, &self.salt, &mut output)?;
        }
        Ok(constant_time::verify_slices_are_equal(&output, &self.output).is_ok())
    }
}

/// Omits salt and hash.
impl fmt::Debug for PhcHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhcHash(…)")
    }
}

impl PhcHash {
    /// Returns the hash as text, to be stored where nobody reads it.
    pub fn to_phc(&self) -> String {
        let Self { params, salt, output } = self;
        format!(
            "$argon2id$v=19$m={},t={},p={}${}${}",
            params.m_cost(),
            params.t_cost(),
            params.p_cost(),
            STANDARD_NO_PAD.encode(salt),
            STANDARD_NO_PAD.encode(output)
        )
    }
}

impl FromStr for PhcHash {
    type Err = InvalidPhc;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split('$');
        let head = (parts.next(), parts.next(), parts.next());
        let rest = (parts.next(), parts.next(), parts.next(), parts.next());
        let (Some(""), Some("argon2id"), Some("v=19")) = head else {
            return Err(InvalidPhc::Syntax);
        };
        let (Some(params), Some(salt), Some(output), None) = rest else {
            return Err(InvalidPhc::Syntax);
        };
        let bytes = |text| STANDARD_NO_PAD.decode(text).map_err(|_| InvalidPhc::Syntax);
        let (params, salt, output) = (parse_params(params)?, bytes(salt)?, bytes(output)?);
        if !(8..=64).contains(&salt.len()) || !(16..=64).contains(&output.len()) {
            return Err(InvalidPhc::Length);
        }
        Ok(Self { params, salt, output })
    }
}

/// Parses `m=…,t=…,p=…`.
fn parse_params(text: &str) -> Result<Params, InvalidPhc> {
    let mut parts = text.split(',');
    let mut number = |prefix| {
        let digits = parts.next().and_then(|part| part.strip_prefix(prefix));
        let digits = digits.filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        digits.and_then(|digits| digits.parse::<u32>().ok()).ok_or(InvalidPhc::Syntax)
    };
    let (m, t, p) = (number("m=")?, number("t=")?, number("p=")?);
    if parts.next().is_some() {
        return Err(InvalidPhc::Syntax);
    }
    let (max_m, max_t, max_p) = PhcHash::MAX;
    if m > max_m || t > max_t || p > max_p {
        return Err(InvalidPhc::Params);
    }
    Params::new(m, t, p, None).map_err(|_| InvalidPhc::Params)
}

#[cfg(test)]
mod tests {
    use crate::Hasher;

    use super::*;

    /// From the tests of the reference implementation (`src/test.c`), with the password "password"
    /// and the salt "somesalt".
    const VECTOR: &str =
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc";

    async fn matches(hash: PhcHash, password: &str) -> bool {
        let offered = CurrentPassword::offered(password.to_owned());
        Hasher::default().verify_phc(Some(hash), offered).await.unwrap()
    }

    #[tokio::test]
    async fn hash_of_the_reference_implementation_matches() {
        let hash: PhcHash = VECTOR.parse().unwrap();
        assert_eq!(hash.to_phc(), VECTOR);
        assert!(hash.needs_rehash());
        assert!(matches(hash.clone(), "password").await);
        assert!(!matches(hash, "passwords").await);
    }

    #[tokio::test]
    async fn new_hash_survives_its_text() {
        let hash = Hasher::default().hash_to_phc("correct-horse".parse().unwrap()).await.unwrap();
        let text = hash.to_phc();
        assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        let read: PhcHash = text.parse().unwrap();
        assert!(!read.needs_rehash());
        assert!(matches(read.clone(), "correct-horse").await);
        assert!(!matches(read, "wrong-horse").await);
    }

    #[tokio::test]
    async fn hash_that_needs_more_memory_than_a_new_one_is_verified() {
        let text = VECTOR.replace("m=256", "m=32768");
        assert!(!matches(text.parse().unwrap(), "password").await);
    }

    #[tokio::test]
    async fn nothing_matches_an_absent_hash() {
        let offered = CurrentPassword::offered("password".to_owned());
        assert!(!Hasher::default().verify_phc(None, offered).await.unwrap());
    }

    #[test]
    fn other_texts_are_rejected() {
        let changed = |from, to| VECTOR.replace(from, to);
        for (text, expected) in [
            (String::new(), InvalidPhc::Syntax),
            ("password".to_owned(), InvalidPhc::Syntax),
            (changed("argon2id", "argon2i"), InvalidPhc::Syntax),
            (changed("argon2id", "argon2d"), InvalidPhc::Syntax),
            (changed("v=19", "v=16"), InvalidPhc::Syntax),
            (changed("$v=19", ""), InvalidPhc::Syntax),
            (changed("m=256", "m=+256"), InvalidPhc::Syntax),
            (changed("m=256", "m=99999999999"), InvalidPhc::Syntax),
            (changed("p=2", "p=2,keyid=AA"), InvalidPhc::Syntax),
            (changed("c29tZXNhbHQ", "c29tZXNhbHQ="), InvalidPhc::Syntax),
            (format!("{VECTOR}$"), InvalidPhc::Syntax),
            (format!("{VECTOR} "), InvalidPhc::Syntax),
            (changed("m=256", "m=4294967295"), InvalidPhc::Params),
            (changed("m=256", "m=1"), InvalidPhc::Params),
            (changed("t=2", "t=0"), InvalidPhc::Params),
            (changed("t=2", "t=4294967295"), InvalidPhc::Params),
            (changed("p=2", "p=0"), InvalidPhc::Params),
            (changed("p=2", "p=64"), InvalidPhc::Params),
            (changed("c29tZXNhbHQ", ""), InvalidPhc::Length),
            (changed("c29tZXNhbHQ", "c29tZQ"), InvalidPhc::Length),
        ] {
            assert_eq!(text.parse::<PhcHash>().err(), Some(expected), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", VECTOR.parse::<PhcHash>().unwrap()), "PhcHash(…)");
    }
}
