//! Damages backups at random places, and sees whether pg-restore-verify finds it every time.
//!
//! ```text
//! soak [--seed N] [--count N] [--restored N] [--level archive-only|full] [--kind 'FORMAT COMPRESSION']
//!      [--fault cut|flip]
//! ```
//!
//! Of each kind of backup COUNT copies (200 if not said) are cut somewhere, and in as many a bit
//! is flipped, with and without a manifest, at each level of verification. At the full one those
//! are restored whose damage does not show where they are only read, and so many of the others
//! (25 if not said, `--restored 200` for all of them).
//!
//! With the manifest of pg-dump-rotate every damage has to be found, by its checksum or in the
//! archive; without one every cut has to. A bit that was flipped there may change no more than a
//! value of a row: then the verdict has to say that this is not proved. The seed, which is
//! printed, repeats a run.

#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "soak/dice.rs"]
mod dice;
#[path = "soak/kinds.rs"]
mod kinds;
#[path = "soak/trial.rs"]
mod trial;

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use shared::cluster::ClusterOptions;
use tests::{Database, start};

use dice::Dice;
use kinds::Kind;
use trial::{Fault, Level, Trial};

fn main() -> ExitCode {
    let wanted = Wanted::parse();
    println!("seed {}", wanted.seed);
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    kinds::fill(&database);
    let folder = tempfile::tempdir().expect("a folder");
    let kinds = Kind::take_all(&database, folder.path(), wanted.kind.as_deref());
    println!("{}", trial::HEADING);
    let mut dice = Dice(wanted.seed);
    let trials = wanted.trials(&kinds);
    let missed = trials
        .iter()
        .map(|trial| trial.tell(wanted.count, wanted.restored, &mut dice, folder.path()))
        .sum::<usize>();
    match missed {
        0 => println!("every damage that shows was found, and no other was passed over"),
        _ => println!("{missed} damages were passed over"),
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
    restored: usize,
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
            restored: 25,
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
                "--restored" => wanted.restored = value.parse().expect("a number"),
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
                if kind.has_manifest() || !manifest {
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
