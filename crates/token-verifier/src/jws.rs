//! The parsing and verification of a JWS. Nothing here waits, fetches or caches.
//!
//! The steps are types, so that none can be left out: [`DecodedToken::decode`] decodes the token,
//! [`DecodedToken::parse`] parses what it contains,
//! [`UnverifiedToken::check`] compares its content with the expectations, and only
//! [`CheckedToken::verify_signature`] returns the claims.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;

use crate::algorithm::Algorithm;
use crate::claims::{Claims, TimeLimits};
use crate::error::Reason;
use crate::json::{Json, Members};
use crate::keys::{KeyQuery, VerifyingKey};
use crate::permission_claims::PermissionClaims;
use crate::profile::{Profile, TokenType};

const MAX_KID_BYTES: usize = 256;

/// The expectations that a token must meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expectations<'a> {
    /// The value of `iss`.
    pub(crate) issuer: &'a str,
    /// A value that `aud` must contain.
    pub(crate) audience: &'a str,
    /// The allowed values of `alg`.
    pub(crate) algorithms: &'a [Algorithm],
    /// The profile of the token.
    pub(crate) profile: Profile,
    /// Whether a machine client may be the subject.
    pub(crate) machine_clients: bool,
    /// The claims that contain the permissions.
    pub(crate) permission_claims: &'a PermissionClaims,
    /// The limits of the times.
    pub(crate) limits: TimeLimits,
}

/// The parts of a token, decoded.
pub(crate) struct DecodedToken<'a> {
    message: &'a str,
    header: Vec<u8>,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

/// A well-formed token. Nothing in it may be believed.
pub(crate) struct UnverifiedToken<'a> {
    message: &'a str,
    signature: &'a [u8],
    header: Header<'a>,
    claims: Claims<'a>,
}

/// The parts of the header that are used.
struct Header<'a> {
    algorithm: Algorithm,
    typ: TokenType,
    kid: Option<Cow<'a, str>>,
}

/// A token whose content meets the expectations. Its signature is not verified yet.
pub(crate) struct CheckedToken<'a>(UnverifiedToken<'a>);

impl fmt::Debug for UnverifiedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnverifiedToken").finish_non_exhaustive()
    }
}

impl fmt::Debug for CheckedToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedToken").finish_non_exhaustive()
    }
}

impl<'a> DecodedToken<'a> {
    /// Decodes a JWS in compact form (RFC 7515 §7.1).
    pub(crate) fn decode(token: &'a str) -> Result<Self, Reason> {
        let (message, signature) = token.rsplit_once('.').ok_or(Reason::NotCompact)?;
        let (header, payload) = message.split_once('.').ok_or(Reason::NotCompact)?;
        // With a fourth part, one of these contains a dot, which is not base64url.
        let (header, payload) = (decode(header)?, decode(payload)?);
        Ok(Self { message, header, payload, signature: decode(signature)? })
    }

    /// Parses the header and the claims.
    pub(crate) fn parse(&self) -> Result<UnverifiedToken<'_>, Reason> {
        let header = Members::parse(&self.header).ok_or(Reason::MalformedHeader)?;
        let header = Header::parse(header)?;
        let claims = Members::parse(&self.payload).ok_or(Reason::MalformedClaims)?;
        let claims = Claims::parse(claims)?;
        Ok(UnverifiedToken { message: self.message, signature: &self.signature, header, claims })
    }
}

impl<'a> UnverifiedToken<'a> {
    /// Returns the claimed `iss`.
    pub(crate) fn issuer(&self) -> &str {
        &self.claims.issuer
    }

    /// Returns the claimed `aud`.
    pub(crate) fn audiences(&self) -> &[Cow<'a, str>] {
        &self.claims.audiences
    }

    /// Compares the content with the expectations, before any key is looked up.
    pub(crate) fn check(
        mut self,
        expected: &Expectations<'_>,
        now: Timestamp,
    ) -> Result<CheckedToken<'a>, Reason> {
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
        if !expected.machine_clients && self.claims.is_machine_client() {
            return Err(Reason::MachineClient);
        }
        self.claims.read_permissions(expected.permission_claims)?;
        Ok(CheckedToken(self))
    }
}

impl<'a> CheckedToken<'a> {
    /// Returns the query for the key of the token.
    pub(crate) fn key_query(&self) -> KeyQuery<'_> {
        KeyQuery { kid: self.0.header.kid.as_deref(), algorithm: self.0.header.algorithm }
    }

    /// Returns the claims and the key that made the signature, if one of these did.
    pub(crate) fn verify_signature(
        self,
        keys: &[Arc<VerifyingKey>],
    ) -> Result<(Claims<'a>, Arc<VerifyingKey>), Reason> {
        let query = self.key_query();
        let mut keys = keys.iter().filter(|key| key.matches(&query)).peekable();
        if keys.peek().is_none() {
            return Err(Reason::KeyMismatch);
        }
        let UnverifiedToken { message, signature, header, .. } = &self.0;
        let verifies =
            |key: &VerifyingKey| key.verifies(header.algorithm, message.as_bytes(), signature);
        let key = keys.find(|key| verifies(key)).map(Arc::clone).ok_or(Reason::Signature)?;
        Ok((self.0.claims, key))
    }
}

/// Decodes base64url without padding (RFC 7515 §2). Unused bits at the end must be zero.
fn decode(part: &str) -> Result<Vec<u8>, Reason> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Reason::NotCompact)
}

impl<'a> Header<'a> {
    /// Parses the parts of a header that are used.
    ///
    /// `jku`, `x5u`, `jwk` and `x5c`, which contain or locate a key, are ignored (RFC 8725 §3.10):
    /// keys come only from the issuer.
    fn parse(mut header: Members<'a>) -> Result<Self, Reason> {
        // RFC 7515 §4.1.11: a critical extension must be understood, and none is supported.
        if header.contains("crit") {
            return Err(Reason::CriticalExtension);
        }
        let algorithm = match header.get("alg") {
            Some(Json::Text(name)) => Algorithm::from_name(name).ok_or(Reason::Algorithm)?,
            Some(_) | None => return Err(Reason::MalformedHeader),
        };
        let typ = match header.get("typ") {
            None => TokenType::Jwt,
            Some(Json::Text(typ)) => TokenType::from_name(typ).ok_or(Reason::Type)?,
            Some(_) => return Err(Reason::MalformedHeader),
        };
        let kid = match header.remove("kid") {
            None => None,
            Some(Json::Text(kid)) if is_valid_kid(&kid) => Some(kid),
            Some(_) => return Err(Reason::MalformedHeader),
        };
        Ok(Self { algorithm, typ, kid })
    }
}

/// Returns whether a `kid` is short printable ASCII.
fn is_valid_kid(kid: &str) -> bool {
    kid.len() <= MAX_KID_BYTES && kid.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
