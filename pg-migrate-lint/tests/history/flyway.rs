//! Flyway: checksums over lines, baselines, undone versions, and scripts that run again.

use crate::ground::{Ground, message};

/// Its checksum, by zlib's CRC-32 over the lines without their ends.
const USERS: &str = "-- CreateTable\nCREATE TABLE \"User\" (\n    \"id\" SERIAL NOT NULL\n);\n";
const USERS_SUM: i32 = -184_129_565;
const E_ACUTE: &str = "SELECT 1;\n\nSELECT 'é';";
const E_ACUTE_SUM: i32 = 98_625_550;

const TABLE: &str = "create table flyway_schema_history (installed_rank int not null primary key, version varchar(50),
    description varchar(200) not null, type varchar(20) not null, script varchar(1000) not null, checksum int,
    installed_by varchar(100) not null, installed_on timestamp not null default now(), execution_time int not null,
    success boolean not null);";

fn row(
    rank: i32,
    version: &str,
    description: &str,
    sort: &str,
    sum: &str,
    success: bool,
) -> String {
    format!(
        "insert into flyway_schema_history values ({rank}, {version}, '{description}', '{sort}', 'x', {sum}, 'me', default, 1, {success});"
    )
}

#[test]
fn versions_and_repeatables() {
    let changed = "create or replace view v as select ${column};\n";
    let files = [
        ("m/V1__users.sql", USERS),
        ("m/V1_1__accents.sql", E_ACUTE),
        ("m/V2__late.sql", USERS),
        ("m/V3__undone.sql", USERS),
        ("m/U3__undone.sql", "drop table \"User\";\n"),
        ("m/V4__failed.sql", USERS),
        ("m/V5__next.sql", USERS),
        ("m/R__same.sql", USERS),
        ("m/R__changed.sql", E_ACUTE),
        ("m/R__new.sql", USERS),
        ("m/R__with_values.sql", changed),
    ];
    let (users, accents) = (USERS_SUM.to_string(), E_ACUTE_SUM.to_string());
    let rows = [
        row(
            1,
            "null",
            "<< Flyway Schema Creation >>",
            "SCHEMA",
            "null",
            true,
        ),
        row(2, "'1'", "users", "SQL", &users, true),
        row(3, "'1.1'", "accents", "SQL", &accents, true),
        row(4, "'3'", "undone", "SQL", &users, true),
        row(5, "'3'", "undone", "UNDO_SQL", "1", true),
        row(6, "'4'", "failed", "SQL", &users, false),
        row(7, "null", "same", "SQL", &users, true),
        row(8, "null", "changed", "SQL", &users, true),
        row(9, "null", "with values", "SQL", "7", true),
        row(10, "'1.5'", "by java", "JDBC", "7", true),
        row(11, "'1.7'", "gone", "SQL", "7", true),
        row(12, "null", "gone view", "SQL", "7", true),
        row(13, "'1.8'", "deleted", "SQL", "7", true),
        row(14, "'1.8'", "deleted", "DELETE", "7", true),
    ];
    let ground = Ground::of(&files, &format!("{TABLE}{}", rows.concat()));
    let seen = ground.status(&[]).expect_code(1);
    let expected = [
        "1 applied",
        "1.1 applied",
        "2 missing_there",
        "3 missing_there",
        "4 failed",
        "5 pending",
        "1.7 missing_here",
        " pending",
        " pending",
        " applied",
        " applied",
        " missing_here",
    ];
    assert_eq!(crate::ground::states(&seen), expected);
    let names: Vec<String> = seen.json_lines()[7..]
        .iter()
        .map(|record| record["name"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(
        names,
        ["changed", "new", "same", "with values", "gone view"]
    );
    assert!(
        seen.json_lines()[7]["message"]
            .to_string()
            .contains("Flyway runs it again"),
        "{seen:?}"
    );
    assert!(
        seen.json_lines()[10]["message"]
            .to_string()
            .contains("placeholders"),
        "{seen:?}"
    );
    // Repaired, with what was undone on top; then the text, and then the name is another one.
    ground
        .database
        .sql("delete from flyway_schema_history where installed_rank in (6, 11, 12)");
    ground.remove("m/V2__late.sql");
    let next = [
        "V3__undone",
        "V4__failed",
        "V5__next",
        "R__changed",
        "R__new",
    ];
    assert_eq!(
        ground.pending(&[]),
        next.map(|name| format!("m/{name}.sql"))
    );
    ground.write("m/V1__users.sql", &USERS.replace('\n', "\r\n"));
    assert_eq!(ground.states(&[], 0)[0], "1 applied");
    ground.write("m/V1__users.sql", &USERS.replace("SERIAL", "BIGSERIAL"));
    assert_eq!(ground.states(&[], 1)[0], "1 edited");
    ground.remove("m/V1__users.sql");
    ground.write("m/V1__people.sql", USERS);
    assert_eq!(ground.states(&[], 1)[0], "1 edited");
    ground
        .database
        .sql(&row(20, "'9'", "newer", "SQL", "1", true));
    let newer = ground.status(&[]).expect_code(1);
    assert!(
        message(&newer, "9").contains("of a newer release, and goes on"),
        "{newer:?}"
    );
}

#[test]
fn a_baseline() {
    let files = [
        ("m/V1__a.sql", USERS),
        ("m/V2__b.sql", USERS),
        ("m/V3__c.sql", USERS),
    ];
    let rows = row(1, "'2'", "<< Flyway Baseline >>", "BASELINE", "null", true);
    let ground = Ground::of(&files, &format!("{TABLE}{rows}"));
    assert_eq!(
        ground.states(&[], 0),
        ["1 below_baseline", "2 applied", "3 pending"]
    );
    assert_eq!(ground.pending(&[]), ["m/V3__c.sql"]);
    // A baseline script stands for all before it where nothing was applied.
    ground.write("m/B2__all.sql", USERS);
    ground.database.sql("truncate flyway_schema_history");
    assert_eq!(
        ground.states(&[], 0),
        [
            "2 pending",
            "1 below_baseline",
            "2 below_baseline",
            "3 pending"
        ]
    );
    assert_eq!(ground.pending(&[]), ["m/B2__all.sql", "m/V3__c.sql"]);
}

#[test]
fn one_version_written_otherwise_is_the_same() {
    let files = [("m/V1.0__users.sql", USERS), ("m/V02__next.sql", USERS)];
    let rows = row(1, "'1'", "users", "SQL", &USERS_SUM.to_string(), true);
    let ground = Ground::of(&files, &format!("{TABLE}{rows}"));
    assert_eq!(ground.states(&[], 0), ["1.0 applied", "2 pending"]);
    ground.write("m/V2.0__twin.sql", USERS);
    ground.refuses(&[], "has the version of V02__next.sql: Flyway refuses both");
}

#[test]
fn the_table_of_a_former_version() {
    let rows = row(1, "'1'", "users", "SQL", &USERS_SUM.to_string(), true);
    let old = format!("{TABLE}{rows}").replace("flyway_schema_history", "schema_version");
    let ground = Ground::of(&[("m/V1__users.sql", USERS)], &old);
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(crate::ground::states(&seen), ["1 applied"]);
    assert!(
        seen.stderr
            .contains("public.schema_version is the history of a Flyway before 5"),
        "{seen:?}"
    );
}
