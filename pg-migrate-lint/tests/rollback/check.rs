//! `--check-rollback`: up, down and up again, and what became of definitions and rows.

use crate::ground::{Ground, told};

pub const SHOP: &[(&str, &str)] = &[
    (
        "m/1_shop.up.sql",
        "create table shop (id int primary key, name text not null);\n",
    ),
    ("m/1_shop.down.sql", "drop table shop;\n"),
    (
        "m/2_town.up.sql",
        "alter table shop add town text;\ncreate index by_town on shop (town);\n",
    ),
    ("m/2_town.down.sql", "alter table shop drop town;\n"),
];

/// Check and status of each record, with the object.
pub fn checks(ground: &Ground, words: &[&str], code: i32) -> Vec<String> {
    let output = ground.run(&[&["--check-rollback"], words].concat(), code);
    told(&output, &["version", "check", "status", "object"])
}

/// That one of these lines is this.
#[track_caller]
pub fn has(said: &[String], found: &str) {
    assert!(said.iter().any(|line| line == found), "{found}: {said:?}");
}

/// With a third migration: what is said of it.
pub fn third(up: &str, down: &str, code: i32) -> Vec<String> {
    let ground = Ground::of(SHOP);
    ground.write("m/3_third.up.sql", up);
    ground.write("m/3_third.down.sql", down);
    let all = checks(&ground, &[], code).into_iter();
    all.filter_map(|line| line.strip_prefix("3 ").map(str::to_string))
        .collect()
}

#[test]
fn what_leads_back_is_said_to() {
    let ground = Ground::of(SHOP);
    let expected = [
        "1 up ok -",
        "1 down ok -",
        "1 schema ok -",
        "1 data skipped -",
        "1 loss ok table shop",
        "1 up_again ok -",
        "2 up ok -",
        "2 down ok -",
        "2 schema ok -",
        "2 data ok -",
        "2 loss ok column shop.town",
        "2 up_again ok -",
    ];
    assert_eq!(checks(&ground, &[], 0), expected);
    // What was before it is run, and not checked.
    let run = tests::tool("pg-migrate-lint").args(["--check-rollback", "m/2_town.up.sql"]);
    let output = run.current_dir(ground.folder.path()).run().expect_code(0);
    assert_eq!(
        told(&output, &["version", "check", "status", "object"]),
        expected[6..]
    );
}

#[test]
fn what_stays_and_what_does_not_come_back() {
    let stays = third(
        "create table note (id int); create index by_name on shop (name);",
        "drop table note;",
        1,
    );
    has(&stays, "schema failed INDEX public.by_name");
    has(&stays, "up_again failed -");
    has(
        &third("drop index by_town;", "select 1;", 1),
        "schema failed INDEX public.by_town",
    );
    has(
        &third("alter table shop alter name drop not null;", "select 1;", 1),
        "schema failed TABLE public.shop",
    );
    // Who may what is part of it.
    has(
        &third("grant select on shop to public;", "select 1;", 1),
        "schema failed ACL public.TABLE shop",
    );
}

#[test]
fn a_way_back_that_fails_and_one_that_is_not_there() {
    let ground = Ground::of(SHOP);
    ground.write("m/2_town.down.sql", "alter table shop drop colour;\n");
    ground.write("m/3_note.up.sql", "create table note (id int);\n");
    ground.write("m/4_more.up.sql", "create table more (id int);\n");
    ground.write("m/4_more.down.sql", "drop table more;\n");
    let output = ground.run(&["--check-rollback"], 1);
    let records = told(&output, &["version", "check", "status", "message"]);
    let of = |version: &str| -> Vec<&String> {
        records
            .iter()
            .filter(|line| line.starts_with(version))
            .collect()
    };
    assert_eq!(
        of("2 ")[1],
        "2 down failed m/2_town.down.sql:1: ERROR: column \"colour\" of relation \"shop\" does not exist"
    );
    assert_eq!(of("2 ").len(), 2);
    assert_eq!(of("3 "), ["3 down skipped 3_note.up.sql has no way back"]);
    assert_eq!(of("4 ").len(), 6, "{records:?}");
}

#[test]
fn a_migration_that_does_not_run_ends_it() {
    let ground = Ground::of(SHOP);
    ground.write(
        "m/1_shop.up.sql",
        "create table shop (id int primary key, name txt);\n",
    );
    let output = ground.run(&["--check-rollback"], 1);
    let records = told(&output, &["version", "check", "status"]);
    assert_eq!(records, ["1 up failed", "2 up skipped"]);
}

#[test]
fn it_needs_no_server_and_takes_none() {
    let ground = Ground::of(SHOP);
    let refused = ground.run(&["--check-rollback", "-d", "app"], 2);
    assert!(
        refused.stderr.contains("-d is not for --check-rollback"),
        "{refused:?}"
    );
    let templated = Ground::of(&[
        ("m/V1__a.sql", "create table ${x} ();"),
        ("m/V2__b.sql", "select 1;"),
        ("m/U2__b.sql", "select 1;"),
    ]);
    let output = templated.run(&["--check-rollback", "--layout", "flyway"], 2);
    let records = told(&output, &["version", "check", "status"]);
    assert_eq!(records, ["1 up skipped", "2 up skipped"]);
}

/// After these, what is said of a third migration.
pub fn after(made: &str, up: &str, down: &str, code: i32) -> Vec<String> {
    let ground = Ground::of(&[("m/2_made.up.sql", made)]);
    ground.write("m/3_third.up.sql", up);
    ground.write("m/3_third.down.sql", down);
    let all = checks(&ground, &["m/3_third.up.sql"], code).into_iter();
    all.filter_map(|line| line.strip_prefix("3 ").map(str::to_string))
        .collect()
}

#[test]
fn triggers_of_a_foreign_key_that_stay_disabled() {
    let ground = Ground::of(SHOP);
    ground.write(
        "m/3_clerk.up.sql",
        "create table clerk (id int primary key, shop int constraint works_in references shop);\n",
    );
    ground.write("m/3_clerk.down.sql", "drop table clerk;\n");
    ground.write("m/4_age.up.sql", "alter table clerk add age int;\n");
    let back = "alter table clerk drop age; alter table clerk disable trigger all;";
    ground.write("m/4_age.down.sql", back);
    let said = checks(&ground, &[], 1);
    has(&said, "4 schema failed FK CONSTRAINT public.clerk works_in");
    has(
        &said,
        "4 up_again failed FK CONSTRAINT public.clerk works_in",
    );
    ground.write(
        "m/4_age.down.sql",
        &format!("{back} alter table clerk enable trigger all;"),
    );
    checks(&ground, &[], 0);
}

#[test]
fn an_extension_of_another_version_stays() {
    let ground = Ground::of(SHOP);
    ground.write(
        "m/3_trgm.up.sql",
        "create extension pg_trgm version '1.3';\n",
    );
    ground.write("m/3_trgm.down.sql", "drop extension pg_trgm;\n");
    ground.write("m/4_update.up.sql", "alter extension pg_trgm update;\n");
    ground.write("m/4_update.down.sql", "select 1;\n");
    let output = ground.run(&["--check-rollback"], 1);
    let said = told(
        &output,
        &["version", "check", "status", "object", "expected"],
    );
    has(
        &said,
        "4 schema failed EXTENSION pg_trgm ALTER EXTENSION pg_trgm UPDATE TO '1.3';",
    );
}

#[test]
fn large_objects_that_stay_and_that_are_taken() {
    let ground = Ground::of(SHOP);
    ground.write("m/3_big.up.sql", "select lo_from_bytea(77, 'one');\n");
    ground.write("m/3_big.down.sql", "select 1;\n");
    has(&checks(&ground, &[], 1), "3 left ok large objects");
    ground.write("m/3_big.down.sql", "select lo_unlink(77);\n");
    let said = checks(&ground, &[], 0);
    assert!(!said.iter().any(|line| line.contains("left")), "{said:?}");
    ground.write("m/4_age.up.sql", "alter table shop add age int;\n");
    ground.write(
        "m/4_age.down.sql",
        "alter table shop drop age; select lo_put(77, 0, 'two');\n",
    );
    has(&checks(&ground, &[], 1), "4 data failed large object 77");
}

#[test]
fn a_statement_that_takes_too_long_is_ended() {
    let ground = Ground::of(SHOP);
    ground.write("m/2_town.down.sql", "select pg_sleep(3600);\n");
    let output = ground.run(&["--check-rollback", "--timeout", "200ms"], 1);
    let said = told(&output, &["version", "check", "status", "message"]);
    let is_it = |line: &String| {
        line.starts_with("2 down failed") && line.contains("it did not end within 0.2 s")
    };
    assert!(said.iter().any(is_it), "{said:?}");
    let output = ground.run(&["--timeout", "1s"], 2);
    assert!(output.stderr.contains("--timeout needs"), "{output:?}");
}
