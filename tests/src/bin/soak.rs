//! Damages backups at random places, and sees whether pg-restore-verify finds it every time.
//!
//!     soak [--seed N] [--count N] [--level archive-only|full] [--kind 'FORMAT COMPRESSION'] [--fault cut|flip]
//!
//! Of each kind of backup COUNT copies (200 if not said) are cut somewhere, and in as many a bit
//! is flipped, at each level of verification. With the manifest of pg-dump-rotate every damage has
//! to be found; without one every cut, and of the flipped bits it is only told how many. The seed,
//! which is printed, repeats a run.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;
use shared::backup::manifest_of;
use shared::cluster::ClusterOptions;
use tests::{Database, start};

/// So many backups are verified by one run of the tool.
const AT_ONCE: usize = 25;

fn main() -> ExitCode {
    let wanted = Wanted::parse();
    println!("seed {}", wanted.seed);
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    fill(&database);
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = Kind::take_all(&database, folder.path(), wanted.kind.as_deref());
    println!(
        "{:<16}{:<14}{:<10}{:<6}{:>7}{:>7}{:>9}",
        "kind", "level", "manifest", "fault", "tried", "found", "seconds"
    );
    let mut dice = Dice(wanted.seed);
    let trials = wanted.trials(&kinds);
    let missed = trials
        .iter()
        .map(|trial| trial.tell(wanted.count, &mut dice, folder.path()))
        .sum::<usize>();
    match missed {
        0 => println!("every damage that shows was found"),
        _ => println!("{missed} damages that show were not found"),
    }
    ExitCode::from(u8::from(missed > 0 || trials.is_empty()))
}

/// A tool beside us, where Cargo puts both.
fn tool(name: &str) -> PathBuf {
    let program = env::current_exe().expect("our own path");
    program.with_file_name(name)
}

/// What is asked for on the command line.
struct Wanted {
    seed: u64,
    count: usize,
    levels: Vec<Level>,
    kind: Option<String>,
    faults: Vec<Fault>,
}

impl Wanted {
    fn parse() -> Self {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("a clock");
        let mut wanted = Self {
            seed: now.as_secs(),
            count: 200,
            levels: vec![Level::ArchiveOnly, Level::Full],
            kind: None,
            faults: vec![Fault::Cut, Fault::Flip],
        };
        let mut words = env::args().skip(1);
        while let Some(word) = words.next() {
            let value = words.next().expect("a value behind each option");
            match word.as_str() {
                "--seed" => wanted.seed = value.parse().expect("a number"),
                "--count" => wanted.count = value.parse().expect("a number"),
                "--level" if value == "full" => wanted.levels = vec![Level::Full],
                "--level" if value == "archive-only" => wanted.levels = vec![Level::ArchiveOnly],
                "--kind" => wanted.kind = Some(value),
                "--fault" if value == "cut" => wanted.faults = vec![Fault::Cut],
                "--fault" if value == "flip" => wanted.faults = vec![Fault::Flip],
                _ => panic!("{word} {value} is not understood"),
            }
        }
        wanted
    }

    fn trials<'a>(&self, kinds: &'a [Kind]) -> Vec<Trial<'a>> {
        let mut trials = Vec::new();
        for (kind, level) in kinds
            .iter()
            .flat_map(|kind| self.levels.iter().map(move |level| (kind, *level)))
        {
            for (manifest, fault) in [true, false]
                .iter()
                .flat_map(|manifest| self.faults.iter().map(move |fault| (*manifest, *fault)))
            {
                // A flipped bit that only the rows would show is no other one once they are restored.
                if manifest || fault == Fault::Cut || level == Level::ArchiveOnly {
                    trials.push(Trial {
                        kind,
                        level,
                        manifest,
                        fault,
                    });
                }
            }
        }
        trials
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    ArchiveOnly,
    Full,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::ArchiveOnly => "archive-only",
            Self::Full => "full",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    Cut,
    Flip,
}

impl Fault {
    fn name(self) -> &'static str {
        match self {
            Self::Cut => "cut",
            Self::Flip => "flip",
        }
    }
}

/// Numbers that look random, and are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).expect("a small number")
    }
}

/// A backup of some kind, which is whole.
struct Kind {
    name: String,
    path: PathBuf,
}

impl Kind {
    /// One of every kind that pg-dump-rotate and the programs here can make.
    fn take_all(database: &Database<'_>, folder: &Path, only: Option<&str>) -> Vec<Self> {
        let mut kinds = Vec::new();
        for (format, compression) in [
            ("custom", "gzip"),
            ("custom", "zstd"),
            ("custom", "lz4"),
            ("custom", "none"),
            ("directory", "gzip"),
            ("directory", "zstd"),
            ("directory", "none"),
            ("tar", "none"),
            ("plain", "none"),
            ("plain", "gzip"),
            ("plain", "zstd"),
            ("plain", "lz4"),
        ] {
            let name = format!("{format} {compression}");
            if only.is_some_and(|only| only != name) {
                continue;
            }
            let into = folder.join(&name);
            let mut command = Command::new(tool("pg-dump-rotate"));
            command.args([
                "-d",
                &database.conninfo(),
                "-F",
                format,
                "-Z",
                compression,
                "--dir",
            ]);
            let output = command.arg(&into).output().expect("pg-dump-rotate");
            if !output.status.success() {
                let why = String::from_utf8_lossy(&output.stderr).into_owned();
                println!(
                    "{name}: left out: {}",
                    why.lines().next().unwrap_or_default()
                );
                continue;
            }
            let record: Value = serde_json::from_slice(&output.stdout).expect("a record");
            let path = record["path"].as_str().expect("a path").into();
            kinds.push(Self { name, path });
        }
        kinds
    }

    fn file_name(&self) -> &str {
        self.path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name")
    }

    /// Copies it to a folder of its own, with or without its manifest.
    fn copy(&self, into: &Path, manifest: bool) -> PathBuf {
        fs::create_dir_all(into).expect("a folder");
        let copy = into.join(self.file_name());
        if self.path.is_dir() {
            fs::create_dir(&copy).expect("a folder");
            for entry in fs::read_dir(&self.path).expect("a folder").flatten() {
                fs::copy(entry.path(), copy.join(entry.file_name())).expect("a copy");
            }
        } else {
            fs::copy(&self.path, &copy).expect("a copy");
        }
        if manifest {
            let name = manifest_of(self.file_name());
            fs::copy(self.path.with_file_name(&name), into.join(name)).expect("a copy");
        }
        copy
    }
}

/// One kind of backup with one kind of damage, verified at one level.
struct Trial<'a> {
    kind: &'a Kind,
    level: Level,
    manifest: bool,
    fault: Fault,
}

impl Trial<'_> {
    /// Whether the damage shows. Nothing tells how long an uncompressed large object was.
    fn must_be_found(&self) -> bool {
        self.manifest || self.fault == Fault::Cut && self.kind.name != "directory none"
    }

    /// Tries it so many times, and tells how often the damage was found; how often not, where it
    /// has to be.
    fn tell(&self, count: usize, dice: &mut Dice, folder: &Path) -> usize {
        let began = Instant::now();
        let escaped = self.run(count, dice, folder);
        println!(
            "{:<16}{:<14}{:<10}{:<6}{count:>7}{:>7}{:>9.1}",
            self.kind.name,
            self.level.name(),
            if self.manifest { "yes" } else { "no" },
            self.fault.name(),
            count - escaped.len(),
            began.elapsed().as_secs_f64(),
        );
        if !self.must_be_found() {
            return 0;
        }
        for what in &escaped {
            println!("  not found: {what}");
        }
        escaped.len()
    }

    /// What was done to the backups that were not found to be damaged.
    fn run(&self, count: usize, dice: &mut Dice, folder: &Path) -> Vec<String> {
        let mut escaped = Vec::new();
        let numbers: Vec<usize> = (0..count).collect();
        for some in numbers.chunks(AT_ONCE) {
            let place = folder.join("damaged");
            let damaged: Vec<(PathBuf, String)> = some
                .iter()
                .map(|number| {
                    let copy = self
                        .kind
                        .copy(&place.join(number.to_string()), self.manifest);
                    let done = self.damage(&copy, dice);
                    (copy, done)
                })
                .collect();
            let findings = self.verify(&damaged);
            escaped.extend(damaged.iter().filter_map(|(path, done)| {
                let why = self.escapes(path, &findings)?;
                Some(format!("{done}: {why}"))
            }));
            fs::remove_dir_all(&place).expect("a folder");
        }
        escaped
    }

    /// Damages the copy; what was done.
    fn damage(&self, copy: &Path, dice: &mut Dice) -> String {
        let file = match copy.is_dir() {
            true => pick(copy, dice),
            false => copy.to_path_buf(),
        };
        let mut bytes = fs::read(&file).expect("a file");
        let (at, bit) = (dice.below(bytes.len()), dice.below(8));
        let done = match self.fault {
            Fault::Cut => {
                bytes.truncate(at);
                format!("cut to {at} bytes")
            }
            Fault::Flip => {
                bytes[at] ^= 1 << bit;
                format!("bit {bit} of byte {at}")
            }
        };
        fs::write(&file, bytes).expect("a file");
        let name = file.strip_prefix(copy).unwrap_or(&file);
        format!("{} {done}", name.display())
    }

    fn verify(&self, damaged: &[(PathBuf, String)]) -> Vec<Value> {
        // None of them may make it wait for ever.
        let mut command = Command::new("timeout");
        command.arg("900").arg(tool("pg-restore-verify"));
        if self.level == Level::ArchiveOnly {
            command.arg("--archive-only");
        }
        command.args(damaged.iter().map(|(path, _)| path));
        let output = command.output().expect("pg-restore-verify");
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(
            matches!(output.status.code(), Some(0..=2)),
            "{}: {words}",
            output.status
        );
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect()
    }

    /// Why the damage to this one was not found, if it was not.
    fn escapes(&self, path: &Path, findings: &[Value]) -> Option<String> {
        let path = path.to_str().expect("a name");
        let own: Vec<&Value> = findings
            .iter()
            .filter(|finding| finding["path"] == path)
            .collect();
        let failed = |check: &str| {
            let mut failed = own.iter().filter(|finding| finding["status"] == "failed");
            failed.any(|finding| finding["check"] == check)
        };
        let named = match (self.fault, self.manifest) {
            (Fault::Cut, false) => failed("archive"),
            (Fault::Flip, false) => true,
            // What can't even be opened is not compared with its manifest.
            (_, true) => failed("checksum") || failed("archive"),
        };
        let verdict = own.last()?;
        let found = failed("verdict") && verdict["check"] == "verdict" && named;
        (!found).then(|| verdict.to_string())
    }
}

/// A file of a folder, the more probably the larger it is.
fn pick(folder: &Path, dice: &mut Dice) -> PathBuf {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    let mut files: Vec<(PathBuf, usize)> = entries
        .map(|entry| {
            (
                entry.path(),
                fs::read(entry.path()).map_or(0, |bytes| bytes.len()),
            )
        })
        .collect();
    files.sort();
    let mut at = dice.below(files.iter().map(|(_, bytes)| bytes).sum());
    let found = files.into_iter().find(|(_, bytes)| {
        let here = at < *bytes;
        at = at.wrapping_sub(if here { 0 } else { *bytes });
        here
    });
    found.expect("a file that is not empty").0
}

/// A small database with something of everything that is stored in a way of its own.
fn fill(database: &Database<'_>) {
    database.sql(
        "create table t (id int primary key, word text, made timestamptz default now());
         insert into t select i, md5(i::text), timestamptz '2024-01-01' + i * interval '1 hour'
             from generate_series(1, 800) i;
         create table empty (a int);
         create table log (line text); insert into log values ('one'), (null), ('\\.'), ('\\N'), ('grün');
         create index on t (word); create view v as select * from t where id > 7;
         create sequence s; select nextval('s');
         create materialized view m as select count(*) from t;
         create function f() returns int language sql as 'select 1';
         comment on table t is 'a comment';
         select lo_from_bytea(4711, convert_to(string_agg(md5(i::text), ''), 'UTF8')) from generate_series(1, 300) i;
         select lo_create(4712)",
    );
}
