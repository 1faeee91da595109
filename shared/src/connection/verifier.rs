//! rustls asks here whether to trust the server.

use super::authority::{Authority, is_old};
use super::certificate::Certificate;
use super::conninfo::Conninfo;
use crate::error::Result;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use std::sync::Arc;

/// Judges the server's certificate as the `sslmode` asks.
#[derive(Debug)]
pub struct Verifier {
    algorithms: WebPkiSupportedAlgorithms,
    authority: Option<Authority>,
}

const NO_PROOF: &str = "the server did not prove that it has its certificate's key";

type Verdict = std::result::Result<HandshakeSignatureValid, Error>;

impl Verifier {
    /// Reads the roots, where there are any to verify against.
    pub fn of(conninfo: &Conninfo, provider: &Arc<CryptoProvider>) -> Result<Self> {
        Ok(Self {
            algorithms: provider.signature_verification_algorithms,
            authority: Authority::of(conninfo, provider)?,
        })
    }

    /// The handshake's signature proves that the server has the certificate's key:
    /// of no use where any certificate will do.
    fn judge(
        &self,
        verdict: Verdict,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Verdict {
        let signed = || {
            Certificate::parse(cert).is_some_and(|old| old.signed(message, dss, &self.algorithms))
        };
        match verdict {
            _ if self.authority.is_none() => Ok(HandshakeSignatureValid::assertion()),
            Err(error) if is_old(&error) && signed() => Ok(HandshakeSignatureValid::assertion()),
            Ok(valid) => Ok(valid),
            Err(_) => Err(Error::General(NO_PROOF.into())),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, Error> {
        if let Some(authority) = &self.authority {
            let chain = &authority.chain;
            chain
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(drop)
                .or_else(|error| authority.judge(end_entity, server_name, now, error))?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Verdict {
        let verdict = verify_tls12_signature(message, cert, dss, &self.algorithms);
        self.judge(verdict, message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Verdict {
        let verdict = verify_tls13_signature(message, cert, dss, &self.algorithms);
        self.judge(verdict, message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
