//! What a command line names leads to its projects, and asks for no more than it names.

use super::*;

fn prisma(tree: &Tree, names: &[&str]) {
    tree.write(
        "p/migrations/migration_lock.toml",
        "provider = \"postgresql\"\n",
    );
    for name in names {
        tree.write(&format!("p/migrations/{name}/migration.sql"), "SELECT 1;\n");
    }
}

#[test]
fn a_file_has_the_history_of_its_project() {
    let tree = Tree::of(&[]);
    prisma(
        &tree,
        &["20240101000000_a", "20240102000000_b", "20240103000000_c"],
    );
    let projects = tree.discover(&["p/migrations/20240102000000_b/migration.sql"]);
    assert_eq!(projects.len(), 1);
    assert_eq!(projects[0].layout, Layout::Prisma);
    assert_eq!(projects[0].migrations.len(), 3);
    let asked = tree.paths(projects[0].asked());
    assert_eq!(asked, ["p/migrations/20240102000000_b/migration.sql"]);
}

#[test]
fn files_of_several_projects_make_each_once() {
    let tree = Tree::named(&[
        "s/1_a.up.sql",
        "s/2_b.up.sql",
        "s/2_b.down.sql",
        "x/V1__a.sql",
    ]);
    prisma(&tree, &["20240101000000_a"]);
    let projects = tree.discover(&[
        "s/2_b.down.sql",
        "x/V1__a.sql",
        "p/migrations/20240101000000_a/migration.sql",
        "s/1_a.up.sql",
        "p/migrations/migration_lock.toml",
    ]);
    let layouts: Vec<_> = projects.iter().map(|project| project.layout).collect();
    assert_eq!(
        layouts,
        [Layout::GolangMigrate, Layout::Flyway, Layout::Prisma]
    );
    assert_eq!(
        tree.paths(projects[0].asked()),
        ["s/1_a.up.sql", "s/2_b.up.sql"]
    );
    let notes = projects.iter().flat_map(|project| &project.notes);
    assert!(
        notes
            .into_iter()
            .any(|note| note.ends_with("migration_lock.toml is no SQL"))
    );
}

#[test]
fn a_repository_is_looked_through() {
    let tree = Tree::named(&[
        "a/b/supabase/migrations/1_a.sql",
        "c/db/1_a.up.sql",
        "c/queries/q.sql",
    ]);
    tree.write("node_modules/x/1_a.up.sql", "");
    tree.write("c/.hidden/1_a.up.sql", "");
    let projects = tree.discover(&["."]);
    let layouts: Vec<_> = projects.iter().map(|project| project.layout).collect();
    assert_eq!(layouts, [Layout::Supabase, Layout::GolangMigrate]);
    assert!(
        projects
            .iter()
            .flat_map(|project| &project.notes)
            .any(|note| note.starts_with("1 other SQL files"))
    );
}

#[test]
fn a_part_of_a_project_is_that_part() {
    let tree = Tree::of(&[]);
    prisma(&tree, &["20240101000000_a", "20240102000000_b"]);
    let project = tree.project("p/migrations/20240102000000_b");
    assert_eq!(project.migrations.len(), 2);
    assert_eq!(
        tree.paths(project.asked()),
        ["p/migrations/20240102000000_b/migration.sql"]
    );

    let tree = Tree::named(&["deploy/a.sql", "deploy/b.sql", "revert/a.sql"]);
    tree.write(
        "sqitch.plan",
        "a 2024-01-01T00:00:00Z A <a@b>\nb 2024-01-01T00:00:00Z A <a@b>\n",
    );
    let project = tree.project("deploy");
    assert_eq!(project.layout, Layout::Sqitch);
    assert_eq!(project.asked().count(), 2);
}

#[test]
fn a_plain_file_has_its_numbered_neighbours_for_history() {
    let tree = Tree::named(&["m/1_a.sql", "m/2_b.sql", "m/10_c.sql", "m/notes.sql"]);
    let projects = tree.discover(&["m/10_c.sql", "m/2_b.sql", "m/notes.sql"]);
    assert_eq!(projects.len(), 2);
    assert_eq!(
        tree.paths(&projects[0].migrations),
        ["m/1_a.sql", "m/2_b.sql", "m/10_c.sql"]
    );
    assert_eq!(tree.paths(projects[0].asked()), ["m/2_b.sql", "m/10_c.sql"]);
    assert_eq!(tree.paths(&projects[1].migrations), ["m/notes.sql"]);
}

#[test]
fn a_file_that_ends_otherwise_is_sql_all_the_same() {
    for name in ["m/schema.ddl", "m/1_a.psql", "m/q", "m/é"] {
        let tree = Tree::named(&[name]);
        let projects = tree.discover(&[name]);
        assert_eq!(tree.paths(projects[0].asked()), [name]);
    }
}

#[test]
fn findings_about_others_are_not_reported() {
    let tree = Tree::named(&[
        "m/1_a.up.sql",
        "m/1_b.up.sql",
        "m/2_c.up.sql",
        "m/stray.sql",
    ]);
    let reported = |operand: &str| {
        let projects = tree.discover(&[operand]);
        tree.rules(projects[0].reported())
    };
    assert_eq!(
        reported("m"),
        ["skipped-file m/stray.sql", "duplicate-version m/1_b.up.sql"]
    );
    assert_eq!(reported("m/1_b.up.sql"), ["duplicate-version m/1_b.up.sql"]);
    assert!(reported("m/2_c.up.sql").is_empty());
}

#[test]
fn what_is_not_there_is_an_error() {
    let tree = Tree::named(&["m/README"]);
    let failed = |path: &str, wanted| {
        discover(&[tree.at(path)], wanted)
            .unwrap_err()
            .in_one_line()
    };
    assert!(failed("nowhere.sql", None).contains("nowhere.sql"));
    assert!(failed("m", None).starts_with("no SQL files in "));
    let wanted = failed("m", Some(Layout::Flyway));
    assert!(
        wanted.starts_with("no migrations of Flyway in "),
        "{wanted}"
    );
}

#[test]
fn a_layout_that_is_asked_for_needs_no_evidence() {
    let tree = Tree::named(&["m/1_a.sql", "m/10_b.sql", "m/9_c.sql"]);
    let project = tree.project_as("m", Some(Layout::Sqlx));
    assert_eq!(
        tree.paths(&project.migrations),
        ["m/1_a.sql", "m/9_c.sql", "m/10_b.sql"]
    );
    let project = tree.project_as("m/9_c.sql", Some(Layout::Sqlx));
    assert_eq!(
        (project.layout, project.migrations.len()),
        (Layout::Sqlx, 3)
    );
    assert_eq!(tree.paths(project.asked()), ["m/9_c.sql"]);
}

#[test]
fn a_layout_that_is_asked_for_is_looked_for_below() {
    let tree = Tree::named(&[
        "p/db/migrations/1_a.sql",
        "p/db/migrations/2_b.sql",
        "p/notes.sql",
    ]);
    let project = tree.project_as("p", Some(Layout::Sqlx));
    assert_eq!(
        tree.paths(&project.migrations),
        ["p/db/migrations/1_a.sql", "p/db/migrations/2_b.sql"]
    );
    assert!(project.whole && project.layout == Layout::Sqlx);
    // Of several the one of the usual name; else they are named.
    let tree = Tree::named(&["p/a/migrations/1_a.sql", "p/seeds/1_a.sql"]);
    let project = tree.project_as("p", Some(Layout::Sqlx));
    assert_eq!(tree.paths(&project.migrations), ["p/a/migrations/1_a.sql"]);
    let tree = Tree::named(&["p/a/1_a.sql", "p/b/1_a.sql"]);
    let failed = discover(&[tree.at("p")], Some(Layout::Sqlx))
        .unwrap_err()
        .in_one_line();
    assert!(
        failed.contains("2 folders below ") && failed.contains("b"),
        "{failed}"
    );
}

/// Names that no text can hold, links that lead nowhere or in circles, files nobody may read.
#[test]
fn odd_folders_are_survived() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let tree = Tree::named(&["m/1_a.up.sql"]);
    fs::write(tree.at("m").join(OsStr::from_bytes(b"2_\xff.up.sql")), "").unwrap();
    std::os::unix::fs::symlink("nowhere", tree.at("m/3_c.up.sql")).unwrap();
    std::os::unix::fs::symlink(tree.at("m"), tree.at("m/loop")).unwrap();
    std::os::unix::fs::symlink(tree.at("m/1_a.up.sql"), tree.at("m/4_d.up.sql")).unwrap();
    let project = tree.project("m");
    assert_eq!(
        tree.paths(&project.migrations),
        ["m/1_a.up.sql", "m/4_d.up.sql"]
    );
    // A circle above any project, and one below plain files.
    let circle = Tree::named(&["m/x.sql"]);
    std::os::unix::fs::symlink(circle.at("m"), circle.at("m/loop")).unwrap();
    assert_eq!(circle.project(".").migrations.len(), 1);
}

/// What is said names a file as the command line did.
#[test]
fn files_are_called_as_their_operands_call_them() {
    let tree = Tree::named(&["deploy/a.sql", "revert/a.sql", "other/x"]);
    tree.write("sqitch.plan", "a 2024-01-01T00:00:00Z A <a@b>\n");
    let operand = tree.at("other/../revert/a.sql");
    let projects = discover(std::slice::from_ref(&operand), None).unwrap();
    let migration = projects[0].asked().next().unwrap();
    assert_eq!(migration.down[0].path, operand);
    // Below the folder that was reached from the operand, and yet not called as that is.
    assert!(migration.path.ends_with("deploy/a.sql"), "{migration:?}");
}
