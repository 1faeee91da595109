//! What the README shows is what happens.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

#[path = "readme/ci.rs"]
mod ci;
#[path = "readme/recipes.rs"]
mod recipes;

use std::path::Path;
use std::thread;

use postgres::Client;
use shared::cluster::Cluster;
use tests::{Database, binary, eventually, program, start};

/// The server that the README's examples were run against.
const MAJOR: u32 = 15;

struct Step {
    command: String,
    output: String,
}

/// The console blocks, each a list of commands with what they print.
fn blocks(readme: &str) -> Vec<Vec<Step>> {
    let pieces = readme.split("```console\n").skip(1);
    let steps = pieces.map(|piece| {
        let block = piece.split("```").next().unwrap();
        let mut steps: Vec<Step> = Vec::new();
        for line in block.lines() {
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
    });
    steps.collect()
}

#[test]
fn shows_what_happens() {
    let readme = include_str!("../../README.md");
    let blocks = blocks(readme);
    assert!(blocks.len() >= 3, "the README lost its examples");
    let cluster = start(&Default::default());
    let database = Database::named(&cluster, "app");
    database.load_sample();
    let tools = binary("pg-dump-rotate");
    binary("pg-restore-verify");
    binary("pg-lock-kill");
    binary("pg-migrate-lint");
    let path = format!(
        "{}:{}",
        tools.parent().unwrap().display(),
        std::env::var("PATH").unwrap()
    );
    let mut ran = 0;
    let mut head = None;
    for steps in blocks {
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
            ran += 1;
            let (shown, seen) = (
                plain(&step.output, folder.path()),
                plain(&output.stdout, folder.path()),
            );
            if cluster.version().major == MAJOR {
                assert_eq!(seen, shown, "$ {}\n{output:?}", step.command);
            } else {
                assert_eq!(
                    seen.is_empty(),
                    shown.is_empty(),
                    "$ {}\n{output:?}",
                    step.command
                );
            }
        }
    }
    drop(head);
    assert!(ran >= 10, "only {ran} commands were run");
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
