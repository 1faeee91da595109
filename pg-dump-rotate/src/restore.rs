//! The command that restores a backup, to be pasted into a shell.
//!
//! It wants an empty database and stops at the first error. What goes through a
//! pipe is read once before its first byte reaches psql, since a shell doesn't
//! notice when the first program of a pipe fails. Not in one transaction: that
//! takes a lock on every object at once, more than a server has room for when
//! there are many, and a script with large objects ends it half-way.

use std::borrow::Cow;
use std::path::Path;

use shared::backup::{Format, Manifest};
use shared::programs::Version;

/// From here on pg_dump sets a parameter that older servers don't know.
const SETS_TRANSACTION_TIMEOUT: u32 = 17;
/// Takes that line out of the head of a script.
const FORGET_IT: &str = "LC_ALL=C sed '1,40{/^SET transaction_timeout/d;}'";

/// The command for the backup at `path`, with everything quoted for a shell.
pub fn command(path: &Path, manifest: &Manifest) -> String {
    let path = path.to_string_lossy();
    let file = quoted(&path);
    let database = conninfo(&manifest.database);
    let target = quoted(&database);
    let psql = format!("psql -X -q -o /dev/null -v ON_ERROR_STOP=1 -d {target}");
    let is_gzip = path.ends_with(".gz");
    match (manifest.format, sets_too_much(manifest)) {
        (Format::Custom, false) => format!("pg_restore --exit-on-error -d {target} {file}"),
        (Format::Custom, true) => format!(
            "pg_restore -f /dev/null {file} && pg_restore -f - {file} | {FORGET_IT} | {psql}"
        ),
        (Format::Plain, false) if is_gzip => {
            format!("gunzip -t {file} && gunzip -c {file} | {psql}")
        }
        (Format::Plain, true) if is_gzip => {
            format!("gunzip -t {file} && gunzip -c {file} | {FORGET_IT} | {psql}")
        }
        (Format::Plain, false) => format!("{psql} -f {file}"),
        (Format::Plain, true) => format!("{FORGET_IT} {file} | {psql}"),
    }
}

fn sets_too_much(manifest: &Manifest) -> bool {
    let is_new = |version: &str| {
        Version::parse(version).is_some_and(|version| version.major >= SETS_TRANSACTION_TIMEOUT)
    };
    is_new(&manifest.pg_dump_version) && !is_new(&manifest.server_version)
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
