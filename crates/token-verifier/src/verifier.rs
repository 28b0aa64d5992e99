//! Token, key, expectations and time in; claims out. Nothing here waits, fetches or remembers.
//!
//! The steps are types, so that none can be left out: [`Unverified`] reads the token,
//! [`Unverified::checked`] compares what it says with what is expected, and only
//! [`Checked::verified_by`] gives away the claims.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use serde_json::{Map, Value};

use crate::algorithm::Algorithm;
use crate::claims::{Claims, Limits};
use crate::error::Reason;
use crate::keys::{VerifyingKey, Wanted};
use crate::profile::{Profile, TokenType};
use crate::strict_json;

/// No access token needs more; what is longer is not even hashed.
pub(crate) const MAX_BYTES: usize = 8192;
const MAX_KID_BYTES: usize = 256;

/// What a token must be like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations<'a> {
    /// Its `iss`.
    pub(crate) issuer: &'a str,
    /// One of its `aud`.
    pub(crate) audience: &'a str,
    /// Its `alg` is one of these.
    pub(crate) algorithms: &'a [Algorithm],
    /// What it looks like.
    pub(crate) profile: Profile,
    /// Whether it may be a program's own.
    pub(crate) machine_clients: bool,
    /// What its times are like.
    pub(crate) limits: Limits,
}

/// A token that is well-formed. Nothing that it says may be believed.
pub(crate) struct Unverified<'a> {
    message: &'a str,
    signature: Vec<u8>,
    header: Header,
    claims: Claims,
}

/// What is read of a header.
struct Header {
    algorithm: Algorithm,
    typ: TokenType,
    kid: Option<String>,
}

/// A token that says what is expected. Whether it is true, only its signature tells.
pub(crate) struct Checked<'a>(Unverified<'a>);

impl fmt::Debug for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unverified").finish_non_exhaustive()
    }
}

impl fmt::Debug for Checked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checked").finish_non_exhaustive()
    }
}

impl<'a> Unverified<'a> {
    /// Reads a JWS in compact form (RFC 7515 §7.1).
    pub(crate) fn read(token: &'a str) -> Result<Self, Reason> {
        if token.len() > MAX_BYTES {
            return Err(Reason::TooLong);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(Reason::NotCompact)?;
        let (header, payload) = message.split_once('.').ok_or(Reason::NotCompact)?;
        // A fourth part would leave a dot here, which is not base64url.
        let [header, payload, signature] = [header, payload, signature].map(decode);
        let (header, payload, signature) = (header?, payload?, signature?);
        let header = strict_json::object(&header).ok_or(Reason::MalformedHeader)?;
        let header = Header::read(&header)?;
        let claims = Claims::read(strict_json::object(&payload).ok_or(Reason::MalformedClaims)?)?;
        Ok(Self { message, signature, header, claims })
    }

    /// The `iss` that it claims.
    pub(crate) fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// The `aud` that it claims.
    pub(crate) fn audiences(&self) -> &[String] {
        &self.claims.audiences
    }

    /// Compares what the token says with what is expected, before any key is looked for.
    pub(crate) fn checked(
        self,
        expected: &Expectations<'_>,
        now: Timestamp,
    ) -> Result<Checked<'a>, Reason> {
        if !expected.algorithms.contains(&self.header.algorithm) {
            return Err(Reason::Algorithm);
        }
        if self.claims.issuer != expected.issuer {
            return Err(Reason::UnknownIssuer);
        }
        if !self.claims.audiences.iter().any(|audience| audience == expected.audience) {
            return Err(Reason::WrongAudience);
        }
        self.claims.check_profile(expected.profile, self.header.typ)?;
        self.claims.validity.check(now, expected.limits)?;
        if !expected.machine_clients && self.claims.are_of_machine() {
            return Err(Reason::MachineClient);
        }
        Ok(Checked(self))
    }
}

impl Checked<'_> {
    /// The key that the token asks for.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        Wanted { kid: self.0.header.kid.as_deref(), algorithm: self.0.header.algorithm }
    }

    /// The claims, if the signature is this key's.
    pub(crate) fn verified_by(self, key: &VerifyingKey) -> Result<Claims, Reason> {
        if !key.answers(&self.wanted()) {
            return Err(Reason::KeyMismatch);
        }
        let Unverified { message, signature, header, claims } = self.0;
        if key.verifies(header.algorithm, message.as_bytes(), &signature) {
            Ok(claims)
        } else {
            Err(Reason::Signature)
        }
    }
}

/// RFC 7515 §2: base64url without padding, and without stray bits at the end.
fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::NotCompact)
}

impl Header {
    /// Reads what matters of a header.
    ///
    /// `jku`, `x5u`, `jwk` and `x5c` bring a key, or say where one is: they are not looked at (RFC
    /// 8725 §3.10). Keys come from the issuer alone.
    fn read(header: &Map<String, Value>) -> Result<Self, Reason> {
        // RFC 7515 §4.1.11: what is critical must be understood, and nothing here is.
        if header.contains_key("crit") {
            return Err(Reason::CriticalExtension);
        }
        let algorithm = match header.get("alg") {
            Some(Value::String(name)) => Algorithm::named(name).ok_or(Reason::Algorithm)?,
            Some(_) | None => return Err(Reason::MalformedHeader),
        };
        let typ = match header.get("typ") {
            None => TokenType::Jwt,
            Some(Value::String(typ)) => TokenType::named(typ).ok_or(Reason::Type)?,
            Some(_) => return Err(Reason::MalformedHeader),
        };
        let kid = match header.get("kid") {
            None => None,
            Some(Value::String(kid)) if is_plain(kid) => Some(kid.clone()),
            Some(_) => return Err(Reason::MalformedHeader),
        };
        Ok(Self { algorithm, typ, kid })
    }
}

/// Whether a `kid` is one that an issuer may have given: short, and of printable ASCII.
fn is_plain(kid: &str) -> bool {
    kid.len() <= MAX_KID_BYTES && kid.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
