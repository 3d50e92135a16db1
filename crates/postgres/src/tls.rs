//! Encryption, and how far the server has to prove who it is.

use std::sync::Arc;

use dataknobs_data_core::{Error, ErrorKind, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::config::{PostgresConfig, SslMode};

/// Opens encrypted connections as the settings say. Not used where they are not encrypted.
pub(crate) fn connector(config: &PostgresConfig) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::new(ErrorKind::Backend, "TLS cannot be set up").with_source(error))?;
    let settings = match config.resolved_sslmode() {
        SslMode::VerifyFull => builder.with_root_certificates(roots(config)?).with_no_client_auth(),
        mode => {
            let chain = match mode {
                SslMode::VerifyCa => Some(
                    WebPkiServerVerifier::builder_with_provider(Arc::new(roots(config)?), Arc::clone(&provider))
                        .build()
                        .map_err(|error| Error::invalid_config("no usable certificates").with_source(error))?,
                ),
                _ => None,
            };
            let verifier = Arc::new(Lenient { chain, provider });
            builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth()
        }
    };
    Ok(MakeRustlsConnect::new(settings))
}

fn roots(config: &PostgresConfig) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    match &config.sslrootcert {
        Some(path) => {
            let unusable = |message: &'static str| {
                Error::invalid_config(message).with_context("key", "`sslrootcert`").with_context("path", path.display())
            };
            let certificates = CertificateDer::pem_file_iter(path)
                .map_err(|error| unusable("the file of certificates cannot be read").with_source(error))?;
            for certificate in certificates {
                let certificate =
                    certificate.map_err(|error| unusable("a certificate is not PEM").with_source(error))?;
                roots.add(certificate).map_err(|error| unusable("a certificate is not usable").with_source(error))?;
            }
            if roots.is_empty() {
                return Err(unusable("the file holds no certificate"));
            }
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if roots.is_empty() {
                return Err(Error::invalid_config("this machine has no certificates to check the server with")
                    .with_hint("name a file of them with `sslrootcert`"));
            }
        }
    }
    Ok(roots)
}

/// Checks less than everything: the chain but no name (`verify-ca`), or nothing (`require`, `prefer`).
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The chain and the dates were checked before the name.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
