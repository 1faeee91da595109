//! What OpenSSL, and so libpq, takes from a server's certificate and rustls does not:
//! its common name where it has no other, and certificates of X.509 version 1, which
//! `openssl x509 -req` makes unless it is told otherwise.

use rustls::DigitallySignedStruct;
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{ServerName, SignatureVerificationAlgorithm, UnixTime};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::{Certificate as X509, Version};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// A certificate, read without judging it.
pub struct Certificate(X509);

impl Certificate {
    /// Reads a certificate.
    pub fn parse(der: &[u8]) -> Option<Self> {
        X509::from_der(der).ok().map(Self)
    }

    /// Whether it is of version 1, which knows no extensions.
    pub fn is_version_one(&self) -> bool {
        self.0.tbs_certificate.version == Version::V1
    }

    /// Whether its common name is this host's, and it has no alternative name of the
    /// host's kind that would count instead.
    pub fn is_commonly_named(&self, host: &ServerName<'_>) -> bool {
        !self.has_alternative(host)
            && self
                .common_name()
                .is_some_and(|pattern| matches(pattern, &host.to_str()))
    }

    fn has_alternative(&self, host: &ServerName<'_>) -> bool {
        let is_address = matches!(host, ServerName::IpAddress(_));
        let counts = |name: &GeneralName| match name {
            GeneralName::DnsName(_) => !is_address,
            GeneralName::IpAddress(_) => is_address,
            _ => false,
        };
        match self.0.tbs_certificate.get::<SubjectAltName>() {
            Ok(None) => false,
            Ok(Some((_, names))) => names.0.iter().any(counts),
            Err(_) => true,
        }
    }

    fn common_name(&self) -> Option<&str> {
        let mut attributes = self
            .0
            .tbs_certificate
            .subject
            .0
            .iter()
            .flat_map(|set| set.0.iter());
        let name = attributes.find(|attribute| attribute.oid == COMMON_NAME)?;
        std::str::from_utf8(name.value.value()).ok()
    }

    /// Whether it is in force at this time.
    pub fn is_in_force(&self, now: UnixTime) -> bool {
        let validity = &self.0.tbs_certificate.validity;
        let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
        (seconds(&validity.not_before)..=seconds(&validity.not_after)).contains(&now.as_secs())
    }

    /// Whether this root signed it.
    pub fn was_signed_by(&self, root: &Self, known: &WebPkiSupportedAlgorithms) -> bool {
        let (own, root) = (&self.0.tbs_certificate, &root.0.tbs_certificate);
        let (Ok(message), Some(signature)) = (own.to_der(), self.0.signature.as_bytes()) else {
            return false;
        };
        let algorithm = identifier(&self.0.signature_algorithm);
        let algorithms = known
            .all
            .iter()
            .filter(|one| Some(one.signature_alg_id().as_ref()) == algorithm.as_deref());
        own.issuer == root.subject
            && verifies(
                algorithms.copied(),
                &root.subject_public_key_info,
                &message,
                signature,
            )
    }

    /// Whether its key made the signature of a handshake.
    pub fn signed(
        &self,
        message: &[u8],
        dss: &DigitallySignedStruct,
        known: &WebPkiSupportedAlgorithms,
    ) -> bool {
        let schemes = known
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == dss.scheme);
        let algorithms = schemes.flat_map(|(_, algorithms)| algorithms.iter());
        let key = &self.0.tbs_certificate.subject_public_key_info;
        verifies(algorithms.copied(), key, message, dss.signature())
    }
}

/// An algorithm's identifier as rustls has it: without the header of its sequence.
fn identifier(algorithm: &AlgorithmIdentifierOwned) -> Option<Vec<u8>> {
    let mut content = algorithm.oid.to_der().ok()?;
    if let Some(parameters) = &algorithm.parameters {
        content.extend(parameters.to_der().ok()?);
    }
    Some(content)
}

fn verifies<'a>(
    algorithms: impl Iterator<Item = &'a dyn SignatureVerificationAlgorithm>,
    key: &SubjectPublicKeyInfoOwned,
    message: &[u8],
    signature: &[u8],
) -> bool {
    let (kind, bits) = (
        identifier(&key.algorithm),
        key.subject_public_key.as_bytes(),
    );
    let mut algorithms =
        algorithms.filter(|one| Some(one.public_key_alg_id().as_ref()) == kind.as_deref());
    bits.is_some_and(|bits| {
        algorithms.any(|one| one.verify_signature(bits, message, signature).is_ok())
    })
}

/// libpq's rule for a wildcard: it stands for one label, the first.
fn matches(pattern: &str, host: &str) -> bool {
    if pattern.eq_ignore_ascii_case(host) {
        return true;
    }
    let (Some(suffix), Some(dot)) = (pattern.strip_prefix('*'), host.find('.')) else {
        return false;
    };
    suffix.len() > 1
        && suffix.starts_with('.')
        && dot > 0
        && suffix.eq_ignore_ascii_case(&host[dot..])
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_wildcard_stands_for_one_label() {
        assert!(matches("DB.example.com", "db.example.com"));
        assert!(matches("*.example.com", "db.Example.com"));
        for (pattern, host) in [
            ("*.example.com", "a.db.example.com"),
            ("*.example.com", "example.com"),
            ("*.example.com", ".example.com"),
            ("*example.com", "db.example.com"),
            ("*.", "db."),
            ("*", "db"),
            ("d*.example.com", "db.example.com"),
        ] {
            assert!(!matches(pattern, host), "{pattern} {host}");
        }
    }
}
