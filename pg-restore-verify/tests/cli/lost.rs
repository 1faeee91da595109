//! What somebody took out of a script or changed in it, with an editor or a careless filter.
//!
//! Without a manifest only what is contradicted by the rest of the script shows; with the manifest
//! of pg-dump-rotate everything does.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::{Database, tool};

use crate::backups::{expect_verdict, failed, of_status, plain, shop, verify, verify_bad};

/// What is done to a script, and what has to fail for it: without a manifest, and with it besides
/// the checksum.
struct Fault {
    name: &'static str,
    change: fn(&str) -> String,
    without: &'static [&'static str],
    with: &'static [&'static str],
}

/// Removes the statement that begins so, and leaves the comment that announces it.
fn without(script: &str, begins: &str) -> String {
    let found = script.find(&format!("\n{begins}"));
    let start = found.unwrap_or_else(|| panic!("no {begins}")) + 1;
    let end = start + script[start..].find(";\n").unwrap() + 2;
    [&script[..start], &script[end..]].concat()
}

/// Removes the statement that begins so, and the comment that announces it.
fn without_trace(script: &str, begins: &str) -> String {
    let start = script.find(&format!("\n{begins}")).unwrap() + 1;
    let end = start + script[start..].find(";\n").unwrap() + 2;
    let comment = script[..start].rfind("--\n-- ").unwrap();
    [&script[..comment], &script[end..]].concat()
}

/// Removes the rows of a table, and the COPY.
fn without_rows(script: &str, table: &str) -> String {
    let start = script.find(&format!("\nCOPY {table} ")).unwrap() + 1;
    let end = start + script[start..].find("\n\\.\n").unwrap() + 4;
    [&script[..start], &script[end..]].concat()
}

const FAULTS: &[Fault] = &[
    // Rows
    Fault {
        name: "a row removed",
        change: |s| s.replacen("grün 日本\n", "", 1),
        without: &[],
        with: &["rows app.log"],
    },
    Fault {
        name: "a value changed",
        change: |s| s.replacen("grün 日本\n", "grün 日木\n", 1),
        without: &[],
        with: &["rows app.log"],
    },
    Fault {
        name: "a row twice, without a key",
        change: |s| s.replacen("grün 日本\n", "grün 日本\ngrün 日本\n", 1),
        without: &[],
        with: &["rows app.log"],
    },
    Fault {
        name: "a row twice, with a key",
        change: |s| s.replacen("\n7\t\\\\x", "\n7\t\\\\x00\n7\t\\\\x", 1),
        without: &["restore CONSTRAINT app.pictures pictures_pkey"],
        with: &["rows app.pictures"],
    },
    Fault {
        name: "two rows that changed tables",
        change: |s| {
            let (left, right) = ("left hand\n", "right hand\n");
            s.replacen(left, "\u{0}", 1)
                .replacen(right, left, 1)
                .replacen('\u{0}', right, 1)
        },
        without: &[],
        with: &["rows app.left_hand", "rows app.right_hand"],
    },
    Fault {
        name: "two tables' rows swapped",
        change: |s| {
            let (left, right) = ("COPY app.left_hand ", "COPY app.right_hand ");
            s.replacen(left, "\u{0}", 1)
                .replacen(right, left, 1)
                .replacen('\u{0}', right, 1)
        },
        without: &[],
        with: &["rows app.left_hand", "rows app.right_hand"],
    },
    Fault {
        name: "a table's rows removed",
        change: |s| without_rows(s, "app.log"),
        without: &["rows app.log"],
        with: &[],
    },
    Fault {
        name: "another encoding",
        change: |s| s.replacen("client_encoding = 'UTF8'", "client_encoding = 'LATIN1'", 1),
        without: &[],
        with: &[],
    },
    // Sequences and large objects
    Fault {
        name: "a sequence's position",
        change: |s| without(s, "SELECT pg_catalog.setval('app.invoice_numbers'"),
        without: &["sequences app.invoice_numbers"],
        with: &["sequences app.invoice_numbers"],
    },
    Fault {
        name: "a sequence's position, without trace",
        change: |s| without_trace(s, "SELECT pg_catalog.setval('app.invoice_numbers'"),
        without: &[],
        with: &[],
    },
    Fault {
        name: "a large object's bytes",
        change: |s| without(s, "SELECT pg_catalog.lowrite("),
        without: &[],
        with: &["large_objects"],
    },
    Fault {
        name: "a large object",
        change: |s| without(s, "SELECT pg_catalog.lo_create('4713'"),
        // From 17 on their numbers follow.
        without: &["restore BLOBS "],
        with: &[],
    },
    // Objects
    Fault {
        name: "an index",
        change: |s| without(s, "CREATE INDEX orders_by_state"),
        without: &["schema INDEX app.orders_by_state"],
        with: &[],
    },
    Fault {
        name: "an index, without trace",
        change: |s| without_trace(s, "CREATE INDEX orders_by_state"),
        without: &[],
        with: &[],
    },
    Fault {
        name: "a foreign key",
        change: |s| {
            let begins = "ALTER TABLE ONLY app.orders\n    ADD CONSTRAINT orders_customer_fkey";
            without(s, begins)
        },
        without: &["schema FK CONSTRAINT app.orders orders_customer_fkey"],
        with: &[],
    },
    Fault {
        name: "a foreign key that is not valid",
        change: |s| s.replacen("ON DELETE CASCADE;", "ON DELETE CASCADE NOT VALID;", 1),
        without: &[],
        with: &[],
    },
    Fault {
        name: "a primary key",
        change: |s| {
            let begins = "ALTER TABLE ONLY app.orders\n    ADD CONSTRAINT orders_pkey";
            without(s, begins)
        },
        without: &["schema CONSTRAINT app.orders orders_pkey"],
        with: &[],
    },
    Fault {
        name: "a trigger",
        change: |s| without(s, "CREATE TRIGGER touch"),
        without: &["schema TRIGGER app.orders touch"],
        with: &[],
    },
    Fault {
        name: "a function",
        change: |s| {
            let whole = without(s, "CREATE FUNCTION app.touch()");
            // Its body has semicolons of its own.
            without(&whole, "CREATE TRIGGER touch")
        },
        without: &["schema TRIGGER app.orders touch"],
        with: &[],
    },
    Fault {
        name: "a view",
        change: |s| {
            let lost = without(s, "CREATE VIEW app.open_orders");
            let rest = lost.split_inclusive('\n');
            rest.filter(|line| !line.contains("app.open_orders OWNER TO"))
                .collect()
        },
        without: &["schema VIEW app.open_orders"],
        with: &[],
    },
    Fault {
        name: "a materialized view's rows",
        change: |s| without(s, "REFRESH MATERIALIZED VIEW app.sums"),
        without: &["schema MATERIALIZED VIEW DATA app.sums"],
        with: &[],
    },
    Fault {
        name: "a grant",
        change: |s| without(s, "GRANT SELECT ON TABLE app.customers"),
        without: &["schema ACL app.TABLE customers"],
        with: &[],
    },
    Fault {
        name: "rights of what is still to come",
        change: |s| without(s, "ALTER DEFAULT PRIVILEGES"),
        without: &["schema DEFAULT ACL app.DEFAULT PRIVILEGES FOR TABLES"],
        with: &[],
    },
    Fault {
        name: "a comment",
        change: |s| without(s, "COMMENT ON TABLE app.customers"),
        without: &["schema COMMENT app.TABLE customers"],
        with: &[],
    },
    Fault {
        name: "a default",
        change: |s| without(s, "ALTER TABLE ONLY app.orders ALTER COLUMN id SET DEFAULT"),
        without: &["schema DEFAULT app.orders id"],
        with: &[],
    },
    Fault {
        name: "a policy",
        change: |s| without(s, "CREATE POLICY readers"),
        without: &["schema POLICY app.log readers"],
        with: &[],
    },
    Fault {
        name: "row security",
        change: |s| without(s, "ALTER TABLE app.log ENABLE ROW LEVEL SECURITY"),
        without: &["schema ROW SECURITY app.log"],
        with: &[],
    },
    Fault {
        name: "a publication's table",
        change: |s| without(s, "ALTER PUBLICATION shop ADD TABLE"),
        without: &["schema PUBLICATION TABLE app.shop orders"],
        with: &[],
    },
    Fault {
        name: "a partition that is not attached",
        change: |s| {
            without(
                s,
                "ALTER TABLE ONLY app.visits ATTACH PARTITION app.visits_2024",
            )
        },
        without: &["schema TABLE ATTACH app.visits_2024"],
        with: &[],
    },
];

fn faulty_shop() -> Database<'static> {
    let shop = shop();
    shop.sql(
        "create table app.left_hand (t text); insert into app.left_hand values ('left hand');
         create table app.right_hand (t text); insert into app.right_hand values ('right hand')",
    );
    shop
}

/// Writes every faulty script into a folder of its own, under the name of a backup.
fn write_faulty(script: &str, folder: &Path, name: &str) -> Vec<PathBuf> {
    let write = |(number, fault): (usize, &Fault)| {
        let path = folder.join(number.to_string()).join(name);
        let changed = (fault.change)(script);
        assert_ne!(changed, script, "{}: nothing was done", fault.name);
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, changed).unwrap();
        path
    };
    faults(script).enumerate().map(write).collect()
}

/// The faults that a script of this version can have: up to 13 a partition's own entry attaches it.
fn faults(script: &str) -> impl Iterator<Item = &'static Fault> {
    let has_entry = script.contains("; Type: TABLE ATTACH;");
    FAULTS
        .iter()
        .filter(move |fault| has_entry || !fault.name.contains("not attached"))
}

#[test]
fn every_change_to_a_script_with_a_manifest_is_found() {
    let shop = faulty_shop();
    let folder = tempfile::tempdir().unwrap();
    let run = tool("pg-dump-rotate").args(["-d", &shop.conninfo(), "-F", "plain", "-Z", "none"]);
    let output = run.arg("--dir").arg(folder.path()).run().expect_code(0);
    let taken: PathBuf = output.json_lines()[0]["path"].as_str().unwrap().into();
    let name = taken.file_name().unwrap().to_str().unwrap();
    let script = fs::read_to_string(&taken).unwrap();
    let paths = write_faulty(&script, folder.path(), name);
    let manifest = shared::backup::manifest_of(name);
    for path in &paths {
        fs::copy(
            taken.with_file_name(&manifest),
            path.with_file_name(&manifest),
        )
        .unwrap();
    }
    for (fault, findings) in faults(&script).zip(verify_bad(&paths, &["--archive-only"])) {
        expect_named(fault, &findings, fault.with.iter().chain(&["checksum"]));
    }
    let lost = faults(&script).position(|fault| fault.name.contains("position, without trace"));
    let output = verify(&paths[lost.unwrap()]);
    expect_verdict(&output, "failed");
    assert_eq!(
        failed(&output),
        ["sequences app.invoice_numbers", "checksum"]
    );
}

#[track_caller]
fn expect_named<'a>(fault: &Fault, findings: &[Value], wanted: impl Iterator<Item = &'a &'a str>) {
    let failed = of_status(findings, "failed");
    for wanted in wanted {
        let named = failed.iter().any(|failed| failed.starts_with(wanted));
        assert!(named, "{}: {wanted} is not among {failed:#?}", fault.name);
    }
    assert_eq!(
        findings.last().unwrap()["status"],
        "failed",
        "{}",
        fault.name
    );
}

#[test]
fn what_a_script_contradicts_is_found_without_a_manifest_and_the_rest_is_said_to_be_unproved() {
    let script = plain(&faulty_shop(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let paths = write_faulty(&script, folder.path(), "shop.sql");
    let (shown, unshown): (Vec<_>, Vec<_>) = faults(&script)
        .zip(paths)
        .partition(|(fault, _)| !fault.without.is_empty());
    let paths: Vec<PathBuf> = shown.iter().map(|(_, path)| path.clone()).collect();
    for ((fault, _), findings) in shown.iter().zip(verify_bad(&paths, &[])) {
        expect_named(fault, &findings, fault.without.iter());
    }
    assert!(unshown.len() > 5);
    let run = tool("pg-restore-verify").args(unshown.iter().map(|(_, path)| path));
    let output = run.run().expect_code(0);
    let findings = output.json_lines();
    for (fault, path) in unshown {
        let of = |check: &str| {
            let own = |f: &&Value| f["path"] == path.to_str().unwrap() && f["check"] == check;
            findings.iter().find(own).unwrap().clone()
        };
        assert_eq!(of("checksum")["status"], "skipped", "{}", fault.name);
        let words = of("verdict")["message"].as_str().unwrap().to_string();
        assert!(
            words.contains("no manifest tells whether it holds what was taken"),
            "{words}"
        );
    }
}

#[test]
fn a_sequence_of_which_a_script_has_no_position_is_named() {
    let script = plain(&shop(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    let lost = without_trace(&script, "SELECT pg_catalog.setval('app.invoice_numbers'");
    fs::write(&path, lost).unwrap();
    let output = verify(&path);
    expect_verdict(&output, "ok");
    let skipped = of_status(&output.json_lines(), "skipped");
    let named = skipped.contains(&"sequences app.invoice_numbers".to_string());
    assert!(named, "{skipped:?}");
}

/// `--archive-only` reads the same script.
#[test]
fn what_is_announced_and_missing_is_found_without_a_server() {
    let script = plain(&shop(), &[]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, without(&script, "CREATE INDEX orders_by_state")).unwrap();
    let run = tool("pg-restore-verify").arg("--archive-only").arg(&path);
    let output = run.run();
    expect_verdict(&output, "failed");
    assert_eq!(failed(&output), ["schema INDEX app.orders_by_state"]);
}
