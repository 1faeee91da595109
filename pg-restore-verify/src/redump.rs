//! What pg_dump says of the restored database.

use std::collections::BTreeMap;
use std::process::Stdio;

use shared::dump::{Digest, QualifiedName, Script};
use shared::programs::{Child, Program};
use shared::{Result, signals};

use crate::contents::{Collector, Contents};
use crate::restore::Target;

/// The definitions in the restored database, dumped with the options that the
/// backup was made with, as far as it shows them.
pub fn schema(pg_dump: &Program, target: &Target, backup: &Contents) -> Result<Contents> {
    let mut options = vec!["--schema-only"];
    if !backup.schema.has_owners() {
        options.push("--no-owner");
    }
    if backup.schema.has_database() {
        options.push("--create");
    }
    dump(pg_dump, target, &options)
}

/// The rows of the restored tables as INSERTs, for backups that hold them so.
pub fn inserts(
    pg_dump: &Program,
    target: &Target,
    names_columns: bool,
) -> Result<BTreeMap<QualifiedName, Digest>> {
    let form = if names_columns {
        "--column-inserts"
    } else {
        "--inserts"
    };
    let contents = dump(pg_dump, target, &["--data-only", form])?;
    Ok(contents
        .tables
        .into_iter()
        .map(|(table, data)| (table, data.digest))
        .collect())
}

fn dump(pg_dump: &Program, target: &Target, options: &[&str]) -> Result<Contents> {
    let mut command = pg_dump.command();
    for (name, value) in target.cluster().environment() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    // A name in the environment is a name, whatever it looks like.
    command.env("PGDATABASE", target.database());
    command
        .args(options)
        .arg("--no-password")
        .stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_dump")?;
    let mut script = Script::new(child.stdout()?);
    let mut collector = Collector::new();
    while let Some(event) = script.next()? {
        signals::check()?;
        collector.read(&event)?;
    }
    drop(script);
    child
        .wait()?
        .success_or(|| "dumping the restored database".to_string())?;
    Ok(collector.finish())
}
