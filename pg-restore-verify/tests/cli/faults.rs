//! A backup that restores without a word and is not what it should be: each of
//! these is found, and named.

use std::fs;

use crate::backups::{expect_verdict, failed, plain, shop, verify};

/// What is done to a plain dump, and which finding must fail for it.
struct Fault {
    name: &'static str,
    mutilate: fn(&str) -> String,
    finding: &'static str,
}

const FAULTS: &[Fault] = &[
    Fault {
        name: "constraint that the rows break",
        mutilate: |s| s.replacen("c7@example.org", "c8@example.org", 1),
        finding: "restore CONSTRAINT app.customers customers_email_key",
    },
    Fault {
        name: "row that a domain refuses",
        mutilate: |s| s.replacen("c7@example.org", "c7", 1),
        finding: "restore TABLE DATA app.customers",
    },
    Fault {
        name: "index that can't be built",
        mutilate: |s| s.replacen("USING btree (state)", "USING btree (gone)", 1),
        finding: "restore INDEX app.orders_by_state",
    },
    Fault {
        name: "statement that makes no sense",
        mutilate: |s| {
            s.replacen(
                "CREATE VIEW app.open_orders",
                "CREATE VUE app.open_orders",
                1,
            )
        },
        finding: "restore VIEW app.open_orders",
    },
    Fault {
        name: "object that needs what is not there",
        mutilate: |s| {
            s.replacen(
                "EXECUTE FUNCTION app.touch()",
                "EXECUTE FUNCTION app.tuch()",
                1,
            )
        },
        finding: "restore TRIGGER app.orders touch",
    },
    Fault {
        name: "shell command",
        mutilate: |s| s.replacen("CREATE VIEW", "\\! touch /tmp/owned\nCREATE VIEW", 1),
        finding: "restore line",
    },
    Fault {
        name: "no closing words",
        mutilate: |s| s.replacen("-- PostgreSQL database dump complete", "--", 1),
        finding: "archive",
    },
    Fault {
        name: "cut within rows",
        mutilate: |s| s[..s.find("c50@example.org").unwrap()].to_string(),
        finding: "archive",
    },
    Fault {
        name: "cut between statements",
        mutilate: |s| s[..s.find("-- Name: orders orders_pkey").unwrap()].to_string(),
        finding: "archive",
    },
    Fault {
        name: "cut within a statement",
        mutilate: |s| s[..s.find("ADD CONSTRAINT orders_pkey").unwrap()].to_string(),
        finding: "archive",
    },
    Fault {
        name: "command that ends the script early",
        mutilate: |s| s.replacen("CREATE VIEW", "\\q\nCREATE VIEW", 1),
        finding: "restore line",
    },
];

#[test]
fn in_a_plain_dump() {
    let shop = shop();
    let script = plain(&shop, &[]);
    let folder = tempfile::tempdir().unwrap();
    for fault in FAULTS {
        let path = folder.path().join("backup.sql");
        let mutilated = (fault.mutilate)(&script);
        assert_ne!(mutilated, script, "{}: nothing was done", fault.name);
        fs::write(&path, mutilated).unwrap();
        let output = verify(&path);
        expect_verdict(&output, "failed");
        let failed = failed(&output);
        assert!(
            failed
                .iter()
                .any(|finding| finding.starts_with(fault.finding)),
            "{}: {failed:?}\n{output:?}",
            fault.name
        );
        assert!(
            output.stderr.contains("does not verify"),
            "{}: {output:?}",
            fault.name
        );
    }
    assert!(!fs::exists("/tmp/owned").unwrap());
}
