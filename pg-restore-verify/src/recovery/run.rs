//! The recovery itself: a copy made harmless, a server that replays, and where it came to.

use std::fs;
use std::path::Path;

use shared::cli::Context;
use shared::cluster::{Cluster, Draft, State};
use shared::programs::Program;
use shared::{Context as _, Error, Result};

use super::archive::{Archive, Segment};
use super::end::{self, Damaged};
use super::fetch::{self, COMMAND, Fetcher, Seen, Trouble};
use super::label::Control;
use super::limit::Guard;
use super::target::Target;
use super::timelines::Timelines;
use super::trouble::{own_tablespace, own_trouble};
use super::words::Words;
use crate::preload;
use crate::server::ONE_PROCESS;

/// What would tell the copy's server how to run, or where to find another server's files.
const NOT_OURS: &[&str] = &[
    "postgresql.auto.conf",
    "recovery.done",
    "tablespace_map",
    "backup_label.old",
];
/// What a server does not make itself, and a backup may do without.
const NEEDED: &[&str] = &[
    "pg_dynshmem",
    "pg_notify",
    "pg_replslot",
    "pg_serial",
    "pg_snapshots",
    "pg_stat",
    "pg_stat_tmp",
    "pg_subtrans",
    "pg_tblspc",
    "pg_wal",
];
/// No row is prepared twice; and room for those that WAL brings.
const LEAST_PREPARED: u32 = 64;
/// The first version whose server reads WAL ahead of what it replays.
const READS_AHEAD: u32 = 15;

/// Where a recovery came to.
#[derive(Debug, Clone)]
pub struct Reached {
    /// The place in the WAL.
    pub lsn: String,
    /// On which timeline.
    pub timeline: u32,
    /// When the last transaction in it was committed, if there was one in the WAL.
    pub last_transaction: Option<String>,
}

/// How a recovery came out.
pub enum Outcome {
    /// The server runs, at the target.
    Recovered(Box<Cluster>, Reached),
    /// It did not come to the target, for a reason that lies with the backup: on what, and why.
    Failed(Option<String>, String),
}

/// A recovery: what is done, and what was seen of it.
pub struct Recovery<'a> {
    /// The server's program, of the backup's version.
    pub postgres: &'a Program,
    /// Where to.
    pub target: &'a Target,
    /// What pg_control says.
    pub control: &'a Control,
    /// The timeline that the backup is of.
    pub timeline: u32,
    /// For progress.
    pub context: &'a Context,
    /// Libraries that the server loads at its start.
    pub preload: &'a [String],
}

impl Recovery<'_> {
    /// Replays.
    pub fn run(&self, mut draft: Draft, archive: Archive, guard: Guard) -> Result<(Outcome, Seen)> {
        let settings = self.settings()?;
        let fetcher = self.begin(&mut draft, &archive, guard, &settings);
        let fetcher = fetcher.map_err(Error::of_machine)?;
        let state = self.wait(&mut draft, &fetcher);
        let state = state.map_err(Error::of_machine)?;
        let log = draft.log();
        let seen = fetcher.seen();
        drop(fetcher);
        if let Some(Trouble::Error(error)) = &seen.trouble {
            return Err(error.clone());
        }
        let words = Words(&log);
        let failure = match state {
            State::Ended => Some(self.failure(&words, &seen, &archive, &draft)?),
            _ => match &seen.trouble {
                Some(Trouble::Tablespace(limit)) if !words.stopped_at_target() => {
                    return Err(own_tablespace(limit));
                }
                _ => self.shortfall(&words, &seen, &archive, &draft),
            },
        };
        if let Some((object, why)) = failure {
            return Ok((Outcome::Failed(object, why), seen));
        }
        let reached = self.reached(&words, &draft)?;
        let cluster = draft.into_cluster(self.postgres, &settings);
        let cluster = cluster.map_err(Error::of_machine)?;
        Ok((Outcome::Recovered(Box::new(cluster), reached), seen))
    }

    /// Starts the server, and who brings it its WAL.
    fn begin(
        &self,
        draft: &mut Draft,
        archive: &Archive,
        guard: Guard,
        settings: &[(String, String)],
    ) -> Result<Fetcher> {
        neutralise(draft)?;
        let system = self.control.system();
        let fetcher = Fetcher::start(archive.clone(), draft, system, guard, self.needs_all())?;
        draft.start(self.postgres, settings)?;
        Ok(fetcher)
    }

    /// Whether there is no WAL that it would not replay.
    fn needs_all(&self) -> bool {
        *self.target == Target::End
    }

    fn settings(&self) -> Result<Vec<(String, String)>> {
        let prepared = self.control.prepared_transactions().max(LEAST_PREPARED);
        let fixed = [
            ("restore_command", COMMAND),
            ("recovery_target_timeline", "latest"),
            ("recovery_target_action", "promote"),
            ("hot_standby", "off"),
            ("max_prepared_transactions", &prepared.to_string()),
            ("max_locks_per_transaction", "256"),
            ("max_wal_size", "1GB"),
            // A subscription would fetch from the publisher of the live server.
            ("max_logical_replication_workers", "0"),
            ("lc_messages", "C"),
            ("timezone", "UTC"),
            ("log_timezone", "UTC"),
            ("log_line_prefix", ""),
            ("log_min_messages", "warning"),
        ];
        let fixed = fixed.map(|(name, value)| (name.to_string(), value.to_string()));
        // What is wrong with WAL behind the target is no fault of the backup's.
        let is_ahead = self.postgres.version.major >= READS_AHEAD && !self.needs_all();
        let ahead = is_ahead.then(|| ("recovery_prefetch".to_string(), "off".to_string()));
        let one_process = ONE_PROCESS.map(|(name, value)| (name.to_string(), value.to_string()));
        let fixed = fixed.into_iter().chain(one_process).chain(ahead);
        let fixed = fixed.chain(preload::settings(self.preload));
        Ok(fixed.chain(self.target.settings()?).collect())
    }

    fn wait(&self, draft: &mut Draft, fetcher: &Fetcher) -> Result<State> {
        let progress = self.context.progress();
        loop {
            match draft.state()? {
                State::Starting => {}
                ended => return Ok(ended),
            }
            progress.show(|| match fetcher.seen().last {
                Some(file) => format!("recovering: WAL {file}"),
                None => "recovering".to_string(),
            });
        }
    }

    /// Why the server ended. What lies with this machine is an error.
    fn failure(
        &self,
        words: &Words<'_>,
        seen: &Seen,
        archive: &Archive,
        draft: &Draft,
    ) -> Result<(Option<String>, String)> {
        match &seen.trouble {
            Some(Trouble::Damage { file, words }) => {
                return Ok((Some(file.clone()), words.clone()));
            }
            Some(Trouble::Tablespace(limit)) if self.needs_all() => {
                return Err(own_tablespace(limit));
            }
            _ => {}
        }
        if let Some(error) = own_trouble(words) {
            return Err(error);
        }
        let last = words.last().unwrap_or("the server ended without a word");
        let target = self.target.describe();
        if last.contains("stop point is before consistent recovery point") {
            let why = "is before the end of the base backup: an older one is needed";
            return Ok((None, format!("{target} {why}")));
        }
        // The server did not stop before it.
        if let Some(Trouble::Tablespace(limit)) = &seen.trouble
            && limit.is_end(words)
        {
            return Err(own_tablespace(limit));
        }
        let gap = self.gap(seen, archive);
        if last.contains("recovery ended before configured recovery target was reached") {
            let end = ended_at(words);
            let why = format!("{target} was not reached: the WAL ends at {end}");
            return Ok(
                match gap.or_else(|| self.damage(words, seen, archive, draft)) {
                    Some((object, gap)) => (object, format!("{why}: {gap}")),
                    None => (
                        seen.missing.clone(),
                        format!("{why}: the next file is not there"),
                    ),
                },
            );
        }
        let why = match gap {
            Some((object, gap)) => return Ok((object, format!("{last}: {gap}"))),
            None => last.to_string(),
        };
        Ok((seen.missing.clone(), why))
    }

    /// The WAL ended where the server believes it does; whether it does, files after it tell.
    fn shortfall(
        &self,
        words: &Words<'_>,
        seen: &Seen,
        archive: &Archive,
        draft: &Draft,
    ) -> Option<(Option<String>, String)> {
        let end = ended_at(words);
        if *self.target != Target::End {
            let missed = !words.stopped_at_target();
            let target = self.target.describe();
            let why = || {
                (
                    None,
                    format!("{target} was not reached: the WAL ends at {end}"),
                )
            };
            return missed.then(why);
        }
        let gap = self.gap(seen, archive);
        let found = gap.or_else(|| self.damage(words, seen, archive, draft));
        found.map(|(object, why)| (object, format!("the WAL ends at {end}: {why}")))
    }

    /// A file that is missing, or could not be replayed to its end, though later ones are there.
    fn gap(&self, seen: &Seen, archive: &Archive) -> Option<(Option<String>, String)> {
        let timelines = self.timelines(archive);
        let last = seen.last.as_deref().and_then(Segment::parse);
        let missing = seen.missing.as_deref().and_then(Segment::parse);
        let is_ahead = |segment: &Segment| {
            let Some(last) = last else { return true };
            // Where a timeline begins, the old one's file of the same place was taken for its own.
            let instead = segment.timeline > last.timeline && timelines.leads_through(*segment);
            last.place() < segment.place() || last.place() == segment.place() && instead
        };
        if let Some(segment) = missing.filter(is_ahead) {
            let later = timelines.after(archive, segment)?;
            let why = format!("this file is missing, and {later} is there");
            return Some((seen.missing.clone(), why));
        }
        let later = timelines.after(archive, last?)?;
        let why = format!("this file can't be replayed to its end, and {later} is there");
        Some((seen.last.clone(), why))
    }

    /// The file of a damaged record, and what the server says of it; that WAL ends within one is none.
    fn damage(
        &self,
        words: &Words<'_>,
        seen: &Seen,
        archive: &Archive,
        draft: &Draft,
    ) -> Option<(Option<String>, String)> {
        let said = words.damage()?;
        let read = |name: &str| match archive.path(name) {
            Some(path) => fetch::read(path).ok(),
            None => fs::read(draft.data().join("pg_wal").join(name)).ok(),
        };
        let timelines = self.timelines(archive);
        let files = |lsn| {
            let last = seen.last.iter().cloned();
            last.chain(timelines.files(lsn)).collect()
        };
        end::damaged(said, files, read).map(|Damaged(file)| (file, said.to_string()))
    }

    fn timelines(&self, archive: &Archive) -> Timelines {
        Timelines::of(archive, self.timeline, self.control.wal_file_bytes())
    }

    /// The new timeline's history tells where it left the old one.
    fn reached(&self, words: &Words<'_>, draft: &Draft) -> Result<Reached> {
        let unknown = || Error::new("the server does not say where its recovery ended");
        let timeline = words.new_timeline().ok_or_else(unknown)?;
        let history = draft.data().join(format!("pg_wal/{timeline:08X}.history"));
        let history = fs::read_to_string(&history).context(|| history.display().to_string())?;
        let mut lines = history.lines().rev().filter(|line| !line.trim().is_empty());
        let mut fields = lines.next().ok_or_else(unknown)?.split('\t');
        let parent = fields.next().and_then(|field| field.trim().parse().ok());
        Ok(Reached {
            timeline: parent.ok_or_else(unknown)?,
            lsn: fields.next().ok_or_else(unknown)?.to_string(),
            last_transaction: words.last_transaction(),
        })
    }
}

fn ended_at(words: &Words<'_>) -> String {
    let place = words.last_record().unwrap_or("its beginning");
    match words.last_transaction() {
        Some(time) => format!("{place}, the last transaction at {time}"),
        None => format!("{place}, without a transaction"),
    }
}

/// Takes away what would lead the server elsewhere, and tells it to recover.
fn neutralise(draft: &Draft) -> Result<()> {
    let data = draft.data();
    for name in NOT_OURS {
        remove(&data.join(name))?;
    }
    draft
        .owner()
        .make_file(&data.join("postgresql.auto.conf"))?;
    draft.owner().make_file(&data.join("recovery.signal"))?;
    Ok(())
}

/// Makes the folders that a backup may lack: those whose contents it leaves out, and links.
pub fn make_folders(draft: &Draft) -> Result<()> {
    for name in NEEDED {
        let folder = draft.data().join(name);
        if !folder.exists() {
            draft.owner().make_folder(&folder)?;
        }
    }
    Ok(())
}

fn remove(path: &Path) -> Result<()> {
    match fs::symlink_metadata(path) {
        Ok(_) => fs::remove_file(path).context(|| path.display().to_string()),
        Err(_) => Ok(()),
    }
}
