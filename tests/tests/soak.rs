//! A soak of what reading shows, in every format, and a short one of what restoring does: `make soak`
//! is the long one.

#![allow(clippy::unwrap_used)]

use std::sync::Mutex;
use std::thread;

use tests::{binary, program};

/// What is damaged, and how often in each way: every format often, every compression a few times.
const KINDS: [(&str, &str); 13] = [
    ("custom gzip", "200"),
    ("directory gzip", "200"),
    ("tar none", "200"),
    ("plain none", "200"),
    ("plain gzip", "200"),
    ("custom none", "10"),
    ("custom zstd", "10"),
    ("custom lz4", "10"),
    ("directory none", "10"),
    ("plain zstd", "10"),
    ("plain lz4", "10"),
    ("plain bzip2", "10"),
    ("plain xz", "10"),
];

/// All of it is found; where one kind is asked for, if the programs here can make such backups.
fn soak(arguments: &[&str]) {
    let output = program(binary("soak")).args(arguments).run();
    if arguments.contains(&"--kind") && output.stdout.contains(": left out: ") {
        return;
    }
    let words = "every damage that shows was found, and no other was passed over";
    let is_found = output.code() == Some(0) && output.stdout.contains(words);
    assert!(is_found, "{output:?}");
}

fn fresh() {
    // Beside the program that looks for them there.
    for tool in ["pg-dump-rotate", "pg-restore-verify", "soak"] {
        binary(tool);
    }
}

#[test]
fn damage_at_random_places_is_found_by_reading() {
    fresh();
    let kinds = Mutex::new(KINDS.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let next = || kinds.lock().unwrap().next();
                while let Some((kind, count)) = next() {
                    let arguments = ["--level", "archive-only", "--count", count];
                    soak(&[&arguments[..], &["--kind", kind]].concat());
                }
            });
        }
    });
}

#[test]
fn damage_at_random_places_is_found_by_restoring() {
    fresh();
    let few = ["--level", "full", "--count", "2", "--restored", "1"];
    soak(&[&few[..], &["--fault", "flip"]].concat());
}
