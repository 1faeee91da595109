//! What of a folder its framework refuses, or passes over without a word: no row of a history tells of it, and what
//! stands beside it is not to be run as if it were not there.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use shared::{Context, Result};

use super::entry::Entry;
use super::state::State;
use crate::finding::Severity;
use crate::layout::{self, Finding, Layout, Project, versions};

/// What becomes of the migration, or the file, that a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    /// Nothing runs as long as it is there.
    Stops,
    /// It does not run; where it has run already that does not matter.
    Fails,
    /// It never runs.
    Skips,
}

/// Adds them to what became of the migrations.
pub fn add<'a>(project: &'a Project, entries: &mut Vec<Entry<'a>>) -> Result<()> {
    for finding in &project.findings {
        if let Some(then) = then(project.layout, finding) {
            apply(then, &finding.path, &finding.message, entries);
        }
    }
    if project.layout == Layout::Dbmate {
        dbmate(entries)?;
    }
    if project.layout == Layout::GraphileMigrate {
        chained(project, entries);
    }
    for (path, why) in lost(project)? {
        let (title, name) = (project.layout.title(), versions::name_of(&path));
        apply(
            Then::Stops,
            &path,
            &format!("{name} {why}: what {title} makes of it is not known here"),
            entries,
        );
    }
    Ok(())
}

fn then(layout: Layout, finding: &Finding) -> Option<Then> {
    Some(match finding.rule.name {
        "version-gap" | "invalid-version" | "journal-without-file" => Then::Stops,
        "folder-without-migration" if layout == Layout::Drizzle => Then::Skips,
        "folder-without-migration" => Then::Stops,
        // Drizzle does not look at it.
        "other-database" if layout == Layout::Prisma => Then::Stops,
        // A script that leads back is not needed on the way up.
        "plan-without-script" if finding.severity == Severity::Error => Then::Stops,
        "missing-marker" | "split-body" | "mixed-transaction" | "broken-chain"
            if finding.severity == Severity::Error =>
        {
            Then::Fails
        }
        // By the hash in the file itself; of others --since says it, and whether that matters their histories.
        "edited-migration" if layout == Layout::GraphileMigrate => Then::Fails,
        "file-without-journal" | "script-without-plan" => Then::Skips,
        "skipped-file" if is_meant(&finding.path) => Then::Skips,
        _ => return None,
    })
}

/// Whether a name looks like that of a migration which was to run: it begins with a version, and does not lead back.
fn is_meant(path: &Path) -> bool {
    let name = versions::name_of(path);
    let stem = name.strip_prefix(['V', 'v']).unwrap_or(&name);
    !versions::leading_digits(stem).0.is_empty() && !name.contains(".down.")
}

fn apply(then: Then, path: &Path, message: &str, entries: &mut Vec<Entry>) {
    let state = match then {
        Then::Stops | Then::Fails => State::Refused,
        Then::Skips => State::Skipped,
    };
    let is_it = |entry: &&mut Entry| entry.migration.is_some_and(|one| one.path == path);
    let known = entries.iter_mut().find(is_it);
    match known {
        Some(entry) if then == Then::Stops || entry.state.is_next() => {
            entry.state = state;
            entry.message = Some(message.to_string());
            entry.halts |= then == Then::Stops;
        }
        Some(_) => {}
        None => {
            let entry = Entry {
                halts: then == Then::Stops,
                ..Entry::of_file(path, state, message)
            };
            let name = versions::name_of(path);
            let is_later = |other: &Entry| {
                let other = other.file_name();
                other.is_none_or(|other| versions::natural(&other, &name).is_gt())
            };
            let place = entries.iter().position(is_later);
            entries.insert(place.unwrap_or(entries.len()), entry);
        }
    }
}

/// dbmate wants a down part of every file that it runs.
fn dbmate(entries: &mut [Entry]) -> Result<()> {
    for entry in entries.iter_mut().filter(|entry| entry.state.is_next()) {
        let Some(migration) = entry.migration else {
            continue;
        };
        if let Some(why) = layout::dbmate_refusal(&layout::read_file(&migration.path)?) {
            let name = versions::name_of(&migration.path);
            entry.state = State::Refused;
            entry.message = Some(format!("{name} {why}: dbmate refuses it"));
        }
    }
    Ok(())
}

/// graphile-migrate reads the chain of all files before it runs one: of a file that is gone the next one tells.
fn chained(project: &Project, entries: &mut [Entry]) {
    let broken = (project.findings.iter()).find(|finding| finding.rule.name == "broken-chain");
    let Some(broken) = broken else { return };
    let next = versions::name_of(&broken.path);
    let gone = entries.iter_mut();
    for entry in gone.filter(|entry| entry.state == State::MissingHere) {
        entry.halts = true;
        entry.message = Some(format!(
            "{} is applied, and there is no file of it: graphile-migrate refuses to go on, since {next} names another before it",
            entry.version
        ));
    }
}

/// Names in the folders of migrations that could be some and can't be read.
fn lost(project: &Project) -> Result<Vec<(PathBuf, &'static str)>> {
    let mut folders = BTreeSet::from([project.root.as_path()]);
    // Of others each migration has its own.
    if !matches!(
        project.layout,
        Layout::Prisma | Layout::Drizzle | Layout::Diesel
    ) {
        folders.extend((project.migrations.iter()).filter_map(|migration| migration.path.parent()));
    }
    let mut lost = Vec::new();
    for folder in folders {
        let folder = match folder.as_os_str().is_empty() {
            true => Path::new("."),
            false => folder,
        };
        let what = || format!("could not read the folder {}", folder.display());
        for entry in fs::read_dir(folder).context(what)? {
            let entry = entry.context(what)?;
            let name = entry.file_name();
            if !is_sql(&name) {
                continue;
            }
            let is_link = || entry.file_type().is_ok_and(|kind| kind.is_symlink());
            if name.to_str().is_none() {
                lost.push((entry.path(), "has a name that is not UTF-8"));
            } else if is_link() && fs::metadata(entry.path()).is_err() {
                lost.push((entry.path(), "is a link that leads nowhere"));
            }
        }
    }
    lost.sort();
    Ok(lost)
}

fn is_sql(name: &OsStr) -> bool {
    let end = name.as_encoded_bytes().last_chunk::<4>();
    end.is_some_and(|end| end.eq_ignore_ascii_case(b".sql"))
}
