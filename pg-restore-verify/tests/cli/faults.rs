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

/// What happens to the restored database behind the backup's back (a trigger, a
/// job, a server that loses something), and which finding must fail for it.
const MEDDLING: &[(&str, &str)] = &[
    ("DELETE FROM app.log WHERE line = 'one';", "rows app.log"),
    ("DELETE FROM app.log WHERE line IS NULL;", "rows app.log"),
    ("INSERT INTO app.log VALUES ('one');", "rows app.log"),
    (
        "UPDATE app.log SET line = 'eins' WHERE line = 'one';",
        "rows app.log",
    ),
    (
        "UPDATE app.pictures SET content = content || '\\x00' WHERE id = 7;",
        "rows app.pictures",
    ),
    (
        "UPDATE app.orders SET total = total + 0.00 + 0.01 WHERE id = 7;",
        "rows app.orders",
    ),
    (
        "UPDATE app.customers SET seen = seen + interval '1 microsecond' WHERE id = 7;",
        "rows app.customers",
    ),
    ("TRUNCATE app.visits_2024;", "rows app.visits_2024"),
    ("DROP TABLE app.pictures;", "rows app.pictures"),
    (
        "ALTER TABLE app.log RENAME COLUMN line TO zeile;",
        "rows app.log",
    ),
    (
        "ALTER SEQUENCE app.invoice_numbers RESTART;",
        "sequences app.invoice_numbers",
    ),
    (
        "SELECT nextval('app.orders_id_seq');",
        "sequences app.orders_id_seq",
    ),
    ("SELECT lo_unlink(4711);", "large_objects 4711"),
    ("SELECT lo_put(4712, 299999, 'y');", "large_objects 4712"),
    (
        "SELECT lo_put(4713, 0, 'no longer empty');",
        "large_objects 4713",
    ),
    (
        "SELECT lo_from_bytea(9999, 'one too many');",
        "large_objects 9999",
    ),
    (
        "DROP INDEX app.orders_by_state;",
        "schema INDEX app.orders_by_state",
    ),
    (
        "ALTER TABLE app.orders DROP CONSTRAINT orders_customer_fkey;",
        "schema FK CONSTRAINT app.orders orders_customer_fkey",
    ),
    (
        "ALTER TABLE app.orders ALTER COLUMN note SET NOT NULL;",
        "schema TABLE app.orders",
    ),
    (
        "ALTER TABLE app.orders ALTER COLUMN state DROP DEFAULT;",
        "schema TABLE app.orders",
    ),
    (
        "ALTER TABLE app.orders DISABLE TRIGGER touch;",
        "schema TRIGGER app.orders touch",
    ),
    (
        "ALTER TABLE app.log DISABLE ROW LEVEL SECURITY;",
        "schema ROW SECURITY app.log",
    ),
    (
        "DROP POLICY readers ON app.log;",
        "schema POLICY app.log readers",
    ),
    (
        "REVOKE SELECT ON app.customers FROM shop_owner;",
        "schema ACL app.TABLE customers",
    ),
    (
        "ALTER TABLE app.orders OWNER TO postgres;",
        "schema TABLE app.orders",
    ),
    (
        "COMMENT ON TABLE app.customers IS 'who pays';",
        "schema COMMENT app.TABLE customers",
    ),
    (
        "ALTER PUBLICATION shop DROP TABLE app.orders;",
        "schema PUBLICATION TABLE app.shop orders",
    ),
    ("CREATE TABLE public.extra ();", "schema TABLE public.extra"),
    (
        "CREATE OR REPLACE FUNCTION app.touch() RETURNS trigger LANGUAGE plpgsql AS $$ begin return new; end $$;",
        "schema FUNCTION app.touch()",
    ),
    (
        "ALTER TYPE app.state ADD VALUE 'lost';",
        "schema TYPE app.state",
    ),
];

#[test]
fn in_the_restored_database() {
    let shop = shop();
    // Done by the script itself, beneath an entry whose statements nobody compares.
    let script = plain(&shop, &[]);
    let closing = "--\n-- PostgreSQL database dump complete";
    let folder = tempfile::tempdir().unwrap();
    for (sql, finding) in MEDDLING {
        let path = folder.path().join("backup.sql");
        let entry = "-- Data for Name: x; Type: TABLE DATA; Schema: -; Owner: -";
        let meddled = script.replacen(closing, &format!("{entry}\n\n{sql}\n\n{closing}"), 1);
        assert_ne!(meddled, script);
        fs::write(&path, meddled).unwrap();
        let output = verify(&path);
        expect_verdict(&output, "failed");
        assert!(
            failed(&output).iter().any(|failed| failed == finding),
            "{sql}\n{output:?}"
        );
    }
}
