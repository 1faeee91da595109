//! Drizzle: a journal's times decide, and hashes are kept that it never compares.

use crate::ground::{Ground, message, sum};

const A: &str = "create table a (id int);--> statement-breakpoint\ncreate table b (id int);\n";

const TABLE: &str = "create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key, hash text not null, created_at bigint);";

fn journal(entries: &[(&str, i64)]) -> String {
    let entries = entries.iter().enumerate().map(|(number, (tag, when))| {
        format!("{{\"idx\": {number}, \"version\": \"7\", \"when\": {when}, \"tag\": \"{tag}\", \"breakpoints\": true}}")
    });
    let entries: Vec<String> = entries.collect();
    format!(
        "{{\"version\": \"7\", \"dialect\": \"postgresql\", \"entries\": [{}]}}",
        entries.join(",")
    )
}

fn row(text: &str, when: i64) -> String {
    let hash = sum("sha256sum", text);
    format!(
        "insert into drizzle.__drizzle_migrations (hash, created_at) values ('{hash}', {when});"
    )
}

#[test]
fn what_is_not_later_is_never_run() {
    let texts =
        ["a", "b", "c", "d", "e"].map(|name| A.replace("table a", &format!("table {name}")));
    let journal = journal(&[
        ("0000_a", 100),
        ("0001_b", 200),
        ("0002_c", 150),
        ("0003_d", 300),
        ("0004_e", 400),
    ]);
    let mut files = vec![("m/meta/_journal.json", journal.as_str())];
    let names = [
        "m/0000_a.sql",
        "m/0001_b.sql",
        "m/0002_c.sql",
        "m/0003_d.sql",
        "m/0004_e.sql",
    ];
    files.extend(
        names
            .iter()
            .zip(&texts)
            .map(|(name, text)| (*name, text.as_str())),
    );
    let rows = [row(&texts[0], 100), row(&texts[1], 200), row("gone", 50)];
    let ground = Ground::of(&files, &format!("{TABLE}{}", rows.concat()));
    let seen = ground.status(&[]).expect_code(1);
    let expected = [
        "0000_a applied",
        "0001_b applied",
        "0002_c skipped",
        "0003_d pending",
        "0004_e pending",
        "50 missing_here",
    ];
    assert_eq!(crate::ground::states(&seen), expected);
    assert!(
        message(&seen, "0002_c").contains("its `when` 150 is not later than 200"),
        "{seen:?}"
    );
    ground.refuses(&[], "Drizzle never runs it, and says nothing");
    // Edited after it was applied: nobody else would say so.
    ground
        .database
        .sql("delete from drizzle.__drizzle_migrations where created_at = 50");
    ground.write("m/0001_b.sql", "select 1;\n");
    ground.write("m/0002_c.sql", &texts[2].replace('\n', "\r\n"));
    ground.database.sql(&row(&texts[2], 150));
    let expected = [
        "0000_a applied",
        "0001_b edited",
        "0002_c applied",
        "0003_d pending",
        "0004_e pending",
    ];
    assert_eq!(ground.states(&[], 1), expected);
    ground.write("m/0001_b.sql", &texts[1]);
    assert_eq!(ground.pending(&[]), ["m/0003_d.sql", "m/0004_e.sql"]);
}

#[test]
fn a_time_that_was_changed_runs_it_again() {
    let other = "select 1;\n";
    let files = [
        (
            "m/meta/_journal.json",
            &*journal(&[("0000_a", 500), ("0001_b", 600)]),
        ),
        ("m/0000_a.sql", A),
        ("m/0001_b.sql", other),
    ];
    let ground = Ground::of(&files, &format!("{TABLE}{}", row(A, 100)));
    let seen = ground.status(&[]).expect_code(1);
    assert_eq!(
        crate::ground::states(&seen),
        ["0000_a edited", "0001_b pending"]
    );
    assert!(
        message(&seen, "0000_a").contains("Drizzle would run it again"),
        "{seen:?}"
    );
    // Not where the new time is not later than the latest either.
    ground.database.sql(&row(other, 600));
    assert_eq!(ground.states(&[], 0), ["0000_a applied", "0001_b applied"]);
}

#[test]
fn from_1_0_on_rows_have_names() {
    let files = [
        ("m/20260101000000_a/migration.sql", A),
        ("m/20260101000000_a/snapshot.json", "{}"),
        ("m/20260102000000_b/migration.sql", "select 2;\n"),
        ("m/20260102000000_b/snapshot.json", "{}"),
        ("m/20260103000000_c/migration.sql", "select 3;\n"),
        ("m/20260103000000_c/snapshot.json", "{}"),
        ("m/20260104000000_d/migration.sql", "select 4;\n"),
        ("m/20260104000000_d/snapshot.json", "{}"),
    ];
    // The first is from before there were names.
    let named = |name: &str, text: &str| {
        let hash = sum("sha256sum", text);
        format!(
            "insert into drizzle.__drizzle_migrations (hash, created_at, name, applied_at) values ('{hash}', 1, '{name}', '2026-01-05 00:00:00+00');"
        )
    };
    let history = format!(
        "{TABLE}{} alter table drizzle.__drizzle_migrations add name text, add applied_at timestamptz; {}",
        row(A, 1_767_225_600_000),
        named("20260103000000_c", "select 3;\n")
    );
    let ground = Ground::of(&files, &history);
    let expected = [
        "20260101000000_a applied",
        "20260102000000_b out_of_order",
        "20260103000000_c applied",
        "20260104000000_d pending",
    ];
    let seen = ground.status(&[]).expect_code(0);
    assert_eq!(crate::ground::states(&seen), expected);
    assert_eq!(seen.json_lines()[2]["applied_at"], "2026-01-05T00:00:00Z");
    ground.write("m/20260103000000_c/migration.sql", "select 5;\n");
    assert_eq!(ground.states(&[], 1)[2], "20260103000000_c edited");
}

#[test]
fn what_the_journal_and_the_folder_do_not_share() {
    let files = [
        (
            "m/meta/_journal.json",
            &*journal(&[("0000_a", 100), ("0001_b", 200), ("0002_c", 300)]),
        ),
        ("m/0000_a.sql", A),
        ("m/0002_c.sql", "select 1;\n"),
    ];
    let ground = Ground::of(&files, &format!("{TABLE}{}", row(A, 100)));
    let seen = ground.status(&[]).expect_code(1);
    let states = crate::ground::states(&seen);
    assert!(states.contains(&" refused".to_string()), "{states:?}");
    ground.refuses(&[], "the journal names 0001_b, but 0001_b.sql is not there");
    ground.write("m/0001_b.sql", "select 2;\n");
    assert_eq!(ground.pending(&[]), ["m/0001_b.sql", "m/0002_c.sql"]);
    ground.write("m/0003_d.sql", "select 3;\n");
    assert_eq!(ground.states(&[], 1)[3], "0003 skipped");
    ground.refuses(
        &[],
        "0003_d.sql is not in meta/_journal.json: Drizzle never applies it",
    );
}
