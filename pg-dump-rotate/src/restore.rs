//! The command that restores a backup, to be pasted into a shell.
//!
//! It wants an empty database and stops at the first error. A compressed script
//! is tested before its first byte reaches psql, since a shell doesn't notice when
//! the first program of a pipe fails. Not in one transaction: that takes a lock on
//! every object at once, more than a server has room for when there are many, and
//! a script with large objects ends it half-way.

use std::path::Path;

use shared::backup::Format;

/// The command for the backup at `path`, with everything quoted for a shell.
pub fn command(path: &Path, database: &str, format: Format) -> String {
    let path_text = path.to_string_lossy();
    let file = quoted(&path_text);
    let target = quoted(&conninfo(database)).into_owned();
    let psql = format!("psql -X -q -v ON_ERROR_STOP=1 -d {target}");
    match format {
        Format::Custom => format!("pg_restore --exit-on-error -d {target} {file}"),
        Format::Plain if path_text.ends_with(".gz") => {
            format!("gunzip -t {file} && gunzip -c {file} | {psql}")
        }
        Format::Plain => format!("{psql} -f {file}"),
    }
}

/// A name that libpq would take for more than a name is spelled out.
fn conninfo(database: &str) -> String {
    let is_more = database.contains('=')
        || database.starts_with("postgres://")
        || database.starts_with("postgresql://");
    if !is_more {
        return database.to_string();
    }
    let escaped = database.replace('\\', "\\\\").replace('\'', "\\'");
    format!("dbname='{escaped}'")
}

fn quoted(text: &str) -> std::borrow::Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:%+@,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(plain) {
        return text.into();
    }
    format!("'{}'", text.replace('\'', "'\\''")).into()
}
