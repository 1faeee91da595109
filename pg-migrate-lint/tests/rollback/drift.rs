//! `--drift`: what a database is beside what its migrations make.

use tests::{Database, Output, ToolCommand};

use crate::ground::{Ground, told};

const SHOP: &[(&str, &str)] = &[
    ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
    (
        "m/1_shop.sql",
        "create table shop (id bigserial primary key, name text);\n",
    ),
    (
        "m/2_by_name.sql",
        "create index by_name on shop (name);\ngrant select on shop to shop_reader_elsewhere;\n",
    ),
    ("m/3_town.sql", "alter table shop add town text;\n"),
];

const HISTORY: &str = "create table _sqlx_migrations (version bigint primary key, description text not null,
    installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
    execution_time bigint not null);
    insert into _sqlx_migrations select v, 'x', now(), true, sha384('x'), 1 from generate_series(1, 2) v;";

/// What the first two migrations make, and a history that says so.
fn deployed() -> Database<'static> {
    let database = Database::new();
    database.sql("create table shop (id bigserial primary key, name text); create index by_name on shop (name)");
    database.sql(HISTORY);
    database
}

fn command(ground: &Ground, database: &Database, words: &[&str]) -> ToolCommand {
    ground
        .tool(&[&["--drift"], words].concat())
        .database(database)
}

#[track_caller]
fn drift(ground: &Ground, database: &Database, words: &[&str], code: i32) -> Output {
    command(ground, database, words).run().expect_code(code)
}

fn objects(output: &Output) -> Vec<String> {
    told(output, &["state", "object"])
}

#[test]
fn a_database_is_what_its_applied_migrations_make() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    let output = drift(&ground, &database, &[], 0).expect_no_output();
    let said = "2 migrations are applied there and compared; 1 are not";
    assert!(output.stderr.contains(said), "{output:?}");
    // Its own history is no drift; without it nobody knows, and all of them count.
    database.sql("drop table _sqlx_migrations");
    let output = drift(&ground, &database, &[], 1);
    assert_eq!(objects(&output), ["different TABLE public.shop"]);
    assert_eq!(told(&output, &["expected", "actual"]), ["town text "]);
    assert!(
        output.stderr.contains("all of them are compared"),
        "{output:?}"
    );
}

#[test]
fn a_role_that_may_not_read_is_told_what_it_lacks() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    let role = format!("surveyor_of_{}", database.name());
    database.sql(&format!("create role {role} login"));
    let as_role = |code: i32| {
        let command = command(&ground, &database, &[]).env("PGUSER", &role);
        command.run().expect_code(code)
    };
    let output = as_role(2).expect_no_output();
    for said in [
        "may not read public._sqlx_migrations",
        "grant SELECT on all",
    ] {
        assert!(output.stderr.contains(said), "{said}: {output:?}");
    }
    database.sql(&format!("grant select on all tables in schema public to {role}; grant select on all sequences in schema public to {role}"));
    as_role(0);
    database.sql(&format!("drop owned by {role}; drop role {role}"));
}

#[test]
fn what_was_done_by_hand_is_told_with_its_ddl() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    database.sql(
        "drop index by_name; alter table shop alter name set not null; create view names as select name from shop",
    );
    let output = drift(&ground, &database, &[], 1);
    assert_eq!(
        objects(&output),
        [
            "missing INDEX public.by_name",
            "different TABLE public.shop",
            "extra VIEW public.names"
        ]
    );
    let records = told(&output, &["expected", "actual"]);
    assert_eq!(
        records[0],
        "CREATE INDEX by_name ON public.shop USING btree (name); -"
    );
    assert_eq!(records[1], "name text name text NOT NULL");
    assert!(
        records[2].starts_with("- CREATE VIEW public.names AS"),
        "{records:?}"
    );
}

#[test]
fn what_is_known_is_left_out() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    database.sql(
        "create table audit (id serial primary key, at timestamptz); create index by_at on audit (at);
         create view v as select 1",
    );
    let ignore = [
        "--ignore",
        "public.audit",
        "--ignore",
        "TABLE *audit",
        "--ignore",
        "[",
    ];
    let output = drift(&ground, &database, &ignore, 1);
    assert_eq!(objects(&output), ["extra VIEW public.v"]);
    let said = output.stderr.matches("there is no such object");
    assert_eq!(said.count(), 1, "{output:?}");
    assert!(output.stderr.contains("--ignore [: "), "{output:?}");
    drift(
        &ground,
        &database,
        &["--ignore", "aud?t", "--ignore", "VIEW *"],
        0,
    );
    let refused = ground.run(&["--ignore", "x"], 2);
    assert!(
        refused.stderr.contains("--ignore needs --drift"),
        "{refused:?}"
    );
}

#[test]
fn extensions_rights_and_owners_are_others_business() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    database.sql("grant select on shop to public");
    drift(&ground, &database, &[], 0);
    // Where this server has it at all.
    let has = "select count(*) from pg_available_extensions where name = 'pg_trgm'";
    if database.value(has) == "1" {
        database.sql(
            "create extension pg_trgm; create index trgm on shop using gin (name gin_trgm_ops)",
        );
        let output = drift(&ground, &database, &[], 1);
        assert_eq!(objects(&output), ["extra INDEX public.trgm"]);
        let said = "pg_trgm is there, and no migration creates it: left out";
        assert!(output.stderr.contains(said), "{output:?}");
    }
}

#[test]
fn a_schema_of_the_frameworks_own_is_left_out() {
    let journal = r#"{"version":"7","dialect":"postgresql","entries":[{"idx":0,"when":1,"tag":"0000_a","breakpoints":true}]}"#;
    let ground = Ground::of(&[
        ("m/meta/_journal.json", journal),
        ("m/0000_a.sql", "create table a (id int);"),
    ]);
    let database = Database::new();
    database.sql(
        "create table a (id int); create schema drizzle;
         create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);
         insert into drizzle.__drizzle_migrations (hash, created_at) values ('x', 1)",
    );
    drift(&ground, &database, &[], 0);
}

#[test]
fn plain_files_have_no_history_and_all_of_them_count() {
    let ground = Ground::of(&[
        ("m/001_a.sql", "create table a (id int);"),
        ("m/002_b.sql", "create table b (id int);"),
    ]);
    let database = Database::new();
    database.sql("create table a (id int)");
    let output = drift(&ground, &database, &[], 1);
    assert_eq!(objects(&output), ["missing TABLE public.b"]);
}

#[test]
fn nothing_is_said_of_what_could_not_be_seen() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    ground.write("m/1_shop.sql", "create table shop (id nonsense);\n");
    let output = drift(&ground, &database, &[], 2).expect_no_output();
    let said = "m/1_shop.sql:1: ERROR: type \"nonsense\" does not exist";
    assert!(output.stderr.contains(said), "{output:?}");
    let ground = Ground::of(SHOP);
    let name = format!("nobody_{}", database.name());
    database.sql(&format!("create role {name} login"));
    let output = command(&ground, &database, &["-U", &name]).run();
    let output = output.expect_code(2).expect_no_output();
    assert!(output.stderr.contains("permission denied"), "{output:?}");
    database.sql(&format!("drop role {name}"));
}

#[test]
fn nobody_waits_behind_it_for_what_pg_dump_waits_for() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    database.sql("create view names as select name from shop");
    let mut other = database.client();
    other.batch_execute("begin; drop view names").unwrap();
    let output = drift(&ground, &database, &[], 2);
    let said = "pg_dump waited for a lock for ten seconds, and was ended";
    assert!(output.stderr.contains(said), "{output:?}");
    other.batch_execute("rollback").unwrap();
}

#[test]
fn what_is_there_and_not_in_use_is_told_as_that() {
    let ground = Ground::of(&[(
        "m/1_shop.sql",
        "create table shop (id int, town text, constraint old check (id > 0));
             alter table shop add constraint positive check (id < 9) not valid;
             create unique index by_id on shop (id);
             create materialized view names as select town from shop;
             create materialized view later as select town from shop with no data;",
    )]);
    let database = Database::new();
    database.sql(
        "create table shop (id int, town text); insert into shop values (1, 'a'), (1, 'b');
         alter table shop add constraint old check (id > 0) not valid;
         alter table shop add constraint positive check (id < 9);
         create materialized view names as select town from shop with no data;
         create materialized view later as select town from shop;",
    );
    // As a build that found rows that are alike leaves it.
    let mut client = database.client();
    client
        .batch_execute("create unique index concurrently by_id on shop (id)")
        .unwrap_err();
    database.sql(&format!(
        "alter database {} set work_mem = '9MB'",
        database.name()
    ));
    let output = drift(&ground, &database, &[], 1);
    assert_eq!(
        objects(&output),
        [
            "different CHECK CONSTRAINT public.shop positive",
            "different INDEX public.by_id",
            "different MATERIALIZED VIEW public.names",
            "different CHECK CONSTRAINT public.shop old",
            "extra DATABASE SETTING work_mem",
        ]
    );
    let told = told(&output, &["expected", "actual"]);
    assert!(
        told[3].starts_with("CONSTRAINT old CHECK ((id > 0))") && told[3].ends_with("NOT VALID;"),
        "{told:?}"
    );
    assert!(
        told[0].ends_with("CONSTRAINT positive CHECK ((id < 9))"),
        "{told:?}"
    );
    assert!(told[1].contains("INVALID"), "{told:?}");
    assert!(told[2].starts_with("FILLED; NOT FILLED"), "{told:?}");
    drift(
        &ground,
        &database,
        &[
            "--ignore",
            "DATABASE SETTING *",
            "--ignore",
            "shop",
            "--ignore",
            "names",
        ],
        0,
    );
}

#[test]
fn what_is_set_up_is_no_drift() {
    let ground = Ground::of(&[
        ("m/1_note.sql", "create table app.note (id int);"),
        ("setup.sql", "create schema app;"),
    ]);
    let database = Database::new();
    database.sql("create schema app; create table app.note (id int)");
    let output = drift(&ground, &database, &[], 2);
    assert!(
        output.stderr.contains("--setup FILE makes there"),
        "{output:?}"
    );
    drift(&ground, &database, &["--setup", "setup.sql"], 0).expect_no_output();
}

#[test]
fn triggers_of_constraints_and_versions_of_extensions_are_compared() {
    let (ground, database) = (Ground::of(SHOP), deployed());
    ground.write(
        "m/2_by_name.sql",
        "create index by_name on shop (name); create extension pg_trgm version '1.4';
         create table clerk (shop bigint constraint works_in references shop);",
    );
    let there = "create table clerk (shop bigint constraint works_in references shop)";
    database.sql(&format!("create extension pg_trgm version '1.4'; {there}"));
    drift(&ground, &database, &[], 0);
    database.sql("alter extension pg_trgm update to '1.5'; alter table shop disable trigger all");
    let output = drift(&ground, &database, &[], 1);
    assert_eq!(
        objects(&output),
        [
            "different EXTENSION pg_trgm",
            "different FK CONSTRAINT public.clerk works_in"
        ]
    );
    let said = told(&output, &["actual"]).join("\n");
    assert!(said.contains("UPDATE TO '1.5'"), "{said}");
    assert!(
        said.contains("ALTER TABLE public.shop DISABLE TRIGGER OF works_in"),
        "{said}"
    );
}
