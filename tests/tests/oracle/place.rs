//! Two servers, a home folder with a service file and password files, and the
//! names by which the table calls them.

use shared::cluster::{Cluster, ClusterOptions};
use shared::programs::Program;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

/// Where the cases take place.
pub struct Place {
    main: Cluster,
    other: Cluster,
    home: TempDir,
    /// The oracle.
    pub psql: Program,
}

const ROLES: &str = r#"
create role alice login password 'Sentinel';
create role "bob@corp" login password 'Sen@tinel/1:2#3?4%5&6=7 8\9''0';
set password_encryption = 'md5';
create role carol login password 'Sentinel';
create role dave login;
create role eve login;
create database app;
create database "we ird";
create database "a/b";
create database "x=y";
create database alice;
create database "bob@corp";
"#;

const HBA: &[&str] = &[
    "host all dave 127.0.0.1/32 trust",
    "host all eve 127.0.0.1/32 reject",
    "host all carol 127.0.0.1/32 md5",
    "host all all 127.0.0.1/32 scram-sha-256",
    "local all all trust",
];

impl Place {
    pub fn new() -> Self {
        let options = ClusterOptions {
            tcp: true,
            hba: HBA.iter().map(|line| line.to_string()).collect(),
            settings: vec![("work_mem".into(), "5MB".into())],
            ..ClusterOptions::default()
        };
        let main = tests::start(&options);
        let other = tests::start(&options);
        for cluster in [&main, &other] {
            let mut client = cluster.connect("postgres").unwrap();
            for statement in ROLES
                .split(";\n")
                .filter(|statement| !statement.trim().is_empty())
            {
                client.batch_execute(statement).unwrap();
            }
        }
        let mut client = other.connect("postgres").unwrap();
        client.batch_execute("create database elsewhere").unwrap();
        let place = Self {
            main,
            other,
            home: tempfile::tempdir().unwrap(),
            psql: Program::find("psql", None).unwrap(),
        };
        place.furnish();
        place
    }

    fn furnish(&self) {
        let services = "# services\n[app]\nhost={host}\nport={port}\ndbname=app\nuser=alice\n\n\
             [tcp]\nhost=127.0.0.1\nport={port}\nuser=alice\npassword=Sentinel\ndbname=app\napplication_name=from service\n\
             [first]\nport={port}\nport=1\nhost={host}\nuser=dave\ndbname=app\n\
             [blank]\nhost = {host}\n[unknown]\nnonsense=Sentinel\n[nested]\nservice=app\n[syntax]\npassword Sentinel\n";
        self.write(".pg_service.conf", services, 0o600);
        self.write(
            "other.conf",
            "[app]\nhost={host}\nport={port}\ndbname=a/b\nuser=dave\n",
            0o600,
        );
        self.write(
            "pg_service.conf",
            "[system]\nhost={host}\nport={port}\ndbname=we ird\nuser=dave\n",
            0o600,
        );
        let passwords = "# passwords\n127.0.0.1:1:*:*:wrong\n127.0.0.1:{port}:app:alice:Sentinel\n\
             127.0.0.1:{port}:app:alice:wrong\nlocalhost:{port}:*:carol:Sentinel\n\
             127.0.0.1:*:*:bob@corp:Sen@tinel/1\\:2#3?4%5&6=7 8\\\\9'0\n";
        self.write("pass", passwords, 0o600);
        self.write("open", passwords, 0o644);
        self.write(".pgpass", "127.0.0.1:{port}:we ird:alice:Sentinel\n", 0o600);
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.home.path().join(name);
        fs::write(&path, self.fill(text)).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }

    pub fn home(&self) -> String {
        self.home.path().display().to_string()
    }

    /// The text with our names for what differs from run to run.
    pub fn fill(&self, text: &str) -> String {
        let host = self.main.socket_dir().display().to_string();
        text.replace("{host}", &host)
            .replace("{%host}", &host.replace('/', "%2F"))
            .replace("{other}", &self.other.socket_dir().display().to_string())
            .replace("{port}", &self.main.port().to_string())
            .replace("{port2}", &self.other.port().to_string())
            .replace("{home}", &self.home())
    }
}
