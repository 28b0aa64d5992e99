//! Why a token opens nothing.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The token is no good: 401 with `invalid_token` (RFC 6750 §3.1).
    #[error("the token is not valid: {0}")]
    Invalid(Reason),
    /// Whether it is any good cannot be told for now: the issuer's keys are not to be had.
    #[error("the issuer's keys are not available")]
    KeysUnavailable {
        /// When it is worth asking again.
        retry_after: Duration,
    },
}

/// What is wrong with a token. Its text is fit for clients, and holds nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// Longer than any token should be.
    TooLong,
    /// Not three parts of base64url (RFC 7515 §7.1).
    NotCompact,
    /// The header is not what RFC 7515 §4.1 asks for.
    MalformedHeader,
    /// The header has `crit` (RFC 7515 §4.1.11); Usher knows no extension.
    CriticalExtension,
    /// The header's `typ`, or a claim, is that of something else (RFC 8725 §3.11).
    Type,
    /// The header's `alg` is not among those of the issuer (RFC 8725 §3.1).
    Algorithm,
    /// A claim is not of its type, or there twice.
    MalformedClaims,
    /// `iss`, `aud` or `exp` is missing, or one that the issuer's profile asks for.
    MissingClaim,
    /// The issuer is none of those that are trusted.
    UnknownIssuer,
    /// The token is meant for somebody else (RFC 7519 §4.1.3).
    WrongAudience,
    /// `exp` has passed.
    Expired,
    /// `nbf` has not come.
    NotYetValid,
    /// `iat` is in the future.
    IssuedInFuture,
    /// It is good for longer than any token should be.
    LivesTooLong,
    /// It is a program's own, and the issuer's programs are not let in.
    MachineClient,
    /// The issuer has no such key.
    UnknownKey,
    /// The token names no key, and the issuer has several.
    AmbiguousKey,
    /// The key that the token names is not for the token's algorithm.
    KeyMismatch,
    /// The signature is not the key's.
    Signature,
}

impl Reason {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::TooLong,
        Self::NotCompact,
        Self::MalformedHeader,
        Self::CriticalExtension,
        Self::Type,
        Self::Algorithm,
        Self::MalformedClaims,
        Self::MissingClaim,
        Self::UnknownIssuer,
        Self::WrongAudience,
        Self::Expired,
        Self::NotYetValid,
        Self::IssuedInFuture,
        Self::LivesTooLong,
        Self::MachineClient,
        Self::UnknownKey,
        Self::AmbiguousKey,
        Self::KeyMismatch,
        Self::Signature,
    ];

    /// A word for it, in metrics.
    pub fn word(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotCompact => "not_compact",
            Self::MalformedHeader => "malformed_header",
            Self::CriticalExtension => "critical_extension",
            Self::Type => "type",
            Self::Algorithm => "algorithm",
            Self::MalformedClaims => "malformed_claims",
            Self::MissingClaim => "missing_claim",
            Self::UnknownIssuer => "unknown_issuer",
            Self::WrongAudience => "wrong_audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::IssuedInFuture => "issued_in_future",
            Self::LivesTooLong => "lives_too_long",
            Self::MachineClient => "machine_client",
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::KeyMismatch => "key_mismatch",
            Self::Signature => "signature",
        }
    }

    /// A short text for clients, fit for `error_description` (RFC 6750 §3).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "the token is too long",
            Self::NotCompact => "the token is not a signed JWT",
            Self::MalformedHeader => "the header of the token is malformed",
            Self::CriticalExtension => "the token needs an extension that is not supported",
            Self::Type => "the token is not an access token",
            Self::Algorithm => "the algorithm of the token is not allowed",
            Self::MalformedClaims => "the claims of the token are malformed",
            Self::MissingClaim => "the token lacks a required claim",
            Self::UnknownIssuer => "the issuer of the token is not trusted",
            Self::WrongAudience => "the token is for another audience",
            Self::Expired => "the token has expired",
            Self::NotYetValid => "the token is not valid yet",
            Self::IssuedInFuture => "the token is issued in the future",
            Self::LivesTooLong => "the token is good for too long",
            Self::MachineClient => "the token is not a person's",
            Self::UnknownKey => "the key of the token is unknown",
            Self::AmbiguousKey => "the token does not say which key signed it",
            Self::KeyMismatch => "the key of the token does not fit its algorithm",
            Self::Signature => "the signature of the token is not valid",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6750 §3: %x20-21 / %x23-5B / %x5D-7E.
    #[test]
    fn each_reason_is_fit_for_an_error_description() {
        for reason in Reason::ALL {
            let fit = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
            assert!(reason.as_str().bytes().all(fit), "{reason:?}");
        }
    }
}
