//! Who we are, if the server asks: a client certificate and its key.

use super::conninfo::Conninfo;
use crate::error::{Error, Result};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

/// A certificate with those that signed it, and its key.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// The client's certificate, by `sslcert` or in its usual place. One that is not
/// there is none, as in libpq: the server may accept us without.
pub fn load(conninfo: &Conninfo) -> Result<Option<Identity>> {
    let mode = conninfo.text("sslcertmode");
    let path = conninfo.file("sslcert", ".postgresql/postgresql.crt");
    let path = path.filter(|path| mode != Some("disable") && path.exists());
    let (Some(path), Some(key)) = (path, conninfo.file("sslkey", ".postgresql/postgresql.key"))
    else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(&path)
        .and_then(Iterator::collect::<std::result::Result<Vec<_>, _>>);
    let chain = chain.map_err(|error| unreadable("certificate", &path, &error.to_string()))?;
    check_access(&key)?;
    Ok(Some((chain, read_key(&key)?)))
}

/// libpq's rule: nobody but the owner may read it, or root's group where root owns it.
fn check_access(path: &Path) -> Result<()> {
    let about = fs::metadata(path).map_err(|error| {
        unreadable(
            "certificate present, but private key",
            path,
            Error::from(error).message(),
        )
    })?;
    let forbidden = if about.uid() == 0 { 0o037 } else { 0o077 };
    if !about.is_file() {
        return Err(unreadable("private key", path, "it is not a regular file"));
    }
    if about.permissions().mode() & forbidden != 0 {
        return Err(Error::new(format!(
            "private key file \"{}\" has group or world access",
            path.display()
        ))
        .with_hint(
            "its permissions must be u=rw (0600) or less, or u=rw,g=r (0640) where root owns it",
        ));
    }
    Ok(())
}

fn read_key(path: &Path) -> Result<PrivateKeyDer<'static>> {
    let text = fs::read(path)
        .map_err(|error| unreadable("private key", path, Error::from(error).message()))?;
    if text.windows(9).any(|window| window == b"ENCRYPTED") {
        return Err(unreadable(
            "private key",
            path,
            "it is encrypted, which is not supported",
        )
        .with_hint("decrypt it with: openssl pkey -in KEY -out PLAIN"));
    }
    PrivateKeyDer::from_pem_slice(&text)
        .map_err(|error| unreadable("private key", path, &error.to_string()))
}

fn unreadable(what: &str, path: &Path, words: &str) -> Error {
    Error::new(format!("{what} file \"{}\": {words}", path.display()))
}
