//! Foreign tables: a backup never leads a restore or a check to where they are.

use std::path::Path;

use tests::{Database, Output, tool};

use crate::backups::{dump, expect_verdict, of_status};

/// A database whose foreign tables show what is in another one.
struct Place {
    near: Database<'static>,
    far: Database<'static>,
}

impl Place {
    fn new() -> Self {
        let (near, far) = (Database::new(), Database::new());
        far.sql(
            "create table r as select 150 as id;
             create sequence reads;
             create view seen as select nextval('reads')::int as id from generate_series(1, 3)",
        );
        near.sql(&format!(
            "create extension postgres_fdw;
             create foreign data wrapper own handler postgres_fdw_handler validator postgres_fdw_validator;
             create server s foreign data wrapper postgres_fdw options (host '{host}', port '{port}', dbname '{far}');
             create server o foreign data wrapper own options (host '{host}', port '{port}', dbname '{far}');
             create user mapping for public server s options (user 'postgres', password_required 'false');
             create user mapping for public server o options (user 'postgres', password_required 'false');
             create foreign table watched (id int) server s options (table_name 'seen');
             create foreign table plain (id int) server o options (table_name 'r');
             create table parts (id int) partition by range (id);
             create table here partition of parts for values from (0) to (100);
             create foreign table away partition of parts for values from (100) to (200)
             server s options (table_name 'r');
             insert into parts select generate_series(1, 5);
             create table parent (id int);
             create foreign table child () inherits (parent) server s options (table_name 'r');
             insert into parent values (1), (2);
             create materialized view shown as select * from watched;
             create materialized view second as select * from shown",
            host = near.cluster().socket_dir().display(),
            port = near.cluster().port(),
            far = far.name(),
        ));
        Self { near, far }
    }

    /// How often the foreign tables were read, and what they hold.
    fn seen(&self) -> [String; 2] {
        [
            self.far.value("select last_value from reads"),
            self.far
                .value("select string_agg(id::text, ' ' order by id) from r"),
        ]
    }

    /// Verifies it, without anybody going there.
    #[track_caller]
    fn verify(&self, path: &Path, more: &[&str]) -> Output {
        let before = self.seen();
        let output = tool("pg-restore-verify").args(more).arg(path).run();
        assert_eq!(self.seen(), before, "{output:?}");
        output
    }
}

const WHOLE: [&str; 2] = ["--include-foreign-data=s", "--include-foreign-data=o"];

#[test]
fn their_rows_are_read_and_not_restored() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, options) in [
        ("plain", &["-Fp"][..]),
        ("custom", &["-Fc"]),
        ("tar", &["-Ft"]),
        ("inserts", &["-Fp", "--inserts"]),
        ("inserts-archive", &["-Fc", "--column-inserts"]),
    ] {
        let path = folder.path().join(name);
        dump(&place.near, &[options, &WHOLE].concat(), &path);
        let output = place.verify(&path, &[]);
        expect_verdict(&output, "ok");
        let skipped = of_status(&output.json_lines(), "skipped");
        for line in [
            "rows public.watched",
            "rows public.plain",
            "rows public.away",
            "rows public.child",
            "materialized_views public.shown",
            "materialized_views public.second",
        ] {
            assert!(skipped.iter().any(|one| one == line), "{line}: {skipped:?}");
        }
        assert!(
            output.stdout.contains("3 rows read, not restored"),
            "{output:?}"
        );
    }
}

/// Rows that the backup has under the name of the whole go to the partitions that are here.
#[test]
fn partitions_that_are_elsewhere_are_not_read() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    for (name, format) in [("plain", "-Fp"), ("custom", "-Fc")] {
        let path = folder.path().join(name);
        dump(&place.near, &[format, "--load-via-partition-root"], &path);
        let live = place.near.conninfo();
        let output = place.verify(&path, &["--compare", &live]);
        expect_verdict(&output, "ok");
        let rows = |record: &serde_json::Value| {
            record["check"] == "rows" && record["object"] == "public.parts"
        };
        let lines = output.json_lines();
        let found = lines.iter().find(|record| rows(record)).unwrap();
        assert_eq!(found["status"], "ok", "{output:?}");
        let counted = lines.iter().filter(|record| record["check"] == "compare");
        let counted: Vec<_> = counted
            .filter(|record| record["object"] == "public.parts")
            .collect();
        assert_eq!(counted[0]["expected"], "5 rows", "{output:?}");
        // With the rows of the foreign one, which can't go back there.
        dump(
            &place.near,
            &[&[format, "--load-via-partition-root"], &WHOLE[..]].concat(),
            &path,
        );
        let output = place.verify(&path, &["--compare", &live]);
        expect_verdict(&output, "ok");
        let skipped = of_status(&output.json_lines(), "skipped");
        assert!(
            skipped.iter().any(|one| one == "rows public.parts"),
            "{skipped:?}"
        );
    }
}

/// A query of the user's own, and a function that a CHECK constraint calls, lead nowhere either.
#[test]
fn nothing_that_is_checked_reads_them() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("custom");
    dump(&place.near, &["-Fc"], &path);
    let output = place.verify(&path, &["--expect", "SELECT count(*) FROM watched = 3"]);
    expect_verdict(&output, "failed");
    assert!(output.stdout.contains("has no handler"), "{output:?}");
}

/// In a database that stays they work as they did.
#[test]
fn a_kept_database_has_them_again() {
    let place = Place::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("custom");
    dump(&place.near, &["-Fc"], &path);
    let output = place.verify(&path, &["-d", &place.far.conninfo(), "--keep"]);
    expect_verdict(&output, "ok");
    let lines = output.json_lines();
    let kept = lines
        .iter()
        .find(|record| record["check"] == "kept")
        .unwrap();
    let name = kept["object"].as_str().unwrap();
    let mut client = place.far.cluster().connect(name).unwrap();
    let rows = client.query("select id from plain", &[]).unwrap();
    assert_eq!(rows.len(), 1);
    drop(client);
    let mut client = place.far.cluster().connect("postgres").unwrap();
    client
        .batch_execute(&format!("drop database {name} with (force)"))
        .unwrap();
}
