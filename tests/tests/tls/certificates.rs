//! Certificates, made by openssl as an administrator would make them.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::PathBuf;
use std::process::Command;

/// Authorities and old certificates have RSA keys, the others elliptic curves.
fn new_key(name: &str) -> &'static [&'static str] {
    match name {
        "ca" | "old" | "old-expired" => &["-newkey", "rsa:2048", "-nodes"],
        _ => &[
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ],
    }
}

/// A folder of keys (`NAME.key`) and certificates (`NAME.crt`). It lies in that of a server that
/// is gone with the process: nothing drops what is shared by all tests.
pub struct Certificates(PathBuf);

impl Certificates {
    /// Two authorities, servers' certificates of all sorts, clients' certificates.
    pub fn new() -> Self {
        let server = tests::cluster().socket_dir();
        let folder = Self(server.join("certificates"));
        fs::create_dir(&folder.0).unwrap();
        // Whoever removes the server's folder has to be able to empty this one.
        chown(&folder.0, Some(fs::metadata(server).unwrap().uid()), None).unwrap();
        for authority in ["ca", "stranger"] {
            folder.own(authority, authority, "basicConstraints=critical,CA:TRUE");
        }
        // Another key under the name of the first.
        folder.own("twin", "ca", "basicConstraints=critical,CA:TRUE");
        // PostgreSQL's documentation makes this one: it is its own authority.
        folder.own("self", "localhost", "basicConstraints=critical,CA:TRUE");
        folder.signed(
            "san",
            "anything",
            "ca",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            30,
        );
        folder.signed(
            "elsewhere",
            "localhost",
            "ca",
            "subjectAltName=DNS:db.example.com",
            30,
        );
        folder.signed("cn", "localhost", "ca", "basicConstraints=CA:FALSE", 30);
        folder.signed(
            "address",
            "127.0.0.1",
            "ca",
            "subjectAltName=DNS:db.example.com",
            30,
        );
        // Without an extension openssl makes a certificate of version 1.
        folder.signed("old", "localhost", "ca", "", 30);
        folder.signed("old-expired", "localhost", "ca", "", -1);
        folder.signed(
            "strange",
            "localhost",
            "ca",
            "1.2.3.4=critical,DER:05:00",
            30,
        );
        folder.signed(
            "expired",
            "localhost",
            "ca",
            "subjectAltName=DNS:localhost,IP:127.0.0.1",
            -1,
        );
        folder.signed("client", "certified", "ca", "basicConstraints=CA:FALSE", 30);
        folder.signed(
            "impostor",
            "certified",
            "stranger",
            "basicConstraints=CA:FALSE",
            30,
        );
        folder
    }

    /// The path of one of its files.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// What one of its files holds.
    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    fn openssl(&self, arguments: &[&str]) {
        let mut command = Command::new("openssl");
        let output = command.args(arguments).current_dir(&self.0).output();
        let output = output.unwrap_or_else(|error| panic!("openssl (install it): {error}"));
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments:?}: {words}");
    }

    fn own(&self, name: &str, subject: &str, extension: &str) {
        let (key, certificate, subject) = (
            format!("{name}.key"),
            format!("{name}.crt"),
            format!("/CN={subject}"),
        );
        let fixed = [
            "-keyout",
            &key,
            "-out",
            &certificate,
            "-subj",
            &subject,
            "-addext",
            extension,
        ];
        self.openssl(&[&["req", "-x509"], new_key(name), &fixed].concat());
    }

    fn signed(&self, name: &str, subject: &str, authority: &str, extension: &str, days: i32) {
        let (key, request, certificate) = (
            format!("{name}.key"),
            format!("{name}.csr"),
            format!("{name}.crt"),
        );
        let subject = format!("/CN={subject}");
        self.openssl(
            &[
                &["req"],
                new_key(name),
                &["-keyout", &key, "-out", &request, "-subj", &subject],
            ]
            .concat(),
        );
        fs::set_permissions(self.path(&key), Permissions::from_mode(0o600)).unwrap();
        fs::write(self.path("extension"), extension).unwrap();
        let (ca, ca_key) = (format!("{authority}.crt"), format!("{authority}.key"));
        let (serial, days) = (format!("{}", 1000 + name.len()), days.to_string());
        let extensions: &[&str] = match extension {
            "" => &[],
            _ => &["-extfile", "extension"],
        };
        let fixed = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-set_serial",
            &serial,
            "-days",
            &days,
            "-out",
            &certificate,
        ];
        self.openssl(&[&fixed, extensions].concat());
    }

    /// A revocation list `NAME.crl` of the authority that holds these certificates.
    pub fn revocations(&self, name: &str, revoked: &[&str]) {
        fs::write(self.path("index"), "").unwrap();
        let settings = "[ca]\ndefault_ca=x\n[x]\ndatabase=index\ncertificate=ca.crt\nprivate_key=ca.key\n\
             default_md=sha256\ndefault_crl_days=9\ncrl_extensions=e\ncrlnumber=number\n[e]\nauthorityKeyIdentifier=keyid\n";
        fs::write(self.path("settings"), settings).unwrap();
        fs::write(self.path("number"), "01").unwrap();
        for certificate in revoked {
            self.openssl(&[
                "ca",
                "-config",
                "settings",
                "-revoke",
                &format!("{certificate}.crt"),
            ]);
        }
        self.openssl(&[
            "ca",
            "-config",
            "settings",
            "-gencrl",
            "-out",
            &format!("{name}.crl"),
        ]);
    }
}
