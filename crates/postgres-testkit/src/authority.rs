//! A certificate for the server.

use std::net::Ipv4Addr;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};

use crate::error::Error;

/// A temporary certificate authority. A client that trusts another one than that of the server must
/// refuse the server.
#[derive(Debug)]
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Generates an authority.
    ///
    /// # Errors
    ///
    /// The key could not be generated.
    pub fn generate() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, "postgres-testkit temporary authority");
        let pem = params.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    /// Returns the certificate of the authority, for clients to trust.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Returns a certificate and its key, both as PEM.
    pub(crate) fn sign(&self) -> Result<(String, String), Error> {
        let key = KeyPair::generate()?;
        let mut leaf = CertificateParams::new(["localhost", "postgres.test"].map(str::to_owned))?;
        leaf.subject_alt_names.push(SanType::IpAddress(Ipv4Addr::LOCALHOST.into()));
        leaf.distinguished_name.push(DnType::CommonName, "postgres-testkit");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        Ok((leaf.signed_by(&key, &self.issuer)?.pem(), key.serialize_pem()))
    }
}
