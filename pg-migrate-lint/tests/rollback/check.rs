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
