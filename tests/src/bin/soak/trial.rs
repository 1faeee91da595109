//! Damaging copies of a backup, and judging what is said of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use super::dice::{Dice, pick};
use super::kinds::Kind;
use super::tool;

/// So many backups are verified by one run of the tool.
const AT_ONCE: usize = 25;
/// The columns of what is told.
pub const HEADING: &str = "kind            level         manifest  fault   tried  found unproved restored  \
                           seconds";

/// How thoroughly backups are verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Level {
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

/// What is done to them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
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

/// One kind of backup with one kind of damage, verified at one level.
pub struct Trial<'a> {
    pub kind: &'a Kind,
    pub level: Level,
    pub manifest: bool,
    pub fault: Fault,
}

/// A damaged copy.
struct Damaged {
    path: PathBuf,
    /// What was done to it.
    done: String,
}

/// What came of it.
enum Outcome {
    /// The damage was found, by the right check.
    Found,
    /// It was not, and the verdict says that this is not proved.
    Unproved,
    /// It was passed over, or another check tells of it: the verdict.
    PassedOver(String),
}

/// How many came out how.
#[derive(Default)]
struct Tally {
    found: usize,
    unproved: usize,
    restored: usize,
    passed_over: Vec<String>,
}

impl Trial<'_> {
    /// Whether the damage shows. Nothing tells how long an uncompressed large object was.
    fn must_be_found(&self) -> bool {
        self.manifest || self.fault == Fault::Cut && self.kind.name != "directory none"
    }

    /// Tries it so many times and tells how that came out; how many damages were passed over.
    pub fn tell(&self, count: usize, restored: usize, dice: &mut Dice, folder: &Path) -> usize {
        let began = Instant::now();
        let tally = self.run(count, restored, dice, folder);
        println!(
            "{:<16}{:<14}{:<10}{:<6}{count:>7}{:>7}{:>9}{:>9}{:>9.1}",
            self.kind.name,
            self.level.name(),
            if self.manifest { "yes" } else { "no" },
            self.fault.name(),
            tally.found,
            tally.unproved,
            tally.restored,
            began.elapsed().as_secs_f64(),
        );
        for what in &tally.passed_over {
            println!("  passed over: {what}");
        }
        tally.passed_over.len()
    }

    fn run(&self, count: usize, restored: usize, dice: &mut Dice, folder: &Path) -> Tally {
        let place = folder.join("damaged");
        let mut tally = Tally::default();
        let mut to_restore = restored;
        let numbers: Vec<usize> = (0..count).collect();
        for some in numbers.chunks(AT_ONCE) {
            let damaged: Vec<Damaged> = some
                .iter()
                .map(|number| self.damage(&place.join(number.to_string()), dice))
                .collect();
            let served = self.judge(&damaged, to_restore, &mut tally);
            to_restore = to_restore.saturating_sub(served);
            fs::remove_dir_all(&place).expect("a folder");
        }
        tally
    }

    /// How many of those whose damage shows by reading were restored all the same.
    fn judge(&self, damaged: &[Damaged], to_restore: usize, tally: &mut Tally) -> usize {
        let read = verify(damaged, Level::ArchiveOnly);
        let mut served = Vec::new();
        let mut extra = 0;
        for one in damaged {
            let outcome = self.outcome(one, &read);
            match (self.level, &outcome) {
                (Level::ArchiveOnly, _) => tally.add(outcome),
                (Level::Full, Outcome::Found) if extra == to_restore => tally.add(outcome),
                (Level::Full, outcome) => {
                    extra += usize::from(matches!(outcome, Outcome::Found));
                    served.push(one);
                }
            }
        }
        if !served.is_empty() {
            let findings = verify(&served, Level::Full);
            tally.restored += served.len();
            for one in served {
                tally.add(self.outcome(one, &findings));
            }
        }
        extra
    }

    /// A copy in this folder, damaged.
    fn damage(&self, folder: &Path, dice: &mut Dice) -> Damaged {
        let copy = self.kind.copy(folder, self.manifest);
        let file = match copy.is_dir() {
            true => pick(&copy, dice),
            false => copy.clone(),
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
        let name = file.strip_prefix(&copy).unwrap_or(&file);
        Damaged {
            done: format!("{} {done}", name.display()),
            path: copy,
        }
    }

    /// What the findings say of this one.
    fn outcome(&self, damaged: &Damaged, findings: &[Value]) -> Outcome {
        let path = damaged.path.to_str().expect("a name");
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
        let verdict = own.last().filter(|last| last["check"] == "verdict");
        let words = verdict.and_then(|verdict| verdict["message"].as_str());
        let is_open = verdict.is_some_and(|verdict| verdict["status"] == "skipped")
            || words.is_some_and(|words| words.contains("no manifest tells"));
        match (failed("verdict") && named, self.must_be_found()) {
            (true, _) => Outcome::Found,
            (false, false) if is_open => Outcome::Unproved,
            _ => Outcome::PassedOver(format!("{}: {verdict:?}", damaged.done)),
        }
    }
}

impl Tally {
    fn add(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Found => self.found += 1,
            Outcome::Unproved => self.unproved += 1,
            Outcome::PassedOver(what) => self.passed_over.push(what),
        }
    }
}

impl AsRef<Path> for Damaged {
    fn as_ref(&self) -> &Path {
        &self.path
    }
}

/// What the tool finds in them.
fn verify<P: AsRef<Path>>(backups: &[P], level: Level) -> Vec<Value> {
    // None of them may make it wait for ever.
    let mut command = Command::new("timeout");
    command.arg("900").arg(tool("pg-restore-verify"));
    if level == Level::ArchiveOnly {
        command.arg("--archive-only");
    }
    command.args(backups.iter().map(AsRef::as_ref));
    let output = command.output().expect("pg-restore-verify");
    let words = String::from_utf8_lossy(&output.stderr);
    let ended = matches!(output.status.code(), Some(0..=2));
    assert!(ended, "{}: {words}", output.status);
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("a record"))
        .collect()
}
