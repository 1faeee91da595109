//! `--base-backup`: a physical backup, recovered to a moment on a server of its own version.
//!
//! The backup and the archive are only read. What is recovered is a copy; nothing that it brings
//! along, neither configuration nor commands nor paths, reaches the server that replays it.

mod archive;
mod base;
mod copy;
mod databases;
mod end;
mod fetch;
mod indexed;
mod label;
mod limit;
mod manifest;
mod pages;
mod room;
mod run;
mod tar;
mod target;
mod timelines;
mod trouble;
mod words;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::cli::Context;
use shared::cluster::Draft;
use shared::{Error, Exit, Result, units};

use crate::afterwards;
use crate::cli::Options;
use crate::limits::{Seen, Watch, Watched};
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::server::{Database, Server};
use crate::servers;
use crate::threads::{apart, lock};
use archive::{Archive, Segment};
use base::Base;
use copy::Place;
use label::{Control, Label};
use limit::Guard;
use manifest::Manifest;
use run::{Outcome, Reached, Recovery};
use target::Target;

/// More files than this are not named one by one.
const NAMED: usize = 100;

/// Recovers the base backup and proves what it holds.
pub fn verify(options: &Options, context: &Context) -> Result<Exit> {
    let connect = &context.common.connect;
    let places = [&connect.dbname, &connect.host, &connect.port, &connect.user];
    if places.iter().any(|given| given.is_some()) {
        return Err(Error::usage(
            "-d, -h, -p and -U have no place beside --base-backup: it is recovered on a private server",
        ));
    }
    let target = Target::parse(options.recovery.target.as_ref())?;
    let path = options
        .recovery
        .base_backup
        .as_deref()
        .unwrap_or(Path::new(""));
    let mut findings = Findings::new(context);
    findings.begin(path);
    let job = Job {
        path,
        target: &target,
        options,
        context,
        watched: Watched::default(),
    };
    let mut server = None;
    let proved = job.within_limits(&mut findings, &mut server);
    let kept = server.filter(|_| options.after.keep && proved.is_ok());
    if let Some(server) = &kept {
        let name = options.selection.database.as_deref().unwrap_or("postgres");
        afterwards::report_kept(server, name, &options.after, context, &mut findings)?;
    }
    match proved {
        Ok(proved) => drop(findings.verdict(proved)?),
        Err(error) => findings.not_tried(error)?,
    }
    if kept.is_some() {
        servers::hold(&options.after)?;
    }
    findings.finish()
}

/// What is to be recovered, and where to.
struct Job<'a> {
    path: &'a Path,
    target: &'a Target,
    options: &'a Options,
    context: &'a Context,
    /// What the time limits look at.
    watched: Watched,
}

/// What came of it.
struct Recovered {
    server: Arc<Server>,
    reached: Reached,
    took: Duration,
}

impl Job<'_> {
    /// What was proved, in words; and the server, if it came so far. It is given up, whatever it
    /// does, when it takes too long or does nothing.
    fn within_limits(
        &self,
        findings: &mut Findings<'_>,
        server: &mut Option<Arc<Server>>,
    ) -> Result<String> {
        let mut watch = Watch::start(&self.options.limits, &self.watched)?;
        *lock(&self.watched) = Some(Seen::Files);
        let proved = self.prove(findings, server);
        watch.end().inspect_err(|_| findings.given_up()).and(proved)
    }

    fn prove(
        &self,
        findings: &mut Findings<'_>,
        server: &mut Option<Arc<Server>>,
    ) -> Result<String> {
        let Some(recovered) = self.recover(findings)? else {
            return Ok(String::new());
        };
        let server = server.insert(recovered.server);
        *lock(&self.watched) = Some(Seen::new(&Database::new(server, "")));
        let progress = self.context.progress();
        progress.show(|| "reading every table".to_string());
        let read = databases::prove(server, self.options, findings);
        let read = read.map_err(|error| trouble::explained(server, error))?;
        Ok(format!(
            "recovered to {}; {read}; restored in {}",
            recovered.reached.describe(),
            units::human_duration(recovered.took)
        ))
    }

    /// `None`, with a finding, if the backup does not allow it.
    fn recover(&self, findings: &mut Findings<'_>) -> Result<Option<Recovered>> {
        let draft = Draft::new().map_err(Error::of_machine)?;
        let began = Instant::now();
        let Some(archive) = self.copy(&draft, findings)? else {
            return Ok(None);
        };
        let is_whole = self.check_manifest(&draft, findings)?;
        let postgres = label::program(&draft)?;
        let control = Control::read(&postgres, &draft).map_err(Error::of_machine)?;
        let control = match control {
            Ok(control) => control,
            Err(damage) => {
                let finding = findings.check("backup", Status::Failed);
                findings.add(finding.object(label::CONTROL).message(damage))?;
                return Ok(None);
            }
        };
        let Some(label) = label(&draft, &control, self.target, findings)? else {
            return Ok(None);
        };
        if label.is_incremental && is_whole {
            return Err(label::incremental());
        }
        if !is_whole {
            let message = "the backup is damaged: it was not recovered";
            findings.add(findings.check("recovery", Status::Skipped).message(message))?;
            return Ok(None);
        }
        run::make_folders(&draft)?;
        let guard = Guard::of(&draft.data().join("pg_wal")).map_err(Error::of_machine)?;
        let start = Segment::parse(&label.start_file);
        let recovery = Recovery {
            postgres: &postgres,
            target: self.target,
            control: &control,
            timeline: start.map_or(control.timeline(), |segment| segment.timeline),
            context: self.context,
            preload: &self.options.preload,
        };
        *lock(&self.watched) = Some(Seen::Replay);
        let (outcome, seen) = recovery.run(draft, archive, guard)?;
        let took = began.elapsed();
        self.report(outcome, &seen, &label, took, findings)
    }

    /// Makes the copy; the archived WAL. On a thread of its own: what it reads may be on a mount
    /// that is gone.
    fn copy(&self, draft: &Draft, findings: &mut Findings<'_>) -> Result<Option<Archive>> {
        let (path, wal) = (self.path.to_path_buf(), self.options.recovery.wal.clone());
        let (place, jobs) = (Place::of(draft), self.options.jobs());
        let progress = self.context.progress();
        progress.show(|| format!("copying {}", path.display()));
        let (copied, archive) = apart(move || {
            let base = Base::open(&path)?;
            let archive = wal_archive(wal.as_deref())?;
            Ok((base.copy(&place, jobs)?, archive))
        })?;
        match copied {
            Ok(()) => Ok(Some(archive)),
            Err(damage) => {
                findings.add(findings.check("archive", Status::Failed).message(damage))?;
                Ok(None)
            }
        }
    }

    /// The finding of the recovery itself.
    fn report(
        &self,
        outcome: Outcome,
        seen: &fetch::Seen,
        label: &Label,
        took: Duration,
        findings: &mut Findings<'_>,
    ) -> Result<Option<Recovered>> {
        let (cluster, reached) = match outcome {
            Outcome::Recovered(cluster, reached) => (cluster, reached),
            Outcome::Failed(object, why) => {
                let mut finding = findings.check("recovery", Status::Failed).took(took);
                finding.object = object;
                finding.expected = Some(self.target.describe());
                findings.add(finding.message(why))?;
                return Ok(None);
            }
        };
        let server = Arc::new(Server::recovered(*cluster));
        let begins = begins_before(label, self.target, &server, findings);
        if !begins.map_err(|error| trouble::explained(&server, error))? {
            return Ok(None);
        }
        let database = Database::new(&server, "template1");
        let finding = findings.check("recovery", Status::Ok);
        let finding = finding.restored(database.bytes(true), took);
        let finding = finding.compared(self.target.describe(), reached.describe());
        findings.add(finding.message(format!(
            "PostgreSQL {} took {}, with {} of WAL from the archive",
            server.version(),
            units::human_duration(took),
            counted(seen.files, "file")
        )))?;
        Ok(Some(Recovered {
            server,
            reached,
            took,
        }))
    }

    /// Whether the copy is what `backup_manifest` says, if there is one.
    fn check_manifest(&self, draft: &Draft, findings: &mut Findings<'_>) -> Result<bool> {
        let progress = self.context.progress();
        progress.show(|| format!("comparing {} with its manifest", self.path.display()));
        let began = Instant::now();
        let manifest = match Manifest::read(&draft.data())? {
            Some(Ok(manifest)) => manifest,
            Some(Err(damage)) => {
                let finding = findings
                    .check("manifest", Status::Failed)
                    .object(manifest::NAME);
                findings.add(finding.message(damage))?;
                return Ok(false);
            }
            None => {
                let message =
                    "there is no backup_manifest: whether files were changed is not known";
                findings.add(findings.check("manifest", Status::Skipped).message(message))?;
                return Ok(true);
            }
        };
        let differences = manifest.compare(&draft.data(), self.options.jobs());
        let differences = differences.map_err(Error::of_machine)?;
        for difference in differences.iter().take(NAMED) {
            let finding = findings
                .check("manifest", Status::Failed)
                .object(&difference.path)
                .message("the file is not what backup_manifest says");
            findings.add(finding.compared(&difference.expected, &difference.actual))?;
        }
        if let Some(more) = differences
            .len()
            .checked_sub(NAMED)
            .filter(|more| *more > 0)
        {
            let message = format!("{} differ, too", counted(more as u64, "more file"));
            findings.add(findings.check("manifest", Status::Failed).message(message))?;
        }
        if differences.is_empty() {
            let files = counted(manifest.len() as u64, "file");
            let (status, message) = match manifest.without_checksum() {
                0 => (Status::Ok, format!("{files} are what it says")),
                _ => (
                    Status::Skipped,
                    format!(
                        "{files} are there, with the sizes that it says; it has no checksums: whether they were changed is not known"
                    ),
                ),
            };
            let finding = findings.check("manifest", status).took(began.elapsed());
            findings.add(finding.message(message))?;
        }
        Ok(differences.is_empty())
    }
}

impl Reached {
    fn describe(&self) -> String {
        let Self { lsn, timeline, .. } = self;
        match &self.last_transaction {
            Some(time) => {
                format!("LSN {lsn} on timeline {timeline}, the last transaction at {time}")
            }
            None => format!("LSN {lsn} on timeline {timeline}"),
        }
    }
}

fn wal_archive(folder: Option<&Path>) -> Result<Archive> {
    let Some(folder) = folder else {
        return Ok(Archive::default());
    };
    let archive = Archive::open(folder)?;
    match archive.is_empty() {
        false => Ok(archive),
        true => Err(Error::new(format!("{}: no WAL is there", folder.display()))
            .with_hint("name the folder that archive_command or pg_receivewal fills")),
    }
}

/// What the backup says of its beginning; `None`, with a finding, if that can't be right.
fn label(
    draft: &Draft,
    control: &Control,
    target: &Target,
    findings: &mut Findings<'_>,
) -> Result<Option<Label>> {
    let Some(label) = Label::read(&draft.data())? else {
        if control.was_shut_down() {
            return Ok(Some(Label::default()));
        }
        let message = "there is no backup_label: a copy of a running server's files is no backup";
        findings.add(findings.check("backup", Status::Failed).message(message))?;
        return Ok(None);
    };
    match (target, label.start_time()) {
        (Target::Time(time), Some(start)) if *time < start => {
            too_late(&label, target, findings)?;
            Ok(None)
        }
        _ => Ok(Some(label)),
    }
}

/// The same where only the server knows the zone of the backup's beginning: it would go on from
/// a backup that has more in it than there was at that time.
fn begins_before(
    label: &Label,
    target: &Target,
    server: &Arc<Server>,
    findings: &mut Findings<'_>,
) -> Result<bool> {
    let Target::Time(time) = target else {
        return Ok(true);
    };
    if label.start_time.is_empty() || label.start_time().is_some() {
        return Ok(true);
    }
    match databases::instant(server, &label.start_time)? {
        Some(start) if *time < start => too_late(label, target, findings).map(|()| false),
        _ => Ok(true),
    }
}

fn too_late(label: &Label, target: &Target, findings: &mut Findings<'_>) -> Result<()> {
    let finding = findings.check("recovery", Status::Failed);
    let began = format!("the base backup began at {}", label.start_time);
    let finding = finding.compared(target.describe(), began);
    let message =
        "the moment is before the base backup, which has later rows: an older one is needed";
    findings.add(finding.message(message))
}
