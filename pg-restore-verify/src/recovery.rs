//! `--base-backup`: a physical backup, recovered to a moment on a server of its own version.
//!
//! The backup and the archive are only read. What is recovered is a copy; nothing that it brings
//! along, neither configuration nor commands nor paths, reaches the server that replays it.

mod archive;
mod base;
mod databases;
mod end;
mod fetch;
mod label;
mod manifest;
mod pages;
mod run;
mod tar;
mod target;
mod words;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use shared::cli::Context;
use shared::cluster::Draft;
use shared::programs::{Program, install_hint};
use shared::{Context as _, Error, Exit, Result, units};

use crate::afterwards;
use crate::cli::Options;
use crate::proof::counted;
use crate::record::{Findings, Status};
use crate::server::Server;
use crate::servers;
use archive::{Archive, Segment};
use base::Base;
use label::{Control, Label};
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
    let mut server = None;
    let proved = prove(path, &target, options, context, &mut findings, &mut server);
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

/// What was proved, in words; and the server, if it came so far.
fn prove(
    path: &Path,
    target: &Target,
    options: &Options,
    context: &Context,
    findings: &mut Findings<'_>,
    recovered: &mut Option<Arc<Server>>,
) -> Result<String> {
    let base = Base::open(path)?;
    let archive = wal_archive(options)?;
    let draft = Draft::new()?;
    let progress = context.progress();
    progress.show(|| format!("copying {}", path.display()));
    let began = Instant::now();
    if let Err(damage) = base.copy(&draft, options.jobs())? {
        findings.add(findings.check("archive", Status::Failed).message(damage))?;
        return Ok(String::new());
    }
    progress.show(|| format!("comparing {} with its manifest", path.display()));
    let is_whole = check_manifest(&draft, options, findings)?;
    let postgres = program(&draft)?;
    let control = match Control::read(&postgres, &draft) {
        Ok(control) => control,
        Err(error) => {
            findings.add(
                findings
                    .check("backup", Status::Failed)
                    .message(error.in_one_line()),
            )?;
            return Ok(String::new());
        }
    };
    let Some(label) = label(&draft, &control, target, findings)? else {
        return Ok(String::new());
    };
    if !is_whole {
        let message = "the backup is damaged: it was not recovered";
        findings.add(findings.check("recovery", Status::Skipped).message(message))?;
        return Ok(String::new());
    }
    run::make_folders(&draft)?;
    if let Some((file, path)) = fetch::tablespace_in(&draft.data().join("pg_wal"))? {
        return Err(run::own_tablespace(&file, &path));
    }
    let recovery = Recovery {
        postgres: &postgres,
        target,
        control: &control,
        timeline: Segment::parse(&label.start_file).map_or(1, |segment| segment.timeline),
        limit: options.limits.total,
        context,
    };
    let (outcome, seen) = recovery.run(draft, archive)?;
    let (cluster, reached) = match outcome {
        Outcome::Recovered(cluster, reached) => (cluster, reached),
        Outcome::Failed(object, why) => {
            let mut finding = findings
                .check("recovery", Status::Failed)
                .took(began.elapsed());
            finding.object = object;
            finding.expected = Some(target.describe());
            findings.add(finding.message(why))?;
            return Ok(String::new());
        }
    };
    let took = began.elapsed();
    let server = Arc::new(Server::recovered(*cluster));
    *recovered = Some(Arc::clone(&server));
    if !begins_before(&label, target, &server, findings)? {
        return Ok(String::new());
    }
    let finding = findings.check("recovery", Status::Ok).took(took);
    let finding = finding.compared(target.describe(), reached.describe());
    findings.add(finding.message(format!(
        "PostgreSQL {} took {}, with {} of WAL from the archive",
        server.version(),
        units::human_duration(took),
        counted(seen.files, "file")
    )))?;
    progress.show(|| "reading every table".to_string());
    let read = databases::prove(&server, options, findings)?;
    Ok(format!(
        "recovered to {}; {read}; restored in {}",
        reached.describe(),
        units::human_duration(took)
    ))
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

fn wal_archive(options: &Options) -> Result<Archive> {
    let Some(folder) = &options.recovery.wal else {
        return Ok(Archive::default());
    };
    let archive = Archive::open(folder)?;
    match archive.is_empty() {
        false => Ok(archive),
        true => Err(Error::new(format!("{}: no WAL is there", folder.display()))
            .with_hint("name the folder that archive_command or pg_receivewal fills")),
    }
}

/// The server's program of the very version that wrote the data.
fn program(draft: &Draft) -> Result<Program> {
    let path = draft.data().join("PG_VERSION");
    let said = fs::read_to_string(&path).context(|| "PG_VERSION of the backup".to_string())?;
    let major = said
        .trim()
        .split('.')
        .next()
        .and_then(|major| major.parse().ok());
    let Some(major) = major else {
        return Err(Error::new(format!("PG_VERSION of the backup is {said:?}")));
    };
    let postgres = Program::find("postgres", Some(major))?;
    match postgres.version.major == major {
        true => Ok(postgres),
        false => Err(Error::new(format!(
            "a physical backup of PostgreSQL {major} needs that version, and there is only {}",
            postgres.version
        ))
        .with_hint(install_hint("postgres", Some(major)))),
    }
}

/// Whether the copy is what `backup_manifest` says, if there is one.
fn check_manifest(draft: &Draft, options: &Options, findings: &mut Findings<'_>) -> Result<bool> {
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
            let message = "there is no backup_manifest: whether files were changed is not known";
            findings.add(findings.check("manifest", Status::Skipped).message(message))?;
            return Ok(true);
        }
    };
    let differences = manifest.compare(&draft.data(), options.jobs())?;
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
        let finding = findings.check("manifest", Status::Ok).took(began.elapsed());
        let files = counted(manifest.len() as u64, "file");
        findings.add(finding.message(format!("{files} are what it says")))?;
    }
    Ok(differences.is_empty())
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
