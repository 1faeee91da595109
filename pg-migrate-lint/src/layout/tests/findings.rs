//! What is wrong with a folder is found, each under its rule, and nothing else is.

use super::super::wishes;
use super::*;
use crate::finding::Severity;

const SQL: &str = "SELECT 1;\n";

fn rules(files: &[(&str, &str)], folder: &str, layout: Layout) -> Vec<String> {
    let tree = Tree::of(files);
    let project = tree.project_as(folder, Some(layout));
    assert_eq!(project.layout, layout);
    tree.rules(&project.findings)
}

fn names(names: &[&str], layout: Layout) -> Vec<String> {
    let files: Vec<_> = names.iter().map(|name| (*name, SQL)).collect();
    rules(&files, "m", layout)
}

#[test]
fn two_of_the_same_version() {
    let same = ["duplicate-version m/1_b.sql"];
    assert_eq!(
        names(&["m/1_a.sql", "m/1_b.sql", "m/2_c.sql"], Layout::Sqlx),
        same
    );
    let same = ["duplicate-version m/01_b.up.sql"];
    let two = ["m/1_a.up.sql", "m/01_b.up.sql", "m/1_a.down.sql"];
    // Sorted as bytes the one with a zero comes first; the other is the second.
    assert_eq!(
        names(&two, Layout::GolangMigrate),
        [same[0].replace("01_b", "1_a")]
    );
    let two = ["m/V1_0__a.sql", "m/V1.0__b.sql", "m/R__c.sql", "m/R__d.sql"];
    assert_eq!(
        names(&two, Layout::Flyway),
        ["duplicate-version m/V1.0__b.sql"]
    );
    let two = ["m/2020-01-01-000000_a/up.sql", "m/20200101000000_b/up.sql"];
    assert_eq!(
        names(&two, Layout::Diesel),
        ["duplicate-version m/20200101000000_b/up.sql"]
    );
    assert_eq!(
        names(&["m/V1__a.sql", "m/x/V1__b.sql"], Layout::Refinery),
        ["duplicate-version m/x/V1__b.sql"]
    );
}

#[test]
fn plain_files_with_the_same_number() {
    let tree = Tree::named(&[
        "m/001_a.sql",
        "m/1_b.sql",
        "m/20240101_a.sql",
        "m/20240101_b.sql",
    ]);
    let project = tree.project("m");
    assert_eq!(
        tree.rules(&project.findings),
        ["duplicate-version m/1_b.sql"]
    );
    assert_eq!(project.findings[0].severity, Severity::Warning);
}

#[test]
fn numbers_that_are_sorted_as_text() {
    let trap = ["lexical-order m/2_b.sql"];
    assert_eq!(names(&["m/10_a.sql", "m/2_b.sql"], Layout::Supabase), trap);
    let both = [
        ("m/10_a.sql", "-- migrate:up\n"),
        ("m/2_b.sql", "-- migrate:up\n"),
    ];
    assert_eq!(rules(&both, "m", Layout::Dbmate), trap);
    assert_eq!(
        names(&["m/10_a/up.sql", "m/2_b/up.sql"], Layout::Diesel),
        ["lexical-order m/2_b/up.sql"]
    );
    // By value there is no trap.
    assert!(names(&["m/10_a.sql", "m/2_b.sql"], Layout::Sqlx).is_empty());
}

#[test]
fn a_number_is_missing() {
    assert_eq!(
        names(&["m/001_a.sql", "m/003_c.sql"], Layout::Tern),
        ["version-gap m/003_c.sql"]
    );
    assert!(names(&["m/001_a.sql", "m/002_c.sql"], Layout::Tern).is_empty());
    assert!(names(&["m/001_a.sql", "m/003_c.sql"], Layout::Sqlx).is_empty());
}

#[test]
fn names_that_a_runner_passes_over() {
    let skipped = ["skipped-file m/seed.sql"];
    assert_eq!(
        names(&["m/1_a.up.sql", "m/seed.sql"], Layout::GolangMigrate),
        skipped
    );
    assert_eq!(names(&["m/1_a.sql", "m/seed.sql"], Layout::Sqlx), skipped);
    assert_eq!(
        names(&["m/1_a.sql", "m/seed.sql"], Layout::Supabase),
        skipped
    );
    assert_eq!(
        names(&["m/1_a/migration.sql", "m/seed.sql"], Layout::Prisma),
        skipped
    );
    assert_eq!(
        names(&["m/1_a/up.sql", "m/seed.sql"], Layout::Diesel),
        skipped
    );
    assert_eq!(
        names(
            &["m/V1__a.sql", "m/V2_b.sql", "m/v3__c.sql"],
            Layout::Flyway
        ),
        ["skipped-file m/V2_b.sql", "skipped-file m/v3__c.sql"]
    );
    let init = ["m/20200101000000_init.sql", "m/20240101000000_init.sql"];
    assert_eq!(
        names(&init, Layout::Supabase),
        ["skipped-file m/20200101000000_init.sql"]
    );
    assert_eq!(
        names(&["m/1_a.up.sql", "m/2_b.down.sql"], Layout::GolangMigrate),
        ["skipped-file m/2_b.down.sql"]
    );
}

#[test]
fn versions_that_stop_a_runner() {
    let files = [
        "m/1_a.sql",
        "m/init_schema.sql",
        "m/99999999999999999999_b.sql",
    ];
    assert_eq!(
        names(&files, Layout::Sqlx),
        [
            "invalid-version m/99999999999999999999_b.sql",
            "invalid-version m/init_schema.sql"
        ]
    );
    let files = ["m/1_a.sql", "m/20240101000000_b.sql"];
    assert_eq!(
        names(&files, Layout::Prairielearn),
        ["invalid-version m/1_a.sql"]
    );
    let files = ["m/1_a.up.sql", "m/99999999999999999999_b.up.sql"];
    assert_eq!(
        names(&files, Layout::GolangMigrate),
        ["invalid-version m/99999999999999999999_b.up.sql"]
    );
}

#[test]
fn files_without_the_comment_that_steers() {
    let goose = [("m/1_a.sql", SQL), ("m/2_b.sql", "-- +goose Up\n")];
    assert_eq!(
        rules(&goose, "m", Layout::Goose),
        ["missing-marker m/1_a.sql"]
    );
    let dbmate = [("m/1_a.sql", SQL), ("m/2_b.sql", "-- migrate:up\n")];
    assert_eq!(
        rules(&dbmate, "m", Layout::Dbmate),
        ["missing-marker m/1_a.sql"]
    );
    let graphile = [("m/committed/000001.sql", SQL), ("m/current.sql", SQL)];
    assert_eq!(
        rules(&graphile, "m", Layout::GraphileMigrate),
        ["missing-marker m/committed/000001.sql"]
    );
}

#[test]
fn drizzle_journal_and_folder_disagree() {
    let journal = r#"{"dialect":"postgresql","entries":[
{"idx":0,"when":5,"tag":"0000_a"},
{"idx":1,"when":9,"tag":"0001_b"},
{"idx":2,"when":9,"tag":"0002_c"},
{"idx":3,"when":7,"tag":"0002_d"},
{"idx":4,"when":10,"tag":"0003_gone"}]}"#;
    let tree = Tree::of(&[
        ("m/meta/_journal.json", journal),
        ("m/0000_a.sql", SQL),
        ("m/0001_b.sql", SQL),
        ("m/0002_c.sql", SQL),
        ("m/0002_d.sql", SQL),
        ("m/0004_stray.sql", SQL),
    ]);
    let project = tree.project("m");
    let found: Vec<_> = project
        .findings
        .iter()
        .map(|one| (one.rule.name, one.line))
        .collect();
    assert_eq!(
        found,
        [
            ("journal-without-file", Some(6)),
            ("file-without-journal", None),
            ("journal-not-increasing", Some(4)),
            ("journal-not-increasing", Some(5)),
            ("duplicate-version", Some(5)),
        ]
    );
    assert!(
        project.findings[3]
            .message
            .contains("7, not later than 9 of 0001_b")
    );
    assert_eq!(project.migrations.len(), 4);
}

#[test]
fn a_journal_that_is_none_is_an_error() {
    let tree = Tree::of(&[("m/meta/_journal.json", "{"), ("m/0000_a.sql", SQL)]);
    let error = discover(&[tree.at("m")], None).unwrap_err();
    assert!(
        error.message().contains("_journal.json is not a journal"),
        "{error}"
    );
}

#[test]
fn folders_without_their_migration() {
    let files = [
        ("m/20240101000000_a/migration.sql", SQL),
        ("m/20240102000000_b/README.md", ""),
    ];
    assert_eq!(
        rules(&files, "m", Layout::Prisma),
        ["folder-without-migration m/20240102000000_b"]
    );
    let files = [("m/1_a/up.sql", SQL), ("m/2_b/down.sql", SQL)];
    assert_eq!(
        rules(&files, "m", Layout::Diesel),
        ["folder-without-migration m/2_b"]
    );
    let files = [
        ("m/20240101000000_a/migration.sql", SQL),
        ("m/20240101000000_a/snapshot.json", "{}"),
        ("m/20240102000000_b/snapshot.json", "{}"),
    ];
    assert_eq!(
        rules(&files, "m", Layout::Drizzle),
        ["folder-without-migration m/20240102000000_b"]
    );
}

#[test]
fn migrations_for_another_database() {
    let lock = "# comment\nprovider = \"mysql\"\n";
    let files = [
        ("m/migration_lock.toml", lock),
        ("m/20240101000000_a/migration.sql", SQL),
    ];
    assert_eq!(
        rules(&files, "m", Layout::Prisma),
        ["other-database m/migration_lock.toml"]
    );
    let journal = r#"{"dialect":"sqlite","entries":[{"when":5,"tag":"0000_a"}]}"#;
    let files = [("m/meta/_journal.json", journal), ("m/0000_a.sql", SQL)];
    assert_eq!(
        rules(&files, "m", Layout::Drizzle),
        ["other-database m/meta/_journal.json"]
    );
}

#[test]
fn sqitch_plan_and_scripts_disagree() {
    let plan = "a 2024-01-01T00:00:00Z A <a@b>\n@v1 2024-01-01T00:00:00Z A <a@b>\n\
        a [a@v1] 2024-01-02T00:00:00Z A <a@b>\ngone 2024-01-02T00:00:00Z A <a@b>\n";
    let files = [
        ("sqitch.plan", plan),
        ("deploy/a.sql", SQL),
        ("deploy/a@v1.sql", SQL),
        ("deploy/stray.sql", SQL),
        ("revert/a.sql", SQL),
        ("revert/a@v1.sql", SQL),
        ("revert/gone.sql", SQL),
    ];
    let tree = Tree::of(&files);
    let project = tree.project(".");
    assert_eq!(
        tree.paths(&project.migrations),
        ["deploy/a@v1.sql", "deploy/a.sql"]
    );
    let found: Vec<_> = project
        .findings
        .iter()
        .map(|one| (one.rule.name, one.line))
        .collect();
    assert_eq!(
        found,
        [
            ("plan-without-script", Some(4)),
            ("script-without-plan", None)
        ]
    );
}

#[test]
fn graphile_migrate_chain_is_broken() {
    let text = |previous: &str, hash: &str| {
        format!("--! Previous: {previous}\n--! Hash: {hash}\n--! AllowInvalidHash\n\nSELECT 1;\n")
    };
    let tree = Tree::of(&[("m/current.sql", "")]);
    tree.write("m/committed/000001.sql", &text("-", "sha1:a"));
    tree.write("m/committed/000002.sql", &text("sha1:x", "sha1:b"));
    tree.write("m/committed/000003.sql", &text("sha1:b", "sha1:c"));
    let project = tree.project("m");
    assert_eq!(
        tree.rules(&project.findings),
        ["broken-chain m/committed/000002.sql"]
    );
}

#[test]
fn graphile_migrate_says_itself_what_was_edited() {
    let text =
        "--! Previous: -\n--! Hash: sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877\n\nSELECT 2;\n";
    let files = [("m/current.sql", ""), ("m/committed/000001.sql", text)];
    assert_eq!(
        rules(&files, "m", Layout::GraphileMigrate),
        ["edited-migration m/committed/000001.sql"]
    );
}

#[test]
fn line_endings_matter_where_a_checksum_is_over_bytes() {
    let files = [("m/1_a.sql", "SELECT 1;\r\n"), ("m/2_b.sql", SQL)];
    assert_eq!(
        rules(&files, "m", Layout::Sqlx),
        ["crlf-line-endings m/1_a.sql"]
    );
    assert!(rules(&files, "m", Layout::Supabase).is_empty());
}

#[test]
fn what_teams_wish_is_said_where_it_could_be() {
    let tree = Tree::of(&[
        (
            "m/1_orders.up.sql",
            "-- Orders, for the new shop.\nSELECT 1;",
        ),
        ("m/1_orders.down.sql", SQL),
        ("m/2_fix.up.sql", SQL),
    ]);
    let wishes = wishes::of(&tree.project("m"));
    let expected = ["missing-down", "missing-header", "vague-name"]
        .map(|rule| format!("{rule} m/2_fix.up.sql"));
    assert_eq!(tree.rules(&wishes), expected);
    assert!(wishes.iter().all(|finding| !finding.rule.group.is_usual()));
    let tree = Tree::of(&[(
        "supabase/migrations/1_orders.sql",
        "-- Orders, for the new shop.\nSELECT 1;",
    )]);
    assert!(wishes::of(&tree.project("supabase")).is_empty());
}
