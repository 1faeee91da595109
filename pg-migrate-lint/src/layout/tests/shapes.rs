//! Each layout is recognised in the shapes that real projects have, in the framework's order.

use super::super::Wrapping;
use super::*;

/// A folder, the layout it must be taken for, and the migrations in order.
fn check(files: &[(&str, &str)], operand: &str, layout: Layout, order: &[&str]) -> Project {
    let tree = Tree::of(files);
    let project = tree.project(operand);
    assert_eq!(project.layout, layout, "{:?}", project.notes);
    assert_eq!(tree.paths(&project.migrations), order);
    assert!(
        project.notes[0].contains("because") || layout == Layout::Plain,
        "{:?}",
        project.notes
    );
    let is_seen = layout != Layout::Rails;
    assert_eq!(project.warnings.is_empty(), is_seen, "{project:?}");
    assert!(project.migrations.iter().all(|one| one.asked));
    project
}

const SQL: &str = "SELECT 1;\n";

#[test]
fn prisma() {
    let files = [
        ("prisma/migrations/20230102030405_init/migration.sql", SQL),
        ("prisma/migrations/20230202030405_next/migration.sql", SQL),
        ("prisma/migrations/20230202030405_next/down.sql", SQL),
        (
            "prisma/migrations/migration_lock.toml",
            "provider = \"postgresql\"\n",
        ),
        ("prisma/schema.prisma", ""),
    ];
    let order = [
        "prisma/migrations/20230102030405_init/migration.sql",
        "prisma/migrations/20230202030405_next/migration.sql",
    ];
    let project = check(&files, ".", Layout::Prisma, &order);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
    let next = &project.migrations[1];
    assert_eq!(
        (next.version.as_str(), next.name.as_str()),
        ("20230202030405_next", "next")
    );
    assert_eq!(next.up[0].wrapping, Wrapping::ImplicitMultiStatement);
    assert_eq!((project.migrations[0].down.len(), next.down.len()), (0, 1));
}

/// formbricks: no lock file, and folders that hold a data migration in TypeScript instead.
#[test]
fn prisma_beside_a_runner_of_its_own() {
    let files = [
        (
            "packages/database/migration/20240101000000_a/migration.sql",
            SQL,
        ),
        (
            "packages/database/migration/20240102000000_b/migration.ts",
            "",
        ),
    ];
    let order = ["packages/database/migration/20240101000000_a/migration.sql"];
    let project = check(&files, ".", Layout::Prisma, &order);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn drizzle_by_its_journal() {
    let journal = r#"{"version":"7","dialect":"postgresql","entries":[
        {"idx":0,"version":"7","when":1700000000000,"tag":"0000_b_first","breakpoints":true},
        {"idx":1,"version":"7","when":1700000000001,"tag":"0001_a_second","breakpoints":true}]}"#;
    let files = [
        ("apps/api/migrations/0000_b_first.sql", SQL),
        ("apps/api/migrations/0001_a_second.sql", SQL),
        ("apps/api/migrations/meta/_journal.json", journal),
        ("apps/api/migrations/meta/0000_snapshot.json", "{}"),
    ];
    let order = [
        "apps/api/migrations/0000_b_first.sql",
        "apps/api/migrations/0001_a_second.sql",
    ];
    let project = check(&files, "apps", Layout::Drizzle, &order);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::AllInOne);
}

#[test]
fn drizzle_by_folders() {
    let files = [
        ("drizzle/20250102030405_a/migration.sql", SQL),
        ("drizzle/20250102030405_a/snapshot.json", "{}"),
        ("drizzle/20250202030405_b/migration.sql", SQL),
        ("drizzle/20250202030405_b/snapshot.json", "{}"),
    ];
    let order = [
        "drizzle/20250102030405_a/migration.sql",
        "drizzle/20250202030405_b/migration.sql",
    ];
    check(&files, "drizzle", Layout::Drizzle, &order);
}

#[test]
fn sqlx_by_the_project_that_uses_it() {
    let files = [
        ("backend/Cargo.toml", "[dependencies]\nsqlx = \"0.8\"\n"),
        (
            "backend/migrations/2_b.sql",
            "-- no-transaction\nCREATE INDEX CONCURRENTLY i ON t (a);",
        ),
        ("backend/migrations/10_c.up.sql", SQL),
        ("backend/migrations/10_c.down.sql", SQL),
        ("backend/migrations/001_a.sql", SQL),
    ];
    let order = [
        "backend/migrations/001_a.sql",
        "backend/migrations/2_b.sql",
        "backend/migrations/10_c.up.sql",
    ];
    let project = check(&files, "backend", Layout::Sqlx, &order);
    let wrappings: Vec<_> = project
        .migrations
        .iter()
        .map(|one| one.up[0].wrapping)
        .collect();
    let implicit = Wrapping::ImplicitMultiStatement;
    assert_eq!(wrappings, [Wrapping::PerFile, implicit, Wrapping::PerFile]);
    assert_eq!(project.migrations[0].version, "1");
    assert_eq!(project.migrations[2].down.len(), 1);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn diesel_with_its_metadata() {
    let files = [
        ("diesel.toml", ""),
        ("migrations/00000000000000_diesel_initial_setup/up.sql", SQL),
        (
            "migrations/00000000000000_diesel_initial_setup/down.sql",
            SQL,
        ),
        ("migrations/2017-10-08-193151_b/up.sql", SQL),
        (
            "migrations/2017-10-08-193151_b/metadata.toml",
            "run_in_transaction = false\n",
        ),
        ("migrations/20160101000000_a/up.sql", SQL),
        (
            "migrations/20160101000000_a/metadata.toml",
            "run_in_transaction = true\n",
        ),
        ("migrations/20180101000000_c/up.sql", SQL),
        (
            "migrations/20180101000000_c/metadata.toml",
            "author = \"x\"\n",
        ),
        ("migrations/20190101000000_d/up.sql", SQL),
        ("migrations/20190101000000_d/metadata.toml", "no TOML"),
    ];
    let order = [
        "migrations/00000000000000_diesel_initial_setup/up.sql",
        "migrations/20160101000000_a/up.sql",
        "migrations/2017-10-08-193151_b/up.sql",
        "migrations/20180101000000_c/up.sql",
        "migrations/20190101000000_d/up.sql",
    ];
    let project = check(&files, ".", Layout::Diesel, &order);
    assert_eq!(project.migrations[2].version, "20171008193151");
    let wrappings: Vec<_> = project
        .migrations
        .iter()
        .map(|one| one.up[0].wrapping)
        .collect();
    let implicit = Wrapping::ImplicitMultiStatement;
    let own = Wrapping::PerFile;
    assert_eq!(wrappings, [own, own, implicit, implicit, own]);
}

/// boundary, chefautomate; river's templates are comments.
#[test]
fn golang_migrate_by_its_names() {
    let files = [
        (
            "internal/db/schema/migrations/oss/1_a.up.sql",
            "BEGIN;\nSELECT 1;\nCOMMIT;\n",
        ),
        ("internal/db/schema/migrations/oss/1_a.down.sql", SQL),
        (
            "internal/db/schema/migrations/oss/02_b.up.sql",
            "SELECT 1 /* TEMPLATE: schema */;",
        ),
        ("internal/db/schema/migrations/oss/10_c.up.sql", SQL),
    ];
    let order = [
        "internal/db/schema/migrations/oss/1_a.up.sql",
        "internal/db/schema/migrations/oss/02_b.up.sql",
        "internal/db/schema/migrations/oss/10_c.up.sql",
    ];
    let project = check(&files, "internal", Layout::GolangMigrate, &order);
    assert_eq!(
        project.migrations[0].up[0].wrapping,
        Wrapping::ImplicitMultiStatement
    );
    assert_eq!(project.migrations[0].down.len(), 1);
    assert!(
        project
            .notes
            .iter()
            .any(|note| note.contains("x-multi-statement"))
    );
}

/// supabase/auth.
#[test]
fn pop_by_its_templates() {
    let sql = "CREATE TABLE {{ index .Options \"Namespace\" }}.users (id int);\n";
    let files = [
        ("migrations/00_init.postgres.up.sql", sql),
        ("migrations/00_init.mysql.up.sql", sql),
        ("migrations/20210101000000_a.up.sql", sql),
    ];
    let order = [
        "migrations/00_init.postgres.up.sql",
        "migrations/20210101000000_a.up.sql",
    ];
    let project = check(&files, "migrations", Layout::Pop, &order);
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::PerFile);
}

#[test]
fn flyway_by_its_names() {
    let files = [
        ("src/main/resources/db/migration/V1_10__c.sql", SQL),
        ("src/main/resources/db/migration/V1_2__b_of_it.sql", SQL),
        ("src/main/resources/db/migration/old/V1__a.sql", SQL),
        ("src/main/resources/db/migration/U1_2__b_of_it.sql", SQL),
        ("src/main/resources/db/migration/R__views.sql", SQL),
        ("src/main/resources/db/migration/afterMigrate.sql", SQL),
    ];
    let order = [
        "src/main/resources/db/migration/old/V1__a.sql",
        "src/main/resources/db/migration/V1_2__b_of_it.sql",
        "src/main/resources/db/migration/V1_10__c.sql",
        "src/main/resources/db/migration/R__views.sql",
    ];
    let project = check(&files, ".", Layout::Flyway, &order);
    assert_eq!(project.migrations[1].version, "1.2");
    assert_eq!(project.migrations[1].name, "b of it");
    assert_eq!(project.migrations[1].down.len(), 1);
    assert_eq!(project.migrations[3].kind, super::super::Kind::Repeatable);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn refinery_by_the_project_that_uses_it() {
    let files = [
        ("Cargo.toml", "[dependencies]\nrefinery = \"0.8\"\n"),
        ("migrations/V10__b.sql", SQL),
        ("migrations/V9__a.sql", SQL),
    ];
    let order = ["migrations/V9__a.sql", "migrations/V10__b.sql"];
    let project = check(&files, "migrations", Layout::Refinery, &order);
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::PerFile);
}

#[test]
fn supabase_by_its_place() {
    let files = [
        ("supabase/config.toml", ""),
        ("supabase/migrations/20240101000000_b.sql", SQL),
        ("supabase/migrations/20230101000000_a.sql", SQL),
    ];
    let order = [
        "supabase/migrations/20230101000000_a.sql",
        "supabase/migrations/20240101000000_b.sql",
    ];
    let project = check(&files, ".", Layout::Supabase, &order);
    assert_eq!(
        project.migrations[0].up[0].wrapping,
        Wrapping::ImplicitMultiStatement
    );
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn those_that_are_told_by_their_comments() {
    let cases = [
        (
            Layout::Dbmate,
            "-- migrate:up\nSELECT 1;\n-- migrate:down\n",
        ),
        (Layout::Goose, "-- +goose Up\nSELECT 1;\n-- +goose Down\n"),
        (
            Layout::SqlMigrate,
            "-- +migrate Up\nSELECT 1;\n-- +migrate Down\n",
        ),
        (
            Layout::Tern,
            "SELECT 1;\n---- create above / drop below ----\n",
        ),
        (
            Layout::Prairielearn,
            "-- prairielearn:migrations NO TRANSACTION\nSELECT 1;\n",
        ),
    ];
    for (layout, text) in cases {
        let name = match layout {
            Layout::Tern => "db/001_a.sql",
            _ => "db/20240101000000_a.sql",
        };
        // A project file of another framework says less than what the files say.
        let files = [("Cargo.toml", "sqlx = \"0.8\""), (name, text)];
        check(&files, "db", layout, &[name]);
    }
}

#[test]
fn node_pg_migrate_by_its_times() {
    let text = "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n";
    let files = [
        (
            "package.json",
            r#"{"devDependencies": {"node-pg-migrate": "^7"}}"#,
        ),
        ("migrations/1589353644506_b.sql", text),
        ("migrations/20200513070724505_a.sql", text),
        ("migrations/1589353644507_c.js", ""),
    ];
    let order = [
        "migrations/20200513070724505_a.sql",
        "migrations/1589353644506_b.sql",
    ];
    let project = check(&files, "migrations", Layout::NodePgMigrate, &order);
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::AllInOne);
    assert!(
        project
            .notes
            .iter()
            .any(|note| note.contains("1 migrations that are not SQL"))
    );
}

#[test]
fn sqitch_by_its_plan() {
    let plan = "%project=x\n\nb 2024-01-01T00:00:00Z A <a@b> # B\n\
        sub/a [b] 2024-01-01T00:00:00Z A <a@b>\n";
    let files = [
        ("sqitch.plan", plan),
        ("deploy/b.sql", SQL),
        ("deploy/sub/a.sql", SQL),
        ("revert/b.sql", SQL),
        ("revert/sub/a.sql", SQL),
        ("verify/b.sql", SQL),
    ];
    let project = check(
        &files,
        ".",
        Layout::Sqitch,
        &["deploy/b.sql", "deploy/sub/a.sql"],
    );
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::None);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn graphile_migrate_by_its_folders() {
    // The hashes are the tool's own rule by coreutils.
    let first =
        "--! Previous: -\n--! Hash: sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877\n\nSELECT 1;\n";
    let second = "--! Previous: sha1:d30d858bf9fa5d8979af2d32c3be5e09b07da877\n\
        --! Hash: sha1:0301366758abf62a4bf638e10c99bb05f64055ac\n--! Message: more\n\n--! no-transaction\nVACUUM;\n";
    let files = [
        ("migrations/committed/000001.sql", first),
        ("migrations/committed/000002-more.sql", second),
        ("migrations/current.sql", "SELECT 3;\n"),
    ];
    let order = [
        "migrations/committed/000001.sql",
        "migrations/committed/000002-more.sql",
        "migrations/current.sql",
    ];
    let project = check(&files, "migrations", Layout::GraphileMigrate, &order);
    assert!(project.findings.is_empty(), "{:?}", project.findings);
    let wrappings: Vec<_> = project
        .migrations
        .iter()
        .map(|one| one.up[0].wrapping)
        .collect();
    let implicit = Wrapping::ImplicitMultiStatement;
    assert_eq!(wrappings, [Wrapping::PerFile, implicit, Wrapping::PerFile]);
    assert_eq!(texts(&project.migrations[0].up), ["SELECT 1;"]);
}

#[test]
fn rails_by_its_structure() {
    let files = [
        ("db/structure.sql", SQL),
        ("db/migrate/20240101000000_a.rb", ""),
        ("db/seeds.sql", SQL),
    ];
    let project = check(&files, ".", Layout::Rails, &["db/structure.sql"]);
    assert_eq!(project.migrations[0].kind, super::super::Kind::Snapshot);
}

/// musicbrainz: scripts in folders, run by psql.
#[test]
fn plain_files_by_their_names() {
    let files = [
        ("admin/sql/updates/20240110-b.sql", SQL),
        ("admin/sql/updates/20240102-a.sql", SQL),
        ("admin/sql/CreateTables.sql", SQL),
        ("admin/sql/node_modules/x/1.sql", SQL),
    ];
    let order = [
        "admin/sql/CreateTables.sql",
        "admin/sql/updates/20240102-a.sql",
        "admin/sql/updates/20240110-b.sql",
    ];
    let project = check(&files, "admin", Layout::Plain, &order);
    assert_eq!(project.migrations[0].up[0].wrapping, Wrapping::None);
}

#[test]
fn plain_files_that_go_back() {
    let tree = Tree::named(&[
        "m/10_b.sql",
        "m/9_a.sql",
        "m/9_a.rollback.sql",
        "m/lone.down.sql",
    ]);
    let project = tree.project("m");
    assert_eq!(
        tree.paths(&project.migrations),
        ["m/9_a.sql", "m/10_b.sql", "m/lone.down.sql"]
    );
    assert_eq!(project.migrations[0].down.len(), 1);
}

/// Names that are several frameworks' and nothing else that tells: said, and `--layout` decides.
#[test]
fn what_could_be_several_is_said() {
    let tree = Tree::of(&[
        ("Cargo.toml", "sqlx = \"0.8\""),
        (
            "go.mod",
            "require github.com/golang-migrate/migrate/v4 v4.17.0",
        ),
        ("migrations/1_a.up.sql", SQL),
    ]);
    let project = tree.project("migrations");
    let said = format!("{:?}", project.warnings);
    assert!(
        said.contains("--layout") && said.contains("golang-migrate"),
        "{said}"
    );
    let project = tree.project_as("migrations", Some(Layout::GolangMigrate));
    assert_eq!(project.layout, Layout::GolangMigrate);
    assert!(project.warnings.is_empty(), "{:?}", project.warnings);
}
