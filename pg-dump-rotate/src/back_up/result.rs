//! What came of the targets: told as they end, each backup followed by the rotation of
//! its series.

use shared::backup::{Backup, Backups, Common, Format, Place};
use shared::records::Writer;
use shared::{Context, Error, Exit, Result, signals, time};

use super::Run;
use super::plan::{Skipped, Target};
use crate::folder::Folder;
use crate::record::Record;
use crate::rotate::{self, Verdicts, series};
use crate::scope::Subject;

/// The results so far.
pub struct Results<'a> {
    run: &'a Run<'a>,
    records: Writer<Record>,
    targets: usize,
    failures: Vec<Error>,
    exit: Exit,
    /// What went wrong besides the dumps: the folder could not be read, or nobody reads us.
    trouble: Option<Error>,
}

impl<'a> Results<'a> {
    /// None of so many targets yet.
    pub fn new(run: &'a Run<'a>, targets: usize) -> Self {
        Self {
            run,
            records: run.context.records(),
            targets,
            failures: Vec::new(),
            exit: Exit::Ok,
            trouble: None,
        }
    }

    /// Tells that a database was left out. Where a backup of it is missed, that is no success.
    pub fn skip(&mut self, skipped: &Skipped) {
        let Skipped { name, reason, .. } = skipped;
        self.run.context.warn(format!(
            "skipped the database {name}: {reason} (no word of it with --exclude-database)"
        ));
        let record = Record {
            action: "skipped".into(),
            ..self.run.record(Some(name))
        };
        if skipped.is_missed {
            self.exit = Exit::Found;
        }
        let told = self.records.write(&record.because(reason));
        self.keep_trouble(told);
    }

    /// Tells of a target's backup and rotates its series, or tells why there is none. Without a
    /// reader no less: or the disk fills up where one has died.
    pub fn add(&mut self, target: &Target, taken: Result<Backup>) {
        let done = match taken {
            Ok(new) => self.taken(&new),
            Err(error) => self.failed(target, error),
        };
        self.keep_trouble(done);
    }

    /// The end of the run. Status 2 when there is no backup at all.
    pub fn finish(mut self) -> Result<Exit> {
        signals::check()?;
        let told = self.records.finish();
        match self.failures.len() {
            0 => {}
            // Its words come last, as those of any error.
            1 if self.targets == 1 => return Err(self.failures.remove(0)),
            failed if failed == self.targets => {
                return Err(Error::new(format!(
                    "none of the {failed} backups could be taken"
                )));
            }
            _ => self.exit = Exit::Found,
        }
        match self.trouble {
            Some(trouble) => Err(trouble),
            None => told.map(|()| self.exit),
        }
    }

    fn failed(&mut self, target: &Target, error: Error) -> Result<()> {
        if signals::received().is_some() {
            return Ok(());
        }
        let record = Record {
            action: "failed".into(),
            ..self.run.record(target.database())
        };
        let record = record.because(error.in_one_line());
        if self.targets > 1 {
            let named = Err::<(), _>(error.clone()).context(|| target.title().into());
            named.unwrap_or_else(|error| self.run.context.report().error(&error));
        }
        self.failures.push(error);
        self.records.write(&record)
    }

    fn taken(&mut self, new: &Backup) -> Result<()> {
        match self.run.options.dry_run {
            true => self.would_take(new),
            false => self.took(new),
        }
    }

    /// Looks twice: who reads what is told first may be slow, and what is deleted then is what is to go
    /// then.
    fn took(&mut self, new: &Backup) -> Result<()> {
        let run = self.run;
        let there = || run.there(|| Backups::of(&run.dir));
        let reason = there().map(|there| run.reason(new, &there));
        let record = Record::of("created", new, time::now());
        // It is there, whatever keeps us from rotating.
        let told = self.write_first(record, reason.as_ref().ok().cloned().flatten());
        reason?;
        self.adopt()?;
        if !run.options.policy.is_empty() {
            let folder = Folder::open(&run.dir)?;
            let locked = folder.lock(run.context)?;
            let there = there()?;
            let mut older = run.judge(new, &there);
            older.leave_out(&new.path);
            let deleted = rotate::delete(&older, locked);
            let exit = deleted.tell(&older, &mut self.records, run.context)?;
            if exit == Exit::Found {
                self.exit = Exit::Found;
            }
        }
        told
    }

    /// What others left is adopted once, before the first rotation.
    fn adopt(&mut self) -> Result<()> {
        let run = self.run;
        if run.adopted.get().is_some() {
            return Ok(());
        }
        let database = run.database.as_deref();
        let (found, exit) = super::adopt(run.options, &run.dir, database, run.context)?;
        run.adopted.get_or_init(|| found);
        if exit == Exit::Found {
            self.exit = Exit::Found;
        }
        Ok(())
    }

    fn would_take(&mut self, new: &Backup) -> Result<()> {
        self.adopt()?;
        let run = self.run;
        let there = run.there(|| {
            let mut there = match Place::new(&run.dir).is_there() {
                true => Backups::of(&run.dir)?,
                false => Backups::none(&run.dir),
            };
            let adopted = run.adopted.get().into_iter().flat_map(|found| &found.whole);
            let adopted = adopted.filter(|of| of.path != new.path);
            there.take_out(adopted.clone());
            there.add(std::iter::once(new).chain(adopted).cloned());
            there.join_servers();
            Ok(there)
        })?;
        let mut verdicts = run.judge(new, &there);
        let record = Record {
            sha256: None,
            state: None,
            duration_ms: None,
            ..Record::of("would_create", new, new.taken_at)
        };
        self.write_first(record, run.reason(new, &there))?;
        verdicts.leave_out(&new.path);
        rotate::rehearse(&verdicts, &mut self.records)
    }

    /// The new backup comes first, so that whoever reads can begin to verify it.
    fn write_first(&mut self, record: Record, reason: Option<String>) -> Result<()> {
        let record = match reason {
            Some(reason) => record.because(reason),
            None => record,
        };
        self.records.write(&record)
    }

    /// The first trouble ends the run, after everything is done; another one is told at once.
    fn keep_trouble(&mut self, done: Result<()>) {
        let Err(error) = done else {
            return;
        };
        match &self.trouble {
            None => self.trouble = Some(error),
            Some(first) if first.message() == error.message() => {}
            Some(_) => self.run.context.report().error(&error),
        }
    }
}

impl Run<'_> {
    /// What may be judged: nothing without a rule.
    fn there(&self, there: impl FnOnce() -> Result<Backups>) -> Result<Backups> {
        if self.options.policy.is_empty() {
            return Ok(Backups::none(&self.dir));
        }
        let mut there = there()?;
        let broken = self.adopted.get().into_iter();
        let broken = broken.flat_map(|found| &found.broken);
        // One that was overwritten by half a dump may have the size of what it was.
        there.take_out(broken.map(|(backup, _)| backup));
        Ok(there)
    }

    /// Which backups of the new one's series stay.
    fn judge<'b>(&'b self, new: &Backup, there: &'b Backups) -> Verdicts<'b> {
        let of_new = series_of(new, there).into_iter().collect();
        Verdicts::of(&self.options.policy, there, of_new, time::now())
    }

    /// Why the new one stays, and that others are not rotated with it: after a move to another server,
    /// or where two share a folder, somebody may wonder.
    fn reason(&self, new: &Backup, there: &Backups) -> Option<String> {
        let reason = self.judge(new, there).of_backup(&new.path)?;
        Some(match of_other_servers(new, there) {
            0 => reason,
            others => format!(
                "{reason}; {others} of another server, which are not rotated with this one's"
            ),
        })
    }

    /// The record of a target of which there is no backup.
    fn record(&self, database: Option<&str>) -> Record {
        let format = match database {
            Some(_) => self.options.format(),
            // The globals are a script whatever was asked for.
            None => Format::Plain,
        };
        Record {
            database: database.map(str::to_string),
            label: self.options.label.clone(),
            set: self.set.clone(),
            format: Some(format.as_str().into()),
            taken_at: Some(self.begun_at.truncate_to_second()),
            age_seconds: Some(0),
            ..Record::default()
        }
    }
}

/// Those that are rotated with the new one, by their places.
fn series_of(new: &Backup, there: &Backups) -> Option<Vec<u32>> {
    let new = u32::try_from(there.position(&new.path)?).ok()?;
    let mut all = series::split(there).into_iter();
    all.find(|series| series.contains(&new))
}

/// How many backups of the same are of another server than the new one.
fn of_other_servers(new: &Backup, there: &Backups) -> usize {
    let Some(new) = there.position(&new.path) else {
        return 0;
    };
    let Some(new) = there.glimpse(new).manifest else {
        return 0;
    };
    let is_other = |other: &&Common| {
        let is_same = Subject::key_of(other) == Subject::key_of(new);
        is_same && !other.adopted && !other.same_server(new)
    };
    let manifests = there.glimpses().filter_map(|other| other.manifest);
    manifests.filter(is_other).count()
}
