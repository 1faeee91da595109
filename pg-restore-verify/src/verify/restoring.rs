//! A backup, restored where nothing is yet.

use shared::Result;
use shared::dump::Toc;
use shared::programs::Program;

use crate::archive::Archive;
use crate::contents::Collector;
use crate::preflight::{self, Extent, Wanted};
use crate::record::{Findings, Status};
use crate::restore::{self, Locale, Part, Restored, Target};
use crate::source::{self, Converted, Damage};

/// Restores an archive; `None` if not even its table of contents can be read.
pub fn of_archive(
    archive: &Archive,
    part: Part<'_>,
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
    // The one of its text can be another: `pg_dump --encoding`.
    let encoding = create.and_then(Locale::encoding_of_statement);
    let encoding = encoding.or_else(|| collector.contents().encoding.clone());
    target.source = collector.contents().schema.database();
    collector.forget_database();
    if let Some(toc) = part.toc {
        collector.roles_of_large_objects(toc);
        collector.refreshes(toc);
        if let Some(damage) = describe(&pg_restore, archive, toc, target, &mut collector)? {
            findings.add(findings.check("archive", Status::Failed).message(damage))?;
            return Ok(None);
        }
    }
    let wanted = Wanted::of_contents(collector.contents());
    if !wanted.report(target, part.choice.is_part_by_name(), findings)? {
        return Ok(None);
    }
    if let Some(why) = target.create_database(encoding.as_deref(), &locale)? {
        findings.add(findings.check("locale", Status::Skipped).message(why))?;
    }
    if !wanted.report_collations(target, part.choice.is_part_by_name(), findings)? {
        return Ok(None);
    }
    if let (0, Some(toc)) = (collector.contents().schema.count(), part.toc) {
        restore::stand_in_for(toc, target)?;
    }
    target.provide(&collector.contents().needs)?;
    preflight::report_roles(target, findings)?;
    let restored = restore::restore_archive(&pg_restore, archive, target, collector, part, jobs)?;
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

/// Reads what an archive says of its large objects, which is data to pg_restore; what is wrong
/// with that.
fn describe(
    pg_restore: &Program,
    archive: &Archive,
    toc: &Toc,
    target: &Target,
    collector: &mut Collector,
) -> Damage {
    let mut list = String::new();
    for (id, entry) in toc.in_order() {
        let described = entry.kind == "BLOB" || entry.kind == "BLOB METADATA";
        if described || entry.label.starts_with("LARGE OBJECT") {
            list.push_str(&format!("{id};\n"));
        }
    }
    if list.is_empty() {
        return Ok(None);
    }
    let mut decoder = target.decoder();
    if let Some(encoding) = &collector.contents().encoding {
        decoder.declare(encoding);
    }
    let mut found = Collector::new();
    let script = Converted::start_listed(pg_restore, archive, &[], &list)?;
    let damage = script.collect(&mut decoder, &mut found)?;
    collector.describe(found.finish().described);
    Ok(damage)
}

/// Restores a script; `None` if the server lacks what it needs.
pub fn of_script(
    archive: &Archive,
    part: Part<'_>,
    target: &mut Target,
    jobs: usize,
    findings: &mut Findings<'_>,
) -> Result<Option<Restored>> {
    let (script, extent) = (source::plain(archive)?, Extent::of(target)?);
    let wanted = Wanted::of_script(script, extent, &mut target.decoder())?;
    if !wanted.report(target, part.choice.is_part_by_name(), findings)? {
        return Ok(None);
    }
    let create = wanted.create_database.as_deref();
    let locale = match create.map(Locale::of_statement) {
        Some(locale) if !locale.is_unknown() => locale,
        _ => Locale::of_manifest(&archive.path),
    };
    if locale.is_unknown() {
        target.guesses_locale();
    }
    if let Some(why) = target.create_database(archive.encoding.as_deref(), &locale)? {
        findings.add(findings.check("locale", Status::Skipped).message(why))?;
    }
    if !wanted.report_collations(target, part.choice.is_part_by_name(), findings)? {
        return Ok(None);
    }
    target.provide(&wanted.needs)?;
    preflight::report_roles(target, findings)?;
    restore::restore_script(source::plain(archive)?, target, part, jobs).map(Some)
}
