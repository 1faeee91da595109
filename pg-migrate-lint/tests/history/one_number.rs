//! Frameworks that keep how far they came: golang-migrate, tern.

use crate::ground::{Ground, message};

const A: &str = "create table a (id int);\n";

#[test]
fn golang_migrate() {
    let files = [
        (
            "go.mod",
            "require github.com/golang-migrate/migrate/v4 v4.18.0\n",
        ),
        ("m/000001_a.up.sql", A),
        ("m/000001_a.down.sql", "drop table a;\n"),
        ("m/000002_b.up.sql", A),
        ("m/000010_c.up.sql", A),
    ];
    let table = "create table schema_migrations (version bigint not null primary key, dirty boolean not null);";
    let ground = Ground::of(&files, table);
    let set = |version: i64, dirty: bool| {
        let row = format!(
            "truncate schema_migrations; insert into schema_migrations values ({version}, {dirty})"
        );
        ground.database.sql(&row);
    };
    assert_eq!(
        ground.states(&[], 0),
        ["1 pending", "2 pending", "10 pending"]
    );
    set(2, false);
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(
        crate::ground::states(&seen),
        ["1 applied", "2 applied", "10 pending"]
    );
    assert!(
        seen.stderr
            .contains("every file up to there is taken for applied"),
        "{seen:?}"
    );
    assert_eq!(ground.pending(&[]), ["m/000010_c.up.sql"]);
    set(2, true);
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(
        crate::ground::states(&seen),
        ["1 applied", "2 dirty", "10 pending"]
    );
    assert!(message(&seen, "2").contains("forced a version"), "{seen:?}");
    ground.refuses(&[], "000002_b.up.sql broke off");
    set(7, false);
    assert_eq!(
        ground.states(&[], 1),
        ["1 applied", "2 applied", "10 pending", "7 missing_here"]
    );
    let gone = ground.status(&[]).expect_code(1);
    assert!(
        message(&gone, "7").ends_with("golang-migrate refuses to go on"),
        "{gone:?}"
    );
    set(7, true);
    assert_eq!(ground.states(&[], 1)[3], "7 dirty");
    // After the way back of the first one broke off.
    set(-1, true);
    assert_eq!(
        ground.states(&[], 1),
        ["1 pending", "2 pending", "10 pending", "-1 dirty"]
    );
    let back = ground.status(&[]).expect_code(1);
    assert!(
        message(&back, "-1").starts_with("the way back from 000001_a.up.sql broke off"),
        "{back:?}"
    );
    // The same number is left by the way back to it.
    ground.write("m/000010_c.down.sql", "select 1;\n");
    set(2, true);
    let either = ground.status(&[]).expect_code(1);
    assert!(
        message(&either, "2")
            .starts_with("000002_b.up.sql broke off, or the way back from 000010_c.up.sql"),
        "{either:?}"
    );
    // Two of one version are refused, wherever it stands.
    ground.write("m/2_twin.up.sql", A);
    set(1, false);
    let twins = ground.status(&[]).expect_code(1);
    assert_eq!(
        crate::ground::states(&twins),
        ["1 applied", "2 pending", "2 refused", "10 pending"]
    );
    ground.refuses(&[], "golang-migrate refuses both");
    ground.remove("m/2_twin.up.sql");
    ground
        .database
        .sql("insert into schema_migrations values (2, false)");
    let refused = ground.status(&[]).expect_code(2).expect_no_output();
    assert!(
        refused
            .stderr
            .contains("the history has 2 rows, and golang-migrate keeps one"),
        "{refused:?}"
    );
}

#[test]
fn tern() {
    let files = [
        ("m/tern.conf", ""),
        ("m/001_a.sql", A),
        ("m/002_b.sql", A),
        ("m/003_c.sql", A),
    ];
    // The table is public's even where the search path leads elsewhere first.
    let history = "create schema app; create table app.schema_version (version int4 not null);
        create table public.schema_version (version int4 not null); insert into public.schema_version values (0)";
    let ground = Ground::of(&files, history);
    assert_eq!(
        ground.states(&[], 0),
        ["1 pending", "2 pending", "3 pending"]
    );
    ground
        .database
        .sql("update public.schema_version set version = 2");
    assert_eq!(ground.pending(&[]), ["m/003_c.sql"]);
    ground
        .database
        .sql("update public.schema_version set version = 5");
    assert_eq!(
        ground.states(&[], 1),
        ["1 applied", "2 applied", "3 applied", "5 missing_here"]
    );
    let gone = ground.status(&[]).expect_code(1);
    assert!(
        message(&gone, "5").ends_with("tern refuses to go on"),
        "{gone:?}"
    );
    // A number that is missing ends every run.
    ground.remove("m/002_b.sql");
    ground
        .database
        .sql("update public.schema_version set version = 1");
    assert_eq!(ground.states(&[], 1), ["1 applied", "3 refused"]);
    ground.refuses(&[], "003_c.sql follows where 2 is missing");
    ground.write("m/002_b.sql", A);
    ground.write("m/004_d.sql", "create table {{.prefix}}_d (id int);\n");
    ground
        .database
        .sql("update public.schema_version set version = 3");
    ground.refuses(
        &[],
        "004_d.sql has {{, which tern replaces and psql does not",
    );
}
