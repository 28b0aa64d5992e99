//! Verifies bearer tokens of the configured issuers and turns them into [`domain::Bearer`] values.
//!
//! [`TokenVerifier`] is the entry point. A token passes these modules in this order:
//!
//! | module | step |
//! |---|---|
//! | `token_cache` | returns the bearer of a token that was verified before and is still valid |
//! | `jws`, `json` | parse the JWS and its header, without believing anything in it |
//! | `issuers`, `issuer_template` | select the issuer by `iss` and `aud`, before any fetch |
//! | `claims`, `permission_claims`, `profile` | check times, token type and profile |
//! | `key_cache`, `keys` | find the issuer's key, fetched if necessary |
//! | `jws` | checks the signature; only then are the claims available |
//!
//! Also here: [`strict_json`], the JSON parser that refuses duplicate members, and `testing`
//! (behind the feature of that name), signing keys and tokens for tests.
//!
//! Never here: HTTP (a token comes in as text, and an error is a [`TokenError`]), the fetching of
//! keys ([`ports::KeySource`]), and decisions about what a bearer may do ([`domain::policy`]).
//!
//! To add an algorithm, add a variant of [`Algorithm`] and the key type that it is compatible with.
//! To add a source of tenants, add a variant of [`TenantSource`] and its case in `claims`.
//!
//! # Example
//!
//! An issuer with a template trusts one issuer per tenant, and no other:
//!
//! ```
//! use token_verifier::{Algorithm, Reason, TenantSource, TrustedIssuer, TrustedIssuers};
//!
//! let issuer = TrustedIssuer::new(
//!     "https://login.{tenant}.example.com/",
//!     None, // the key set is found by discovery
//!     "user-management",
//!     &[Algorithm::Rs256],
//!     TenantSource::Issuer,
//! )?;
//! let issuers = TrustedIssuers::new(vec![issuer]);
//! let audiences = ["user-management".to_owned()];
//!
//! let selected = issuers.select("https://login.acme.example.com/", &audiences).unwrap();
//! assert_eq!(selected.tenant.unwrap().as_str(), "acme");
//!
//! let lookalike = issuers.select("https://login.acme.example.com.evil.test/", &audiences);
//! assert_eq!(lookalike.err(), Some(Reason::UnknownIssuer));
//! # Ok::<(), token_verifier::InvalidIssuer>(())
//! ```

mod algorithm;
mod claims;
mod error;
mod issuer_template;
mod issuers;
mod json;
mod jws;
mod key_cache;
mod keys;
mod permission_claims;
mod profile;
pub mod strict_json;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod token_cache;
mod verifier;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use error::{Reason, TokenError};
pub use issuer_template::TENANT_PLACEHOLDER;
pub use issuers::{
    AmbiguousIssuers, InvalidIssuer, SelectedIssuer, TenantSource, TrustedIssuer, TrustedIssuers,
};
pub use key_cache::KeyCacheSettings;
pub use profile::{Profile, UnknownProfile};
pub use verifier::{TokenCacheCounters, TokenVerifier, VerifierSettings};
