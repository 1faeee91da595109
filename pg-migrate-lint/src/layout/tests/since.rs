//! What is new since a commit, by a real git.

use std::process::Command;

use super::super::since;
use super::*;
use crate::finding::Severity;

fn git(tree: &Tree, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(&tree.root).args(arguments);
    command
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_SYSTEM", "/dev/null");
    for who in ["AUTHOR", "COMMITTER"] {
        command
            .env(format!("GIT_{who}_NAME"), "A")
            .env(format!("GIT_{who}_EMAIL"), "a@b.c");
    }
    let done = command.output().unwrap();
    assert!(
        done.status.success(),
        "{arguments:?}: {}",
        String::from_utf8_lossy(&done.stderr)
    );
}

pub fn commit(tree: &Tree) {
    git(tree, &["add", "-A"]);
    git(tree, &["commit", "-q", "--allow-empty", "-m", "x"]);
}

/// A repository whose branch `main` has these files, checked out on `work`.
pub fn repository(names: &[&str]) -> Tree {
    let tree = Tree::named(names);
    fs::remove_dir(tree.at(".git")).unwrap();
    git(&tree, &["init", "-q", "-b", "main"]);
    commit(&tree);
    git(&tree, &["checkout", "-q", "-b", "work"]);
    tree
}

fn since_main(tree: &Tree, folder: &str) -> Project {
    let mut project = tree.project(folder);
    since::commit(&mut project, "main").unwrap();
    project
}

#[test]
fn only_what_is_new_is_asked_for() {
    let tree = repository(&["m/1_a.up.sql", "m/2_b.up.sql"]);
    tree.write("m/3_c.up.sql", "SELECT 3;");
    commit(&tree);
    tree.write("m/4_d.up.sql", "SELECT 4;");
    let project = since_main(&tree, "m");
    assert_eq!(
        tree.paths(project.asked()),
        ["m/3_c.up.sql", "m/4_d.up.sql"]
    );
    assert!(project.findings.is_empty(), "{:?}", project.findings);
}

#[test]
fn what_was_there_and_changed_is_found() {
    let tree = repository(&[
        "db/migration/V1__a.sql",
        "db/migration/V2__b.sql",
        "db/migration/R__c.sql",
    ]);
    tree.write("db/migration/V1__a.sql", "SELECT 2;\n");
    tree.write("db/migration/R__c.sql", "SELECT 2;\n");
    fs::remove_file(tree.at("db/migration/V2__b.sql")).unwrap();
    let project = since_main(&tree, "db");
    assert_eq!(
        tree.rules(&project.findings),
        [
            "edited-migration db/migration/V1__a.sql",
            "removed-migration db/migration/V2__b.sql"
        ]
    );
    assert_eq!(project.findings[0].severity, Severity::Error);
    assert_eq!(
        tree.paths(project.asked()),
        ["db/migration/V1__a.sql", "db/migration/R__c.sql"]
    );
}

#[test]
fn an_edit_is_less_grave_where_no_checksum_is_kept() {
    let tree = repository(&[
        "m/1_a.up.sql",
        "m/1_a.down.sql",
        "m/2_b.up.sql",
        "m/2_b.down.sql",
    ]);
    tree.write("m/1_a.up.sql", "SELECT 2;\n");
    tree.write("m/2_b.down.sql", "SELECT 2;\n");
    let project = since_main(&tree, "m");
    assert_eq!(
        tree.rules(&project.findings),
        ["edited-migration m/1_a.up.sql"]
    );
    assert_eq!(project.findings[0].severity, Severity::Warning);
}

#[test]
fn a_new_one_that_does_not_come_last_is_found() {
    let tree = repository(&["m/1_a.up.sql", "m/10_b.up.sql"]);
    tree.write("m/9_c.up.sql", "SELECT 3;");
    tree.write("m/11_d.up.sql", "SELECT 3;");
    let project = since_main(&tree, "m");
    assert_eq!(
        tree.rules(&project.findings),
        ["version-out-of-order m/9_c.up.sql"]
    );
    assert!(
        project.findings[0]
            .message
            .contains("before 10_b.up.sql: where that is applied, golang-migrate never runs it")
    );
    assert_eq!(project.findings[0].severity, Severity::Error);
}

/// Two branches: what the other one has by now is not in our working tree.
#[test]
fn what_another_branch_took_meanwhile_is_found() {
    let tree = repository(&["m/1_a.up.sql"]);
    git(&tree, &["checkout", "-q", "main"]);
    tree.write("m/2_theirs.up.sql", "SELECT 2;");
    tree.write("m/3_theirs.up.sql", "SELECT 3;");
    commit(&tree);
    git(&tree, &["checkout", "-q", "work"]);
    tree.write("m/2_ours.up.sql", "SELECT 2;");
    commit(&tree);
    let project = since_main(&tree, "m");
    let rules = [
        "version-out-of-order m/2_ours.up.sql",
        "duplicate-version m/2_ours.up.sql",
    ];
    assert_eq!(tree.rules(&project.findings), rules);
    assert!(
        project.findings[1]
            .message
            .contains("2_theirs.up.sql has at main")
    );
}

#[test]
fn prisma_is_compared_by_the_names_of_folders() {
    let tree = repository(&[
        "p/20240101000000_a/migration.sql",
        "p/20240201000000_b/migration.sql",
    ]);
    tree.write("p/20240102000000_c/migration.sql", "SELECT 1;");
    fs::remove_dir_all(tree.at("p/20240101000000_a")).unwrap();
    let project = since_main(&tree, "p");
    assert_eq!(
        tree.rules(&project.findings),
        [
            "removed-migration p/20240101000000_a/migration.sql",
            "version-out-of-order p/20240102000000_c/migration.sql"
        ]
    );
    assert_eq!(project.findings[1].severity, Severity::Warning);
}

#[test]
fn a_change_of_sqitch_planned_again_is_not_edited() {
    let line = |name: &str| format!("{name} 2024-01-01T00:00:00Z A <a@b>\n");
    let tree = repository(&["deploy/a.sql", "revert/a.sql"]);
    tree.write("sqitch.plan", &(line("a") + &line("@v1")));
    commit(&tree);
    git(&tree, &["branch", "-f", "main"]);
    tree.write("sqitch.plan", &(line("a") + &line("@v1") + &line("a")));
    for which in ["deploy", "revert"] {
        tree.write(&format!("{which}/a@v1.sql"), "SELECT 1;\n");
        tree.write(&format!("{which}/a.sql"), "SELECT 2;\n");
    }
    let project = since_main(&tree, ".");
    assert!(
        !tree
            .rules(&project.findings)
            .iter()
            .any(|rule| rule.starts_with("edited")),
        "{:?}",
        project.findings
    );
    assert!(
        tree.paths(project.asked())
            .contains(&"deploy/a.sql".to_string())
    );
}

#[test]
fn what_comes_after_a_file_is_asked_for() {
    let tree = Tree::named(&[
        "m/1_a.up.sql",
        "m/2_b.up.sql",
        "m/2_b.down.sql",
        "m/10_c.up.sql",
    ]);
    let mut project = tree.project("m");
    assert!(since::file(&mut project, &tree.at("m/2_b.down.sql")));
    assert_eq!(tree.paths(project.asked()), ["m/10_c.up.sql"]);
    assert!(!since::file(&mut project, &tree.at("m/3_none.up.sql")));
}

#[test]
fn what_git_does_not_know_is_said_in_one_line() {
    let tree = repository(&["m/1_a.up.sql"]);
    let mut project = tree.project("m");
    for reference in ["no-such-branch", "--help", "", "a b\n"] {
        let error = since::commit(&mut project, reference).unwrap_err();
        assert!(
            error.message().starts_with("git knows no commit called"),
            "{error}"
        );
    }
    let tree = Tree::named(&["m/1_a.up.sql"]);
    let error = since::commit(&mut tree.project("m"), "main").unwrap_err();
    assert!(
        error.message().ends_with("is in no git repository"),
        "{error}"
    );
}

#[test]
fn what_was_wrong_before_is_not_reported() {
    let tree = repository(&["m/1_a.up.sql", "m/1_b.up.sql"]);
    tree.write("m/2_c.up.sql", "SELECT 2;");
    let project = since_main(&tree, "m");
    assert_eq!(project.findings.len(), 1);
    assert_eq!(project.reported().count(), 0);
}
