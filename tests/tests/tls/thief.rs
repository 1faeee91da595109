//! Somebody who has a server's certificate, and its key or not.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, ServerConnection};

use crate::certificates::Certificates;

/// Whatever the client asks for, this is the answer.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// Does one TLS handshake with this certificate and that one's key, and hangs up.
/// Returns the port.
pub fn serve(certificates: &Certificates, certificate: &str, key: &str) -> u16 {
    let config = Arc::new(config(certificates, certificate, key));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; 8]).unwrap();
        stream.write_all(b"S").unwrap();
        let mut session = ServerConnection::new(config).unwrap();
        while session.is_handshaking() && session.complete_io(&mut stream).is_ok() {}
    });
    port
}

fn config(certificates: &Certificates, certificate: &str, key: &str) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let chain = CertificateDer::pem_file_iter(certificates.path(&format!("{certificate}.crt")));
    let chain = chain.unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(certificates.path(&format!("{key}.key"))).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(Always(Arc::new(CertifiedKey::new(chain, key)))))
}
