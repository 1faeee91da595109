//! `--check-rollback`: rows, sequences and views, which have to be as they were where the way up left them alone.

use crate::check::{SHOP, after, checks, has, third};
use crate::ground::{Ground, told};

#[test]
fn rows_that_the_way_up_leaves_alone_have_to_stay() {
    has(
        &third(
            "alter table shop add a int;",
            "update shop set name = ''; alter table shop drop a;",
            1,
        ),
        "data failed public.shop.name",
    );
    has(
        &third(
            "alter table shop add a int;",
            "delete from shop where id = 2; alter table shop drop a;",
            1,
        ),
        "data failed public.shop",
    );
    // Made anew it is alike, and empty.
    let anew = third(
        "alter table shop add a int;",
        "drop table shop; create table shop (id int primary key, name text not null, town text);
         create index by_town on shop (town);",
        1,
    );
    has(&anew, "schema ok -");
    has(&anew, "data failed public.shop");
}

#[test]
fn what_the_way_up_takes_is_said_and_no_fault_of_the_way_back() {
    let lost = third(
        "alter table shop drop town;",
        "alter table shop add town text; create index by_town on shop (town);",
        0,
    );
    has(&lost, "loss ok public.shop.town");
    has(&lost, "data ok -");
    // A column that is dropped and added is the last: the same columns.
    has(
        &third(
            "alter table shop drop name;",
            "alter table shop add name text not null default ''; alter table shop alter name drop default;",
            0,
        ),
        "schema ok TABLE public.shop",
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
fn what_is_cut_rounded_or_folded_is_seen() {
    let made = (
        "m/1_acc.up.sql",
        "create table acc (id int primary key, name text, amount numeric(12, 2));",
    );
    let said = |up: &str, down: &str, code: i32| {
        let ground = Ground::of(&[made, ("m/2_x.up.sql", up), ("m/2_x.down.sql", down)]);
        told(
            &ground.run(&["--check-rollback"], code),
            &["check", "status", "object"],
        )
    };
    let lost = said(
        "alter table acc alter amount type int; update acc set name = left(lower(name), 20);",
        "alter table acc alter amount type numeric(12, 2);",
        0,
    );
    for line in ["loss ok public.acc.amount", "loss ok public.acc.name"] {
        assert!(lost.iter().any(|one| one == line), "{line}: {lost:?}");
    }
    let spoilt = said(
        "alter table acc add z int;",
        "alter table acc drop z; do $$ begin execute 'update acc set amount = round(amount)'; end $$;",
        1,
    );
    assert!(
        spoilt
            .iter()
            .any(|one| one == "data failed public.acc.amount"),
        "{spoilt:?}"
    );
    let returned = said(
        "create table old as select * from acc; delete from acc;",
        "insert into acc select id, upper(name), amount from old; drop table old;",
        1,
    );
    assert!(
        returned
            .iter()
            .any(|one| one == "data failed public.acc.name"),
        "{returned:?}"
    );
}

#[test]
fn rows_of_ours_are_no_fault_of_the_migration() {
    let strict = third(
        "alter table shop add constraint long check (length(name) > 1000);",
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
fn what_the_way_up_changed_is_no_excuse_for_the_way_back() {
    let fill = "insert into shop values (1, 'one'), (2, 'two');";
    for (up, down, found) in [
        ("update shop set name = upper(name)", "delete from shop", "data failed public.shop"),
        (
            "update shop set name = 'Q' where id = 1",
            "update shop set name = 'x' where id = 2",
            "data failed public.shop.name",
        ),
        (
            "alter table shop rename to shops",
            "drop table shops; create table shop (id int primary key, name text not null, town text);
             create index by_town on shop (town)",
            "data failed public.shop",
        ),
        (
            "alter table shop rename town to city",
            "alter table shop rename city to town; update shop set town = 'none'",
            "data failed public.shop.town",
        ),
        (
            "create schema past; alter table shop set schema past",
            "delete from past.shop where id = 1; alter table past.shop set schema public; drop schema past",
            "data failed public.shop",
        ),
    ] {
        let ground = Ground::of(SHOP);
        ground.write("m/2_town.up.sql", &format!("alter table shop add town text; create index by_town on shop (town); {fill}"));
        ground.write("m/3_third.up.sql", up);
        ground.write("m/3_third.down.sql", down);
        let seen = checks(&ground, &["m/3_third.up.sql"], 1);
        assert!(seen.contains(&format!("3 {found}")), "{up}: {seen:?}");
    }
}

#[test]
fn sequences_do_not_go_back_and_views_stay_filled() {
    let make = "create sequence numbers; select nextval('numbers'), nextval('numbers');
        create materialized view names as select name from shop;";
    let make = format!("create table shop (id int primary key, name text); {make}");
    for (up, down, found, code) in [
        (
            "drop sequence numbers",
            "create sequence numbers",
            "loss ok public.numbers",
            0,
        ),
        (
            "select 1",
            "alter sequence numbers restart",
            "data failed public.numbers",
            1,
        ),
        (
            "drop materialized view names",
            "create materialized view names as select name from shop with no data",
            "data failed public.names",
            1,
        ),
        (
            "insert into shop values (9, 'nine') on conflict do nothing",
            "select nextval('numbers')",
            "left ok public.shop",
            0,
        ),
    ] {
        let seen = after(&make, up, down, code);
        has(&seen, found);
    }
}

#[test]
fn a_sequence_that_is_made_anew_is_a_fault_where_its_next_value_is_there() {
    let made = "create table note (id serial primary key, words text);
        insert into note (words) values ('a'), ('b');";
    let to_identity = "alter table note alter id drop default; drop sequence note_id_seq;
        alter table note alter id add generated always as identity (start 3);";
    let back = "alter table note alter id drop identity; create sequence note_id_seq as int owned by note.id;
        alter table note alter id set default nextval('note_id_seq');";
    let forgotten = after(made, to_identity, back, 1);
    let fault = "data failed public.note_id_seq".to_string();
    assert!(forgotten.contains(&fault), "{forgotten:?}");
    let set = format!("{back} select setval('note_id_seq', (select max(id) from note));");
    has(&after(made, to_identity, &set, 0), "data ok -");
    // With its table it went, and with an empty one it comes back.
    let table = "create table note (id serial primary key, words text)";
    let dropped = after(made, "drop table note", table, 0);
    for said in ["loss ok public.note", "loss ok public.note_id_seq"] {
        assert!(dropped.contains(&said.to_string()), "{dropped:?}");
    }
    // Rows that were put in and that a migration does not bear have moved it on in another copy.
    let strict = after(
        "create table note (id serial primary key, words text)",
        "alter table note add constraint long check (length(words) > 100)",
        "alter table note drop constraint long",
        0,
    );
    assert!(
        !strict.iter().any(|line| line.contains("note_id_seq")),
        "{strict:?}"
    );
}

#[test]
fn rows_are_followed_through_tables_that_are_made_anew() {
    let made = "create table note (id int primary key, words text); insert into note values (1, 'a'), (2, 'b');
        create table bare (words text); insert into bare values ('a'), ('a'), ('b');";
    let swap = "create table other (id int primary key, words text); insert into other select * from note;
        drop table note; alter table other rename to note; alter index other_pkey rename to note_pkey;";
    // From 18 on the constraint NOT NULL of the table that is made anew is called after that one, which is a difference.
    let is_named = i32::from(tests::cluster().version().major >= 18);
    has(&after(made, swap, swap, is_named), "data ok -");
    let emptied = swap.replace("select * from note", "select * from note where id > 1");
    has(&after(made, swap, &emptied, 1), "data failed public.note");
    // Partitioned and back again.
    let split = "alter table note rename to old; alter index note_pkey rename to old_pkey;
        create table note (id int primary key, words text) partition by range (id);
        create table note_1 partition of note for values from (1) to (9); insert into note select * from old; drop table old;";
    let joined = "create table old (id int primary key, words text); insert into old select * from note; drop table note;
        alter table old rename to note; alter index old_pkey rename to note_pkey;";
    has(&after(made, split, joined, is_named), "data ok -");
    has(
        &after(
            made,
            split,
            &joined.replace("from note;", "from note where id > 1;"),
            1,
        ),
        "data failed public.note",
    );
    // Nothing tells rows apart.
    has(
        &after(
            made,
            "alter table bare rename words to word",
            "delete from bare where ctid = (select min(ctid) from bare where word = 'a'); alter table bare rename word to words",
            1,
        ),
        "data failed public.bare",
    );
    // A long value is known by its digest.
    let long = "create table note (id int primary key, words text); insert into note values (1, repeat('a', 99));";
    has(
        &after(
            long,
            "alter table note add a int",
            "alter table note drop a; update note set words = repeat('a', 98)",
            1,
        ),
        "data failed public.note.words",
    );
}
