//! The records of pg-restore-verify, and what they add up to.

use std::collections::{BTreeSet, HashSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use shared::cli::Context;
use shared::error::Kind;
use shared::records::Writer;
use shared::{Error, Exit, Result, signals};

/// One check of one backup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Finding {
    /// The backup.
    pub path: String,
    /// What was checked; `verdict` sums up and comes last.
    pub check: String,
    /// On which table, sequence or other object; none for the whole backup.
    pub object: Option<String>,
    /// How it came out.
    pub status: Status,
    /// What the backup holds.
    pub expected: Option<String>,
    /// What the restored database holds.
    pub actual: Option<String>,
    /// In words, where there is more to say.
    pub message: Option<String>,
    /// How long it took, where that was measured for it alone.
    pub duration_ms: Option<u64>,
    /// How much was restored: what the database takes.
    pub bytes: Option<u64>,
    /// How much of it a second.
    pub bytes_per_second: Option<u64>,
    /// All was looked at, and nothing is wrong with the backup.
    #[serde(skip)]
    is_remark: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Proved.
    Ok,
    /// Disproved.
    Failed,
    /// Could not be checked, or is no fault of the backup's; the message says why.
    Skipped,
}

/// Checks by what the user expects, which may be wrong, or hold no more for an old backup.
const OF_THE_USER: [&str; 2] = ["expect", "compare"];

/// Checks that hold although the backup was given up: they ask nobody who was ended for that.
const OF_FILES: [&str; 2] = ["checksum", "manifest"];

/// Takes the findings as they come, and writes them.
pub struct Findings<'a> {
    context: &'a Context,
    records: Writer<Finding>,
    path: String,
    within: Option<String>,
    began: Instant,
    /// Their checks, and what they say.
    failed: Vec<(String, String)>,
    /// The same.
    skipped: Vec<(String, String)>,
    unprovable: Option<String>,
    any_failed: bool,
    any_unseen: bool,
    is_shared: bool,
    warned: BTreeSet<String>,
    /// Of what is done in memory, where it may not fit: what was told of it (check, object,
    /// status), hashed.
    told: Option<HashSet<u64>>,
    /// The same of a first attempt, which is over.
    told_before: HashSet<u64>,
}

impl<'a> Findings<'a> {
    /// No findings yet.
    pub fn new(context: &'a Context) -> Self {
        Self {
            context,
            records: context.records(),
            path: String::new(),
            within: None,
            began: Instant::now(),
            failed: Vec::new(),
            skipped: Vec::new(),
            unprovable: None,
            any_failed: false,
            any_unseen: false,
            is_shared: false,
            warned: BTreeSet::new(),
            told: None,
            told_before: HashSet::new(),
        }
    }

    /// What follows is about this backup.
    pub fn begin(&mut self, path: &Path) {
        self.path = path.display().to_string();
        self.within = None;
        self.began = Instant::now();
        self.failed.clear();
        self.skipped.clear();
        self.unprovable = None;
        self.is_shared = false;
        self.told = None;
        self.told_before.clear();
    }

    /// What follows may have to be done [`again`](Self::again).
    pub fn may_come_again(&mut self, may: bool) {
        if may {
            self.told = Some(HashSet::new());
        }
    }

    /// Forgets how this backup came out so far: all of it is looked at once more. What was told is
    /// not told twice.
    pub fn again(&mut self) {
        self.told_before = self.told.take().unwrap_or_default();
        self.within = None;
        self.failed.clear();
        self.skipped.clear();
        self.unprovable = None;
    }

    /// Warns of something, once in a run.
    pub fn warn_once(&mut self, words: String) {
        if !self.warned.contains(&words) {
            self.context.warn(&words);
            self.warned.insert(words);
        }
    }

    /// From here on, or no more, an error may be that of a server that others use, and no fault of
    /// this backup.
    pub fn on_shared_server(&mut self, is_shared: bool) {
        self.is_shared = is_shared;
    }

    /// A check of this backup, to be completed and given to [`Self::add`].
    pub fn check(&self, check: &str, status: Status) -> Finding {
        Finding {
            path: self.path.clone(),
            check: check.to_string(),
            object: None,
            status,
            expected: None,
            actual: None,
            message: None,
            duration_ms: None,
            bytes: None,
            bytes_per_second: None,
            is_remark: false,
        }
    }

    /// Objects of what follows are in this database of the backup's several; their names begin
    /// with its.
    pub fn within(&mut self, database: Option<&str>) {
        self.within = database.map(str::to_string);
    }

    /// Writes a finding.
    pub fn add(&mut self, mut finding: Finding) -> Result<()> {
        if let Some(database) = &self.within {
            finding.object = Some(match finding.object {
                Some(object) => format!("{database}.{object}"),
                None => database.clone(),
            });
        }
        match finding.status {
            Status::Ok => {}
            Status::Failed => {
                let words = finding.in_words();
                self.failed.push((finding.check.clone(), words));
            }
            Status::Skipped if finding.is_remark => {}
            Status::Skipped => {
                let words = finding.in_words();
                self.skipped.push((finding.check.clone(), words));
            }
        }
        if let Some(told) = &mut self.told {
            told.insert(finding.told());
        }
        match !self.told_before.is_empty() && self.told_before.contains(&finding.told()) {
            true => Ok(()),
            false => self.records.write(&finding),
        }
    }

    /// Whether the backup itself failed, and not only what the user expects of what is in it.
    pub fn is_bad(&self) -> bool {
        let mut failed = self.failed.iter();
        failed.any(|(check, _)| !OF_THE_USER.contains(&check.as_str()))
    }

    /// The backup was given up: what failed may have failed for that.
    pub fn given_up(&mut self) {
        self.is_shared = false;
        self.failed
            .retain(|(check, _)| OF_FILES.contains(&check.as_str()));
    }

    /// The first thing of this backup that was not proved, but for what these checks skipped.
    pub fn unproved(&self, accepted: &[String]) -> Option<&str> {
        let mut skipped = self.skipped.iter();
        let skipped = skipped.find(|(check, _)| !accepted.contains(check));
        let failed = self.failed.first().map(|(_, words)| words);
        let first = failed.or(self.unprovable.as_ref());
        let first = first.or_else(|| skipped.map(|(_, words)| words));
        first.map(String::as_str)
    }

    /// What was skipped of this backup.
    pub fn skipped(&self) -> impl Iterator<Item = &str> {
        self.skipped.iter().map(|(_, words)| words.as_str())
    }

    /// Notes that this backup can't be proved for what it is, even if nothing of it is wrong: part
    /// of what should be checked could not be looked at, say.
    pub fn unprovable(&mut self, why: &str) {
        self.unprovable = Some(why.to_string());
    }

    /// Closes this backup with its verdict; `proved` says what was, if all was well. Returns
    /// how it came out, and the words.
    pub fn verdict(&mut self, proved: String) -> Result<(Status, String)> {
        let (status, message) = match (self.faults(), self.unprovable.take()) {
            (None, None) => (Status::Ok, proved),
            (None, Some(why)) => (Status::Skipped, why),
            (Some(faults), _) => (Status::Failed, faults),
        };
        self.any_failed |= status == Status::Failed;
        self.any_unseen |= status == Status::Skipped;
        if status != Status::Ok {
            let how = match status {
                Status::Failed => "does not verify",
                _ => "can't be proved",
            };
            self.context.warn(format!("{} {how}: {message}", self.path));
        }
        let finding = self
            .check("verdict", status)
            .message(&message)
            .took(self.began.elapsed());
        self.records.write(&finding)?;
        self.records.flush()?;
        Ok((status, message))
    }

    /// The first fault of this backup, and how many more there are.
    fn faults(&self) -> Option<String> {
        match self.failed.as_slice() {
            [] => None,
            [(_, one)] => Some(one.clone()),
            [(_, first), rest @ ..] => Some(format!("{first} (and {} more)", rest.len())),
        }
    }

    /// Closes this backup, which could not be verified to its end for a reason that need not hold
    /// for the next one. What was found wrong with it is so nevertheless.
    ///
    /// # Errors
    /// When it holds for all: nobody reads, or a signal came.
    pub fn not_tried(&mut self, error: Error) -> Result<()> {
        if matches!(error.kind(), Kind::BrokenPipe | Kind::Interrupted) {
            return Err(error);
        }
        signals::check()?;
        let says_nothing = self.is_shared || error.kind() == Kind::Machine;
        let words = error.in_one_line();
        let (status, message) = match self.faults() {
            Some(faults) => {
                self.any_failed = true;
                self.context
                    .warn(format!("{} does not verify: {faults}", self.path));
                (Status::Failed, format!("{faults}; and {words}"))
            }
            None if says_nothing => (Status::Skipped, words),
            None => (Status::Failed, words),
        };
        self.any_unseen = true;
        let finding = self
            .check("verdict", status)
            .message(message)
            .took(self.began.elapsed());
        self.records.write(&finding)?;
        self.records.flush()?;
        self.context.report().error(&error);
        Ok(())
    }

    /// Ends the output. A fault that was found tells more than what could not be looked at.
    pub fn finish(self) -> Result<Exit> {
        self.records.finish()?;
        Ok(match (self.any_failed, self.any_unseen) {
            (true, _) => Exit::Found,
            (false, true) => Exit::Incomplete,
            (false, false) => Exit::Ok,
        })
    }
}

impl Finding {
    /// What is told twice if it comes again.
    fn told(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        (&self.check, &self.object, self.status as u8).hash(&mut hasher);
        hasher.finish()
    }

    fn in_words(&self) -> String {
        let object = self.object.as_deref().map(|object| format!(" {object}"));
        let message = self.message.as_deref().map(|words| format!(": {words}"));
        let (object, message) = (object.unwrap_or_default(), message.unwrap_or_default());
        format!("{}{object}{message}", self.check)
    }

    /// If it is skipped: not for want of a look, and it keeps nobody from using the backup.
    pub fn remark(mut self) -> Self {
        self.is_remark = true;
        self
    }

    /// On what.
    pub fn object(mut self, object: impl ToString) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// What the backup holds and what the restored database holds.
    pub fn compared(mut self, expected: impl ToString, actual: impl ToString) -> Self {
        self.expected = Some(expected.to_string());
        self.actual = Some(actual.to_string());
        self
    }

    /// In words.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// How much was restored in that time.
    pub fn restored(self, bytes: Option<u64>, duration: Duration) -> Self {
        let rate = bytes.map(|bytes| bytes as f64 / duration.as_secs_f64().max(0.001));
        Self {
            bytes,
            bytes_per_second: rate.map(|rate| rate as u64),
            ..self.took(duration)
        }
    }

    /// How long it took.
    pub fn took(mut self, duration: Duration) -> Self {
        self.duration_ms = u64::try_from(duration.as_millis()).ok();
        self
    }
}
