//! TLS against live servers: whatever certificate a server has and whatever
//! `sslmode` asks, we connect where psql does and refuse where psql does.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "tls/certificates.rs"]
mod certificates;
#[path = "tls/servers.rs"]
mod servers;
#[path = "tls/thief.rs"]
mod thief;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::thread;

use servers::{
    LOCALHOST, QUERY, ask_ours, ask_psql, assert_same, certificates, conninfo, good_server, root,
    server,
};

const MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// Every mode that can be encrypted with every root, and the other two; three names
/// of the host where the name counts.
fn cells(own: &str) -> Vec<(&'static str, String, &'static str)> {
    let hosts = [LOCALHOST, "host=127.0.0.1", "hostaddr=127.0.0.1"];
    let mut cells = vec![
        ("disable", root(own), LOCALHOST),
        ("allow", root(own), LOCALHOST),
    ];
    for mode in ["prefer", "require", "verify-ca", "verify-full"] {
        cells.push((mode, String::new(), LOCALHOST));
        for name in [own, "stranger.crt", "twin.crt", "nowhere.crt"] {
            let count = if mode == "verify-full" && name == own {
                3
            } else {
                1
            };
            cells.extend(hosts[..count].iter().map(|host| (mode, root(name), *host)));
        }
    }
    cells
}

/// How many cells of one server's table connect with TLS, after both agreed in each.
fn compare_all(certificate: Option<&str>) -> (usize, Vec<String>) {
    let cluster = server(certificate);
    let own = format!(
        "{}.crt",
        certificate.filter(|name| *name == "self").unwrap_or("ca")
    );
    let (mut encrypted, mut wrong) = (0, Vec::new());
    for (mode, root, host) in cells(&own) {
        let place = conninfo(&cluster, &format!("sslmode={mode} {root}"));
        let text = place.replace(LOCALHOST, host);
        let (psql, ours) = (ask_psql(&text, "/nowhere"), ask_ours(&text, "/nowhere"));
        encrypted += usize::from(ours.as_deref() == Ok("true"));
        if ours.as_ref().ok() != psql.as_ref().ok() {
            wrong.push(format!(
                "{certificate:?} {text}\n  psql {psql:?}\n  ours {ours:?}"
            ));
        }
    }
    (encrypted, wrong)
}

#[test]
fn every_mode_with_every_certificate() {
    // How many of the 24 connections to each server are encrypted.
    let expected = [
        (None, 0),
        (Some("san"), 9),
        (Some("elsewhere"), 7),
        (Some("cn"), 8),
        (Some("self"), 8),
        (Some("address"), 8),
        (Some("old"), 8),
        (Some("old-expired"), 4),
        (Some("strange"), 4),
        (Some("expired"), 4),
    ];
    let results = thread::scope(|scope| {
        let tables: Vec<_> = expected
            .iter()
            .map(|(name, _)| scope.spawn(|| compare_all(*name)))
            .collect();
        tables
            .into_iter()
            .map(|table| table.join().unwrap())
            .collect::<Vec<_>>()
    });
    for ((name, encrypted), (found, wrong)) in expected.iter().zip(results) {
        assert!(
            wrong.is_empty(),
            "{} cells:\n{}",
            wrong.len(),
            wrong.join("\n")
        );
        assert_eq!(found, *encrypted, "{name:?}");
    }
}

#[test]
fn refusals_say_what_is_wrong_with_the_certificate() {
    let good = good_server();
    let (elsewhere, expired) = (server(Some("elsewhere")), server(Some("expired")));
    for (cluster, mode, root_name, words) in [
        (good, "verify-ca", "stranger.crt", "no root in"),
        (good, "verify-full", "nowhere.crt", "does not exist"),
        (&elsewhere, "verify-full", "ca.crt", "not for \"localhost\""),
        (&expired, "verify-ca", "ca.crt", "has expired"),
    ] {
        let text = conninfo(cluster, &format!("sslmode={mode} {}", root(root_name)));
        let error = ask_ours(&text, "/nowhere").unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_certificate_is_worth_nothing_without_its_key() {
    for (certificate, stranger) in [("san", "elsewhere"), ("old", "ca")] {
        for version in ["TLSv1.2", "TLSv1.3"] {
            let more = format!(
                "sslmode=verify-ca {} ssl_min_protocol_version={version} ssl_max_protocol_version={version}",
                root("ca.crt")
            );
            let ask = |key: &str| {
                let port = thief::serve(certificates(), certificate, key);
                ask_ours(
                    &format!("host=127.0.0.1 port={port} user=u {more}"),
                    "/nowhere",
                )
                .unwrap_err()
            };
            let stolen = ask(stranger);
            assert!(
                stolen.contains("did not prove"),
                "{certificate} {version}: {stolen}"
            );
            let own = ask(certificate);
            assert!(
                !own.contains("did not prove"),
                "{certificate} {version}: {own}"
            );
        }
    }
}

#[test]
fn a_root_in_the_home_folder_counts() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".postgresql")).unwrap();
    let path = home.path().to_str().unwrap();
    for (authority, words) in [("ca", ""), ("stranger", "no root in")] {
        let file = format!("{authority}.crt");
        fs::copy(
            certificates().path(&file),
            home.path().join(".postgresql/root.crt"),
        )
        .unwrap();
        for mode in MODES {
            assert_same(
                &conninfo(good_server(), &format!("sslmode={mode}")),
                path,
                words,
            )
            .ok();
        }
    }
}

#[test]
fn client_certificates() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().to_str().unwrap();
    let key = home.path().join("key");
    let given = |certificate: &str, mode: u32| {
        fs::copy(certificates().path(&format!("{certificate}.key")), &key).unwrap();
        fs::set_permissions(&key, Permissions::from_mode(mode)).unwrap();
        let file = certificates().path(&format!("{certificate}.crt"));
        let more = format!(
            "user=certified sslmode=require sslcert={} sslkey={}",
            file.display(),
            key.display()
        );
        conninfo(good_server(), &more)
    };
    assert_eq!(
        assert_same(&given("client", 0o600), path, "").unwrap(),
        "true"
    );
    assert_same(&given("client", 0o644), path, "has group or world access").unwrap_err();
    assert_same(&given("impostor", 0o600), path, "").unwrap_err();
    let nobody = conninfo(good_server(), "user=certified sslmode=require");
    assert_same(&nobody, path, "requires a valid client certificate").unwrap_err();
    fs::remove_file(&key).unwrap();
    let lost = given("client", 0o600);
    fs::remove_file(&key).unwrap();
    assert_same(&lost, path, "private key").unwrap_err();

    let folder = home.path().join(".postgresql");
    fs::create_dir(&folder).unwrap();
    fs::copy(
        certificates().path("client.crt"),
        folder.join("postgresql.crt"),
    )
    .unwrap();
    fs::copy(
        certificates().path("client.key"),
        folder.join("postgresql.key"),
    )
    .unwrap();
    assert_eq!(assert_same(&nobody, path, "").unwrap(), "true");
    let without = ask_ours(&format!("{nobody} sslcertmode=disable"), path);
    assert!(
        without
            .unwrap_err()
            .contains("requires a valid client certificate")
    );
}

#[test]
fn the_ladder_goes_on_where_the_way_was_refused() {
    for (user, mode, ssl) in [
        ("plain", "prefer", Some("false")),
        ("plain", "allow", Some("false")),
        ("plain", "require", None),
        ("encrypted", "allow", Some("true")),
        ("encrypted", "prefer", Some("true")),
        ("encrypted", "disable", None),
    ] {
        let text = conninfo(good_server(), &format!("user={user} sslmode={mode}"));
        let answer = assert_same(&text, "/nowhere", "pg_hba.conf rejects").ok();
        assert_eq!(answer.as_deref(), ssl, "{text}");
    }
}

#[test]
fn a_wrong_password_is_not_given_again_without_tls() {
    let cluster = server(Some("san"));
    let text = conninfo(&cluster, "user=password password=wrong sslmode=prefer");
    ask_ours(&text, "/nowhere").unwrap_err();
    let log = fs::read_to_string(cluster.socket_dir().join("log")).unwrap();
    assert_eq!(
        log.matches("password authentication failed").count(),
        1,
        "{log}"
    );
}

#[test]
fn channel_binding() {
    let with = |more: &str| {
        conninfo(
            good_server(),
            &format!("user=password password=sentinel {more}"),
        )
    };
    for mode in ["prefer", "require"] {
        let text = with(&format!("sslmode={mode} channel_binding=require"));
        assert_eq!(assert_same(&text, "/nowhere", "").unwrap(), "true");
    }
    assert_same(
        &with("sslmode=disable channel_binding=require"),
        "/nowhere",
        "channel binding required",
    )
    .unwrap_err();
    assert_same(&with("channel_binding=disable"), "/nowhere", "").unwrap();
    let trusted = conninfo(good_server(), "channel_binding=require sslmode=require");
    assert_same(&trusted, "/nowhere", "channel binding required").unwrap_err();
}

#[test]
fn revoked_certificates() {
    certificates().revocations("none", &[]);
    certificates().revocations("some", &["san"]);
    let with = |list: &str| {
        let list = certificates().path(list);
        conninfo(
            good_server(),
            &format!(
                "sslmode=verify-full {} sslcrl={}",
                root("ca.crt"),
                list.display()
            ),
        )
    };
    assert_same(&with("none.crl"), "/nowhere", "").unwrap();
    assert_same(&with("some.crl"), "/nowhere", "revoked").unwrap_err();
    let error = ask_ours(&with("nowhere.crl"), "/nowhere").unwrap_err();
    assert!(error.contains("nowhere.crl"), "{error}");
}

#[test]
fn versions_of_tls() {
    for (more, good) in [
        ("ssl_min_protocol_version=TLSv1.3", true),
        ("ssl_max_protocol_version=TLSv1.2", true),
        (
            "ssl_min_protocol_version=TLSv1.3 ssl_max_protocol_version=TLSv1.2",
            false,
        ),
        ("sslsni=0", true),
    ] {
        let text = conninfo(
            good_server(),
            &format!("sslmode=verify-full {} {more}", root("ca.crt")),
        );
        assert_eq!(
            assert_same(&text, "/nowhere", "ssl_min_protocol_version").is_ok(),
            good,
            "{text}"
        );
    }
}

#[test]
fn tls_from_the_first_byte() {
    let cluster = good_server();
    let text = conninfo(
        cluster,
        &format!(
            "sslmode=verify-full {} sslnegotiation=direct",
            root("ca.crt")
        ),
    );
    let answer = ask_ours(&text, "/nowhere");
    if cluster.version().major >= 17 {
        assert_eq!(answer.unwrap(), "true");
    } else {
        eprintln!(
            "PostgreSQL {} has no direct TLS: only its refusal is tested",
            cluster.version()
        );
        answer.unwrap_err();
    }
}

#[test]
fn the_systems_roots() {
    let session = |trusted: &str, more: &str| {
        let text = conninfo(good_server(), &format!("sslrootcert=system {more}"));
        let command = tests::program(env!("CARGO_BIN_EXE_session")).args([QUERY, &text]);
        command
            .env("SSL_CERT_FILE", certificates().path(trusted))
            .run()
    };
    assert_eq!(session("ca.crt", "").expect_code(0).stdout.trim(), "true");
    session("stranger.crt", "").expect_error("no root in the system's roots");
    session("ca.crt", "sslmode=require").expect_error("weak sslmode");
}
