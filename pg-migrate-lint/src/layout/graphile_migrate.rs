//! graphile-migrate: committed migrations, chained by hashes, and a current one.
//!
//! `committed/` has files whose names match `^[0-9]{6,}.*\.sql`, whose first lines are
//! `--! Previous: ` and `--! Hash: `, and then what runs, in a transaction unless its own first
//! line is `--! no-transaction`. `current.sql`, or the files of `current/`, is what is being
//! written. Source: graphile/migrate `src/{migration,current,header,hash}.ts`.

use std::path::Path;
use std::sync::Arc;

use shared::Result;

use super::checksum;
use super::finding::{self, Finding};
use super::folder::Folder;
use super::framework::{Evidence, Reading, Strength};
use super::manner::{Down, Manner, Outside};
use super::markers;
use super::migration::{self, Kind, Migration, Part, Wrapping};
use super::versions;

const COMMITTED: &str = "committed";
const CURRENT: &str = "current";
const PREVIOUS: &str = "--! Previous: ";
const HASH: &str = "--! Hash: ";
const FREE: &str = "--! AllowInvalidHash";

/// How a migration is written.
pub const MANNER: Manner = Manner {
    up: "",
    down: Down::None,
    outside: Outside::LineOfOne("--! no-transaction"),
    bodies: None,
    command: Some("graphile-migrate commit"),
};

/// Whether there are committed migrations and a current one.
pub fn detect(folder: &Folder) -> Option<Evidence> {
    let has = |name: &str| folder.folders.iter().any(|folder| folder == name);
    if !has(COMMITTED) {
        return None;
    }
    if folder.has("current.sql") || has(CURRENT) {
        let why = format!("it has {COMMITTED}/ and {CURRENT}");
        return Some(Evidence::new(Strength::Content, why));
    }
    let committed = Folder::open(&folder.at(COMMITTED)).ok()?;
    Evidence::line(&committed, HASH)
}

/// Whether a committed file bears this hash, and its text is what the hash was made of.
pub fn is_of_hash(hash: &str, text: &[u8]) -> bool {
    Header::of(text).is_some_and(|header| header.hash == hash && header.fits(text))
}

/// The committed migrations by their names, then the current one.
pub fn read(folder: &Folder) -> Result<Reading> {
    let mut reading = Reading::default();
    let mut previous = String::from("-");
    let path = folder.at(COMMITTED);
    let committed = if path.is_dir() {
        Some(Folder::open(&path)?)
    } else {
        None
    };
    for name in committed.iter().flat_map(Folder::sql) {
        let path = path.join(name);
        let (version, rest) = versions::leading_digits(name);
        if version.len() < 6 {
            let form = "committed/<6 digits>.sql";
            reading
                .findings
                .push(finding::skipped(&path, "graphile-migrate", form));
            continue;
        }
        let text = migration::read(&path)?;
        let Some(header) = Header::of(&text) else {
            let then = "stops here";
            reading.findings.push(finding::missing_marker(
                &path,
                "graphile-migrate",
                HASH,
                then,
            ));
            continue;
        };
        reading.findings.extend(broken(&path, &header, &previous));
        reading.findings.extend(edited(&path, &header, &text));
        previous = header.hash;
        if markers::has_crlf(&text) {
            reading
                .findings
                .push(finding::crlf(&path, "graphile-migrate"));
        }
        let title = rest.trim_end_matches(".sql").trim_start_matches('-');
        let part = part(&path, &text, header.body);
        reading
            .migrations
            .push(Migration::of_file(version, title, part));
    }
    for path in current(folder)? {
        let text = migration::read(&path)?;
        let name = versions::name_of(&path);
        reading.migrations.push(Migration {
            kind: Kind::Current,
            ..Migration::of_file("", &name, part(&path, &text, 0))
        });
    }
    let consequence = "graphile-migrate runs them in the order of their names";
    reading
        .findings
        .extend(versions::duplicates(&reading.migrations, consequence));
    Ok(reading)
}

#[derive(Debug)]
struct Header {
    previous: String,
    hash: String,
    /// Whether the hash need not fit what runs.
    is_free: bool,
    /// Where what runs begins.
    body: usize,
}

impl Header {
    /// Lines that begin with `--!` up to one that is empty; two of them there must be.
    fn of(text: &[u8]) -> Option<Self> {
        let (mut previous, mut hash, mut is_free) = (None, None, false);
        for line in markers::lines(text) {
            let said = |start| {
                let rest = markers::after(line.text, start)?;
                Some(String::from_utf8_lossy(rest).trim().to_string())
            };
            if line.text.is_empty() {
                let (previous, hash) = (previous?, hash?);
                return Some(Self {
                    previous,
                    hash,
                    is_free,
                    body: line.end,
                });
            }
            previous = previous.or_else(|| said(PREVIOUS));
            hash = hash.or_else(|| said(HASH));
            is_free |= markers::after(line.text, FREE).is_some();
            if !line.text.starts_with(b"--!") {
                return None;
            }
        }
        None
    }

    /// Whether its hash is that of what runs, or need not be.
    fn fits(&self, text: &[u8]) -> bool {
        let body = String::from_utf8_lossy(text.get(self.body..).unwrap_or_default());
        let previous = Some(self.previous.as_str()).filter(|previous| *previous != "-");
        let is_known = self.hash.starts_with("sha1:") && !self.is_free;
        !is_known || checksum::graphile_migrate(previous, &body) == self.hash
    }
}

fn broken(path: &Path, header: &Header, previous: &str) -> Option<Finding> {
    let named = if header.previous.is_empty() {
        "-"
    } else {
        &header.previous
    };
    if named == previous {
        return None;
    }
    let name = versions::name_of(path);
    let message = format!("{name} says that {named} is before it, but that is {previous}");
    let finding = Finding::new(&finding::BROKEN_CHAIN, path, message).at_line(1);
    Some(finding.with_fix("`graphile-migrate uncommit` it, and commit it again"))
}

/// A file whose own hash is not that of what runs: it was edited after it was committed.
fn edited(path: &Path, header: &Header, text: &[u8]) -> Option<Finding> {
    if header.fits(text) {
        return None;
    }
    let name = versions::name_of(path);
    let message = format!("{name} is not what its hash says: graphile-migrate stops here");
    let finding = Finding::new(&finding::EDITED_MIGRATION, path, message).at_line(2);
    Some(finding.with_fix("undo the change, and write a new migration that makes it"))
}

fn part(path: &Path, text: &Arc<[u8]>, body: usize) -> Part {
    let run = text.get(body..).unwrap_or_default();
    let first = markers::lines(run).next();
    let said = first.and_then(|line| markers::after(line.text, "--!"));
    let wrapping = match said.is_some_and(|said| said.trim_ascii().starts_with(b"no-transaction")) {
        true => Wrapping::ImplicitMultiStatement,
        false => Wrapping::PerFile,
    };
    let part = Part::whole(path.to_path_buf(), wrapping).with_text(text);
    part.only(body..text.len())
}

/// The files of the current migration.
fn current(folder: &Folder) -> Result<Vec<std::path::PathBuf>> {
    if folder.has("current.sql") {
        return Ok(vec![folder.at("current.sql")]);
    }
    if !folder.folders.iter().any(|name| name == CURRENT) {
        return Ok(Vec::new());
    }
    let own = Folder::open(&folder.at(CURRENT))?;
    Ok(own.sql().map(|name| own.at(name)).collect())
}
