//! `--check-rollback`: up, down and up again, and what became of definitions and rows.

use crate::ground::{Ground, told};

const SHOP: &[(&str, &str)] = &[
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
fn checks(ground: &Ground, words: &[&str], code: i32) -> Vec<String> {
    let output = ground.run(&[&["--check-rollback"], words].concat(), code);
    told(&output, &["version", "check", "status", "object"])
}

/// With a third migration: what is said of it.
fn third(up: &str, down: &str, code: i32) -> Vec<String> {
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
    assert!(
        stays.contains(&"schema failed INDEX public.by_name".to_string()),
        "{stays:?}"
    );
    assert!(
        stays.contains(&"up_again failed -".to_string()),
        "{stays:?}"
    );
    let gone = third("drop index by_town;", "select 1;", 1);
    assert!(
        gone.contains(&"schema failed INDEX public.by_town".to_string()),
        "{gone:?}"
    );
    let other = third("alter table shop alter name drop not null;", "select 1;", 1);
    assert!(
        other.contains(&"schema failed TABLE public.shop".to_string()),
        "{other:?}"
    );
    // Who may what is part of it.
    let granted = third("grant select on shop to public;", "select 1;", 1);
    assert!(
        granted.contains(&"schema failed ACL public.TABLE shop".to_string()),
        "{granted:?}"
    );
}

#[test]
fn rows_that_the_way_up_leaves_alone_have_to_stay() {
    let emptied = third(
        "alter table shop add a int;",
        "update shop set name = ''; alter table shop drop a;",
        1,
    );
    assert!(
        emptied.contains(&"data failed public.shop.name".to_string()),
        "{emptied:?}"
    );
    let deleted = third(
        "alter table shop add a int;",
        "delete from shop where id = 2; alter table shop drop a;",
        1,
    );
    assert!(
        deleted.contains(&"data failed public.shop".to_string()),
        "{deleted:?}"
    );
    // Made anew it is alike, and empty.
    let anew = third(
        "alter table shop add a int;",
        "drop table shop; create table shop (id int primary key, name text not null, town text);
         create index by_town on shop (town);",
        1,
    );
    assert!(anew.contains(&"schema ok -".to_string()), "{anew:?}");
    assert!(
        anew.contains(&"data failed public.shop".to_string()),
        "{anew:?}"
    );
}

#[test]
fn what_the_way_up_takes_is_said_and_no_fault_of_the_way_back() {
    let lost = third(
        "alter table shop drop town;",
        "alter table shop add town text; create index by_town on shop (town);",
        0,
    );
    assert!(
        lost.contains(&"loss ok public.shop.town".to_string()),
        "{lost:?}"
    );
    assert!(lost.contains(&"data ok -".to_string()), "{lost:?}");
    // A column that is dropped and added is the last: the same columns.
    let order = third(
        "alter table shop drop name;",
        "alter table shop add name text not null default ''; alter table shop alter name drop default;",
        0,
    );
    assert!(
        order.contains(&"schema ok TABLE public.shop".to_string()),
        "{order:?}"
    );
    let renamed = third(
        "alter table shop rename to store;",
        "alter table store rename to shop;",
        0,
    );
    assert_eq!(
        renamed,
        [
            "up ok -",
            "down ok -",
            "schema ok -",
            "data ok -",
            "up_again ok -"
        ]
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
fn rows_of_ours_are_no_fault_of_the_migration() {
    let strict = third(
        "alter table shop add constraint long check (length(name) > 100);",
        "alter table shop drop constraint long;",
        0,
    );
    assert_eq!(strict[..3], ["data skipped -", "up ok -", "down ok -"]);
    let ground = Ground::of(SHOP);
    ground.write(
        "m/1_shop.up.sql",
        "create table shop (id int primary key check (id > 90), name text not null);\n",
    );
    let output = ground.run(&["--check-rollback"], 0);
    let said = told(&output, &["check", "status", "message"]);
    let words = "no row could be put into public.shop, so that none can be missed";
    let is_it = |line: &String| line.starts_with("data skipped") && line.contains(words);
    assert!(said.iter().any(is_it), "{said:?}");
}

#[test]
fn roles_are_of_the_server_and_do_no_harm() {
    let role = third(
        "create role shop_reader_of_ours; grant select on shop to shop_reader_of_ours, somebody_else;",
        "revoke all on shop from shop_reader_of_ours, somebody_else; drop role shop_reader_of_ours;",
        0,
    );
    assert!(role.contains(&"up_again ok -".to_string()), "{role:?}");
}

#[test]
fn tables_that_refer_to_others_get_rows_too() {
    let up = "create type mood as enum ('sad', 'ok'); create domain short as varchar(3) check (value <> '');
        create table town (id bigserial primary key, name varchar(2) unique);
        create table shop (id uuid primary key, town bigint not null references town, mood mood not null,
            code short not null, tags text[] not null, data jsonb not null, at timestamptz not null, day date,
            open boolean not null, price numeric(8, 2) not null,
            twice numeric generated always as (price * 2) stored, no int generated always as identity);";
    let ground = Ground::of(&[
        ("m/1_all.up.sql", up),
        ("m/2_tax.up.sql", "alter table shop add tax int;"),
        ("m/2_tax.down.sql", "alter table shop drop tax;"),
    ]);
    let output = ground.run(&["--check-rollback"], 0);
    let records = output.json_lines();
    let data = records
        .iter()
        .find(|record| record["check"] == "data")
        .unwrap();
    assert_eq!(data["actual"], "6 rows of 2 tables", "{output:?}");
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
