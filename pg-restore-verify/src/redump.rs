//! What pg_dump says of the restored database.

use std::collections::BTreeMap;
use std::process::Stdio;

use shared::dump::{Digest, QualifiedName, Schema, Script, quote_identifier};
use shared::programs::{Child, Program, set_environment};
use shared::{Result, signals};

use crate::contents::{Collector, Contents};
use crate::globals::Globals;
use crate::restore::Target;
use crate::source;

const BACKSLASH_ESCAPES: &str = "standard_conforming_strings=off";

/// Which names are quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quotes {
    /// Those that need it.
    Needed,
    /// All, by `--quote-all-identifiers`.
    All,
    /// All in what the server writes, by its setting `quote_all_identifiers`.
    OfServer,
}

/// The definitions in the restored database, dumped with the options that the
/// backup was made with, as far as it shows them.
pub fn schema(
    pg_dump: &Program,
    target: &Target,
    backup: &Contents,
    quotes: Quotes,
) -> Result<Contents> {
    let mut options = vec!["--schema-only"];
    if !backup.schema.has_owners() {
        options.push("--no-owner");
    }
    if backup.schema.uses_session_authorization() {
        options.push("--use-set-session-authorization");
    }
    if quotes == Quotes::All {
        options.push("--quote-all-identifiers");
    }
    if backup.schema.has_database() {
        options.push("--create");
    }
    // Names in comments are compared as bytes, so they must be in the same encoding.
    let encoding = backup
        .encoding
        .as_ref()
        .map(|encoding| format!("--encoding={encoding}"));
    options.extend(encoding.as_deref());
    // A dump of some schemas only is compared with one of the same.
    let schemas: Vec<String> = match backup.schema.creates_public() {
        true => backup
            .schema
            .schemas()
            .map(|name| format!("--schema={}", quote_identifier(name)))
            .collect(),
        false => Vec::new(),
    };
    options.extend(schemas.iter().map(String::as_str));
    let settings = settings(quotes, backup);
    target.as_defined(|| dump(pg_dump, target, &options, &settings))
}

/// What is said of the restored database itself.
pub fn database(
    pg_dump: &Program,
    target: &Target,
    backup: &Contents,
    quotes: Quotes,
) -> Result<Schema> {
    let mut options = vec!["--schema-only", "--create", "--exclude-schema=*"];
    if quotes == Quotes::All {
        options.push("--quote-all-identifiers");
    }
    if !backup.schema.has_owners() {
        options.push("--no-owner");
    }
    let encoding = backup
        .encoding
        .as_ref()
        .map(|encoding| format!("--encoding={encoding}"));
    options.extend(encoding.as_deref());
    let mut restored = dump(pg_dump, target, &options, &settings(quotes, backup))?;
    Ok(restored.schema.take_database())
}

/// How rows are written as INSERTs.
#[derive(Debug, Clone, Copy)]
pub struct Inserts {
    /// With the columns' names.
    pub names_columns: bool,
    /// Those of partitions as the partitioned table's.
    pub via_root: bool,
    /// `bytea` as servers before 9.0 wrote it.
    pub escapes_bytea: bool,
    /// Strings with backslashes that escape.
    pub backslash_escapes: bool,
}

/// The rows of the restored tables as INSERTs, for backups that hold them so.
pub fn inserts(
    pg_dump: &Program,
    target: &Target,
    inserts: Inserts,
) -> Result<BTreeMap<QualifiedName, Digest>> {
    let form = match inserts.names_columns {
        true => "--column-inserts",
        false => "--inserts",
    };
    let mut options = vec!["--data-only", form];
    if inserts.via_root {
        options.push("--load-via-partition-root");
    }
    let bytea = inserts.escapes_bytea.then_some("bytea_output=escape");
    let escapes = inserts.backslash_escapes.then_some(BACKSLASH_ESCAPES);
    let settings: Vec<&str> = bytea.into_iter().chain(escapes).collect();
    let contents = dump(pg_dump, target, &options, &settings)?;
    Ok(contents
        .tables
        .into_iter()
        .map(|(table, data)| (table, data.digest))
        .collect())
}

/// The roles and tablespaces of the throw-away server.
pub fn globals(pg_dumpall: &Program, target: &Target) -> Result<Globals> {
    let mut command = pg_dumpall.command();
    set_environment(&mut command, target.server().environment());
    command.args(["--globals-only", "--no-password"]);
    command.stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_dumpall")?;
    let globals = Globals::of(Script::new(child.stdout()?));
    let ended = child.wait()?;
    signals::check()?;
    ended.success_or(|| "dumping the restored roles".to_string())?;
    globals
}

/// Settings of pg_dump's session that make it write as it wrote the backup.
fn settings(quotes: Quotes, backup: &Contents) -> Vec<&'static str> {
    let quotes = (quotes == Quotes::OfServer).then_some("quote_all_identifiers=on");
    let escapes = backup.backslash_escapes.then_some(BACKSLASH_ESCAPES);
    quotes.into_iter().chain(escapes).collect()
}

/// What pg_dump writes with these options, and with these settings of its session.
fn dump(
    pg_dump: &Program,
    target: &Target,
    options: &[&str],
    settings: &[&str],
) -> Result<Contents> {
    let mut command = pg_dump.command();
    set_environment(&mut command, target.server().environment_with(settings));
    // A name in the environment is a name, whatever it looks like.
    command.env("PGDATABASE", target.database().name());
    command
        .args(options)
        .arg("--no-password")
        .stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_dump")?;
    let mut script = Script::new(child.stdout()?);
    let mut collector = Collector::new();
    let read = source::collect(&mut script, &mut target.decoder(), &mut collector);
    drop(script);
    let ended = child.wait()?;
    signals::check()?;
    ended.success_or(|| "dumping the restored database".to_string())?;
    read?;
    Ok(collector.finish())
}
