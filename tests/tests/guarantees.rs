//! What the pages say is there: the tests that prove the guarantees, the files that the others name, where links lead.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

use std::fs;
use std::path::Path;

use tests::Page;

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

/// What a page names in backquotes that looks like a path of the workspace.
fn paths(page: &str) -> Vec<&str> {
    let quoted = page.split('`').skip(1).step_by(2);
    let is_path = |text: &&str| {
        let folders = ["shared/", "tests/", "docs/", "pg-"];
        let plain = !text.contains([' ', '<', '$', '…']);
        plain && text.contains('/') && folders.iter().any(|start| text.starts_with(start))
    };
    quoted.filter(is_path).collect()
}

/// All pages that somebody reads, CONTRIBUTING.md as well.
fn pages() -> Vec<Page> {
    let mut pages = Page::all();
    pages.push(Page::read("CONTRIBUTING.md"));
    pages
}

#[test]
fn files_that_are_named_are_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut count = 0;
    for page in pages() {
        for path in paths(&page.text) {
            let path = path.split(':').next().unwrap();
            assert!(root.join(path).exists(), "{}: {path}", page.name);
            count += 1;
        }
    }
    assert!(count > 20, "{count}");
}

#[test]
fn links_lead_to_files_and_headings_that_are_there() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut count = 0;
    for page in pages() {
        for link in page.links() {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            let file = match path {
                "" => root.join(&page.name),
                path => root.join(&page.name).with_file_name("").join(path),
            };
            assert!(file.exists(), "{}: {link}", page.name);
            if !heading.is_empty() {
                let file = fs::canonicalize(file).unwrap();
                let name = file.strip_prefix(fs::canonicalize(root).unwrap()).unwrap();
                let anchors = Page::read(name.to_str().unwrap()).anchors();
                let is_there = anchors.iter().any(|anchor| anchor == heading);
                assert!(is_there, "{}: {link}\n{anchors:?}", page.name);
            }
            count += 1;
        }
    }
    assert!(count > 30, "{count}");
}
