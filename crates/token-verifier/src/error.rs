//! Errors of token verification.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// An error of token verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TokenError {
    /// The token is invalid: 401 with `invalid_token` (RFC 6750 §3.1).
    #[error("the token is invalid: {0}")]
    Invalid(Reason),
    /// The token cannot be checked now, because the issuer's keys could not be fetched.
    #[error("the issuer's keys are not available")]
    KeysUnavailable {
        /// When the next attempt can succeed.
        retry_after: Duration,
    },
}

/// The reason why a token is invalid. The text is for clients, and contains nothing of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The token is longer than the limit.
    TooLong,
    /// The token is not three parts of base64url (RFC 7515 §7.1).
    NotCompact,
    /// The header violates RFC 7515 §4.1.
    MalformedHeader,
    /// The header has `crit` (RFC 7515 §4.1.11), and no extension is supported.
    CriticalExtension,
    /// `typ` or a claim shows that this is not an access token (RFC 8725 §3.11).
    Type,
    /// The issuer is not configured with the header's `alg` (RFC 8725 §3.1).
    Algorithm,
    /// A claim has the wrong type, or is duplicated.
    MalformedClaims,
    /// `iss`, `aud`, `exp` or a claim that the issuer's profile requires is missing.
    MissingClaim,
    /// The issuer is not configured.
    UnknownIssuer,
    /// `aud` does not contain the issuer's configured audience (RFC 7519 §4.1.3).
    WrongAudience,
    /// `exp` is in the past.
    Expired,
    /// `nbf` is in the future.
    NotYetValid,
    /// The lifetime exceeds the limit.
    LifetimeTooLong,
    /// The token was issued to a machine client, and the issuer does not allow those.
    MachineClient,
    /// The issuer has no key with the token's `kid`.
    UnknownKey,
    /// The token has no `kid`, and the issuer has several suitable keys.
    AmbiguousKey,
    /// The key with the token's `kid` is not for the token's algorithm.
    KeyMismatch,
    /// The signature does not match.
    Signature,
}

impl Reason {
    /// All reasons.
    pub const ALL: [Self; 18] = [
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
        Self::LifetimeTooLong,
        Self::MachineClient,
        Self::UnknownKey,
        Self::AmbiguousKey,
        Self::KeyMismatch,
        Self::Signature,
    ];

    /// Returns the label of this reason in metrics.
    pub fn label(self) -> &'static str {
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
            Self::LifetimeTooLong => "lives_too_long",
            Self::MachineClient => "machine_client",
            Self::UnknownKey => "unknown_key",
            Self::AmbiguousKey => "ambiguous_key",
            Self::KeyMismatch => "key_mismatch",
            Self::Signature => "signature",
        }
    }

    /// Returns a short text for clients, valid as `error_description` (RFC 6750 §3).
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
            Self::LifetimeTooLong => "the lifetime of the token is too long",
            Self::MachineClient => "the token belongs to a machine client",
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
    fn reasons_are_valid_error_descriptions() {
        for reason in Reason::ALL {
            let is_allowed =
                |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
            assert!(reason.as_str().bytes().all(is_allowed), "{reason:?}");
        }
    }
}
