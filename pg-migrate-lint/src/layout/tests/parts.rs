//! What of a file runs on the way up and on the way down.

use super::super::Wrapping;
use super::*;

fn only(layout: Layout, name: &str, text: &str) -> (Migration, Vec<String>) {
    let tree = Tree::of(&[(name, text)]);
    let folder = name.rsplit_once('/').unwrap().0;
    let mut project = tree.project_as(folder, Some(layout));
    let rules = tree.rules(&project.findings);
    (project.migrations.pop().unwrap(), rules)
}

#[test]
fn dbmate_has_sections_with_options() {
    let text = "-- a comment\n-- migrate:up transaction:false\r\nSELECT 'up';\n\
        -- migrate:down\nSELECT 'down';\n-- migrate:up\nSELECT 'again';\n-- migrate:down\n\n";
    let (migration, rules) = only(Layout::Dbmate, "db/20240101_x_y.sql", text);
    assert_eq!(texts(&migration.up), ["SELECT 'up';", "SELECT 'again';"]);
    assert_eq!(texts(&migration.down), ["SELECT 'down';"]);
    let wrappings: Vec<_> = migration.up.iter().map(|part| part.wrapping).collect();
    assert_eq!(
        wrappings,
        [Wrapping::ImplicitMultiStatement, Wrapping::PerFile]
    );
    assert_eq!(
        (migration.version.as_str(), migration.name.as_str()),
        ("20240101", "x_y")
    );
    assert!(rules.is_empty(), "{rules:?}");
}

#[test]
fn goose_runs_statements_outside_of_a_transaction_where_told() {
    let text = "-- +goose NO TRANSACTION\n-- +goose up\nSELECT 'up';\n\
        -- +goose Down\nSELECT 'down';\n";
    let (migration, _) = only(Layout::Goose, "db/00012_x.sql", text);
    assert_eq!(texts(&migration.up), ["SELECT 'up';"]);
    assert_eq!(texts(&migration.down), ["SELECT 'down';"]);
    assert_eq!(migration.up[0].wrapping, Wrapping::None);
    assert_eq!(migration.version, "12");
}

#[test]
fn goose_cuts_bodies_that_nothing_guards() {
    let body =
        "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN\n  PERFORM 1;\nEND $$ LANGUAGE plpgsql;\n";
    let bare = format!("-- +goose Up\n{body}");
    let (_, rules) = only(Layout::Goose, "db/1_x.sql", &bare);
    assert_eq!(rules, ["split-body db/1_x.sql"]);
    let guarded = format!("-- +goose Up\n-- +goose StatementBegin\n{body}-- +goose StatementEnd\n");
    let (_, rules) = only(Layout::Goose, "db/1_x.sql", &guarded);
    assert!(rules.is_empty(), "{rules:?}");
    let after = format!("{guarded}{body}");
    let (_, rules) = only(Layout::Goose, "db/1_x.sql", &after);
    assert_eq!(rules, ["split-body db/1_x.sql"]);
}

#[test]
fn sql_migrate_opts_out_by_direction() {
    let text = "-- +migrate Up notransaction\nSELECT 'up';\n-- +migrate Down\nSELECT 'down';\n";
    let (migration, _) = only(Layout::SqlMigrate, "db/1_x.sql", text);
    assert_eq!(migration.up[0].wrapping, Wrapping::None);
    assert_eq!(migration.down[0].wrapping, Wrapping::PerFile);
    assert_eq!(migration.version, "1_x.sql");
}

#[test]
fn tern_parts_a_file_in_two() {
    let text = "---- tern: disable-tx ----\nSELECT 'up';\n---- create above / drop below ----\nSELECT 'down';\n";
    let (migration, _) = only(Layout::Tern, "db/001_x.sql", text);
    assert!(texts(&migration.up)[0].ends_with("SELECT 'up';"));
    assert_eq!(texts(&migration.down), ["SELECT 'down';"]);
    assert_eq!(migration.up[0].wrapping, Wrapping::None);
}

#[test]
fn node_pg_migrate_takes_the_directions_in_either_order() {
    let text = "-- Down Migration\nSELECT 'down';\n-- Up Migration\nSELECT 'up';\n";
    let (migration, _) = only(Layout::NodePgMigrate, "db/1589353644506_x.sql", text);
    assert_eq!(texts(&migration.up), ["-- Up Migration\nSELECT 'up';"]);
    assert_eq!(
        texts(&migration.down),
        ["-- Down Migration\nSELECT 'down';"]
    );
    let (migration, _) = only(
        Layout::NodePgMigrate,
        "db/1589353644506_x.sql",
        "SELECT 'all';",
    );
    assert_eq!(texts(&migration.up), ["SELECT 'all';"]);
    assert!(migration.down.is_empty());
}

/// A comment in the body of a file is no marker, and positions are those of the file.
#[test]
fn sections_are_bytes_of_the_file() {
    let text = "-- migrate:up\nSELECT 'é', '\n  -- migrate:down ';\n";
    let (migration, _) = only(Layout::Dbmate, "db/1_x.sql", text);
    let section = migration.up[0].section.clone().unwrap();
    assert_eq!(&text[section], "SELECT 'é', '\n  -- migrate:down ';\n");
    let visible = migration.up[0].visible().unwrap();
    let blanks = " ".repeat("-- migrate:up".len());
    assert_eq!(visible, text.replace("-- migrate:up", &blanks).into_bytes());
}

#[test]
fn flyway_knows_some_statements_that_refuse_a_transaction() {
    let wrapping = |text| only(Layout::Flyway, "db/V1__x.sql", text);
    for text in [
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);",
        "-- why\ndrop index concurrently i;",
        "VACUUM ANALYZE t;",
        "REINDEX DATABASE d;",
    ] {
        let (migration, rules) = wrapping(text);
        assert_eq!(migration.up[0].wrapping, Wrapping::None, "{text}");
        assert!(rules.is_empty(), "{rules:?}");
    }
    // It does not know these, which then fail inside its transaction.
    for text in [
        "REINDEX TABLE CONCURRENTLY t;",
        "SELECT 'VACUUM';",
        "-- VACUUM\nSELECT 1;",
    ] {
        assert_eq!(wrapping(text).0.up[0].wrapping, Wrapping::PerFile, "{text}");
    }
    let (_, rules) = wrapping("ALTER TABLE t ADD a int;\nCREATE INDEX CONCURRENTLY i ON t (a);");
    assert_eq!(rules, ["mixed-transaction db/V1__x.sql"]);
}

#[test]
fn flyway_is_told_by_its_configuration() {
    let both = "SELECT 1;\nCREATE INDEX CONCURRENTLY i ON t (a);\n";
    let tree = Tree::of(&[
        ("flyway.conf", "flyway.group=true\nflyway.mixed=true\n"),
        ("sql/V1__a.sql", "SELECT 1;"),
        ("sql/V2__b.sql", "SELECT 1;"),
        ("sql/V2__b.sql.conf", "executeInTransaction = false\n"),
        ("sql/V3__c.sql", both),
    ]);
    let project = tree.project("sql");
    let wrappings: Vec<_> = project
        .migrations
        .iter()
        .map(|one| one.up[0].wrapping)
        .collect();
    assert_eq!(
        wrappings,
        [Wrapping::AllInOne, Wrapping::None, Wrapping::None]
    );
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}
