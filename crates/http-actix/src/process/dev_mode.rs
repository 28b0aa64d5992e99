//! Development mode: an issuer of its own, demo tenants, and a call to paste.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::{Permission, TenantId, Timestamp};
use jsonwebtoken::{Algorithm as JwtAlgorithm, EncodingKey, Header};
use ports::{KeyMaterial, PublicKey};
use serde::Serialize;
use thiserror::Error;

use token_verifier::{Algorithm, InvalidIssuer, TenantSource, TrustedIssuer};

/// The issuer of development tokens. No such host exists, so that its keys can be had only here.
pub(crate) const ISSUER: &str = "https://issuer.usher.invalid/";
/// The audience of development tokens.
pub(crate) const AUDIENCE: &str = "usher-development";
/// The claim of development tokens that names their tenants.
const TENANTS: &str = "tenants";
const KEY_ID: &str = "development";
/// The people of the demo tenants.
pub(crate) const SEED: &str = include_str!("../../config/demo.jsonl");

/// Why there is no development key.
#[derive(Debug, Error)]
pub(crate) enum DevKeyError {
    /// It cannot be kept.
    #[error("the development key cannot be read or written")]
    File(#[from] io::Error),
    /// It cannot be made, or is no key.
    #[error("the development key cannot be used")]
    Key,
    /// It cannot sign.
    #[error("the token cannot be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// The development issuer's key pair.
///
/// It is made on the machine where it is used, never shipped: with a key that everybody has,
/// a development server within reach of others would be open to all.
pub(crate) struct DevKey {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl std::fmt::Debug for DevKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DevKey(…)")
    }
}

impl DevKey {
    /// A key that lives no longer than the process.
    pub(crate) fn fleeting() -> Result<Self, DevKeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| DevKeyError::Key)?;
        Self::read(pair.to_pkcs8v1().map_err(|_| DevKeyError::Key)?.as_ref())
    }

    /// The key of the file, which is made if there is none, for its owner alone to read.
    pub(crate) fn kept_in(file: &Path) -> Result<Self, DevKeyError> {
        match fs::read(file) {
            Ok(pkcs8) => return Self::read(&pkcs8),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let key = Self::fleeting()?;
        // Written aside and then linked, so that nobody ever reads half a key.
        let aside = file.with_extension(std::process::id().to_string());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&aside)?.write_all(&key.pkcs8)?;
        let linked = fs::hard_link(&aside, file);
        fs::remove_file(&aside)?;
        match linked {
            Ok(()) => Ok(key),
            // Another process was faster; its key is the one.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::read(&fs::read(file)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn read(pkcs8: &[u8]) -> Result<Self, DevKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| DevKeyError::Key)?;
        Ok(Self { pkcs8: pkcs8.to_owned(), public: pair.public_key().as_ref().to_owned() })
    }

    /// What verifiers need of it.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey {
            kid: Some(KEY_ID.to_owned()),
            algorithm: None,
            material: KeyMaterial::Ed25519 { x: self.public.clone() },
        }
    }

    /// A signed token of the development issuer.
    pub(crate) fn mint(&self, grant: &Grant, now: Timestamp) -> Result<String, DevKeyError> {
        let names = grant.permissions.iter().map(String::as_str);
        let claims = Claims {
            iss: ISSUER,
            aud: AUDIENCE,
            sub: &grant.subject,
            iat: now.as_unix_seconds(),
            exp: now.as_unix_seconds().saturating_add_unsigned(grant.ttl_seconds),
            scope: grant.scopes.join(" "),
            permissions: names.collect(),
            tenants: grant.tenants.iter().map(TenantId::as_str).collect(),
        };
        let header = Header {
            kid: Some(KEY_ID.to_owned()),
            typ: Some("at+jwt".to_owned()),
            ..Header::new(JwtAlgorithm::EdDSA)
        };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(&self.pkcs8))
            .map_err(DevKeyError::Sign)
    }
}

/// What a development token is to allow.
#[derive(Debug)]
pub(crate) struct Grant {
    /// Whose token it is.
    pub(crate) subject: String,
    /// The tenants that it covers.
    pub(crate) tenants: Vec<TenantId>,
    /// Its `scope`.
    pub(crate) scopes: Vec<String>,
    /// Its `permissions`.
    pub(crate) permissions: Vec<String>,
    /// How long it is good for.
    pub(crate) ttl_seconds: u64,
}

impl Grant {
    /// Everything, in this tenant.
    pub(crate) fn everything(tenants: Vec<TenantId>, ttl_seconds: u64) -> Self {
        use Permission::{
            ModifyUsersAndGroups, TenantAccessRead, TenantAccessWrite, ViewUsersAndGroups,
        };
        let names = |permissions: [Permission; 2]| permissions.map(|p| p.as_str().to_owned());
        Self {
            subject: "auth0|developer".to_owned(),
            tenants,
            scopes: names([TenantAccessRead, TenantAccessWrite]).into(),
            permissions: names([ViewUsersAndGroups, ModifyUsersAndGroups]).into(),
            ttl_seconds,
        }
    }
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    scope: String,
    permissions: Vec<&'a str>,
    tenants: Vec<&'a str>,
}

/// The development issuer, to be trusted.
pub(crate) fn issuer() -> Result<TrustedIssuer, InvalidIssuer> {
    let tenants = TenantSource::Claim(TENANTS.to_owned());
    TrustedIssuer::new(ISSUER, None, AUDIENCE, &[Algorithm::EdDsa], tenants)
}
