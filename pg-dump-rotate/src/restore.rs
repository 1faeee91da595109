//! The command that restores a backup, to be pasted into a shell.
//!
//! It wants an empty database and stops at the first error. What goes through a
//! pipe is read once before its first byte reaches psql, since a shell doesn't
//! notice when the first program of a pipe fails. Not in one transaction: that
//! takes a lock on every object at once, more than a server has room for when
//! there are many, and a script with large objects ends it half-way.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use shared::backup::{Common, Format};
use shared::programs::{Program, Version};

const PG_RESTORE: &str = "pg_restore";
const PSQL: &str = "psql -X -q -o /dev/null -v ON_ERROR_STOP=1";
/// From here on pg_dump sets a parameter that older servers don't know.
const SETS_TRANSACTION_TIMEOUT: u32 = 17;

/// How many lines of a script may be its head, which sets what a session needs.
const HEAD: u32 = 60;
/// The same where it makes its database, which sets it anew behind that and behind its settings.
const HEAD_OF_DATABASE: u32 = 200;

/// The command for the backup at `path`, with everything quoted for a shell.
pub fn command(path: &Path, manifest: &Common) -> String {
    let path = path.to_string_lossy();
    let file = quoted(&path);
    if manifest.is_of_globals() {
        return globals(&file);
    }
    let database = conninfo(manifest.database.as_deref().unwrap_or("postgres"));
    let target = quoted(&database);
    let psql = format!("{PSQL} -d {target}");
    let jobs = match manifest.format {
        Format::Directory => "-j 4 ",
        _ => "",
    };
    let decompressor = Decompressor::of(&manifest.compression);
    let pg_restore = match manifest.format {
        Format::Plain => PG_RESTORE.into(),
        _ => reader(manifest),
    };
    match (manifest.format, without_stumbling(manifest, HEAD)) {
        (Format::Custom | Format::Directory | Format::Tar, None) => {
            format!("{pg_restore} --exit-on-error {jobs}-d {target} {file}")
        }
        (Format::Custom | Format::Directory | Format::Tar, Some(sed)) => {
            format!("{pg_restore} -f /dev/null {file} && {pg_restore} -f - {file} | {sed} | {psql}")
        }
        (Format::Plain, sed) => match (decompressor, sed) {
            (Some(decompressor), None) => format!("{} | {psql}", decompressor.command(&file)),
            (Some(decompressor), Some(sed)) => {
                format!("{} | {sed} | {psql}", decompressor.command(&file))
            }
            (None, None) => format!("{psql} -f {file}"),
            (None, Some(sed)) => format!("{sed} {file} | {psql}"),
        },
    }
}

/// The command that makes the database of an archive as it was, with its owner, settings and
/// rights, on a server that has none of that name.
pub fn recreating(path: &Path, manifest: &Common) -> Option<String> {
    let has_database = manifest.format != Format::Plain && !manifest.is_of_globals();
    let has_tables = !manifest
        .selection
        .iter()
        .any(|option| option == "--data-only");
    if !has_database || !has_tables {
        return None;
    }
    let path = path.to_string_lossy();
    let (file, pg_restore) = (quoted(&path), reader(manifest));
    let options = manifest.restore_options.as_deref();
    let options = options.map_or_else(String::new, |options| {
        format!("PGOPTIONS={} ", quoted(options))
    });
    Some(match without_stumbling(manifest, HEAD_OF_DATABASE) {
        None => format!("{options}{pg_restore} --create --exit-on-error -d postgres {file}"),
        Some(sed) => format!(
            "{pg_restore} -f /dev/null {file} && {pg_restore} --create -f - {file} | {sed} | \
             {options}{PSQL} -d postgres"
        ),
    })
}

/// The pg_restore that reads an archive: by its name alone, unless the first on PATH is older than the
/// pg_dump, and another one here is not.
fn reader(manifest: &Common) -> String {
    static FIRST: OnceLock<Option<u32>> = OnceLock::new();
    static READERS: Mutex<BTreeMap<u32, String>> = Mutex::new(BTreeMap::new());
    let version = manifest.pg_dump_version.as_deref();
    let Some(Version { major, .. }) = version.and_then(Version::parse) else {
        return PG_RESTORE.into();
    };
    let first = || Program::from_command(PG_RESTORE, PG_RESTORE).ok();
    let first = FIRST.get_or_init(|| first().map(|program| program.version.major));
    if first.is_some_and(|first| first >= major) {
        return PG_RESTORE.into();
    }
    let mut readers = READERS.lock().unwrap_or_else(PoisonError::into_inner);
    let find = || {
        let found = Program::find(PG_RESTORE, Some(major)).ok();
        let found = found.filter(|program| program.version.major >= major);
        let path = found.map(|program| quoted(&program.path().to_string_lossy()).into_owned());
        path.unwrap_or_else(|| PG_RESTORE.into())
    };
    readers.entry(major).or_insert_with(find).clone()
}

/// A program that undoes a script's compression: how it tests a file, and how it writes the
/// content to its stdout.
struct Decompressor {
    test: &'static str,
    write: &'static str,
}

impl Decompressor {
    /// By the word in the manifest; `None` for a script that is not compressed.
    fn of(compression: &str) -> Option<Self> {
        let (test, write) = match compression.split(':').next() {
            Some("gzip") => ("gunzip -t", "gunzip -c"),
            Some("zstd") => ("zstd -qt", "zstd -qdc"),
            Some("lz4") => ("lz4 -qt", "lz4 -qdc"),
            Some("bzip2") => ("bzip2 -t", "bzip2 -dc"),
            Some("xz") => ("xz -t", "xz -dc"),
            _ => return None,
        };
        Some(Self { test, write })
    }

    fn command(&self, file: &str) -> String {
        let Self { test, write } = self;
        format!("{test} {file} && {write} {file}")
    }
}

/// Roles that are there already, such as the one that restores, are not made but still get their
/// settings.
fn globals(file: &str) -> String {
    let unless_there = "s/^CREATE ROLE \\(.*\\);$/\
                        DO $_$BEGIN CREATE ROLE \\1; EXCEPTION WHEN duplicate_object THEN END$_$;/";
    let sed = format!("LC_ALL=C sed '{unless_there}'");
    format!("gunzip -t {file} && gunzip -c {file} | {sed} | {PSQL} -d postgres")
}

/// Takes the lines out of the first `lines` of a script that a new database would stumble over: a
/// parameter that it doesn't know, and the schema public that it has already.
fn without_stumbling(manifest: &Common, lines: u32) -> Option<String> {
    let is_new = |version: &Option<String>| {
        let version = version.as_deref().and_then(Version::parse);
        version.is_some_and(|version| version.major >= SETS_TRANSACTION_TIMEOUT)
    };
    let mut deletions = String::new();
    if is_new(&manifest.pg_dump_version) && !is_new(&manifest.server_version) {
        deletions.push_str("/^SET transaction_timeout/d;");
    }
    // Only a dump of chosen schemas creates it.
    if manifest
        .selection
        .iter()
        .any(|option| option.starts_with("--schema="))
    {
        deletions.push_str("/^CREATE SCHEMA public;$/d;");
    }
    (!deletions.is_empty()).then(|| format!("LC_ALL=C sed '1,{lines}{{{deletions}}}'"))
}

/// A name that libpq would take for more than a name is spelled out.
fn conninfo(database: &str) -> Cow<'_, str> {
    let is_more = database.contains('=')
        || database.starts_with("postgres://")
        || database.starts_with("postgresql://");
    if !is_more {
        return database.into();
    }
    let escaped = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{escaped}'").into()
}

fn quoted(text: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:%+@,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''")).into()
}
