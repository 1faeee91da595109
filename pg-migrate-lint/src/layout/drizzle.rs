//! Drizzle: a journal that says what runs, and all that is pending in one transaction.
//!
//! drizzle-orm reads every file that `meta/_journal.json` names, in the journal's order, and
//! applies an entry if its `when` is greater than the greatest one applied; nothing else is
//! compared. From 1.0 on there is no journal: folders with a `migration.sql`, sorted by name,
//! whose first 14 digits are the time. Source: drizzle-team/drizzle-orm
//! `drizzle-orm/src/migrator.ts`, `pg-core/dialect.ts`.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use shared::{Context, Result};

use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::migration::{Migration, Part, Wrapping};
use super::prisma::MIGRATION;
use super::versions;
use crate::finding::Severity;

const JOURNAL: &str = "meta/_journal.json";
const SNAPSHOT: &str = "snapshot.json";

/// The part of the journal that decides.
#[derive(Debug, Deserialize)]
struct Journal {
    dialect: Option<String>,
    entries: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    when: f64,
    tag: String,
}

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::None,
    outside: Outside::Never("Drizzle runs all that is pending in one transaction"),
    bodies: None,
    command: Some("drizzle-kit generate --custom --name={}"),
};

/// Whether the folder is what drizzle-kit writes to.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let seen = |what: String| Some(Evidence::new(Strength::Content, what));
    if folder.at(JOURNAL).is_file() {
        return seen(format!("it has {JOURNAL}"));
    }
    let mut both = folder.folders_with(SNAPSHOT);
    let name = both.find(|name| folder.at(name).join(MIGRATION).is_file())?;
    seen(format!("it has {name}/{MIGRATION} and {SNAPSHOT}"))
}

/// The migrations in the order of the journal, or of the folders' names.
pub fn read(folder: &Folder) -> Result<Reading> {
    if folder.at(JOURNAL).is_file() {
        return by_journal(folder);
    }
    Ok(by_folders(folder))
}

fn by_journal(folder: &Folder) -> Result<Reading> {
    let path = folder.at(JOURNAL);
    let text = folder.read(JOURNAL)?;
    let journal: Journal = serde_json::from_slice(&text)
        .map_err(|error| shared::Error::new(error.to_string()))
        .context(|| format!("{} is not a journal of Drizzle's", path.display()))?;
    let mut reading = Reading::default();
    let mut named = HashSet::new();
    for entry in &journal.entries {
        let file = format!("{}.sql", entry.tag);
        if folder.has(&file) {
            let part = Part::whole(folder.at(&file), Wrapping::AllInOne);
            let name = versions::numbered(&entry.tag).map_or(entry.tag.as_str(), |(_, name)| name);
            reading
                .migrations
                .push(Migration::of_file(&entry.tag, name, part));
        } else {
            let message = format!("the journal names {}, but {file} is not there", entry.tag);
            let finding = Finding::new(&finding::JOURNAL_WITHOUT_FILE, &path, message);
            let finding = finding.at_line(line_of(&text, &entry.tag));
            reading
                .findings
                .push(finding.with_fix(format!("put {file} back")));
        }
        named.insert(file);
    }
    let unnamed = folder.sql().filter(|name| !named.contains(*name));
    reading.findings.extend(unnamed.map(|name| {
        let message = format!("{name} is not in {JOURNAL}: Drizzle never applies it");
        let finding = Finding::new(&finding::FILE_WITHOUT_JOURNAL, &folder.at(name), message);
        finding.with_fix("make it by `drizzle-kit generate --custom`, and move its SQL there")
    }));
    reading
        .findings
        .extend(order(folder, &journal.entries, &text));
    reading
        .findings
        .extend(duplicates(folder, &journal.entries, &text));
    reading.findings.extend(dialect(folder, &journal));
    Ok(reading)
}

/// Entries that are not later than one before them. The one with the greatest time so far is what
/// a database that is up to date compares with.
fn order(folder: &Folder, entries: &[Entry], text: &[u8]) -> Vec<Finding> {
    let mut latest: Option<&Entry> = None;
    let mut findings = Vec::new();
    for entry in entries {
        let skipped_by = latest.filter(|latest| entry.when <= latest.when);
        if let Some(latest) = skipped_by {
            let message = format!(
                "{} has `when` {}, not later than {} of {}: where that one is applied, Drizzle \
                 skips this one without a word",
                entry.tag, entry.when, latest.when, latest.tag
            );
            let finding = Finding::new(
                &finding::JOURNAL_NOT_INCREASING,
                &folder.at(JOURNAL),
                message,
            );
            let finding = finding.at_line(line_of(text, &entry.tag));
            findings.push(finding.with_fix(format!(
                "set `when` of {} to more than {}, unless it is applied everywhere",
                entry.tag, latest.when
            )));
        } else {
            latest = Some(entry);
        }
    }
    findings
}

/// Two entries of the same number are two branches' work. Drizzle takes both.
fn duplicates(folder: &Folder, entries: &[Entry], text: &[u8]) -> Vec<Finding> {
    let mut seen: HashMap<&str, &str> = HashMap::new();
    let mut findings = Vec::new();
    for entry in entries {
        let digits = versions::leading_digits(&entry.tag).0;
        let first = seen.get(digits).copied().filter(|_| !digits.is_empty());
        if let Some(first) = first {
            let message = format!("{first} and {} have the same number", entry.tag);
            let finding = Finding::new(&finding::DUPLICATE_VERSION, &folder.at(JOURNAL), message);
            let finding = finding.at_line(line_of(text, &entry.tag));
            findings.push(
                finding
                    .with_severity(Severity::Warning)
                    .with_fix("make the newer one again by `drizzle-kit generate`"),
            );
        } else {
            seen.insert(digits, &entry.tag);
        }
    }
    findings
}

fn dialect(folder: &Folder, journal: &Journal) -> Option<Finding> {
    let dialect = journal.dialect.as_deref()?;
    if matches!(dialect, "postgresql" | "pg") {
        return None;
    }
    let message = format!("the migrations are for {dialect}, not for PostgreSQL");
    Some(Finding::new(
        &finding::OTHER_DATABASE,
        &folder.at(JOURNAL),
        message,
    ))
}

fn by_folders(folder: &Folder) -> Reading {
    let mut reading = Reading::default();
    for name in &folder.folders {
        let own = folder.at(name);
        let (digits, _) = versions::leading_digits(name);
        if own.join(MIGRATION).is_file() {
            let part = Part::whole(own.join(MIGRATION), Wrapping::AllInOne);
            let title = versions::numbered(name).map_or(name.as_str(), |(_, title)| title);
            reading
                .migrations
                .push(Migration::of_file(name, title, part));
        } else if !digits.is_empty() {
            let message = format!("{name} has no {MIGRATION}: Drizzle passes over it");
            let finding = Finding::new(&finding::FOLDER_WITHOUT_MIGRATION, &own, message);
            reading
                .findings
                .push(finding.with_fix(format!("put {MIGRATION} back")));
        }
    }
    reading
}

/// The line of the journal that names a tag.
fn line_of(text: &[u8], tag: &str) -> usize {
    let quoted = format!("\"{tag}\"");
    let at = memchr::memmem::find(text, quoted.as_bytes()).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    1 + memchr::memchr_iter(b'\n', before).count()
}
