//! Development mode: its own token issuer and demo tenants.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use domain::{Permission, SubjectKind, TenantId, Timestamp};
use jsonwebtoken::{Algorithm as JwtAlgorithm, EncodingKey, Header};
use ports::{KeyMaterial, PublicKey};
use serde::Serialize;
use thiserror::Error;
use token_verifier::{Algorithm, InvalidIssuer, TenantSource, TrustedIssuer};

use crate::settings;

/// The issuers of development tokens, one for each kind of caller. Names under `.invalid` never
/// resolve, so their keys are never fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DevIssuer {
    /// Of callers of the tenants in the token.
    Tenants,
    /// Of users of the directory, whose own roles count.
    Members,
    /// Of operators, who cover every tenant.
    Operators,
}

impl DevIssuer {
    /// Every issuer.
    pub(crate) const ALL: [Self; 3] = [Self::Tenants, Self::Members, Self::Operators];

    /// Returns the `iss` claim.
    pub(crate) fn url(self) -> &'static str {
        match self {
            Self::Tenants => "https://issuer.usher.invalid/",
            Self::Members => "https://members.usher.invalid/",
            Self::Operators => "https://operators.usher.invalid/",
        }
    }

    fn tenant_source(self) -> TenantSource {
        match self {
            Self::Tenants => TenantSource::Claim(TENANTS_CLAIM.to_owned()),
            Self::Members => TenantSource::Membership,
            Self::Operators => TenantSource::All,
        }
    }
}

/// The audience of development tokens.
pub(crate) const AUDIENCE: &str = "usher-development";
/// The claim of development tokens that lists the tenants.
const TENANTS_CLAIM: &str = "tenants";
const KEY_ID: &str = "development";
/// The users of the demo tenants.
pub(crate) const SEED: &str = include_str!("../../config/demo.jsonl");

/// Errors of the development key.
#[derive(Debug, Error)]
pub(crate) enum DevKeyError {
    /// The key file cannot be read or written.
    #[error("the development key cannot be read or written")]
    File(#[from] io::Error),
    /// The key cannot be generated, or the file contains no key.
    #[error("the development key cannot be used")]
    Key,
    /// A token cannot be signed.
    #[error("the token cannot be signed")]
    Sign(#[source] jsonwebtoken::errors::Error),
}

/// The development issuer's key pair.
///
/// The key is generated on the machine that uses it. With a shipped key, every development server
/// that other machines can reach would accept tokens from anyone.
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
    /// Generates a key that is not saved.
    pub(crate) fn generate() -> Result<Self, DevKeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| DevKeyError::Key)?;
        Self::from_pkcs8(pair.to_pkcs8v1().map_err(|_| DevKeyError::Key)?.as_ref())
    }

    /// Reads the key file, or creates it with permissions for its owner only.
    pub(crate) fn load_or_create(file: &Path) -> Result<Self, DevKeyError> {
        match fs::read(file) {
            Ok(pkcs8) => return Self::from_pkcs8(&pkcs8),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let key = Self::generate()?;
        // A hard link publishes the complete file, so that no process reads a partial key.
        let temporary = file.with_extension(std::process::id().to_string());
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(&temporary)?.write_all(&key.pkcs8)?;
        let linked = fs::hard_link(&temporary, file);
        fs::remove_file(&temporary)?;
        match linked {
            Ok(()) => Ok(key),
            // Another process created the file first, and its key counts.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::from_pkcs8(&fs::read(file)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, DevKeyError> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).map_err(|_| DevKeyError::Key)?;
        Ok(Self { pkcs8: pkcs8.to_owned(), public: pair.public_key().as_ref().to_owned() })
    }

    /// Returns the public key.
    pub(crate) fn public(&self) -> PublicKey {
        PublicKey {
            kid: Some(KEY_ID.to_owned()),
            algorithm: None,
            material: KeyMaterial::Ed25519 { x: self.public.clone() },
        }
    }

    /// Signs a token of the development issuer.
    pub(crate) fn sign(&self, grant: &Grant, now: Timestamp) -> Result<String, DevKeyError> {
        let names = grant.permissions.iter().map(String::as_str);
        let claims = Claims {
            iss: grant.issuer.url(),
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

/// The contents of a development token.
#[derive(Debug)]
pub(crate) struct Grant {
    /// The issuer.
    pub(crate) issuer: DevIssuer,
    /// The `sub` claim.
    pub(crate) subject: String,
    /// The tenants that the token covers.
    pub(crate) tenants: Vec<TenantId>,
    /// The scopes.
    pub(crate) scopes: Vec<String>,
    /// The permissions.
    pub(crate) permissions: Vec<String>,
    /// The lifetime in seconds.
    pub(crate) ttl_seconds: u64,
}

impl Grant {
    /// Returns a grant of all scopes and permissions in these tenants.
    pub(crate) fn all(tenants: Vec<TenantId>, ttl_seconds: u64) -> Self {
        use Permission::{
            ModifyUsersAndGroups, TenantAccessRead, TenantAccessWrite, ViewUsersAndGroups,
        };
        let names = |permissions: [Permission; 2]| permissions.map(|p| p.as_str().to_owned());
        Self {
            issuer: DevIssuer::Tenants,
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

/// Returns the development issuers for the list of trusted issuers.
pub(crate) fn issuers() -> Result<Vec<TrustedIssuer>, InvalidIssuer> {
    let trusted = |issuer: DevIssuer| {
        let tenants = issuer.tenant_source();
        let trusted =
            TrustedIssuer::new(issuer.url(), None, AUDIENCE, &[Algorithm::EdDsa], tenants)?;
        match issuer {
            // All users of the demo tenants are within reach of the development key anyway.
            DevIssuer::Tenants => trusted.with_subjects(SubjectKind::Accounts),
            DevIssuer::Members | DevIssuer::Operators => Ok(trusted),
        }
    };
    DevIssuer::ALL.into_iter().map(trusted).collect()
}

/// Returns the file of the development key, from which `usher token` signs too.
pub(crate) fn key_file() -> Option<PathBuf> {
    settings::state_folder().map(|folder| folder.join("usher/development-key.pk8"))
}

/// Returns the saved key. Where no file can be written, as in a container, generates one that is
/// not saved.
pub(crate) fn key() -> Result<DevKey, DevKeyError> {
    match key_file().map(|file| DevKey::load_or_create(&file)) {
        Some(Ok(key)) => Ok(key),
        Some(Err(DevKeyError::File(error))) => {
            tracing::warn!(%error, "development key not saved; usher token will not work");
            DevKey::generate()
        }
        None => DevKey::generate(),
        Some(Err(error)) => Err(error),
    }
}
