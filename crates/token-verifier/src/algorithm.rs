//! The signature algorithms that an issuer may be configured with.

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters,
    RsaPublicKeyComponents, VerificationAlgorithm,
};
use ports::{Curve, KeyMaterial};
use thiserror::Error;

/// An asymmetric signature algorithm (RFC 7518 §3.1, RFC 8037 §3.1).
///
/// `none` and the HMAC algorithms have no variant, so that no configuration and no token can
/// select them (RFC 8725 §2.1, §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512,
    /// RSASSA-PSS with SHA-256.
    Ps256,
    /// RSASSA-PSS with SHA-384.
    Ps384,
    /// RSASSA-PSS with SHA-512.
    Ps512,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// ECDSA on P-384 with SHA-384.
    Es384,
    /// Ed25519.
    EdDsa,
}

/// The error for a name that is not one of [`Algorithm::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "\"{0}\" is not among RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA and Ed25519"
)]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// Every algorithm.
    pub const ALL: [Self; 9] = [
        Self::Rs256,
        Self::Rs384,
        Self::Rs512,
        Self::Ps256,
        Self::Ps384,
        Self::Ps512,
        Self::Es256,
        Self::Es384,
        Self::EdDsa,
    ];

    /// Returns the registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
            Self::Ps256 => "PS256",
            Self::Ps384 => "PS384",
            Self::Ps512 => "PS512",
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::EdDsa => "EdDSA",
        }
    }

    /// Returns the algorithm of this name: in the `alg` of a token's header or of a key, or in the
    /// settings. All of them are compared here.
    ///
    /// Names are case-sensitive (RFC 7515 §4.1.1). `Ed25519` is the fully-specified name of `EdDSA`
    /// with that curve (RFC 9864 §2.2), the only one supported.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            "Ed25519" => Some(Self::EdDsa),
            _ => Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name),
        }
    }

    /// Returns whether a key of this type is used with the algorithm. Otherwise one type of key
    /// could be passed off as another (RFC 8725 §2.1).
    pub(crate) fn is_compatible_with(self, material: &KeyMaterial) -> bool {
        match self {
            Self::Rs256 | Self::Rs384 | Self::Rs512 | Self::Ps256 | Self::Ps384 | Self::Ps512 => {
                matches!(material, KeyMaterial::Rsa { .. })
            }
            Self::Es256 => matches!(material, KeyMaterial::Ec { curve: Curve::P256, .. }),
            Self::Es384 => matches!(material, KeyMaterial::Ec { curve: Curve::P384, .. }),
            Self::EdDsa => matches!(material, KeyMaterial::Ed25519 { .. }),
        }
    }
}

impl Algorithm {
    /// Parses a key for this algorithm. Returns `None` if the key is of another type or not valid.
    pub(crate) fn parse_key(self, material: &KeyMaterial) -> Option<ParsedPublicKey> {
        let rsa = |parameters: &'static RsaParameters| match material {
            KeyMaterial::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.to_parsed_public_key(parameters).ok()
            }
            KeyMaterial::Ec { .. } | KeyMaterial::Ed25519 { .. } => None,
        };
        let ec = |expected: Curve, algorithm: &'static dyn VerificationAlgorithm| match material {
            KeyMaterial::Ec { curve, x, y } if *curve == expected => {
                // SEC 1 §2.3.3: an uncompressed point starts with 4.
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                ParsedPublicKey::new(algorithm, point).ok()
            }
            KeyMaterial::Ec { .. } | KeyMaterial::Rsa { .. } | KeyMaterial::Ed25519 { .. } => None,
        };
        match self {
            Self::Rs256 => rsa(&RSA_PKCS1_2048_8192_SHA256),
            Self::Rs384 => rsa(&RSA_PKCS1_2048_8192_SHA384),
            Self::Rs512 => rsa(&RSA_PKCS1_2048_8192_SHA512),
            Self::Ps256 => rsa(&RSA_PSS_2048_8192_SHA256),
            Self::Ps384 => rsa(&RSA_PSS_2048_8192_SHA384),
            Self::Ps512 => rsa(&RSA_PSS_2048_8192_SHA512),
            Self::Es256 => ec(Curve::P256, &ECDSA_P256_SHA256_FIXED),
            Self::Es384 => ec(Curve::P384, &ECDSA_P384_SHA384_FIXED),
            Self::EdDsa => match material {
                KeyMaterial::Ed25519 { x } => ParsedPublicKey::new(&ED25519, x).ok(),
                KeyMaterial::Rsa { .. } | KeyMaterial::Ec { .. } => None,
            },
        }
    }
}

#[cfg(any(test, feature = "testing"))]
impl From<Algorithm> for jsonwebtoken::Algorithm {
    fn from(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Rs256 => Self::RS256,
            Algorithm::Rs384 => Self::RS384,
            Algorithm::Rs512 => Self::RS512,
            Algorithm::Ps256 => Self::PS256,
            Algorithm::Ps384 => Self::PS384,
            Algorithm::Ps512 => Self::PS512,
            Algorithm::Es256 => Self::ES256,
            Algorithm::Es384 => Self::ES384,
            Algorithm::EdDsa => Self::EdDSA,
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_name(name).ok_or_else(|| UnknownAlgorithm(name.to_owned()))
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn algorithm_names_round_trip() {
        for algorithm in Algorithm::ALL {
            assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
        }
    }

    #[test]
    fn fully_specified_name_means_the_same_algorithm() {
        assert_eq!("Ed25519".parse(), Ok(Algorithm::EdDsa));
        for other in ["ed25519", "ED25519", "Ed448", "ESP256", "Ed25519 "] {
            assert!(other.parse::<Algorithm>().is_err(), "{other}");
        }
    }

    #[test]
    fn unknown_algorithm_name_is_refused() {
        for name in ["none", "None", "HS256", "HS512", "rs256", "RS256 ", "ES256K", "ES512", ""] {
            let error = name.parse::<Algorithm>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("\"{name}\"")));
        }
    }

    #[test]
    fn algorithm_accepts_exactly_one_key_type() {
        let ec = |curve| KeyMaterial::Ec { curve, x: vec![], y: vec![] };
        let key_types = [
            KeyMaterial::Rsa { n: vec![], e: vec![] },
            ec(Curve::P256),
            ec(Curve::P384),
            KeyMaterial::Ed25519 { x: vec![] },
        ];
        for algorithm in Algorithm::ALL {
            assert_eq!(
                key_types.iter().filter(|key_type| algorithm.is_compatible_with(key_type)).count(),
                1
            );
        }
    }
}
