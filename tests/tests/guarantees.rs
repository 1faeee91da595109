//! What the pages say is there: the tests that prove the guarantees, the files that the others name, where links lead.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

/// A test that the page names: its file, below the workspace, and its name.
fn named(line: &str) -> Vec<(&str, &str)> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|words| words.split_once(".rs: "))
        .collect()
}

/// Whether a source has a test of this name.
fn has_test(source: &str, name: &str) -> bool {
    let start = format!("fn {name}(");
    let mut lines = source.lines().map(str::trim);
    let mut is_marked = false;
    lines.any(|line| {
        let found = is_marked && line.starts_with(&start);
        // Other attributes may stand in between.
        is_marked = line == "#[test]" || (is_marked && line.starts_with("#["));
        found
    })
}

/// Words in bold, which are the fault; then what happens; then the tests.
#[test]
fn every_promise_names_tests_that_are_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let page = include_str!("../../docs/guarantees.md");
    let promises: Vec<&str> = page.lines().filter(|line| line.starts_with("- ")).collect();
    assert!(promises.len() > 70, "{}", promises.len());
    let mut wrong = Vec::new();
    for promise in promises {
        let tests = named(promise);
        let said = promise.starts_with("- **") && promise.contains("**: ");
        if tests.is_empty() || !said || !promise.ends_with('`') {
            wrong.push(promise.to_string());
        }
        for (file, name) in tests {
            let source = fs::read_to_string(root.join(format!("{file}.rs")));
            if !source.is_ok_and(|source| has_test(&source, name)) {
                wrong.push(format!("{file}.rs has no test {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_tool_promises_something() {
    let page = include_str!("../../docs/guarantees.md");
    for tool in [
        "pg-dump-rotate",
        "pg-restore-verify",
        "pg-lock-kill",
        "pg-stat-report",
        "pg-migrate-lint",
    ] {
        assert!(page.contains(&format!("\n## {tool}\n")), "{tool}");
    }
}

/// What a page names in backquotes that looks like a path of the workspace, and where its links lead.
fn paths(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        let folders = ["shared/", "tests/", "docs/", "pg-"];
        let plain = !text.contains([' ', '<', '$', '…']);
        plain && text.contains('/') && folders.iter().any(|start| text.starts_with(start))
    };
    let links = page
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let here = links.filter(|link| !link.contains("://") && !link.starts_with('#'));
    quoted.filter(is_path).chain(here).collect()
}

#[test]
fn files_that_are_named_are_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut count = 0;
    for page in [
        "README.md",
        "CONTRIBUTING.md",
        "docs/guarantees.md",
        "docs/privileges.md",
    ] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let folder = root.join(page).parent().unwrap().to_path_buf();
        for path in paths(&text) {
            let path = path.split([':', '#']).next().unwrap();
            let is_there = root.join(path).exists() || folder.join(path).exists();
            assert!(is_there, "{page}: {path}");
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}
