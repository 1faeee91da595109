//! Frameworks that keep a checksum: Prisma, sqlx, refinery, Sqitch, graphile-migrate.

use crate::ground::{Ground, message, sum};

const A: &str = "create table a (id int);\n";
const B: &str = "create table b (id int);\n";

const PRISMA: &str = "create table _prisma_migrations (
    id varchar(36) primary key not null, checksum varchar(64) not null, finished_at timestamptz,
    migration_name varchar(255) not null, logs text, rolled_back_at timestamptz,
    started_at timestamptz not null default now(), applied_steps_count integer not null default 0);";

fn prisma_row(name: &str, text: &str, finished: &str, rolled_back: &str, logs: &str) -> String {
    let sum = sum("sha256sum", text);
    format!(
        "insert into _prisma_migrations values (gen_random_uuid(), '{sum}', {finished}, '{name}', {logs}, {rolled_back},
         '2026-01-01 10:00:00+00', 1);"
    )
}

fn prisma_files() -> Vec<(&'static str, &'static str)> {
    vec![
        ("m/migration_lock.toml", "provider = \"postgresql\"\n"),
        ("m/20260101000000_a/migration.sql", A),
        ("m/20260102000000_b/migration.sql", B),
        ("m/20260103000000_c/migration.sql", A),
        ("m/20260104000000_d/migration.sql", A),
        ("m/20260105000000_e/migration.sql", A),
    ]
}

#[test]
fn prisma() {
    let done = "'2026-01-01 12:00:00.5+02'";
    let error = "'A migration failed to apply.\n\nDatabase error:\nERROR: relation \"c\" already exists\n\nDbError'";
    let rows = [
        prisma_row("20260101000000_a", A, done, "null", "null"),
        // As a checkout with CRLF has it.
        prisma_row(
            "20260102000000_b",
            &B.replace('\n', "\r\n"),
            done,
            "null",
            "null",
        ),
        prisma_row("20260103000000_c", A, "null", "null", error),
        prisma_row(
            "20260104000000_d",
            A,
            "null",
            "'2026-01-02 00:00:00+00'",
            error,
        ),
        prisma_row("20251231000000_gone", A, done, "null", "null"),
    ];
    let ground = Ground::of(&prisma_files(), &format!("{PRISMA}{}", rows.concat()));
    let expected = [
        "20260101000000_a applied",
        "20260102000000_b applied",
        "20260103000000_c failed",
        "20260104000000_d rolled_back",
        "20260105000000_e pending",
        "20251231000000_gone missing_here",
    ];
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(crate::ground::states(&seen), expected);
    let records = seen.json_lines();
    assert_eq!(records[0]["applied_at"], "2026-01-01T10:00:00.5Z");
    assert_eq!(records[0]["file"], "m/20260101000000_a/migration.sql");
    assert_eq!(records[0]["history"], "public._prisma_migrations");
    assert_eq!(records[0]["framework"], "prisma");
    assert!(records[5]["file"].is_null());
    assert!(message(&seen, "20260103000000_c").contains("ERROR: relation \"c\" already exists"));
    ground.refuses(
        &[],
        "20260103000000_c/migration.sql has begun and not ended",
    );
    // What was resolved, and what is no longer known, is out of the way.
    let mend = "update _prisma_migrations set rolled_back_at = now() where finished_at is null;
        delete from _prisma_migrations where migration_name like '%gone'";
    ground.database.sql(mend);
    let pending = ["c", "d", "e"].map(|name| {
        let day = i32::from(name.as_bytes()[0] - b'a') + 1;
        format!("m/2026010{day}000000_{name}/migration.sql")
    });
    assert_eq!(ground.pending(&[]), pending);
    // Applied again after it was rolled back.
    ground
        .database
        .sql(&prisma_row("20260104000000_d", A, done, "null", "null"));
    let states = ground.states(&[], 0);
    assert_eq!(states[3], "20260104000000_d applied");
    assert_eq!(states[2], "20260103000000_c rolled_back");
    // And then edited.
    ground.write("m/20260101000000_a/migration.sql", B);
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(seen.json_lines()[0]["state"], "edited");
    assert!(message(&seen, "20260101000000_a").contains("the change never arrives here"));
    ground.refuses(
        &[],
        "20260101000000_a/migration.sql is not what was applied",
    );
}

#[test]
fn sqlx() {
    let files = [
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        ("m/0001_a.sql", A),
        ("m/2_b.sql", B),
        ("m/3_c.up.sql", A),
        ("m/3_c.down.sql", "drop table a;\n"),
        ("m/4_d.sql", A),
        ("m/5_e.sql", A),
    ];
    let table = "create table _sqlx_migrations (version bigint primary key, description text not null,
        installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
        execution_time bigint not null);";
    let row = |version: i32, text: &str, success: bool| {
        let sum = sum("sha384sum", text);
        format!(
            "insert into _sqlx_migrations values ({version}, 'x', '2026-01-01 10:00:00+00', {success}, '\\x{sum}', 1);"
        )
    };
    let rows = [
        row(1, A, true),
        row(2, A, true),
        row(3, A, true),
        row(5, A, false),
        row(9, A, true),
    ];
    let ground = Ground::of(&files, &format!("{table}{}", rows.concat()));
    let expected = [
        "1 applied",
        "2 edited",
        "3 applied",
        "4 out_of_order",
        "5 failed",
        "9 missing_here",
    ];
    assert_eq!(ground.states(&[], 1), expected);
    ground
        .database
        .sql("delete from _sqlx_migrations where version in (2, 9)");
    ground
        .database
        .sql("update _sqlx_migrations set success = true");
    // The runner runs late ones, and so does psql; that is a warning.
    assert_eq!(ground.pending(&[]), ["m/2_b.sql", "m/4_d.sql"]);
    let warned = ground.status(&["--fail-on", "warning"]).expect_code(1);
    assert_eq!(warned.json_lines()[1]["severity"], "warning");
    ground.refuses(
        &["--fail-on", "warning"],
        "m/2_b.sql".trim_start_matches("m/"),
    );
}

#[test]
fn refinery() {
    // The sums are those that refinery 0.8 wrote of these texts.
    let users = "-- CreateTable\nCREATE TABLE \"User\" (\n    \"id\" SERIAL NOT NULL\n);\n";
    let files = [
        ("refinery.toml", ""),
        ("m/V1__users.sql", users),
        ("m/V2__a.sql", A),
        ("m/V3__c.sql", A),
        (
            "m/V4__d.rs",
            "pub fn migration() -> String { String::new() }",
        ),
        ("m/V5__e.sql", A),
    ];
    let history =
        "create table refinery_schema_history (version int4 primary key, name varchar(255),
            applied_on varchar(255), checksum varchar(255));
        insert into refinery_schema_history values
            (1, 'users', '2026-11-22T02:20:04.959118636Z', '9051435183750470242'),
            (2, 'a', '2026-11-22T02:20:04.959143374Z', '6962764143411647627'),
            (4, 'd', '2026-11-22T02:20:04.959143374Z', '1')";
    let ground = Ground::of(&files, history);
    let expected = [
        "1 applied",
        "2 applied",
        "3 missing_there",
        "4 applied",
        "5 pending",
    ];
    let seen = ground.status(&[]).expect_code(1);
    let states = crate::ground::states(&seen);
    // Of what is in Rust only the compiler knows the sum.
    assert_eq!(states, expected);
    assert_eq!(
        seen.json_lines()[0]["applied_at"],
        "2026-11-22T02:20:04.959118636Z"
    );
    ground.remove("m/V3__c.sql");
    assert_eq!(ground.pending(&[]), ["m/V5__e.sql"]);
    ground.write("m/V2__a.sql", B);
    assert_eq!(ground.states(&[], 1)[1], "2 edited");
    ground.write("m/V2__a.sql", A);
    ground
        .database
        .sql("update refinery_schema_history set name = 'b' where version = 2");
    assert_eq!(ground.states(&[], 1)[1], "2 edited");
}

const SQITCH: &str = "create schema sqitch;
    create table sqitch.projects (project text primary key, uri text, created_at timestamptz not null default now(),
        creator_name text not null, creator_email text not null);
    create table sqitch.changes (change_id text primary key, script_hash text, change text not null,
        project text not null references sqitch.projects, note text not null default '',
        committed_at timestamptz not null default clock_timestamp(), committer_name text not null,
        committer_email text not null, planned_at timestamptz not null, planner_name text not null,
        planner_email text not null, unique (project, script_hash));
    create table sqitch.events (event text not null check (event in ('deploy', 'revert', 'fail', 'merge')),
        change_id text not null, change text not null, project text not null references sqitch.projects,
        note text not null default '', requires text[] not null default '{}', conflicts text[] not null default '{}',
        tags text[] not null default '{}', committed_at timestamptz not null default clock_timestamp(),
        committer_name text not null, committer_email text not null, planned_at timestamptz not null,
        planner_name text not null, planner_email text not null, primary key (change_id, committed_at));
    insert into sqitch.projects values ('shop', null, default, 'a', 'a@b'), ('other', null, default, 'a', 'a@b');";

fn change(project: &str, id: &str, name: &str, text: &str, day: u32) -> String {
    let sum = sum("sha1sum", text);
    format!(
        "insert into sqitch.changes values ('{id}', '{sum}', '{name}', '{project}', '', default, 'a', 'a@b', '2024-01-0{day}', 'a', 'a@b');"
    )
}

fn event(what: &str, id: &str, name: &str, day: u32) -> String {
    format!(
        "insert into sqitch.events (event, change_id, change, project, committer_name, committer_email, planned_at, planner_name, planner_email)
         values ('{what}', '{id}', '{name}', 'shop', 'a', 'a@b', '2024-01-0{day}', 'a', 'a@b');"
    )
}

#[test]
fn sqitch() {
    let plan = "%syntax-version=1.0.0\n%project=shop\n\n\
        schema 2024-01-01T00:00:00Z A <a@b> # Schema\n\
        users 2024-01-02T00:00:00Z A <a@b> # Users\n\
        @v1 2024-01-02T00:00:00Z A <a@b>\n\
        users [users@v1] 2024-01-03T00:00:00Z A <a@b> # Again\n\
        posts 2024-01-04T00:00:00Z A <a@b> # Posts\n\
        tags 2024-01-05T00:00:00Z A <a@b> # Tags\n";
    let files = [
        ("m/sqitch.plan", plan),
        ("m/deploy/schema.sql", A),
        ("m/deploy/users@v1.sql", "select 1;\n"),
        ("m/deploy/users.sql", "select 2;\n"),
        ("m/deploy/posts.sql", B),
        ("m/deploy/tags.sql", B),
    ];
    let rows = [
        change("shop", "1", "schema", A, 1),
        change("shop", "2", "users", "select 1;\n", 2),
        change("other", "3", "posts", B, 1),
        event("deploy", "1", "schema", 1),
        event("deploy", "2", "users", 2),
        event("revert", "4", "users", 3),
        event("fail", "5", "posts", 4),
    ];
    let ground = Ground::of(&files, &format!("{SQITCH}{}", rows.concat()));
    let expected = [
        "schema applied",
        "users@v1 applied",
        "users rolled_back",
        "posts failed",
        "tags pending",
    ];
    assert_eq!(ground.states(&[], 1), expected);
    ground
        .database
        .sql("delete from sqitch.events where event = 'fail'");
    let pending = ["users", "posts", "tags"].map(|name| format!("m/deploy/{name}.sql"));
    assert_eq!(ground.pending(&[]), pending);
    // The plan decides what is late; of the rest the script's hash.
    let rows = [
        change("shop", "4", "users", "select 2;\n", 3),
        change("shop", "6", "tags", B, 5),
        change("shop", "7", "gone", "select 7;\n", 6),
    ];
    ground.database.sql(&rows.concat());
    ground.write("m/deploy/schema.sql", B);
    let expected = [
        "schema edited",
        "users@v1 applied",
        "users applied",
        "posts missing_there",
        "tags applied",
        "gone missing_here",
    ];
    assert_eq!(ground.states(&[], 1), expected);
}

#[test]
fn graphile_migrate() {
    // Headers, texts and rows as graphile-migrate 1.4 made them.
    let [first, second] = [
        "sha1:42d573d5e881e52c4db4b8d53c7b1fe60d48fef0",
        "sha1:6b5f0e224836f1505a76f7abeba571e1ba13005e",
    ];
    let one = format!("--! Previous: -\n--! Hash: {first}\n\n{A}");
    let two = format!("--! Previous: {first}\n--! Hash: {second}\n\n{B}");
    let three = format!("--! Previous: {second}\n--! Hash: sha1:x\n--! AllowInvalidHash\n\n{B}");
    let files = [
        ("m/current.sql", ""),
        ("m/committed/000001.sql", one.as_str()),
        ("m/committed/000002.sql", &two),
        ("m/committed/000003.sql", &three),
    ];
    let history = format!(
        "create schema graphile_migrate;
         create table graphile_migrate.migrations (hash text primary key, previous_hash text references graphile_migrate.migrations,
            filename text not null, date timestamptz not null default now());
         insert into graphile_migrate.migrations values ('{first}', null, '000001.sql'), ('{second}', '{first}', '000002.sql')"
    );
    let ground = Ground::of(&files, &history);
    let expected = ["000001 applied", "000002 applied", "000003 pending"];
    assert_eq!(ground.states(&[], 0), expected);
    assert_eq!(ground.pending(&[]), ["m/committed/000003.sql"]);
    ground.write("m/committed/000001.sql", &one.replace("table a", "table c"));
    let edited = ground.status(&[]).expect_code(1);
    assert_eq!(crate::ground::states(&edited)[0], "000001 edited");
    assert!(
        message(&edited, "000001").contains("graphile-migrate goes on"),
        "{edited:?}"
    );
    // One whose hash is not its own is refused before it runs, and so is a chain with a link missing.
    ground.remove("m/committed/000001.sql");
    let gone = ground.status(&[]).expect_code(1);
    assert!(
        message(&gone, "000001.sql").contains("graphile-migrate refuses to go on"),
        "{gone:?}"
    );
    ground.write("m/committed/000001.sql", &one);
    ground.write(
        "m/committed/000003.sql",
        &three
            .replace("--! AllowInvalidHash\n", "")
            .replace("sha1:x", "sha1:0"),
    );
    assert_eq!(ground.states(&[], 1)[2], "000003 refused");
    ground.refuses(&[], "000003.sql is not what its hash says");
    ground.write("m/committed/000003.sql", &three);
    ground
        .database
        .sql("delete from graphile_migrate.migrations where filename = '000002.sql'");
    let late = format!(
        "insert into graphile_migrate.migrations values ('sha1:z', '{first}', '000009.sql')"
    );
    ground.database.sql(&late);
    let expected = [
        "000001 applied",
        "000002 skipped",
        "000003 skipped",
        "000009.sql missing_here",
    ];
    assert_eq!(ground.states(&[], 1), expected);
}
