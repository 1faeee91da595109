//! The definitions of a backup restored once more, by themselves, into a database beside the first.
//!
//! Two versions write the same definition in different words, which no comparison of words can
//! tell from a change. The same statements on the same server, read back by the same pg_dump, are
//! written alike: what is not alike then was changed after it was restored, by whatever came with
//! the rows.

use postgres::Client;
use shared::dump::{Entry, Event, Schema, is_data, tokens};
use shared::programs::Program;
use shared::{Error, Result, signals};

use crate::archive::{Archive, Kind};
use crate::contents::Contents;
use crate::redump::{self, Quotes};
use crate::restore::{Reach, Target, stand_in_schema};
use crate::source::{self, Converted};

/// What a dump says of the backup's definitions where nothing but them was restored. One of a
/// part lacks the schemas that it needs.
pub fn schema(
    archive: &Archive,
    backup: &Contents,
    target: &Target,
    (pg_dump, quotes): (&Program, Quotes),
    is_of_part: bool,
) -> Result<Schema> {
    let another = target.another()?;
    let read_back = define(archive, &another, is_of_part)
        .and_then(|()| redump::schema(pg_dump, &another, backup, quotes));
    another.remove()?;
    Ok(read_back?.schema)
}

fn define(archive: &Archive, target: &Target, is_of_part: bool) -> Result<()> {
    let (mut client, _cancelled) = target.database().connect_cancelled()?;
    // Nothing of it stays.
    client.batch_execute("SET synchronous_commit = off")?;
    let mut decoder = target.decoder();
    let mut run = |event: Event<'_>| match event {
        Event::Statement { sql, entry, .. } => {
            let sql = decoder.text(sql)?;
            if is_definition(&sql, entry) {
                if is_of_part && !matches!(entry.schema.as_str(), "" | "-") {
                    stand_in_schema(&mut client, &entry.schema)?;
                }
                execute(&mut client, &sql)?;
            }
            Ok(())
        }
        _ => Ok(()),
    };
    if let Kind::Plain(_) | Kind::Globals(_) = archive.kind {
        return source::each(&mut source::plain(archive)?, &mut run);
    }
    let pg_restore = Program::find("pg_restore", archive.pg_dump_major)?;
    let script = Converted::start(&pg_restore, archive, &["--schema-only"])?;
    match script.each(run)? {
        None => Ok(()),
        Some(damage) => Err(Error::new(damage)),
    }
}

/// Whether a statement is about definitions, of which none reaches out of the database. A
/// transaction that somebody put around all of it would end with the first error.
fn is_definition(sql: &str, entry: &Entry) -> bool {
    const TRANSACTION: [&str; 6] = ["begin", "start", "commit", "end", "rollback", "abort"];
    if is_data(entry) || sql.contains('\0') || sql.starts_with("SET client_encoding") {
        return false;
    }
    let tokens = tokens(sql.as_bytes());
    let first = tokens.first();
    let is_transaction = first.is_some_and(|first| TRANSACTION.iter().any(|word| first.is(word)));
    !is_transaction && Reach::of(sql) == Reach::Inside
}

/// What the server refuses it has refused before, which was told then.
fn execute(client: &mut Client, sql: &str) -> Result<()> {
    match client.batch_execute(sql).map_err(Error::from) {
        Err(error) if error.sqlstate().is_none() => Err(error),
        _ => signals::check(),
    }
}
