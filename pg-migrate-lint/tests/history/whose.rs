//! Names that several frameworks have, and what the server says of them.

use crate::ground::{Ground, sum};

const A: &str = "create table a (id int);\n";
const B: &str = "create table b (id int);\n";

const SQLX: &str = "create table _sqlx_migrations (version bigint primary key, description text not null,
    installed_on timestamptz not null default now(), success boolean not null, checksum bytea not null,
    execution_time bigint not null);";

fn sqlx_row(version: i64, text: &str) -> String {
    let sum = sum("sha384sum", text);
    format!("insert into _sqlx_migrations values ({version}, 'x', now(), true, '\\x{sum}', 1);")
}

#[test]
fn up_and_down_of_sqlx() {
    let files = [
        ("m/20250101000000_a.up.sql", A),
        ("m/20250101000000_a.down.sql", "drop table a;\n"),
        ("m/20250102000000_b.up.sql", B),
        ("m/20250102000000_b.down.sql", "drop table b;\n"),
    ];
    let rows = sqlx_row(20_250_101_000_000, A);
    let ground = Ground::of(&files, &format!("{SQLX}{rows}"));
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(
        crate::ground::states(&seen),
        ["20250101000000 applied", "20250102000000 pending"]
    );
    assert_eq!(seen.json_lines()[0]["framework"], "sqlx");
    let said = "m is taken for migrations of sqlx, since the database has public._sqlx_migrations";
    assert!(seen.stderr.contains(said), "{seen:?}");
    assert_eq!(ground.pending(&[]), ["m/20250102000000_b.up.sql"]);
    // A history of the one that the names are taken for goes before it.
    ground.database.sql(
        "create table schema_migrations (version bigint primary key, dirty boolean not null);
         insert into schema_migrations values (20250102000000, false)",
    );
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(seen.json_lines()[0]["framework"], "golang-migrate");
}

#[test]
fn plain_numbers_and_flyways_names() {
    let rows = sqlx_row(1, A);
    let ground = Ground::of(
        &[("m/1_a.sql", A), ("m/2_b.sql", B)],
        &format!("{SQLX}{rows}"),
    );
    assert_eq!(ground.pending(&[]), ["m/2_b.sql"]);

    let refinery = "create table refinery_schema_history (version int4 primary key, name varchar(255),
            applied_on varchar(255), checksum varchar(255));
        insert into refinery_schema_history values (2, 'a', '2026-11-22T02:20:04.959143374Z', '6962764143411647627')";
    let ground = Ground::of(&[("m/V2__a.sql", A), ("m/V3__b.sql", B)], refinery);
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(crate::ground::states(&seen), ["2 applied", "3 pending"]);
    assert_eq!(seen.json_lines()[0]["framework"], "refinery");
}

#[test]
fn what_fits_nothing_on_the_server_is_refused() {
    // Content says that it is goose's: no other history makes it another's.
    let ground = Ground::of(&[("m/1_a.sql", "-- +goose Up\nselect 1;\n")], SQLX);
    let refused = ground
        .tool(&["--pending"])
        .run()
        .expect_code(2)
        .expect_no_output();
    assert!(
        refused
            .stderr
            .contains("has public._sqlx_migrations of sqlx, and no history of goose"),
        "{refused:?}"
    );
    assert_eq!(ground.pending(&["--layout", "goose"]), ["m/1_a.sql"]);
}

#[test]
fn a_dirty_table_is_not_dbmates() {
    let up = "-- migrate:up\nselect 1;\n-- migrate:down\n";
    let ground = Ground::of(
        &[("m/20250101_a.sql", up)],
        "create table schema_migrations (version bigint primary key, dirty boolean not null);
         insert into schema_migrations values (20250103000000, true)",
    );
    let refused = ground
        .tool(&["--pending"])
        .run()
        .expect_code(2)
        .expect_no_output();
    assert!(
        refused
            .stderr
            .contains("public.schema_migrations is no history of dbmate: it has a column dirty"),
        "{refused:?}"
    );
}

#[test]
fn what_rails_has_made_is_told_from_others() {
    let up = "-- migrate:up\nselect 1;\n-- migrate:down\nselect 1;\n";
    let table = "create table schema_migrations (version varchar primary key);
        insert into schema_migrations values ('20240101000001');";
    let rails = "create table ar_internal_metadata (key varchar primary key, value varchar)";
    let ground = Ground::of(&[("m/20240101000001_a.sql", up)], table);
    let said = "seems to be that of Rails";
    assert!(!ground.status(&[]).stderr.contains(said));
    ground.database.sql(rails);
    assert!(ground.status(&[]).stderr.contains(said));
    assert!(!ground.status(&["--layout", "dbmate"]).stderr.contains(said));
    // Who else's it may be is no question then.
    let files = [
        ("m/1_a.sql", A),
        ("Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
    ];
    let ground = Ground::of(&files, table);
    let others = |ground: &Ground| ground.status(&[]).expect_code(2).stderr;
    assert!(others(&ground).contains("dbmate"));
    ground.database.sql(rails);
    let said = others(&ground);
    assert!(
        said.contains("has public.schema_migrations of Rails, and"),
        "{said}"
    );
}
