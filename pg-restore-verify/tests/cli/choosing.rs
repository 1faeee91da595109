//! `-t`, `-n` and `--where`: a part of a backup, restored and proved.

use std::path::{Path, PathBuf};

use serde_json::Value;
use tests::{Database, Output, program, tool};

use crate::backups::{dump, expect_verdict, failed, shop};
use shared::programs::Program;

/// The same database in every format.
fn in_all_formats(database: &Database, folder: &Path) -> Vec<PathBuf> {
    let formats = [
        &["-Fc"][..],
        &["-Fd"],
        &["-Ft"],
        &["-Fp"],
        &["-Fp", "--inserts"],
    ];
    let paths = formats.iter().enumerate().map(|(number, options)| {
        let path = folder.join(format!("backup{number}"));
        match options[0] {
            "-Fd" => {
                let pg_dump = Program::find("pg_dump", None).unwrap();
                let run = program(pg_dump.path()).database(database).args(*options);
                run.arg("--file").arg(&path).run().expect_code(0);
            }
            _ => dump(database, options, &path),
        }
        path
    });
    paths.collect()
}

fn choose(path: &Path, options: &[&str]) -> Output {
    tool("pg-restore-verify").args(options).arg(path).run()
}

/// The objects of one check, with their status.
fn of(output: &Output, check: &str) -> Vec<(String, String)> {
    let lines = output.json_lines();
    let found = lines.iter().filter(|finding| finding["check"] == check);
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or("").to_string();
    let mut found: Vec<_> = found
        .map(|finding| (text(finding, "object"), text(finding, "status")))
        .collect();
    found.sort();
    found
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(one, other): &(&str, &str)| (one.to_string(), other.to_string());
    pairs.iter().map(owned).collect()
}

fn message(output: &Output, object: &str) -> String {
    let lines = output.json_lines();
    let finding = lines.iter().find(|finding| finding["object"] == object);
    let finding = finding.unwrap_or_else(|| panic!("{object}: {output:?}"));
    format!("{} {}", finding["actual"], finding["message"])
}

#[test]
fn tables_of_every_format_with_what_they_miss() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for path in in_all_formats(&shop, folder.path()) {
        let output = choose(
            &path,
            &["-t", "app.orders", "-t", "pict*", "-t", "app.pict*"],
        );
        // In no schema of the search path.
        output
            .expect_code(2)
            .expect_error("nothing in the backup matches -t pict*");
        let output = choose(&path, &["-t", "app.orders", "-t", "app.pict*"]);
        assert_eq!(failed(&output), [""; 0], "{}: {output:?}", path.display());
        expect_verdict(&output, "ok");
        let rows = pairs(&[("app.orders", "ok"), ("app.pictures", "ok")]);
        assert_eq!(of(&output, "rows"), rows, "{output:?}");
        let key = "app.orders orders_customer_fkey";
        assert_eq!(
            of(&output, "references"),
            pairs(&[(key, "skipped")]),
            "{output:?}"
        );
        let message = message(&output, key);
        assert!(message.contains("customer = 1, 10, 100"), "{message}");
        assert!(
            message.contains("100 rows of app.customers missing, to which 500 rows refer"),
            "{message}"
        );
        assert_eq!(of(&output, "large_objects"), []);
    }
}

#[test]
fn schemas_of_every_format() {
    let shop = shop();
    shop.sql(
        "create table public.links (customer bigint references app.customers, note text);
              insert into public.links values (7, 'x'), (null, 'y')",
    );
    let folder = tempfile::tempdir().unwrap();
    for path in in_all_formats(&shop, folder.path()) {
        let output = choose(&path, &["-n", "publ?c"]);
        assert_eq!(failed(&output), [""; 0], "{}: {output:?}", path.display());
        expect_verdict(&output, "ok");
        let tables = pairs(&[
            ("public.links", "ok"),
            ("public.notes", "ok"),
            ("public.tags", "ok"),
        ]);
        assert_eq!(of(&output, "rows"), tables, "{output:?}");
        assert!(
            message(&output, "public.links links_customer_fkey").contains("customer = 7"),
            "{output:?}"
        );
    }
}

#[test]
fn rows_of_every_format() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for path in in_all_formats(&shop, folder.path()) {
        let output = choose(
            &path,
            &[
                "--where",
                "app.customers=id <= 50 -- half",
                "--where=app.visits=who = 'v7'",
            ],
        );
        assert_eq!(failed(&output), [""; 0], "{}: {output:?}", path.display());
        expect_verdict(&output, "ok");
        // Those which stayed and those which were left out are all of them.
        assert!(of(&output, "rows").contains(&("app.customers".into(), "ok".into())));
        assert!(
            message(&output, "app.customers").contains("100 rows"),
            "{output:?}"
        );
        let lines = output.json_lines();
        let stayed: Vec<&str> = lines
            .iter()
            .filter(|finding| finding["check"] == "where")
            .map(|finding| {
                finding["message"]
                    .as_str()
                    .unwrap()
                    .split(" meet")
                    .next()
                    .unwrap()
            })
            .collect();
        assert!(stayed.contains(&"50 of 100 rows"), "{stayed:?}");
        assert!(
            stayed.iter().any(|words| words.starts_with("1 of")),
            "{stayed:?}"
        );
        let key = message(&output, "app.orders orders_customer_fkey");
        assert!(
            key.contains("50 rows of app.customers missing, to which 250 rows refer"),
            "{key}"
        );
        // Both ends: no row misses another.
        let both = [
            "--where=app.customers=id <= 50",
            "--where=app.orders=customer <= 50",
            "--table=app.customers",
            "--table=app.orders",
        ];
        let output = choose(&path, &both);
        expect_verdict(&output, "ok");
        // What was left out was compared, and is not there.
        let verdict = output.json_lines().pop().unwrap();
        let words = verdict["message"].as_str().unwrap();
        assert!(
            words.starts_with("of what was chosen, 300 rows in 2 tables,"),
            "{words}"
        );
        let key = message(&output, "app.orders orders_customer_fkey");
        assert!(key.contains("no row misses any"), "{key}");
    }
}

/// Rows of a partition that was not chosen are no rows of the table that was: nobody can refer to them.
#[test]
fn what_refers_to_a_partition_elsewhere() {
    let database = Database::new();
    database.sql(
        "create schema old;
         create table parts (id int primary key) partition by range (id);
         create table old.parts_0 partition of parts for values from (0) to (10);
         create table parts_1 partition of parts for values from (10) to (20);
         insert into parts select generate_series(5, 15);
         create table refers (part int references parts);
         insert into refers values (5), (6), (15)",
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fc", "-Fp"] {
        dump(&database, &[format], &path);
        for part in [
            &["-n", "public"][..],
            &["-t", "refers", "-t", "parts", "-t", "parts_1"],
        ] {
            let output = choose(&path, part);
            assert_eq!(failed(&output), [""; 0], "{format} {part:?} {output:?}");
            expect_verdict(&output, "ok");
            let words = message(&output, "public.refers refers_part_fkey");
            assert!(words.contains("part = 5, 6"), "{words}");
        }
    }
}

#[test]
fn what_can_t_be_chosen_is_refused() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    for format in ["-Fc", "-Fp"] {
        let path = folder.path().join("backup");
        dump(&shop, &[format], &path);
        for (options, words) in [
            (&["-t", "app.nope"][..], "matches -t app.nope"),
            (
                &["-t", "app.orders", "-t", "App.\"Orders\""],
                "matches -t App.\"Orders\"",
            ),
            // In no schema of the search path.
            (&["-t", "pict*"], "matches -t pict*"),
            (&["-n", "nope"], "matches -n nope"),
            (&["--where", "app.nope=true"], "matches --where app.nope"),
            (
                &["--where", "app.open_orders=true"],
                "matches --where app.open_orders",
            ),
            (
                &["-t", "app.log", "--where", "app.orders=true"],
                "matches --where app.orders",
            ),
            (
                &["--where", "app.orders=colour = 1"],
                "column \"colour\" does not exist",
            ),
            (
                &["--where", "app.orders"],
                "a table and a condition are needed",
            ),
            (&["-t", "app.log", "-n", "app"], "-n"),
        ] {
            choose(&path, options).expect_code(2).expect_error(words);
        }
    }
}

/// What needs something that was not chosen is named, and what would go with it stays.
#[test]
fn what_depends_on_the_rest() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    let options = [
        "-t",
        "app.visits_2025",
        "-t",
        "app.open_orders",
        "-t",
        "app.sums",
    ];
    let output = choose(&path, &options);
    expect_verdict(&output, "ok");
    assert_eq!(
        of(&output, "rows"),
        pairs(&[("app.visits_2025", "ok")]),
        "{output:?}"
    );
    let references = of(&output, "references");
    for left_out in ["view app.open_orders", "materialized view app.sums"] {
        let record = (left_out.to_string(), "skipped".to_string());
        assert!(references.contains(&record), "{references:?}");
    }
    assert!(
        !output.stdout.contains("table app.visits_2025\""),
        "{output:?}"
    );
}

/// That nothing is wrong with nothing proves nothing.
#[test]
fn what_holds_no_rows_without_the_rest_is_not_proved() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    dump(&shop, &["-Fc"], &path);
    for chosen in ["app.visits", "app.sums"] {
        let output = choose(&path, &["-t", chosen]).expect_code(2);
        expect_verdict(&output, "skipped");
    }
}

/// Damage to what was not chosen is no fault of what was; the other way it is.
#[test]
fn faults_of_what_was_chosen() {
    let shop = shop();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    let script = crate::backups::plain(&shop, &[]);
    let broken = script
        .replacen("USING btree (state)", "USING btree (gone)", 1)
        .replacen("c7@example.org", "c7", 1);
    std::fs::write(&path, broken).unwrap();
    expect_verdict(&choose(&path, &["-t", "app.pictures"]), "ok");
    let output = choose(&path, &["-t", "app.orders"]);
    assert!(
        failed(&output).contains(&"restore INDEX app.orders_by_state".to_string()),
        "{output:?}"
    );
    let output = choose(&path, &["-n", "app"]);
    assert!(
        failed(&output).contains(&"restore TABLE DATA app.customers".to_string()),
        "{output:?}"
    );
}
