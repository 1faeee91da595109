//! Where the framework's own configuration says that its history is.

use crate::ground::Ground;

const A: &str = "create table a (id int);\n";

const FLYWAY: &str = "create table app.hist (installed_rank int not null primary key, version varchar(50),
    description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum int,
    installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time int not null,
    success boolean not null);
    insert into app.hist values (1, '1', 'a', 'SQL', 'x', null, 'me', default, 1, true)";

#[test]
fn flyway() {
    let ground = Ground::of(
        &[
            (
                "flyway.conf",
                "flyway.table=hist\nflyway.defaultSchema=app\n",
            ),
            ("m/V1__a.sql", A),
            ("m/V2__b.sql", A),
        ],
        &format!("create schema app; {FLYWAY}"),
    );
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(crate::ground::states(&seen), ["1 applied", "2 pending"]);
    assert_eq!(seen.json_lines()[0]["history"], "app.hist");
    // It is run there as well, and psql would run it elsewhere.
    let pending = ground.tool(&["--pending"]).run().expect_code(2);
    assert!(
        pending
            .stderr
            .contains("flyway.conf has them run in app, and psql would run the files in public"),
        "{pending:?}"
    );
    let there = ground
        .tool(&["--pending"])
        .env("PGOPTIONS", "-c search_path=app")
        .run();
    assert_eq!(crate::ground::files(&there.expect_code(0)), ["m/V2__b.sql"]);
    ground.remove("flyway.conf");
    ground.write(
        "flyway.toml",
        "[flyway]\ntable = \"hist\"\nschemas = [\"app\"]\n",
    );
    assert_eq!(ground.states(&[], 0), ["1 applied", "2 pending"]);
    // The command line goes before it.
    ground.write("flyway.toml", "[flyway]\ntable = \"other\"\n");
    let none = ground.status(&[]).expect_code(0);
    assert!(
        none.stderr.contains("has no other, which ") && none.stderr.contains("flyway.toml names"),
        "{none:?}"
    );
    assert_eq!(
        ground.states(&["--history", "app.hist"], 0),
        ["1 applied", "2 pending"]
    );
    // So does a variable, and what is put together is said.
    let by_variable = ground
        .tool(&["--status"])
        .env("FLYWAY_TABLE", "hist")
        .env("FLYWAY_DEFAULT_SCHEMA", "app")
        .run();
    assert_eq!(
        crate::ground::states(&by_variable.expect_code(0)),
        ["1 applied", "2 pending"]
    );
    ground.write("flyway.toml", "[flyway]\ntable = \"${env.TABLE}\"\n");
    let computed = ground.status(&[]).expect_code(2).expect_no_output();
    assert!(
        computed
            .stderr
            .contains("says where Flyway keeps its history in a way that is not read here"),
        "{computed:?}"
    );
}

#[test]
fn sql_migrate() {
    let ground = Ground::of(
        &[
            (
                "dbconfig.yml",
                "development:\n  dialect: postgres\n  dir: m\n  table: migs\n",
            ),
            ("m/1_a.sql", "-- +migrate Up\nselect 1;\n"),
            ("m/2_b.sql", "-- +migrate Up\nselect 1;\n"),
        ],
        "create table migs (id text primary key, applied_at timestamptz); insert into migs values ('1_a.sql', now())",
    );
    assert_eq!(
        ground.states(&[], 0),
        ["1_a.sql applied", "2_b.sql pending"]
    );
    assert_eq!(ground.pending(&[]), ["m/2_b.sql"]);
}

#[test]
fn drizzle() {
    let journal = "{\"version\": \"7\", \"dialect\": \"postgresql\", \"entries\": [{\"idx\": 0, \"when\": 100, \"tag\": \"0000_a\"}]}";
    let ground = Ground::of(
        &[
            (
                "drizzle.config.ts",
                "export default defineConfig({ out: './m', migrations: { table: 'hist', schema: 'app' } });\n",
            ),
            ("m/meta/_journal.json", journal),
            ("m/0000_a.sql", A),
        ],
        "create schema app create table hist (id serial primary key, hash text not null, created_at bigint);
         insert into app.hist (hash, created_at) values ('x', 100)",
    );
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(crate::ground::states(&seen), ["0000_a edited"]);
    assert_eq!(seen.json_lines()[0]["history"], "app.hist");
    ground.write(
        "drizzle.config.ts",
        "export default { migrations: { table: TABLE } };\n",
    );
    let computed = ground.tool(&["--pending"]).run().expect_code(2);
    assert!(
        computed.stderr.contains("`migrations.table` is computed")
            && computed.stderr.contains("hint: --history says where"),
        "{computed:?}"
    );
}

#[test]
fn variables_and_other_files() {
    let up = "-- +goose Up\nselect 1;\n";
    let ground = Ground::of(
        &[("m/1_a.sql", up), (".env", "GOOSE_TABLE=app.done\n")],
        "create schema app create table done (id serial primary key, version_id bigint, is_applied boolean, tstamp timestamp);
         insert into app.done (version_id, is_applied) values (1, true)",
    );
    assert_eq!(ground.states(&[], 0), ["1 applied"]);

    let ground = Ground::of(
        &[
            ("m/tern.conf", "[database]\nversion_table = app.came_to\n"),
            ("m/001_a.sql", A),
        ],
        "create schema app create table came_to (version int4 not null); insert into app.came_to values (1)",
    );
    assert_eq!(ground.states(&[], 0), ["1 applied"]);
}
