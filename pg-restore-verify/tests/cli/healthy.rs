//! Whole backups verify, however pg_dump was told to write them.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use shared::programs::Program;
use tests::{Database, program, tool};

use crate::backups::{dump, expect_verdict, failed, plain, shop, verify};

#[track_caller]
fn verifies(database: &Database, options: &[&str]) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(database, options, &path);
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{options:?}\n{output:?}");
    expect_verdict(&output, "ok");
    output.json_lines()
}

#[test]
fn in_every_form() {
    let shop = shop();
    for options in [
        &["-Fc"][..],
        &["-Fc", "-Z0"],
        &["-Fp"],
        &["-Fp", "--create"],
        &["-Fp", "--clean"],
        &["-Fp", "--clean", "--if-exists", "--create"],
        &["-Fc", "--no-owner", "--no-privileges"],
        &["-Fp", "--no-owner", "--no-comments"],
        &["-Fp", "--inserts"],
        &["-Fc", "--column-inserts", "--rows-per-insert=7"],
        &["-Fp", "--load-via-partition-root"],
        &["-Fp", "--quote-all-identifiers"],
        &["-Fp", "--disable-dollar-quoting"],
        &["-Fc", "-n", "public"],
        &["-Fp", "-n", "public", "--no-owner"],
        &["-Fc", "-n", "app"],
        &["-Fp", "-t", "notes", "-t", "tags"],
    ] {
        let findings = verifies(&shop, options);
        let tables = findings
            .iter()
            .filter(|finding| finding["check"] == "rows")
            .count();
        assert!(tables > 1, "{options:?}: {findings:?}");
    }
}

/// pg_dump itself puts the rows of what is partitioned by the hash of an enum in by the root.
#[test]
fn of_partitions_some_of_which_go_in_by_their_root() {
    let database = Database::new();
    database.sql(
        "create type m as enum ('a', 'b', 'c', 'd');
         create table he (k m, v int, w timestamptz) partition by hash (k);
         create table he0 partition of he for values with (modulus 2, remainder 0);
         create table he1 partition of he for values with (modulus 2, remainder 1);
         insert into he select (enum_range(null::m))[1 + g % 4], g, '2026-01-01'::timestamptz + g * interval '1 h'
             from generate_series(1, 40) g;
         create table p (k int, v text) partition by range (k);
         create table p1 partition of p for values from (0) to (10);
         create table p2 (v text, k int); alter table p attach partition p2 default;
         insert into p select g, 'x' from generate_series(1, 20) g",
    );
    for options in [
        &["-Fp", "--inserts"][..],
        &["-Fp", "--column-inserts"],
        &["-Fc", "--column-inserts", "--rows-per-insert=7"],
        &["-Fp", "--column-inserts", "--load-via-partition-root"],
    ] {
        verifies(&database, options);
    }
}

#[test]
fn of_partitions_whose_columns_are_in_another_order() {
    let database = Database::new();
    database.sql(
        "create type m as enum ('a', 'b', 'c', 'd');
         create table he (k m, v int, w timestamptz) partition by hash (k);
         create table he0 partition of he for values with (modulus 2, remainder 0);
         create table he1 (w timestamptz, v int, k m);
         alter table he attach partition he1 for values with (modulus 2, remainder 1);
         insert into he select (enum_range(null::m))[1 + g % 4], g, '2026-01-01'::timestamptz + g * interval '1 h'
             from generate_series(1, 40) g",
    );
    for options in [
        &["-Fc"][..],
        &["-Fp"],
        &["-Fp", "--load-via-partition-root"],
        &["-Fc", "--load-via-partition-root"],
        &["-Fp", "--column-inserts"],
        &["-Fc", "--column-inserts", "--rows-per-insert=7"],
    ] {
        verifies(&database, options);
    }
    for options in [&[][..], &["-F", "plain"]] {
        let folder = tempfile::tempdir().unwrap();
        let rotate = tool("pg-dump-rotate").database(&database);
        let taken = rotate.arg("--dir").arg(folder.path()).args(options).run();
        let output = tool("pg-restore-verify")
            .arg("-")
            .stdin(taken.expect_code(0).stdout)
            .run();
        assert_eq!(failed(&output), [""; 0], "{options:?}\n{output:?}");
        expect_verdict(&output, "ok");
    }
}

/// What a table inherits comes first wherever it is created anew.
#[test]
fn of_what_inherits_in_another_order() {
    let database = Database::new();
    database.sql(
        "create table parent (a text, b text);
         create table child (b text not null, a text, check (a <> b));
         alter table child inherit parent; insert into child values ('x', 'y')",
    );
    for options in [&["-Fc"][..], &["-Fp"], &["-Fp", "--column-inserts"]] {
        let findings = verifies(&database, options);
        let told = |finding: &serde_json::Value| {
            let words = finding["message"].as_str().unwrap_or_default();
            finding["object"] == "TABLE public.child" && words.contains("come first")
        };
        assert!(findings.iter().any(told), "{options:?}: {findings:?}");
    }
    // There the values go into the wrong columns.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("inserts");
    dump(&database, &["-Fp", "--inserts"], &path);
    assert_eq!(failed(&verify(&path)), ["schema TABLE public.child"]);
}

#[test]
fn whose_strings_have_backslashes_that_escape() {
    let database = Database::new();
    database.sql(
        "create table t (id serial primary key, a text default E'\\\\' check (a ~ E'^\\\\W'));
         insert into t default values;
         create schema \"s\\\";
         create table \"s\\\".\"a\\b'c\" (id serial primary key, \"x\\\" text default E'\\\\');
         insert into \"s\\\".\"a\\b'c\" default values;
         comment on column \"s\\\".\"a\\b'c\".\"x\\\" is E'\\\\''n';
         select lo_from_bytea(77, E'\\\\x5c27')",
    );
    let name = database.name();
    database.sql(&format!(
        "alter database {name} set standard_conforming_strings = off"
    ));
    for options in [
        &["-Fc"][..],
        &["-Ft"],
        &["-Fp"],
        &["-Fp", "--create"],
        &["-Fp", "--inserts"],
    ] {
        verifies(&database, options);
    }
    let live = tool("pg-restore-verify").args(["--live", &database.conninfo()]);
    let findings = live.run().json_lines();
    let of_columns = |finding: &&serde_json::Value| finding["check"] == "sequence_columns";
    let found = findings.iter().find(of_columns).unwrap();
    assert_eq!(found["status"], "ok", "{findings:?}");
}

#[test]
fn with_every_name_in_quotes() {
    let shop = shop();
    verifies(&shop, &["-Fc", "--quote-all-identifiers"]);
    shop.sql(
        "create schema \"order\"; create table \"order\".\"user\" (id serial, n int default 7)",
    );
    verifies(&shop, &["-Fp"]);
    // The server quotes what it writes, pg_dump nothing.
    let name = shop.name();
    shop.sql(&format!(
        "alter database {name} set quote_all_identifiers = on"
    ));
    for format in ["-Fc", "-Fp"] {
        verifies(&shop, &[format]);
    }
}

#[test]
fn gzipped_in_one_member_or_many() {
    let shop = shop();
    let script = plain(&shop, &[]);
    let folder = tempfile::tempdir().unwrap();
    for members in [1, 3] {
        let path = folder.path().join(format!("{members}.sql.gz"));
        let mut file = fs::File::create(&path).unwrap();
        for piece in script.as_bytes().chunks(script.len().div_ceil(members)) {
            let mut member = GzEncoder::new(&mut file, Compression::default());
            member.write_all(piece).unwrap();
            member.finish().unwrap();
        }
        expect_verdict(&verify(&path), "ok");
    }
}

/// What Windows and some mailers do to a script, psql and COPY take as it is.
#[test]
fn with_the_line_ends_of_windows() {
    let database = Database::new();
    database.sql(
        "create table t (id int primary key, word text, day date);
         insert into t values (1, 'one', '2024-02-29'), (2, e'two\nlines', null);
         create index on t (word); comment on table t is 'of t'",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup.sql");
    fs::write(&path, plain(&database, &[]).replace('\n', "\r\n")).unwrap();
    let output = verify(&path);
    assert_eq!(failed(&output), [""; 0], "{output:?}");
    expect_verdict(&output, "ok");
}

#[test]
fn whatever_the_session_of_pg_dump_was_set_to() {
    let shop = shop();
    shop.sql(&format!(
        "alter database {} set timezone = 'Europe/Berlin';
         alter database {0} set bytea_output = escape;
         alter database {0} set datestyle = 'German';
         alter database {0} set intervalstyle = sql_standard;
         alter database {0} set extra_float_digits = -3",
        shop.name()
    ));
    assert!(
        plain(&shop, &[]).contains("+02"),
        "the dump is in UTC, which proves nothing"
    );
    for options in [
        &["-Fc"][..],
        &["-Fp"],
        &["-Fp", "--inserts"],
        &["-Fc", "--column-inserts"],
    ] {
        verifies(&shop, options);
    }
}

#[test]
fn in_another_encoding() {
    let cluster = tests::cluster();
    let name = format!("latin{}", std::process::id());
    let mut client = cluster.connect("postgres").unwrap();
    let create = format!(
        "create database {name} encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0"
    );
    client.batch_execute(&create).unwrap();
    let mut latin = cluster.connect(&name).unwrap();
    latin
        .batch_execute(
            "create table \"größe\" (\"ü\" text); insert into \"größe\" values ('né'), ('é');
             comment on table \"größe\" is 'Äpfel'",
        )
        .unwrap();
    drop(latin);
    let folder = tempfile::tempdir().unwrap();
    let pg_dump = Program::find("pg_dump", None).unwrap();
    for format in ["-Fp", "-Fc", "-Fc -Z0"] {
        let dump = program(pg_dump.path())
            .server(cluster)
            .args(format.split(' '))
            .arg(&name);
        let output = dump.run().expect_code(0);
        let path = folder.path().join("latin");
        fs::write(&path, &output.bytes).unwrap();
        if format == "-Fp" {
            let latin = output.bytes.windows(2).any(|pair| pair == b"n\xe9");
            assert!(latin, "it is not LATIN1");
        }
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{output:?}");
        expect_verdict(&output, "ok");
    }
    client
        .batch_execute(&format!("drop database {name}"))
        .unwrap();
}

#[test]
fn rows_that_were_left_out_are_named() {
    let shop = shop();
    for options in [&["-Fc", "-s"][..], &["-Fp", "--exclude-table-data=app.log"]] {
        let findings = verifies(&shop, options);
        let skipped = findings
            .iter()
            .find(|finding| finding["status"] == "skipped" && finding["object"] == "app.log");
        assert!(skipped.is_some(), "{options:?}: {findings:?}");
    }
}

#[test]
fn missing_roles_are_created_and_named() {
    let shop = shop();
    let findings = verifies(&shop, &["-Fc"]);
    let restore = findings
        .iter()
        .find(|finding| finding["check"] == "restore")
        .unwrap();
    assert!(
        restore["message"].as_str().unwrap().contains("shop_owner"),
        "{restore}"
    );
}

#[test]
fn of_everything_that_real_databases_have() {
    let database = Database::new();
    database.load_sample();
    verifies(&database, &["-Fc"]);
    verifies(&database, &["-Fp"]);
    // pg_dump writes a float's -0 bare into an INSERT, where it is the integer 0:
    // such a dump does not restore what it holds, and that is said.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&database, &["--inserts"], &path);
    assert_eq!(failed(&verify(&path)), ["rows app.numbers"]);
    database.sql("update app.numbers set f4 = 0, f8 = 0 where id = 1");
    verifies(&database, &["-Fp", "--inserts"]);
    verifies(&database, &["-Fc", "--column-inserts"]);
}

/// Up to 16 each has an entry of its own, from 17 on one entry is of many.
#[test]
fn of_large_objects_that_others_own_and_use() {
    let shop = shop();
    shop.sql(
        "alter large object 4711 owner to shop_owner;
         comment on large object 4711 is e'it''s\\nlarge';
         grant select on large object 4712 to public;
         grant all on large object 4713 to shop_owner with grant option;
         revoke all on large object 4713 from current_user",
    );
    for options in [
        &["-Fc"][..],
        &["-Ft"],
        &["-Fp", "-O"],
        &["-Fp", "-x", "--no-comments"],
        &["-Fc", "-O", "-x"],
        &["-Fp", "--quote-all-identifiers"],
    ] {
        verifies(&shop, options);
    }
}

#[test]
fn with_extensions_whose_comments_nobody_owns() {
    let database = Database::new();
    database
        .sql("create extension hstore; create table t (h hstore); insert into t values ('a=>1')");
    for options in [
        &["-Fp"][..],
        &["-Fp", "--no-comments"],
        &["-Fp", "-O"],
        &["-Fc"],
    ] {
        verifies(&database, options);
    }
}

#[test]
fn of_a_database_whose_name_has_a_newline() {
    let database = Database::named(
        tests::cluster(),
        &format!("two\nlines{}", std::process::id()),
    );
    database.sql("create table t (a int); insert into t values (1)");
    verifies(&database, &["-Fc"]);
}
