//! TLS to the database.

use std::sync::Arc;

use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::database::open_error::OpenError;

/// Returns the connector, which trusts the certificates of the machine, or those given instead.
pub(crate) fn connector(ca_pem: Option<&[u8]>) -> Result<MakeRustlsConnect, OpenError> {
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| OpenError::Tls(error.into()))?;
    let config = match ca_pem {
        Some(pem) => builder.with_root_certificates(roots(pem)?).with_no_client_auth(),
        None => builder
            .with_platform_verifier()
            .map_err(|error| OpenError::Tls(error.into()))?
            .with_no_client_auth(),
    };
    Ok(MakeRustlsConnect::new(config))
}

fn roots(pem: &[u8]) -> Result<RootCertStore, OpenError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| OpenError::Certificate)?;
        roots.add(certificate).map_err(|_| OpenError::Certificate)?;
    }
    if roots.is_empty() { Err(OpenError::Certificate) } else { Ok(roots) }
}
