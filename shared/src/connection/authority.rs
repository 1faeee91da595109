//! Whom we take the server for: nobody in particular, someone whose certificate a
//! root of ours signed, or exactly the host that was asked for.

use super::certificate::Certificate;
use super::conninfo::Conninfo;
use super::roots::Roots;
use crate::error::{Error, Result};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, RootCertStore};
use std::sync::Arc;

/// Roots, and what is asked of a certificate beyond their signature.
#[derive(Debug)]
pub struct Authority {
    /// The ordinary way to judge a certificate: chain, revocation and name.
    pub chain: Arc<WebPkiServerVerifier>,
    roots: Roots,
    name_counts: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Authority {
    /// `None` where nothing is to be verified.
    pub fn of(conninfo: &Conninfo, provider: &Arc<CryptoProvider>) -> Result<Option<Self>> {
        let Some(roots) = Roots::of(conninfo)? else {
            return Ok(None);
        };
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(roots.certificates.iter().cloned());
        let chain =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider))
                .with_crls(roots.revocations.iter().cloned())
                .build()
                .map_err(|error| {
                    Error::new(format!("the root certificates can't be used: {error}"))
                })?;
        Ok(Some(Self {
            chain,
            roots,
            name_counts: conninfo.text("sslmode") == Some("verify-full"),
            algorithms: provider.signature_verification_algorithms,
        }))
    }

    /// Looks again at a certificate that was refused in the ordinary way: libpq accepts more.
    pub fn judge(
        &self,
        end: &CertificateDer<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
        error: rustls::Error,
    ) -> std::result::Result<(), rustls::Error> {
        let plain = Certificate::parse(end);
        let named = || {
            plain
                .as_ref()
                .is_some_and(|plain| plain.is_commonly_named(name))
        };
        let accepted = if is_misnamed(&error) {
            !self.name_counts || named()
        } else if self.is_root(end) && is_authority(&error) {
            !self.name_counts
                || verify_server_name(&ParsedCertificate::try_from(end)?, name).is_ok()
                || named()
        } else {
            let old = plain.as_ref().filter(|plain| plain.is_version_one());
            old.is_some_and(|old| self.signed_old(old, now)) && (!self.name_counts || named())
        };
        match accepted {
            true => Ok(()),
            false => Err(rustls::Error::General(self.words(&error, name))),
        }
    }

    /// Its own authority, as PostgreSQL's documentation makes them.
    fn is_root(&self, end: &CertificateDer<'_>) -> bool {
        self.roots
            .certificates
            .iter()
            .any(|root| root.as_ref() == end.as_ref())
    }

    /// Whether a root signed a certificate of version 1. Whether it was revoked can't
    /// be told, so it does not pass where that is asked.
    fn signed_old(&self, old: &Certificate, now: UnixTime) -> bool {
        let mut roots = self
            .roots
            .certificates
            .iter()
            .filter_map(|root| Certificate::parse(root));
        self.roots.revocations.is_empty()
            && old.is_in_force(now)
            && roots.any(|root| root.is_in_force(now) && old.was_signed_by(&root, &self.algorithms))
    }

    fn words(&self, error: &rustls::Error, name: &ServerName<'_>) -> String {
        let rustls::Error::InvalidCertificate(why) = error else {
            return error.to_string();
        };
        match why {
            CertificateError::UnknownIssuer => format!(
                "no root in {} signed the server's certificate",
                self.roots.place
            ),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                format!("the server's certificate is not for \"{}\"", name.to_str())
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the server's certificate has expired".into()
            }
            CertificateError::Revoked => "the server's certificate was revoked".into(),
            _ if is_old(error) => format!(
                "the server's certificate is of X.509 version 1 and not for \"{}\", not in force, or not signed by a root in {}",
                name.to_str(),
                self.roots.place
            ),
            other => format!("the server's certificate was refused: {other}"),
        }
    }
}

fn is_misnamed(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// The certificate is one of an authority, which rustls takes for no server's.
fn is_authority(error: &rustls::Error) -> bool {
    format!("{error:?}").contains("CaUsedAsEndEntity")
}

/// The certificate is of version 1, which rustls does not read.
pub fn is_old(error: &rustls::Error) -> bool {
    format!("{error:?}").contains("UnsupportedCertVersion")
}
