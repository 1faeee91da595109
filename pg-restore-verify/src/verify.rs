//! One backup, from its file to its verdict.

mod globals;
mod restored;
mod restoring;

use std::path::Path;
use std::time::Instant;

use shared::backup::Place;
use shared::cli::Context;
use shared::dump::Toc;
use shared::{Error, Result, units};

use crate::afterwards;
use crate::announced;
use crate::archive::{Archive, Kind};
use crate::checks::{self, Origin};
use crate::checksum::Known;
use crate::cli::{Mode, Options};
use crate::compare;
use crate::database;
use crate::extensions;
use crate::limits::Watch;
use crate::note::{self, Restore};
use crate::preflight;
use crate::promised::Promised;
use crate::proof::{Proof, counted};
use crate::reading::Reading;
use crate::record::{Findings, Status};
use crate::restore::{Part, Target};
use crate::room;
use crate::servers::Servers;
use crate::settings;
use crate::source::{self, Data};
use crate::strays;
use crate::tally::{self, Shown};
use crate::threads::beside;
use crate::unproved;

/// A session of ours is in UTF-8, and can't say such a name.
const NO_TEXT: &str = "it has names that are not UTF-8, of a database in SQL_ASCII, and is not \
                       restored; --archive-only compares its rows with its manifest";

/// Verifies one backup; its verdict is the last of its findings.
///
/// # Errors
/// When the verification itself can't be done. What is wrong with the backup is
/// a finding.
pub fn backup(
    path: &Path,
    options: &Options,
    servers: &mut Servers,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    findings.begin(path);
    // No rotation deletes it meanwhile.
    let _shared = Place::of(path).and_then(|(place, name)| place.share(name));
    let archive = match Archive::open(path)? {
        Ok(archive) => archive,
        Err(damage) => {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
            let verdict = findings.verdict(String::new())?;
            note::beside(path, verdict, None, options, context);
            return Ok(());
        }
    };
    let known = Known::of(path);
    // It outlives the target: what has to be cleaned up then is cleaned up before it resumes.
    let mut watch = Watch::start(&options.limits, &servers.watched)?;
    let mut target = None;
    tally::begin(format!("looking at {}", path.display()));
    let _shown = Shown::start(context);
    // Beside the restore, which leaves cores idle, and not on all of them.
    let (checksums, proved) = beside(
        || known.compare(path, 1),
        || match (archive.kind, options.mode) {
            (Kind::Globals(_), mode) => globals::verify(&archive, mode, servers, context, findings),
            (_, Mode::ArchiveOnly) => read(&archive, &known, options, findings),
            (_, _) => {
                let target = &mut target;
                restored_and_proved(
                    &archive, &known, options, servers, target, context, findings,
                )
            }
        },
    );
    let tried = checksums.and_then(|checksums| {
        // What is wrong with the files is so whatever else could not be tried.
        if proved.is_ok() || known.is_at_fault(&checksums) {
            known.report(&checksums, findings)?;
        }
        if proved.is_ok() {
            strays::report(&archive, &known, findings)?;
        }
        proved
    });
    let (proved, restore) =
        tried.map_err(|error| given_up(&mut watch, findings).unwrap_or(error))?;
    match target {
        Some(target) => {
            let (after, manifest) = (&options.after, known.manifest());
            findings.on_shared_server(servers.is_named());
            afterwards::settle(target, manifest, after, &mut watch, context, findings)
                .map_err(|error| given_up(&mut watch, findings).unwrap_or(error))?;
            findings.on_shared_server(false);
        }
        None => {
            watch.end()?;
            afterwards::without_target(&options.after, findings)?;
        }
    }
    let verdict = findings.verdict(proved + known.doubt())?;
    // Nothing was proved by reading; but damage is damage.
    let tells = match verdict.0 {
        Status::Ok => options.mode == Mode::Prove,
        Status::Failed => findings.is_bad(),
        Status::Skipped => false,
    };
    if tells && options.choice.is_everything() {
        note::beside(path, verdict, restore, options, context);
    }
    Ok(())
}

/// The error instead of any other, if time was up.
fn given_up(watch: &mut Watch, findings: &mut Findings<'_>) -> Option<Error> {
    let error = watch.end().err()?;
    findings.given_up();
    Some(error)
}

/// Reads a backup to its end and compares it with its manifest; what was seen, in words.
fn read(
    archive: &Archive,
    known: &Known,
    options: &Options,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    tally::begin(format!("reading {}", archive.path.display()));
    let began = Instant::now();
    let reading = Reading::of(archive, options.jobs())?;
    if let Some(damage) = &reading.damage {
        findings.add(findings.check("archive", Status::Failed).message(damage))?;
        return Ok((String::new(), None));
    }
    let what = format!(
        "{} in {}, {} and {}",
        counted(reading.rows(), "row"),
        counted(reading.contents.tables.len() as u64, "table"),
        counted(reading.contents.large_objects.len() as u64, "large object"),
        counted(reading.objects.len() as u64, "definition"),
    );
    let finding = findings.check("archive", Status::Ok).took(began.elapsed());
    findings.add(finding.message(format!("{what} were read to the end")))?;
    announced::report(&reading.contents, findings)?;
    let promised = Promised::of(known.manifest());
    unproved::report(&reading.contents, reading.defines(), &promised, findings)?;
    promised.report(&reading.contents, findings)?;
    let needs = settings::report(archive, &reading.contents, findings)?;
    let manifest = match promised.tells_of_rows() {
        true => ", the rows those of its manifest",
        false => "",
    };
    Ok((
        format!("{what}: read to the end{manifest}, not restored{needs}"),
        None,
    ))
}

/// What was proved, in words, and how long the restore took on which server.
fn restored_and_proved(
    archive: &Archive,
    known: &Known,
    options: &Options,
    servers: &mut Servers,
    target: &mut Option<Target>,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    tally::begin(format!("restoring {}", archive.path.display()));
    let data = match archive.kind {
        Kind::Plain(_) | Kind::Globals(_) => None,
        // Before pg_restore sees it: in a tar file that was cut it goes round in circles for ever.
        _ => match source::data(archive)? {
            Ok(data) => data,
            Err(damage) => {
                let finding = findings.check("archive", Status::Failed);
                findings.add(finding.message(damage.in_one_line()))?;
                return Ok((String::new(), None));
            }
        },
    };
    let tried = on_a_server(
        archive,
        known,
        options,
        data.as_ref().map(Data::toc),
        servers,
        target,
        context,
        findings,
    );
    match tried {
        Err(error) if room::is_full(&error) && servers.is_in_memory() => {
            *target = None;
            servers.leave_memory();
            findings.again();
            context.note("it does not fit into memory: once more, on the disk");
            restored_and_proved(archive, known, options, servers, target, context, findings)
        }
        tried => tried,
    }
}

/// The same of an archive that can be read, on the server that is for it.
#[allow(clippy::too_many_arguments)] // all of one verification
fn on_a_server(
    archive: &Archive,
    known: &Known,
    options: &Options,
    toc: Option<&Toc>,
    servers: &mut Servers,
    target: &mut Option<Target>,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    // That no server is new enough, or none starts, is not the backup's doing.
    findings.on_shared_server(true);
    let target = target.insert(Target::start(archive, servers, context)?);
    findings.on_shared_server(servers.is_named());
    if let Some(live) = &options.after.promote {
        target.stand_beside(live, &options.after)?;
    }
    if !target.server().is_ours() && target.server().superuser()?.is_some() {
        findings.warn_once(
            "code that a backup defines (functions of its indexes, constraints, event triggers) \
             runs there as a superuser: a role with CREATEDB alone has less to lose"
                .to_string(),
        );
    }
    findings.may_come_again(servers.is_in_memory());
    let tried = on_target(archive, known, options, toc, target, findings);
    // What is wrong with the backup is a finding: an error is this machine's, or a server's.
    findings.on_shared_server(tried.is_err());
    tried.map_err(|error| target.explain(error))
}

/// The same on a server where nothing was restored yet.
fn on_target(
    archive: &Archive,
    known: &Known,
    options: &Options,
    toc: Option<&Toc>,
    target: &mut Target,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    if toc.is_some_and(Toc::has_names_that_are_no_text) {
        findings.unprovable(NO_TEXT);
        return Ok((String::new(), None));
    }
    if let (Some(cluster), true) = (target.server().cluster(), options.choice.is_everything()) {
        room::check(archive, known.manifest(), toc, cluster.socket_dir())?;
    }
    preflight::report_version(target, findings)?;
    target.is_told_of(&Promised::of(known.manifest()));
    globals::restore_first(&archive.path, known.manifest(), target, findings)?;
    let jobs = target.server().room(options.jobs())?;
    let promised = Promised::of(known.manifest());
    let part = Part {
        choice: &options.choice,
        is_partial: !options.choice.is_everything() || promised.is_of_part(),
        toc,
    };
    let restored = match archive.kind {
        Kind::Plain(_) | Kind::Globals(_) => {
            restoring::of_script(archive, part, target, jobs, findings)
        }
        _ => restoring::of_archive(archive, part, target, jobs, findings),
    };
    let restored = restored.or_else(|error| target.has_room().and(Err(error)));
    let restored = match restored {
        // What was chosen is not there.
        Err(error) if error.kind() == shared::error::Kind::Usage && !target.lacking.is_empty() => {
            let lacking = target.lacking.iter().map(String::as_str);
            let lacking: Vec<&str> = lacking.collect();
            findings.unprovable(&format!(
                "{}; the server lacks EXTENSION {}",
                error.in_one_line(),
                lacking.join(", EXTENSION ")
            ));
            None
        }
        restored => restored?,
    };
    let Some(mut restored) = restored else {
        return Ok((String::new(), None));
    };
    if target.source.is_none() {
        target.source = restored.contents.database.database();
    }
    let restore = Restore {
        took: restored.took,
        server_version: target.server().version().to_string(),
    };
    let ours = target.server().is_ours();
    let mut refusals = restored.refusals.iter();
    if let Some(trouble) = refusals.find_map(|refusal| refusal.own_trouble(ours)) {
        return Err(trouble);
    }
    target.has_room()?;
    let others = restored.forget_what_was_not_chosen();
    restored.report(archive, target, findings)?;
    if restored.damage.is_some() || restored.is_unprovable() {
        return Ok((String::new(), Some(restore)));
    }
    tally::begin(format!("comparing with {}", archive.path.display()));
    let (backup, chosen) = (&restored.contents, &restored.chosen);
    announced::report(backup, findings)?;
    let defines = !backup.schema.is_of_database_alone();
    unproved::report(backup, defines, &promised, findings)?;
    let proof = Proof::new(archive, target, backup, &promised, chosen, jobs)?
        .after(restored.early.as_ref());
    let proved = proof.report(findings)?;
    let held = compare::Backup {
        contents: backup,
        chosen,
        promised: &promised,
        manifest: known.manifest(),
    };
    compare::report(&held, &options.checks, findings)?;
    restored.leave_what_was_chosen(others, target, findings)?;
    let origin = Origin::Restored(backup);
    let checks = &options.checks;
    let remarks = checks::report(target.database(), origin, checks, jobs, findings)?;
    let mut needs = String::new();
    if chosen.is_everything() {
        database::report(archive, backup, target, proof.pg_dump(), findings)?;
        needs = settings::report(archive, backup, findings)?;
    }
    let versions = extensions::report(known.manifest(), backup, target, findings)?;
    if let Some(withheld) = backup.withheld.in_words() {
        findings.unprovable(&withheld);
    }
    target.has_room()?;
    let took = units::human_duration(restored.took);
    let locale = match target.lacks_locale {
        true => ", with locale C for one that is missing here",
        false => "",
    };
    Ok((
        format!("{proved}; restored in {took}{locale}{versions}{needs}{remarks}"),
        Some(restore),
    ))
}
