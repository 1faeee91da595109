//! Tables and sequences that take the data of a dump which defines none.
//!
//! Every column is text, so the rows that such a table gives back are, byte for byte, those that
//! it took: what a dump of rows alone holds can be proved, though not that a table of the right
//! types would take it.

use std::collections::BTreeSet;

use postgres::Client;
use shared::dump::{CopyTarget, QualifiedName, Schema, Toc, quote_identifier};
use shared::{Error, Result};

use super::Target;
use crate::contents::Collector;
use crate::source;

/// A table for these rows.
pub fn table(client: &mut Client, target: &CopyTarget) -> Result<()> {
    let columns: Vec<String> = target
        .columns
        .iter()
        .map(|column| format!("{} pg_catalog.text", quote_identifier(column)))
        .collect();
    let (name, columns) = (target.table.to_sql(), columns.join(", "));
    let sql = format!("CREATE TABLE IF NOT EXISTS {name} ({columns})");
    create(client, &target.table, &sql)
}

/// The schemas that a dump of some tables uses and does not define.
pub fn schemas(client: &mut Client, definitions: &Schema) -> Result<()> {
    let defined: BTreeSet<&str> = definitions.schemas().collect();
    let used: BTreeSet<&str> = definitions.objects().map(|(_, schema, _)| schema).collect();
    for name in used.difference(&defined) {
        if !matches!(*name, "-" | "") {
            schema(client, name)?;
        }
    }
    Ok(())
}

/// A schema, unless it is there.
pub fn schema(client: &mut Client, name: &str) -> Result<()> {
    let name = quote_identifier(name);
    Ok(client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {name}"))?)
}

/// A sequence that can be set to any position.
pub fn sequence(client: &mut Client, name: &QualifiedName) -> Result<()> {
    let sql = format!(
        "CREATE SEQUENCE IF NOT EXISTS {} MINVALUE {} MAXVALUE {}",
        name.to_sql(),
        i64::MIN,
        i64::MAX
    );
    create(client, name, &sql)
}

/// All that an archive has data for.
pub fn of_archive(toc: &Toc, target: &Target) -> Result<()> {
    let mut client = target.connect()?;
    let mut decoder = target.decoder();
    if let Some(encoding) = toc.encoding() {
        decoder.declare(&encoding);
    }
    let mut collector = Collector::new();
    for (_, entry) in toc.entries() {
        if let Some(copy) = CopyTarget::parse(&entry.copy) {
            table(&mut client, &decoder.copy(&entry.copy, copy)?)?;
        }
    }
    source::collect_sequences(toc, &mut decoder, &mut collector)?;
    for name in collector.contents().sequences.keys() {
        sequence(&mut client, name)?;
    }
    Ok(())
}

fn create(client: &mut Client, name: &QualifiedName, sql: &str) -> Result<()> {
    if let Some(name) = &name.schema {
        schema(client, name)?;
    }
    client.batch_execute(sql).map_err(|error| {
        let error = Error::from(error);
        Error::new(format!("making room for the rows of {name}"))
            .with_detail(error.message().to_string())
    })
}
