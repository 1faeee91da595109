//! TLS as libpq's parameters ask for it, by rustls.

use super::conninfo::Conninfo;
use super::identity;
use super::verifier::Verifier;
use crate::error::{Error, Result};
use rustls::crypto::ring;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, SupportedProtocolVersion};
use std::sync::Arc;
use tokio_postgres_rustls::MakeRustlsConnect;

/// What makes a TLS connection for these parameters. Files are read now.
pub fn connector(conninfo: &Conninfo) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier::of(conninfo, &provider)?;
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(conninfo))
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match identity::load(conninfo)? {
        Some((chain, key)) => builder
            .with_client_auth_cert(chain, key)
            .map_err(unusable)?,
        None => builder.with_no_client_auth(),
    };
    config.enable_sni = conninfo.text("sslsni") != Some("0");
    if is_direct(conninfo) {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

/// Whether TLS begins without asking the server first.
pub fn is_direct(conninfo: &Conninfo) -> bool {
    conninfo.text("sslnegotiation") == Some("direct")
}

static NEWEST: &[&SupportedProtocolVersion] = &[&TLS13];
static OLDEST: &[&SupportedProtocolVersion] = &[&TLS12];
static BOTH: &[&SupportedProtocolVersion] = &[&TLS13, &TLS12];

fn versions(conninfo: &Conninfo) -> &'static [&'static SupportedProtocolVersion] {
    let oldest = conninfo.text("ssl_min_protocol_version");
    let newest = conninfo.text("ssl_max_protocol_version");
    match (oldest, newest) {
        (Some("TLSv1.3"), _) => NEWEST,
        (_, Some("TLSv1.2")) => OLDEST,
        _ => BOTH,
    }
}

fn unusable(error: rustls::Error) -> Error {
    Error::new(format!("TLS can't be used: {error}"))
}
