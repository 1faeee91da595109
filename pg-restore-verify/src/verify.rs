//! One backup, from its file to its verdict.

use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use shared::cli::Context;
use shared::programs::Program;
use shared::{Error, Result, units};

use crate::archive::{Archive, Kind, is_directory};
use crate::checksum;
use crate::cli::Options;
use crate::contents::Collector;
use crate::note::{self, Restore};
use crate::proof::Proof;
use crate::record::{Findings, Status};
use crate::restore::{self, Locale, Refusal, Restored, Target};
use crate::source::{self, Converted};

/// Verifies one backup; its verdict is the last of its findings.
///
/// # Errors
/// When the verification itself can't be done. What is wrong with the backup is
/// a finding.
pub fn backup(
    path: &Path,
    options: &Options,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<()> {
    if is_directory(path) {
        return directory(path, findings);
    }
    let opened = Archive::open(path)?;
    findings.begin(path);
    let archive = match opened {
        Ok(archive) => archive,
        Err(damage) => {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
            let verdict = findings.verdict(String::new())?;
            note::beside(path, verdict, None, options, context);
            return Ok(());
        }
    };
    let (proved, restore) = thread::scope(|scope| {
        let checksum = scope.spawn(|| checksum::compare(path));
        let proved = restored_and_proved(&archive, options, context, findings);
        let checksum = joined(checksum)?;
        let proved = proved?;
        findings.add(checksum.finding(findings))?;
        Ok::<_, Error>(proved)
    })?;
    let verdict = findings.verdict(proved)?;
    note::beside(path, verdict, restore, options, context);
    Ok(())
}

/// Of a dump of directory format no more than its files is looked at.
fn directory(path: &Path, findings: &mut Findings<'_>) -> Result<()> {
    findings.begin(path);
    let checksum = checksum::compare(path)?;
    findings.add(checksum.finding(findings))?;
    Err(Error::new(format!(
        "{}: restoring dumps of directory format is not supported; only checksums were compared",
        path.display()
    )))
}

fn joined<T>(handle: ScopedJoinHandle<'_, T>) -> T {
    handle
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What was proved, in words, and how long the restore took on which server.
fn restored_and_proved(
    archive: &Archive,
    options: &Options,
    context: &Context,
    findings: &mut Findings<'_>,
) -> Result<(String, Option<Restore>)> {
    let progress = context.progress();
    progress.show(|| format!("restoring {}", archive.path.display()));
    let mut target = Target::start(archive, context)?;
    let restored = match archive.kind {
        Kind::Custom => custom(archive, &mut target, options.jobs(), findings),
        Kind::Plain | Kind::PlainGzip => plain(archive, &mut target, findings).map(Some),
    };
    let restored = restored.or_else(|error| target.has_room().and(Err(error)))?;
    let Some(restored) = restored else {
        return Ok((String::new(), None));
    };
    let restore = Restore {
        took: restored.took,
        server_version: target.cluster().version().to_string(),
    };
    if let Some(trouble) = restored.refusals.iter().find_map(Refusal::own_trouble) {
        return Err(trouble);
    }
    target.has_room()?;
    restored.report(archive, &target, findings)?;
    if restored.damage.is_some() || restored.is_data_only() {
        return Ok((String::new(), Some(restore)));
    }
    progress.show(|| format!("comparing with {}", archive.path.display()));
    let proof = Proof::new(archive, &target, &restored.contents, options.jobs())?;
    let proved = proof.report(findings)?;
    let took = units::human_duration(restored.took);
    Ok((format!("{proved}; restored in {took}"), Some(restore)))
}

/// Restores an archive; `None` if not even its table of contents can be read.
fn custom(
    archive: &Archive,
    target: &mut Target,
    jobs: usize,
    findings: &mut Findings<'_>,
) -> Result<Option<Restored>> {
    let pg_restore = Program::find("pg_restore", archive.pg_dump_major)?;
    let mut collector = match definitions(&pg_restore, archive, target)? {
        Ok(collector) => collector,
        Err(damage) => {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
            return Ok(None);
        }
    };
    let create = collector.contents().schema.create_database();
    let locale = create.map(Locale::of_statement).unwrap_or_default();
    collector.forget_database();
    let encoding = collector.contents().encoding.clone();
    if let Some(why) = target.create_database(encoding.as_deref(), &locale)? {
        findings.add(findings.check("locale", Status::Skipped).message(why))?;
    }
    let restored = restore::restore_archive(&pg_restore, archive, target, collector, jobs)?;
    Ok(Some(restored))
}

/// The definitions in an archive, or why they can't be read.
fn definitions(
    pg_restore: &Program,
    archive: &Archive,
    target: &Target,
) -> Result<std::result::Result<Collector, String>> {
    let mut damage = String::new();
    // Only the first tells the locale, but it refuses some names of databases.
    for options in [&["--schema-only", "--create"][..], &["--schema-only"]] {
        let mut collector = Collector::new();
        let script = Converted::start(pg_restore, archive, options)?;
        match script.collect(&mut target.decoder(), &mut collector)? {
            None => return Ok(Ok(collector)),
            Some(words) => damage = words,
        }
    }
    Ok(Err(damage))
}

fn plain(archive: &Archive, target: &mut Target, findings: &mut Findings<'_>) -> Result<Restored> {
    let locale = Locale::of_manifest(&archive.path);
    if let Some(why) = target.create_database(archive.encoding.as_deref(), &locale)? {
        findings.add(findings.check("locale", Status::Skipped).message(why))?;
    }
    restore::restore_script(source::plain(archive)?, target)
}

impl Restored {
    /// The findings of the restore itself.
    fn report(
        &self,
        archive: &Archive,
        target: &Target,
        findings: &mut Findings<'_>,
    ) -> Result<()> {
        if self.is_data_only() {
            let message = "the backup holds rows and no definitions: by itself it restores nothing";
            return findings.add(findings.check("restore", Status::Failed).message(message));
        }
        for refusal in &self.refusals {
            let finding = findings.check("restore", Status::Failed);
            findings.add(finding.object(&refusal.object).message(&refusal.message))?;
        }
        if let Some(damage) = &self.damage {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
        } else if self.refusals.is_empty() {
            let finding = findings.check("restore", Status::Ok).took(self.took);
            findings.add(finding.message(self.summary(archive, target)))?;
        }
        Ok(())
    }

    fn is_data_only(&self) -> bool {
        self.contents.schema.len() == 0 && !self.contents.tables.is_empty()
    }

    fn summary(&self, archive: &Archive, target: &Target) -> String {
        let bytes = archive.path.metadata().map_or(0, |metadata| metadata.len());
        let rate = bytes as f64 / self.took.as_secs_f64().max(0.001);
        let mut summary = format!(
            "PostgreSQL {} took {}, {}/s of backup",
            target.cluster().version(),
            units::human_duration(self.took),
            units::human_bytes(rate as u64)
        );
        if !target.created_roles.is_empty() {
            let roles: Vec<&str> = target.created_roles.iter().map(String::as_str).collect();
            summary.push_str(&format!(
                "; roles it names, created without login: {}",
                roles.join(", ")
            ));
        }
        summary
    }
}
