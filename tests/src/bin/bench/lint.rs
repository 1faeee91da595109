//! Migrations that nobody wrote: what pg-migrate-lint takes for many small files, for some of middling size and for
//! a great one, beside squawk; and whether time grows as the text does.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{cores, missed, watched};

/// The least of so many rounds counts.
const ROUNDS: usize = 3;
const SMALL_FILES: u64 = 10_000;
const MEDIUM_FILES: u64 = 400;
const MEDIUM_BYTES: usize = 16_000;
/// The great ones, of which the last is the one beside squawk.
const GREAT_MIB: [usize; 4] = [5, 10, 25, 50];
/// A MiB of the greatest takes so many times as long as one of the least at most.
const GROWTH: f64 = 1.2;
const ONE_FILE_MS: f64 = 8.0;
const ONE_FILE_ROUNDS: usize = 50;
const MOST_MIB: u64 = 300;

/// Times both.
pub fn run(tool: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let mut made = Corpus::new();
    made.files(&place("small"), SMALL_FILES, 100..420);
    made.files(
        &place("medium"),
        MEDIUM_FILES,
        MEDIUM_BYTES..MEDIUM_BYTES + 1,
    );
    fs::write(place("one.sql"), made.text(300)).unwrap();
    for size in GREAT_MIB {
        fs::write(place(&great(size)), made.text(size << 20)).unwrap();
    }
    println!(
        "\nMigrations, {} cores, the least of {ROUNDS} rounds:\n",
        cores()
    );
    println!("| | s | squawk's s | ratio | MiB | |\n|---|--:|--:|--:|--:|---|");
    let has_squawk = Command::new("squawk").arg("--version").output().is_ok();
    let row = |name: &str, words: &str, target: f64| {
        let path = place(name);
        let ours = least(ROUNDS, || Command::new(tool), &path);
        let theirs = has_squawk.then(|| least(ROUNDS, || Command::new("squawk"), &path));
        let ratio = theirs.map(|theirs| ours.time.as_secs_f64() / theirs.time.as_secs_f64());
        let is_slow = ratio.is_some_and(|ratio| ratio > target);
        let is_fat = ours.peak_mib > MOST_MIB;
        println!(
            "| {words} | {:.2} | {} | {} | {} | target {target}, {MOST_MIB} MiB{} |",
            ours.time.as_secs_f64(),
            theirs.map_or("—".into(), |theirs| format!(
                "{:.2}",
                theirs.time.as_secs_f64()
            )),
            ratio.map_or("—".into(), |ratio| format!("{ratio:.2}")),
            ours.peak_mib,
            missed(is_slow || is_fat)
        );
        ours
    };
    row("small", "10,000 small files", 0.7);
    row("medium", "400 medium files", 0.6);
    let [smaller @ .., greatest] = GREAT_MIB;
    let of_greatest = row(&great(greatest), "one of 50 MiB", 0.3);
    println!("\n| MiB | s | s per MiB | MiB of memory |\n|--:|--:|--:|--:|");
    let growing = |size: usize, took: Measured| {
        let seconds = took.time.as_secs_f64();
        let each = seconds / size as f64;
        println!("| {size} | {seconds:.2} | {each:.3} | {} |", took.peak_mib);
        each
    };
    let least_of = |size| least(ROUNDS, || Command::new(tool), &place(&great(size)));
    let each = smaller.map(|size| growing(size, least_of(size)));
    let growth = growing(greatest, of_greatest) / each[0];
    let steep = missed(growth > GROWTH);
    println!(
        "\nA MiB of the greatest takes {growth:.2} times as long as one of the least (target {GROWTH}{steep})"
    );
    let one = least(ONE_FILE_ROUNDS, || Command::new(tool), &place("one.sql"));
    let one = one.time.as_secs_f64() * 1e3;
    let slow = missed(one > ONE_FILE_MS);
    println!("One small file takes {one:.1} ms (target {ONE_FILE_MS}{slow})");
    if !has_squawk {
        println!("squawk is not here to compare with: pip install squawk-cli");
    }
}

fn great(mib: usize) -> String {
    format!("great{mib}.sql")
}

#[derive(Clone, Copy)]
struct Measured {
    time: Duration,
    peak_mib: u64,
}

/// Both take files as operands, and write JSON: what squawk writes for people takes it minutes for a few MB. Ours takes
/// folders too, squawk takes a pattern.
fn least(rounds: usize, command: impl Fn() -> Command, path: &Path) -> Measured {
    let mut best: Option<Measured> = None;
    for _ in 0..rounds {
        let mut command = command();
        let is_squawk = command.get_program() == "squawk";
        if is_squawk {
            command.args(["--reporter", "json"]);
        }
        match is_squawk && path.is_dir() {
            true => command.arg(format!("{}/*.sql", path.display())),
            false => command.arg(path),
        };
        let now = once(command);
        let peak_mib = best.as_ref().map_or(0, |best| best.peak_mib);
        best = Some(Measured {
            time: best.map_or(now.time, |best| best.time.min(now.time)),
            peak_mib: peak_mib.max(now.peak_mib),
        });
    }
    best.unwrap()
}

/// Findings are no failure: the status of both is 1 then.
fn once(mut command: Command) -> Measured {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let began = Instant::now();
    let (ended, peak) = watched(&mut command, Duration::from_micros(500));
    let time = began.elapsed();
    assert!(matches!(ended.code(), Some(0 | 1)), "{command:?}: {ended}");
    Measured {
        time,
        peak_mib: peak >> 10,
    }
}

/// Statements as they come in migrations, the same in each run.
struct Corpus {
    /// xorshift: no crate for what has to be the same on each machine.
    state: u64,
    number: u64,
}

impl Corpus {
    fn new() -> Self {
        Self {
            state: 0x9e37_79b9_7f4a_7c15,
            number: 0,
        }
    }

    fn any(&mut self, below: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state % below
    }

    fn files(&mut self, folder: &Path, count: u64, bytes: std::ops::Range<usize>) {
        fs::create_dir(folder).unwrap();
        for number in 0..count {
            let length = bytes.start + self.any(bytes.len() as u64) as usize;
            let name = format!("V{number:05}__m.sql");
            fs::write(folder.join(name), self.text(length)).unwrap();
        }
    }

    fn text(&mut self, bytes: usize) -> String {
        let mut text = String::new();
        while text.len() < bytes {
            self.number += 1;
            let statement = self.statement();
            text.push_str(&statement);
            text.push('\n');
        }
        text
    }

    fn statement(&mut self) -> String {
        let (k, c) = (self.number, self.any(10));
        let (t, other) = (1 + self.any(400), 1 + self.any(400));
        match self.any(13) {
            0 => format!(
                "CREATE TABLE t{t}_{k} (id bigserial primary key, {});",
                self.columns()
            ),
            1 => format!("ALTER TABLE t{t} ADD COLUMN c{c}_{k} text;"),
            2 => format!("ALTER TABLE t{t} ADD COLUMN c{c}_{k} int NOT NULL DEFAULT 0;"),
            3 => format!("CREATE INDEX t{t}_c{c}_{k} ON t{t} (c{c});"),
            4 => format!(
                "CREATE INDEX CONCURRENTLY IF NOT EXISTS t{t}_c{c}_{k}x ON t{t} (c{c}, id) WHERE c{c} IS NOT NULL;"
            ),
            5 => format!(
                "ALTER TABLE t{t} ADD CONSTRAINT fk_{k} FOREIGN KEY (c{c}) REFERENCES t{other} (id) ON DELETE CASCADE;"
            ),
            6 => format!(
                "UPDATE t{t} SET c{c} = '{}' WHERE id > {k};",
                "x".repeat(1 + self.any(60) as usize)
            ),
            7 => format!("INSERT INTO t{t} (c{c}, id) VALUES ({k}, 'a;b'), (2, 'it''s');"),
            8 => format!("DROP TABLE IF EXISTS t{t}_old_{k};"),
            9 => {
                format!("-- a comment about t{t}\nALTER TABLE t{t} ALTER COLUMN c{c} SET NOT NULL;")
            }
            10 => format!(
                "CREATE OR REPLACE FUNCTION f_{k}() RETURNS trigger AS $$\nBEGIN\n  NEW.updated_at = now();\n  RETURN NEW;\nEND;\n$$ LANGUAGE plpgsql;"
            ),
            11 => format!("COMMENT ON TABLE t{t} IS 'about {k}';"),
            _ => format!("ALTER TABLE t{t} DROP COLUMN c{c}_{k};"),
        }
    }

    fn columns(&mut self) -> String {
        const TYPES: [&str; 8] = [
            "int",
            "bigint",
            "text",
            "varchar(20)",
            "timestamptz",
            "timestamp",
            "jsonb",
            "boolean default false",
        ];
        let mut columns = String::new();
        for number in 0..2 + self.any(8) {
            let type_ = TYPES[self.any(8) as usize];
            let comma = if number > 0 { ", " } else { "" };
            let not_null = ["", " not null"][self.any(2) as usize];
            write!(columns, "{comma}c{number} {type_}{not_null}").unwrap();
        }
        columns
    }
}
