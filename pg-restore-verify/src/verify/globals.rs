//! Globals: verified themselves, or restored before the database that they belong to.

use std::path::Path;
use std::time::Instant;

use shared::Result;
use shared::backup::Manifest;
use shared::cli::Context;
use shared::programs::Program;

use crate::archive::Archive;
use crate::checksum::Known;
use crate::cli::Mode;
use crate::globals::{self, Globals};
use crate::note::Restore;
use crate::record::{Findings, Status};
use crate::redump;
use crate::restore::{LABELS, Refusal, Target};
use crate::servers::Servers;

/// Verifies a backup of globals: what was proved, in words, and how it was restored.
pub fn verify(
    archive: &Archive,
    mode: Mode,
    servers: &mut Servers,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    let globals = Globals::read(archive)?;
    if let Some(damage) = &globals.damage {
        findings.add(findings.check("archive", Status::Failed).message(damage))?;
        return Ok((String::new(), None));
    }
    if let Some(words) = globals.is_of_cluster {
        // It may well restore; nothing says so.
        let message = format!("{words}: read to its end, and not restored");
        findings.unprovable(&message);
        findings.add(findings.check("restore", Status::Skipped).message(message))?;
        return Ok((String::new(), None));
    }
    let count = match globals.objects().len() {
        1 => "1 role or tablespace".to_string(),
        several => format!("{several} roles and tablespaces"),
    };
    let finding = findings.check("archive", Status::Ok);
    findings.add(finding.message(format!("{count}, read to the end")))?;
    if mode == Mode::ArchiveOnly {
        return Ok((format!("{count}: read to the end, not restored"), None));
    }
    // Never on a server that others use: it would change their roles.
    let mut target = Target::private(archive, servers, context)?;
    let began = Instant::now();
    let refusals = globals.restore(&mut target)?;
    let took = began.elapsed();
    let (labels, refusals) = without_labels(refusals, "restore", findings)?;
    for refusal in &refusals {
        let finding = findings.check("restore", Status::Failed);
        findings.add(finding.object(refusal.shown()).message(refusal.in_words()))?;
    }
    if refusals.is_empty() {
        findings.add(findings.check("restore", Status::Ok).took(took))?;
        compare(archive, &globals, &target, labels, findings)?;
    }
    let server_version = target.server().version().to_string();
    let proved = format!("{count}: restored on PostgreSQL {server_version}");
    let restore = Restore {
        took,
        server_version,
    };
    Ok((proved, Some(restore)))
}

/// Takes away what was refused of security labels for want of their library, which is told; whether
/// there was any, and the others.
fn without_labels(
    refusals: Vec<Refusal>,
    check: &str,
    findings: &mut Findings<'_>,
) -> Result<(bool, Vec<Refusal>)> {
    let is_label = Refusal::is_about_label_provider;
    let (labels, others): (Vec<_>, Vec<_>) = refusals.into_iter().partition(is_label);
    for label in &labels {
        let words = format!("{}: {LABELS}", label.in_words());
        findings.unprovable(&words);
        let finding = findings.check(check, Status::Skipped);
        findings.add(finding.object(label.shown()).message(words))?;
    }
    Ok((!labels.is_empty(), others))
}

/// Dumps the restored globals again. Other versions have other words for the same. `lacks_labels`
/// says that those could not be restored.
fn compare(
    archive: &Archive,
    globals: &Globals,
    target: &Target,
    lacks_labels: bool,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let began = Instant::now();
    let version = target.server().version().major;
    let pg_dumpall = Program::find("pg_dumpall", Some(version))?;
    let ours = (Some(version), Some(pg_dumpall.version.major));
    let restored = redump::globals(&pg_dumpall, target)?;
    let is_told = |about: &String| lacks_labels && about.starts_with("SECURITY LABEL ");
    if (archive.server_major, archive.pg_dump_major) != ours {
        let mut lost = globals.lost(&restored, target.server().user());
        lost.retain(|about| !is_told(about));
        for about in &lost {
            let finding = findings.check("schema", Status::Failed).object(about);
            findings.add(finding.message("is missing"))?;
        }
        if lost.is_empty() {
            let message = "of a server or a pg_dumpall of another version, or of one that is not \
                           known: all that it is about is there, and not compared word by word";
            findings.add(findings.check("schema", Status::Skipped).message(message))?;
        }
        return Ok(());
    }
    let mut differences = globals.differences(&restored, target.server().user());
    differences.retain(|(about, _)| !is_told(about));
    for (about, how) in &differences {
        let finding = findings.check("schema", Status::Failed).object(about);
        findings.add(finding.message(*how))?;
    }
    if differences.is_empty() {
        findings.add(findings.check("schema", Status::Ok).took(began.elapsed()))?;
    }
    Ok(())
}

/// Restores the globals that lie beside a backup of a database, if some do.
pub fn restore_first(
    backup: &Path,
    manifest: Option<&Manifest>,
    target: &mut Target,
    findings: &mut Findings<'_>,
) -> Result<()> {
    let Some(path) = manifest.and_then(|manifest| globals::beside(backup, manifest)) else {
        return Ok(());
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fail = |findings: &mut Findings<'_>, why: &str| {
        let finding = findings.check("globals", Status::Failed).object(&name);
        findings.add(finding.message(why))
    };
    if !target.server().is_ours() {
        return Ok(());
    }
    let began = Instant::now();
    if Known::of(&path).compare(&path, 1)?.differs() {
        return fail(findings, "the file is not what its manifest says");
    }
    let globals = match Archive::open(&path)? {
        Ok(archive) => Globals::read(&archive)?,
        Err(damage) => return fail(findings, &damage),
    };
    let others = globals.is_of_cluster.map(str::to_string);
    if let Some(damage) = globals.damage.as_ref().or(others.as_ref()) {
        return fail(findings, damage);
    }
    let refusals = globals.restore(target)?;
    let (_, refusals) = without_labels(refusals, "globals", findings)?;
    for refusal in &refusals {
        let finding = findings.check("globals", Status::Failed);
        findings.add(finding.object(refusal.shown()).message(refusal.in_words()))?;
    }
    if refusals.is_empty() {
        let finding = findings.check("globals", Status::Ok).object(&name);
        let words = "the roles and tablespaces of its set were restored first";
        findings.add(finding.message(words).took(began.elapsed()))?;
    }
    Ok(())
}
