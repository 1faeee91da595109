//! The jobs and the hook that the pages show for pg-migrate-lint, run as their services would, in a repository that
//! has a branch with a migration to find fault with.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use tests::{Block, Output, ToolCommand, binary, program};

fn shell(folder: &Path, command: &str) -> ToolCommand {
    let tools = binary("pg-migrate-lint");
    let tools = tools.parent().unwrap().display();
    let path = format!("{tools}:{}", std::env::var("PATH").unwrap());
    let author = [
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ];
    let run = program("bash").args(["-e", "-c", command]);
    let run = author.iter().fold(run, |run, name| run.env(name, "test"));
    run.env("PATH", path).current_dir(folder)
}

fn done(folder: &Path, command: &str) -> Output {
    shell(folder, command).run().expect_code(0)
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join("checkout/migrations").join(name);
    fs::write(path, text).unwrap();
}

/// An origin, and a checkout of it on a branch; main has gone on meanwhile, with a fault that is not the branch's.
fn repository() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    done(
        folder.path(),
        "git init -q --bare -b main origin; git init -q -b main checkout; mkdir checkout/migrations",
    );
    let checkout = folder.path().join("checkout");
    write(
        folder.path(),
        "001_users.sql",
        "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
    );
    let first = "git remote add origin ../origin; git add .; git commit -qm first; git push -q origin main; git checkout -qb branch";
    done(&checkout, first);
    done(folder.path(), "git clone -q origin other");
    let theirs = "mkdir -p migrations; echo 'DROP TABLE users;' > migrations/000_theirs.sql; git add .; git commit -qm theirs; git push -q origin main";
    done(&folder.path().join("other"), theirs);
    done(&checkout, "git fetch -q origin");
    folder
}

const FAULT: &str = "CREATE INDEX by_email ON users (email);\n";
const SOUND: &str = "CREATE INDEX CONCURRENTLY by_email ON users (email);\n";

fn commit(folder: &Path, name: &str, text: &str) {
    write(folder, name, text);
    done(&folder.join("checkout"), "git add .; git commit -qm change");
}

#[test]
fn the_job_of_github_annotates_what_is_new() {
    let block = Block::of_file("yaml", ".github/workflows/");
    let run = format!("pg-migrate-lint {}", block.value("run: pg-migrate-lint"));
    assert_eq!(block.value("with:"), "{ fetch-depth: 0 }");
    let folder = repository();
    let job = || {
        shell(&folder.path().join("checkout"), &run)
            .env("GITHUB_BASE_REF", "main")
            .run()
    };
    commit(folder.path(), "002_email.sql", FAULT);
    let found = job().expect_code(1);
    let lines: Vec<&str> = found.stdout.lines().collect();
    assert_eq!(lines.len(), 1, "{found:?}");
    assert!(
        lines[0].starts_with("::error file=migrations/002_email.sql,line=1,"),
        "{found:?}"
    );
    commit(folder.path(), "002_email.sql", SOUND);
    assert_eq!(job().expect_code(0).stdout, "");
}

#[test]
fn the_job_of_gitlab_leaves_its_report_when_it_fails_too() {
    let block = Block::of_file("yaml", ".gitlab-ci.yml");
    let lines = block.text.lines();
    let script = lines.filter_map(|line| line.strip_prefix("    - "));
    let script = script.collect::<Vec<_>>().join("\n");
    assert_eq!(block.value("when:"), "always");
    let reports = block.value("reports:");
    let report = reports
        .trim_matches(['{', '}', ' '])
        .strip_prefix("codequality:")
        .unwrap()
        .trim();
    let folder = repository();
    let checkout = folder.path().join("checkout");
    let job = || {
        shell(&checkout, &script)
            .env("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")
            .run()
    };
    let places = || {
        let text = fs::read_to_string(checkout.join(report)).unwrap();
        let violations: Vec<Value> = serde_json::from_str(&text).unwrap();
        let place = |violation: &Value| violation["location"]["path"].as_str().unwrap().to_string();
        violations.iter().map(place).collect::<Vec<_>>()
    };
    commit(folder.path(), "002_email.sql", FAULT);
    job().expect_code(1);
    assert_eq!(places(), ["migrations/002_email.sql"]);
    commit(folder.path(), "002_email.sql", SOUND);
    job().expect_code(0);
    assert!(places().is_empty());
}

#[test]
fn the_hook_refuses_a_commit() {
    let block = Block::of_file("yaml", ".pre-commit-config.yaml");
    let (entry, files) = (block.value("entry:"), block.value("files:"));
    let folder = repository();
    let checkout = folder.path().join("checkout");
    // pre-commit gives the staged files that fit to the entry, and does not run it without any.
    let hook = format!(
        "#!/bin/sh\ngit diff --cached --name-only --diff-filter=d | grep -E {files} | xargs -r {entry}\n"
    );
    let path = checkout.join(".git/hooks/pre-commit");
    fs::write(&path, hook).unwrap();
    done(&checkout, "chmod +x .git/hooks/pre-commit");
    fs::write(checkout.join("notes.md"), "no migration").unwrap();
    done(&checkout, "git add notes.md; git commit -qm notes");
    write(folder.path(), "002_email.sql", FAULT);
    let refused = shell(&checkout, "git add .; git commit -qm fault").run();
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        !refused.status.success() && said.contains("index-not-concurrent"),
        "{refused:?}"
    );
    write(folder.path(), "002_email.sql", SOUND);
    done(&checkout, "git add .; git commit -qm sound");
}
