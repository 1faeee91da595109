//! The certificates of those whose signature we trust, and what they have revoked.

use super::conninfo::Conninfo;
use crate::error::{Context, Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use std::path::Path;

/// Roots to verify against.
#[derive(Debug)]
pub struct Roots {
    /// The certificates.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Lists of what they have revoked.
    pub revocations: Vec<CertificateRevocationListDer<'static>>,
    /// Where they come from, as an error names it.
    pub place: String,
}

impl Roots {
    /// The roots that libpq would verify against: under `verify-ca` and `verify-full`
    /// there have to be some, under other modes they count where the file is there.
    pub fn of(conninfo: &Conninfo) -> Result<Option<Self>> {
        let verifies = conninfo
            .text("sslmode")
            .is_some_and(|mode| mode.starts_with("verify"));
        let (certificates, place) = match conninfo.file("sslrootcert", ".postgresql/root.crt") {
            Some(path) if path == Path::new("system") => {
                (system()?, "the system's roots".to_string())
            }
            Some(path) if path.exists() => (read(&path)?, format!("\"{}\"", path.display())),
            _ if !verifies => return Ok(None),
            path => return Err(missing(path.as_deref())),
        };
        let revocations = revocations(conninfo)?;
        Ok(Some(Self {
            certificates,
            revocations,
            place,
        }))
    }
}

fn missing(path: Option<&Path>) -> Error {
    let name = path
        .unwrap_or(Path::new("~/.postgresql/root.crt"))
        .display();
    Error::new(format!("root certificate file \"{name}\" does not exist")).with_hint(
        "provide the file, use the system's roots with sslrootcert=system, or verify nothing with sslmode=require",
    )
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let found = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let words = match found {
        Ok(certificates) if Vec::is_empty(&certificates) => "it holds no certificate".to_string(),
        Ok(certificates) => return Ok(certificates),
        Err(error) => error.to_string(),
    };
    Err(Error::new(format!(
        "could not read root certificate file \"{}\": {words}",
        path.display()
    )))
}

fn system() -> Result<Vec<CertificateDer<'static>>> {
    let found = rustls_native_certs::load_native_certs();
    match found.certs.is_empty() {
        true => Err(
            Error::new("the system has no trusted roots for sslrootcert=system")
                .with_hint("install the package ca-certificates"),
        ),
        false => Ok(found.certs),
    }
}

/// `sslcrl`; unlike libpq, one that was asked for and can't be read is an error.
fn revocations(conninfo: &Conninfo) -> Result<Vec<CertificateRevocationListDer<'static>>> {
    let said = conninfo.text("sslcrl").is_some();
    let path = conninfo.file("sslcrl", ".postgresql/root.crl");
    let Some(path) = path.filter(|path| said || path.exists()) else {
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
