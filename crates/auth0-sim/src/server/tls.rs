//! TLS with a generated certificate.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// A certificate for `localhost`, `127.0.0.1` and `::1`, and the authority that signed it.
///
/// `Debug` omits keys.
#[derive(Debug, Clone)]
pub struct Tls {
    ca_pem: String,
    server: Arc<ServerConfig>,
}

/// The certificate could not be generated.
#[derive(Debug, Error)]
#[error("the certificate cannot be generated")]
pub struct TlsError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl From<rcgen::Error> for TlsError {
    fn from(error: rcgen::Error) -> Self {
        Self(error.into())
    }
}

impl From<rustls::Error> for TlsError {
    fn from(error: rustls::Error) -> Self {
        Self(error.into())
    }
}

impl Tls {
    /// Generates an authority and a certificate. The authority's key is discarded.
    pub fn generate() -> Result<Self, TlsError> {
        Self::generate_for(&[])
    }

    /// Generates a certificate that is also valid for these names.
    pub fn generate_for(names: &[String]) -> Result<Self, TlsError> {
        let ca_key = KeyPair::generate()?;
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, "auth0-sim temporary authority");
        let ca_pem = ca.self_signed(&ca_key)?.pem();
        let authority = Issuer::new(ca, ca_key);

        let key = KeyPair::generate()?;
        let mut all = vec!["localhost".to_owned()];
        all.extend_from_slice(names);
        let mut leaf = CertificateParams::new(all)?;
        let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
        leaf.subject_alt_names.extend(loopback.map(SanType::IpAddress));
        leaf.distinguished_name.push(DnType::CommonName, "auth0-sim");
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let certificate: CertificateDer<'static> = leaf.signed_by(&key, &authority)?.into();

        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut server = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)?;
        // HTTP/1.1 only, because a fault of one request must not affect others on its connection.
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { ca_pem, server: Arc::new(server) })
    }

    /// Returns the certificate of the authority, for clients to trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.server))
    }
}
