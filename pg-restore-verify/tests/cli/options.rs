//! Good backups by unusual options of pg_dump and of unusual databases are no bad ones.

use shared::cluster::ClusterOptions;
use tests::{Database, start};

use crate::backups::{dump, expect_verdict, failed, verify};

/// What makes the options show: partitions, owners, a view that `--clean` has to break.
const OBJECTS: &str = "
    create schema app;
    create table app.pk (id int primary key, t text);
    insert into app.pk select i, 'x' from generate_series(1, 10) as i;
    create view app.grouped as select id, t, count(*) from app.pk group by id;
    create table app.p (id int) partition by range (id);
    create table app.p1 partition of app.p for values from (0) to (100);
    create table app.p2 partition of app.p for values from (100) to (200);
    insert into app.p select generate_series(50, 150);
    create function app.f() returns trigger language plpgsql as 'begin return new; end';
    create trigger t before insert on app.pk for each row execute function app.f();
    create foreign data wrapper w;
    create server s foreign data wrapper w;
    create user mapping for public server s options (a 'x');
    create role \"a reader\";
    create role owner_of_one;
    grant usage on schema app to public;
    alter table app.pk owner to owner_of_one;";

#[test]
fn every_way_in_which_pg_dump_writes_the_same() {
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    database.sql(OBJECTS);
    database.sql(&format!(
        "alter role \"a reader\" in database {} set work_mem = '1MB'",
        database.name()
    ));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for options in [
        "-Fc",
        "-Fp",
        "-Fp -C",
        "-Fp -c",
        "-Fp -c --if-exists",
        "-Fp -c -C",
        "-Fp --quote-all-identifiers",
        "-Fc --quote-all-identifiers",
        "-Fp --use-set-session-authorization",
        "-Fc --use-set-session-authorization",
        "-Fp --load-via-partition-root",
        "-Fp --load-via-partition-root --inserts",
        "-Fc --load-via-partition-root --column-inserts",
        "-Fp --no-owner --no-privileges",
    ] {
        let options: Vec<&str> = options.split(' ').collect();
        dump(&database, &options, &path);
        let output = verify(&path);
        assert_eq!(failed(&output), [""; 0], "{options:?} {output:?}");
        expect_verdict(&output, "ok");
        if options.contains(&"--load-via-partition-root") {
            let words = "the backup holds its rows under the name of app.p";
            assert_eq!(output.stdout.matches(words).count(), 2, "{output:?}");
        }
        assert!(!output.stdout.contains("no rows"), "{options:?} {output:?}");
    }
}

#[test]
fn a_tablespace_that_every_server_has() {
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    let mut client = cluster.connect("postgres").unwrap();
    for statement in [
        "set allow_in_place_tablespaces = on".to_string(),
        "create tablespace of_the_database location ''".to_string(),
        format!(
            "alter database {} set tablespace of_the_database",
            database.name()
        ),
    ] {
        client.batch_execute(&statement).unwrap();
    }
    database.sql("create table t (a int) tablespace pg_default; create table u (a int)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fc", "-Fp", "-Ft"] {
        dump(&database, &[format], &path);
        expect_verdict(&verify(&path), "ok");
    }
}

#[test]
fn an_extension_that_is_built_in_and_was_created_anew() {
    let database = Database::new();
    database.sql("drop extension plpgsql; create extension plpgsql; create table t (a int)");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("backup");
    for format in ["-Fc", "-Fp"] {
        dump(&database, &[format], &path);
        expect_verdict(&verify(&path), "ok");
    }
}
