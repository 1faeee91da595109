//! What README.md and the pages below docs/ show is what happens. Each block has a test: what begins with `$` is run
//! here, commands without their output in `readme/shell.rs`, crontabs in `crontab.rs`, the rest by the tests that
//! `every_block_has_a_test` names.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

#[path = "readme/ci.rs"]
mod ci;
#[path = "readme/recipes.rs"]
mod recipes;
#[path = "readme/shell.rs"]
mod shell;

use std::path::Path;
use std::thread;

use postgres::Client;
use shared::cluster::Cluster;
use tests::{Block, Database, Page, binary, eventually, program, start};

/// The server that the examples were run against.
const MAJOR: u32 = 15;

/// Puts the tools before what is on PATH.
fn path() -> String {
    let tools = [
        "pg-dump-rotate",
        "pg-restore-verify",
        "pg-lock-kill",
        "pg-stat-report",
        "pg-migrate-lint",
    ]
    .map(binary);
    let tools = tools[0].parent().unwrap().display();
    format!("{tools}:{}", std::env::var("PATH").unwrap())
}

struct Step {
    command: String,
    output: String,
}

/// The commands of a block at the shell, with what they print.
fn steps(block: &Block) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in block.text.lines() {
        match (line.strip_prefix("$ "), line.strip_prefix("> ")) {
            (Some(command), _) => steps.push(Step {
                command: command.to_string(),
                output: String::new(),
            }),
            // The shell asks for the rest of a command.
            (None, Some(rest)) => {
                let command = &mut steps.last_mut().unwrap().command;
                command.push('\n');
                command.push_str(rest);
            }
            (None, None) => {
                let output = &mut steps.last_mut().unwrap().output;
                output.push_str(line);
                output.push('\n');
            }
        }
    }
    steps
}

#[test]
fn shows_what_happens() {
    let blocks = Page::all().into_iter().flat_map(|page| page.blocks());
    let blocks: Vec<Block> = blocks.filter(|block| block.language == "console").collect();
    assert!(blocks.len() >= 12, "the pages lost their examples");
    let cluster = start(&Default::default());
    let database = Database::named(&cluster, "app");
    database.load_sample();
    let path = path();
    let mut head = None;
    for block in blocks {
        let steps = steps(&block);
        if steps[0].command.starts_with("pg-lock-kill") {
            head = Some(hanging(&cluster));
        }
        let folder = tempfile::tempdir().unwrap();
        for step in steps {
            let output = program("sh")
                .args(["-c", &step.command])
                .database(&database)
                .env("PATH", &path)
                .current_dir(folder.path())
                .run();
            let (shown, seen) = (
                plain(&step.output, folder.path()),
                plain(&output.stdout, folder.path()),
            );
            let place = format!("{}: $ {}\n{output:?}", block.page, step.command);
            if cluster.version().major == MAJOR {
                assert_eq!(seen, shown, "{place}");
            } else {
                assert_eq!(seen.is_empty(), shown.is_empty(), "{place}");
            }
        }
    }
    drop(head);
}

/// Who runs the blocks of these languages, all of them, and who each of the others.
#[test]
fn every_block_has_a_test() {
    // This file, readme/shell.rs, crontab.rs; those of privileges.md by privileges.rs.
    let run_wherever_they_are = ["console", "sh", "sql", "crontab"];
    let run_by_name = [
        ("yaml", "# .github/workflows/"),   // readme/ci.rs
        ("yaml", "# .gitlab-ci.yml"),       // readme/ci.rs
        ("yaml", "# .pre-commit-config."),  // readme/ci.rs
        ("yaml", "# backup.yaml"),          // readme/recipes.rs
        ("ini", "# /etc/systemd/system/"),  // readme/recipes.rs
        ("toml", "# checks.toml"),          // readme/shell.rs
        ("toml", "# pg-migrate-lint.toml"), // readme/shell.rs
        ("make", "healthy:"),               // watching.rs
        ("nagios", "define command"),       // watching.rs
    ];
    for page in Page::all() {
        for block in page.blocks() {
            let is_named = |(language, start): &(&str, &str)| {
                block.language == *language && block.text.starts_with(start)
            };
            let is_run = run_wherever_they_are.contains(&block.language.as_str());
            assert!(is_run || run_by_name.iter().any(is_named), "{block:?}");
        }
        // What stands apart without a fence are make's targets, which installing.rs and CI run.
        let indented = page.text.lines().filter(|line| line.starts_with("    "));
        if page.blocks().is_empty() {
            assert_eq!(indented.count(), 0, "{}", page.name);
        }
    }
}

/// Two sessions that wait for one which sits in a transaction, and is returned.
fn hanging(cluster: &Cluster) -> Client {
    let mut watcher = cluster.connect("app").unwrap();
    let table = "create role shop login; create schema shop authorization shop;
        create table shop.stock (id int, n int); alter table shop.stock owner to shop;
        insert into shop.stock values (1, 10)";
    watcher.batch_execute(table).unwrap();
    let session = |name: &str| {
        let mut config = postgres::Config::new();
        config.host_path(cluster.socket_dir()).port(cluster.port());
        config.user("shop").dbname("app").application_name(name);
        config.connect(postgres::NoTls).unwrap()
    };
    let update = "update shop.stock set n = n - 1 where id = 1";
    let mut head = session("etl");
    head.batch_execute(&format!("begin; {update}")).unwrap();
    for number in 1..=2_i64 {
        let mut waiter = session("web");
        // It goes on once the README has ended the head.
        thread::spawn(move || waiter.batch_execute(update));
        let waiting = "select count(distinct pid) from pg_locks where not granted";
        eventually("it waits", || {
            let row = watcher.query_one(waiting, &[]).unwrap();
            row.get::<_, i64>(0) == number
        });
    }
    head
}

/// Without what is another each time: the folder, times, and how long it took.
fn plain(text: &str, folder: &Path) -> String {
    let mut plain = text.replace(&folder.display().to_string(), "/tmp/demo");
    for pattern in ["########T######Z", "####-##-##"] {
        plain = without(&plain, pattern);
    }
    let lines = plain
        .lines()
        .map(|line| match line.split_once("; restored in ") {
            Some((before, _)) => before.to_string(),
            None => line.to_string(),
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// Puts the pattern in place of everything that it matches; `#` is any digit.
fn without(text: &str, pattern: &str) -> String {
    let mut rest: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    for start in 0..rest.len().saturating_sub(pattern.len() - 1) {
        let found = &mut rest[start..start + pattern.len()];
        let same = |(c, p): (&char, &char)| {
            if *p == '#' {
                c.is_ascii_digit()
            } else {
                c == p
            }
        };
        if found.iter().zip(&pattern).all(same) {
            found.copy_from_slice(&pattern);
        }
    }
    rest.into_iter().collect()
}
