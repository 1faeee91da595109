//! Whom we take the server for: nobody in particular, someone whose certificate our
//! root signed, or exactly the host that was asked for.

use super::conninfo::Conninfo;
use crate::error::{Context, Error, Result};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// Judges the server's certificate as the `sslmode` asks.
#[derive(Debug)]
pub struct Verifier {
    provider: Arc<CryptoProvider>,
    trust: Option<Trust>,
}

/// Roots to verify against.
#[derive(Debug)]
struct Trust {
    chain: Arc<WebPkiServerVerifier>,
    roots: Vec<CertificateDer<'static>>,
    name_counts: bool,
    place: String,
}

impl Verifier {
    /// Roots are verified against wherever libpq would: always under `verify-ca` and
    /// `verify-full`, under the other modes where the file is there.
    pub fn of(conninfo: &Conninfo, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let mode = conninfo.text("sslmode").unwrap_or_default();
        let path = conninfo.file("sslrootcert", ".postgresql/root.crt");
        let trust = match path {
            Some(path) if path == Path::new("system") => Some(system_roots()?),
            Some(path) if path.exists() => Some(roots_of(&path)?),
            _ if !mode.starts_with("verify") => None,
            path => return Err(no_roots(path.as_deref())),
        };
        let trust = match trust {
            Some((roots, place)) => Some(Trust {
                chain: chain(conninfo, &roots, provider)?,
                roots,
                name_counts: mode == "verify-full",
                place,
            }),
            None => None,
        };
        Ok(Self {
            provider: Arc::clone(provider),
            trust,
        })
    }
}

type Roots = (Vec<CertificateDer<'static>>, String);

fn no_roots(path: Option<&Path>) -> Error {
    let name = path
        .unwrap_or(Path::new("~/.postgresql/root.crt"))
        .display();
    Error::new(format!("root certificate file \"{name}\" does not exist"))
        .with_hint("provide the file, use the system's roots with sslrootcert=system, or verify nothing with sslmode=require")
}

fn roots_of(path: &Path) -> Result<Roots> {
    let place = format!("\"{}\"", path.display());
    let unreadable = |words: String| {
        Error::new(format!(
            "could not read root certificate file {place}: {words}"
        ))
    };
    let certificates =
        CertificateDer::pem_file_iter(path).map_err(|e| unreadable(e.to_string()))?;
    let certificates: std::result::Result<Vec<_>, _> = certificates.collect();
    let certificates = certificates.map_err(|e| unreadable(e.to_string()))?;
    if certificates.is_empty() {
        return Err(unreadable("it holds no certificate".into()));
    }
    Ok((certificates, place))
}

fn system_roots() -> Result<Roots> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        return Err(
            Error::new("the system has no trusted roots for sslrootcert=system")
                .with_hint("install the package ca-certificates"),
        );
    }
    Ok((found.certs, "the system's roots".into()))
}

fn chain(
    conninfo: &Conninfo,
    roots: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
        .with_crls(revocations(conninfo)?)
        .build()
        .map_err(|error| Error::new(format!("the root certificates can't be used: {error}")))
}

/// `sslcrl`; unlike libpq, one that was asked for and can't be read is an error.
fn revocations(conninfo: &Conninfo) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let said = conninfo.text("sslcrl").is_some();
    let Some(path) = conninfo
        .file("sslcrl", ".postgresql/root.crl")
        .filter(|path| said || path.exists())
    else {
        return Ok(Vec::new());
    };
    let lists = CertificateRevocationListDer::pem_file_iter(&path).and_then(Iterator::collect);
    lists
        .map_err(|error| Error::new(error.to_string()))
        .context(|| {
            format!(
                "could not read certificate revocation list \"{}\"",
                path.display()
            )
        })
}

impl Trust {
    /// A certificate that is itself a root is its own authority: PostgreSQL's
    /// documentation makes such ones.
    fn judge(
        &self,
        end: &CertificateDer<'_>,
        name: &ServerName<'_>,
        error: rustls::Error,
    ) -> std::result::Result<(), rustls::Error> {
        let is_root = self.roots.iter().any(|root| root.as_ref() == end.as_ref());
        match &error {
            rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            ) if !self.name_counts => Ok(()),
            _ if is_root && format!("{error:?}").contains("CaUsedAsEndEntity") => {
                match self.name_counts {
                    true => verify_server_name(&ParsedCertificate::try_from(end)?, name),
                    false => Ok(()),
                }
            }
            _ => Err(error),
        }
    }

    fn words(&self, error: &rustls::Error, name: &ServerName<'_>) -> rustls::Error {
        let name = name.to_str();
        let words = match error {
            rustls::Error::InvalidCertificate(why) => match why {
                CertificateError::UnknownIssuer => {
                    format!("no root in {} signed the server's certificate", self.place)
                }
                CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => format!(
                    "the server's certificate has no subjectAltName, so it can't be told whether it is \"{name}\"; \
                     reissue it with one, or use sslmode=verify-ca"
                ),
                CertificateError::NotValidForNameContext { presented, .. } => {
                    format!("the server's certificate is for {}, not \"{name}\"", presented.join(", "))
                }
                CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                    "the server's certificate has expired".into()
                }
                CertificateError::Revoked => "the server's certificate was revoked".into(),
                other if format!("{other:?}").contains("UnsupportedCertVersion") => {
                    "the server's certificate is X.509 version 1, which can't be verified; reissue it as version 3".into()
                }
                other => format!("the server's certificate was refused: {other}"),
            },
            other => other.to_string(),
        };
        rustls::Error::General(words)
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
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        if let Some(trust) = &self.trust {
            let verdict = trust.chain.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
            verdict
                .map(drop)
                .or_else(|error| trust.judge(end_entity, server_name, error))
                .map_err(|error| trust.words(&error, server_name))?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        match self.trust {
            Some(_) => verify_tls12_signature(
                message,
                cert,
                dss,
                &self.provider.signature_verification_algorithms,
            ),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        match self.trust {
            Some(_) => verify_tls13_signature(
                message,
                cert,
                dss,
                &self.provider.signature_verification_algorithms,
            ),
            None => Ok(HandshakeSignatureValid::assertion()),
        }
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
