//! Where the history table is, and what a role needs to read it.

use crate::ground::Ground;

const FILES: &[(&str, &str)] = &[
    (
        "go.mod",
        "require github.com/golang-migrate/migrate/v4 v4.18.0\n",
    ),
    ("m/1_a.up.sql", "select 1;\n"),
    ("m/2_b.up.sql", "select 2;\n"),
];

const TABLE: &str = "(version bigint primary key, dirty boolean not null)";

fn role(ground: &Ground, name: &str) -> String {
    let name = format!("{name}_{}", ground.database.name());
    ground.database.sql(&format!(
        "drop role if exists {name}; create role {name} login"
    ));
    name
}

#[test]
fn select_on_the_table_is_enough() {
    let ground = Ground::of(
        FILES,
        &format!(
            "create schema app; create table app.schema_migrations {TABLE}; insert into app.schema_migrations values (1, false)"
        ),
    );
    let reader = role(&ground, "reader");
    let database = ground.database.name().to_string();
    ground.database.sql(&format!(
        "alter role {reader} in database \"{database}\" set search_path = app"
    ));
    let as_reader = || ground.tool(&["--status"]).env("PGUSER", &reader).run();
    let refused = as_reader().expect_code(2).expect_no_output();
    assert!(
        refused
            .stderr
            .contains("the role may not read \"app\".\"schema_migrations\""),
        "{refused:?}"
    );
    assert!(
        refused
            .stderr
            .contains("hint: grant usage on schema \"app\" to it, and select on"),
        "{refused:?}"
    );
    ground.database.sql(&format!(
        "grant usage on schema app to {reader}; grant select on app.schema_migrations to {reader}"
    ));
    let seen = as_reader().expect_code(0);
    assert_eq!(crate::ground::states(&seen), ["1 applied", "2 pending"]);
    ground
        .database
        .sql(&format!("drop owned by {reader}; drop role {reader}"));
}

#[test]
fn a_url_says_the_schema() {
    let schemas = ["One", "two"].map(|name| {
        format!("create schema \"{name}\"; create table \"{name}\".schema_migrations {TABLE}; insert into \"{name}\".schema_migrations values ({}, false);", name.len() - 2)
    });
    let ground = Ground::of(FILES, &schemas.concat());
    let several = ground.status(&[]).expect_code(2).expect_no_output();
    let said =
        "has \"One\".schema_migrations, two.schema_migrations, none of them in the search path";
    assert!(several.stderr.contains(said), "{several:?}");
    assert!(
        several.stderr.contains("hint: --history says which"),
        "{several:?}"
    );
    let named = |history: &str| ground.status(&["--history", history]).expect_code(0);
    assert_eq!(
        crate::ground::states(&named("\"One\".schema_migrations")),
        ["1 applied", "2 pending"]
    );
    let unknown = ground
        .status(&["--history", "three.t"])
        .expect_code(2)
        .expect_no_output();
    assert!(
        unknown.stderr.contains("there is no table three.t"),
        "{unknown:?}"
    );
    // As Prisma and node-pg-migrate have it.
    let cluster = ground.database.cluster();
    let folder = cluster
        .socket_dir()
        .display()
        .to_string()
        .replace('/', "%2F");
    let url = format!(
        "postgresql://{}@{folder}:{}/{}?schema=two",
        cluster.superuser(),
        cluster.port(),
        ground.database.name()
    );
    let seen = ground.status(&["-d", &url]).expect_code(0);
    assert_eq!(seen.json_lines()[0]["history"], "two.schema_migrations");
}

#[test]
fn the_only_one_is_taken_and_names_are_quoted() {
    let odd = "create schema \"My \"\"App\"\"\"; create table \"My \"\"App\"\"\".\"Done So Far\" (version bigint primary key, dirty boolean not null);
        insert into \"My \"\"App\"\"\".\"Done So Far\" values (2, false)";
    let ground = Ground::of(FILES, odd);
    let none = ground.status(&[]).expect_code(0);
    assert_eq!(crate::ground::states(&none), ["1 pending", "2 pending"]);
    assert!(none.json_lines()[0]["history"].is_null());
    assert!(
        none.stderr
            .contains("has no schema_migrations: nothing of golang-migrate was ever applied there"),
        "{none:?}"
    );
    let name = "\"My \"\"App\"\"\".\"Done So Far\"";
    let seen = ground.status(&["--history", name]).expect_code(0);
    assert_eq!(crate::ground::states(&seen), ["1 applied", "2 applied"]);
    assert_eq!(seen.json_lines()[0]["history"], name);
    ground.write("pg-migrate-lint.toml", &format!("history = '{name}'\n"));
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(seen.json_lines()[0]["history"], name);
    ground.write("pg-migrate-lint.toml", "history = 'a.b.c'\n");
    let refused = ground.status(&[]).expect_code(2).expect_no_output();
    assert!(
        refused.stderr.contains("\"SCHEMA.TABLE\" is needed"),
        "{refused:?}"
    );
    ground.remove("pg-migrate-lint.toml");
    ground.database.sql(&format!("create schema elsewhere; create table elsewhere.schema_migrations {TABLE}; insert into elsewhere.schema_migrations values (1, false)"));
    let only = ground.status(&[]).expect_code(0);
    assert_eq!(
        only.json_lines()[0]["history"],
        "elsewhere.schema_migrations"
    );
}

#[test]
fn a_table_of_another_framework_is_refused() {
    let ground = Ground::of(
        FILES,
        "create table schema_migrations (version varchar primary key)",
    );
    let refused = ground.status(&[]).expect_code(2).expect_no_output();
    assert!(
        refused.stderr.contains(
            "public.schema_migrations is no history of golang-migrate: it has no column dirty"
        ),
        "{refused:?}"
    );
    ground.database.sql("drop table schema_migrations; create table _sqlx_migrations (version bigint primary key, description text,
        installed_on timestamptz, success boolean, checksum bytea, execution_time bigint)");
    // Nothing of these would be taken for applied.
    let refused = ground.status(&[]).expect_code(2).expect_no_output();
    let said = "has public._sqlx_migrations of sqlx, and no history of golang-migrate, whose migrations m seems to have";
    assert!(refused.stderr.contains(said), "{refused:?}");
    // Whoever says whose they are is believed.
    let warned = ground
        .status(&["--layout", "golang-migrate"])
        .expect_code(0);
    assert!(
        warned
            .stderr
            .contains("but it has public._sqlx_migrations of sqlx: is --layout right?"),
        "{warned:?}"
    );
    // Plain files have no history, for whoever says that they are such.
    let plain = ground
        .status(&["--layout", "plain"])
        .expect_code(2)
        .expect_no_output();
    assert!(
        plain
            .stderr
            .contains("the database has public._sqlx_migrations of sqlx: --layout says"),
        "{plain:?}"
    );
}

#[test]
fn nothing_can_be_written() {
    // A history that looks at the transaction in which it is read.
    let ground = Ground::of(
        FILES,
        "create function is_read_only() returns boolean language plpgsql as $$
         begin
            if current_setting('transaction_read_only') <> 'on' then raise 'it could write'; end if;
            if current_setting('lock_timeout') = '0' then raise 'it would wait for ever'; end if;
            if current_setting('statement_timeout') = '0' then raise 'it would run for ever'; end if;
            return true;
         end $$;
         create view schema_migrations as select 1::bigint as version, false as dirty where is_read_only()",
    );
    assert_eq!(ground.states(&[], 0), ["1 applied", "2 pending"]);
    // The view is what is read: it may say no.
    let refused = ground
        .tool(&["--status"])
        .env("PGOPTIONS", "-c lock_timeout=0")
        .run();
    let refused = refused.expect_code(2).expect_no_output();
    assert!(
        refused.stderr.contains("it would wait for ever"),
        "{refused:?}"
    );
}

#[test]
fn a_setting_of_the_user_does_not_let_it_write() {
    let ground = Ground::of(
        FILES,
        "create sequence s;
         create function next_one() returns bigint language sql as 'select nextval(''public.s'')';
         create view schema_migrations as select 1::bigint as version, false as dirty where next_one() > 0",
    );
    let seen = ground
        .tool(&["--status"])
        .env("PGOPTIONS", "-c default_transaction_read_only=off")
        .run()
        .expect_code(2);
    assert!(
        seen.stderr.contains("in a read-only transaction"),
        "{seen:?}"
    );
    assert_eq!(ground.database.value("select is_called from s"), "f");
}

#[test]
fn rows_that_a_policy_hides_are_not_taken_for_pending() {
    let ground = Ground::of(
        FILES,
        &format!(
            "create table schema_migrations {TABLE}; insert into schema_migrations values (2, false);
             alter table schema_migrations enable row level security"
        ),
    );
    let reader = role(&ground, "filtered");
    ground
        .database
        .sql(&format!("grant select on schema_migrations to {reader}"));
    let as_reader = || ground.tool(&["--pending"]).env("PGUSER", &reader).run();
    let refused = as_reader().expect_code(2).expect_no_output();
    assert!(
        refused.stderr.contains("row-level security policy")
            && refused.stderr.contains("hint: a policy hides rows of it"),
        "{refused:?}"
    );
    ground
        .database
        .sql("alter table schema_migrations disable row level security");
    as_reader().expect_code(0).expect_no_output();
    ground
        .database
        .sql(&format!("drop owned by {reader}; drop role {reader}"));
}

#[test]
fn a_table_elsewhere_is_not_taken_in_silence() {
    // Of another runner where names are looked for, and ours where they are not.
    let ground = Ground::of(
        FILES,
        &format!(
            "create table schema_migrations (version text); create schema priv;
             create table priv.schema_migrations {TABLE}; insert into priv.schema_migrations values (2, false)"
        ),
    );
    let refused = ground.status(&[]).expect_code(2).expect_no_output();
    assert!(
        refused
            .stderr
            .contains("public.schema_migrations is no history of golang-migrate"),
        "{refused:?}"
    );
    ground.database.sql("drop table schema_migrations");
    let warned = ground.status(&[]).expect_code(0);
    let said = "priv.schema_migrations is not where golang-migrate looks for its history";
    assert!(warned.stderr.contains(said), "{warned:?}");
    let pending = ground.tool(&["--pending"]).run().expect_code(2);
    assert!(pending.stderr.contains(said), "{pending:?}");
    let there = ground
        .tool(&["--pending"])
        .env("PGOPTIONS", "-c search_path=priv")
        .run();
    there.expect_code(0).expect_no_output();
    let named = &["--pending", "--history", "priv.schema_migrations"];
    ground.tool(named).run().expect_code(0).expect_no_output();
}

#[test]
fn a_url_with_a_schema_looks_nowhere_else() {
    let prisma = "(id varchar(36) primary key, checksum varchar(64), finished_at timestamptz, migration_name varchar(255),
        logs text, rolled_back_at timestamptz, started_at timestamptz default now(), applied_steps_count int)";
    let ground = Ground::of(
        &[
            ("m/migration_lock.toml", "provider = \"postgresql\"\n"),
            ("m/20250101000000_a/migration.sql", "select 1;\n"),
        ],
        &format!(
            "create schema app; create table _prisma_migrations {prisma};
             insert into _prisma_migrations values ('1', null, now(), '20250101000000_a', null, null, now(), 1)"
        ),
    );
    assert_eq!(ground.states(&[], 0), ["20250101000000_a applied"]);
    let database = ground.database.name().to_string();
    // A schema that is not there yet, too.
    for schema in ["app", "none"] {
        let cluster = ground.database.cluster();
        let folder = cluster.socket_dir().display().to_string();
        let url = format!(
            "postgresql://{}@{}:{}/{database}?schema={schema}",
            cluster.superuser(),
            folder.replace('/', "%2F"),
            cluster.port(),
        );
        let seen = ground.status(&["-d", &url]).expect_code(0);
        assert_eq!(crate::ground::states(&seen), ["20250101000000_a pending"]);
        assert!(
            seen.stderr.contains("nothing of Prisma was ever applied"),
            "{seen:?}"
        );
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let ground = Ground::of(FILES, "");
    for (words, said) in [
        (
            &["--status", "--pending"][..],
            "--status and --pending exclude each other",
        ),
        (&["--status", "--since", "main"], "--since is for linting"),
        (&["--status", "-o", "sarif"], "-o sarif is for findings"),
        (
            &["--history", "x"],
            "--history goes with --status, --pending, --rollback-plan, --drift or --rehearse only",
        ),
        (
            &["--status", "--history", "a.b.c"],
            "TABLE or SCHEMA.TABLE is needed",
        ),
    ] {
        let refused = ground.tool(words).run().expect_code(2).expect_no_output();
        assert!(refused.stderr.contains(said), "{said}\n{refused:?}");
    }
}
