//! What the server's log says; it comes by standard input or from a file, and no server is asked.

use std::fs::File;
use std::io::{IsTerminal, stdin};
use std::path::Path;
use std::sync::Arc;

use shared::records::Stdin;
use shared::{Context as _, Error, Result, signals, time};

use crate::cli::Options;
use crate::logs;
use crate::look::{Part, Seen};
use crate::parts::Parts;
use crate::row::{Cell, Origin, Row};
use crate::section::{Gather, Reach, Section, Source};

/// The section.
pub const SECTION: Section = Section {
    name: "logs",
    answers: "what the server's log tells, on standard input or in --log FILE",
    costs: "nothing: no server is asked; compressed logs are unpacked",
    needs: "the log, of which whoever writes it may leave out much",
    reach: Reach::Server,
    fields: &[
        (
            "kind",
            "log, skipped, foreign: in another language, failed_connections, error, warning, statement, preparation, plan, \
             connection, failed_connection, deadlock, lock_wait, checkpoint, temp_file, autovacuum, \
             event, unseen: what may not have been logged",
        ),
        ("name", "a step, a table, a lock, a cause, a reason"),
        (
            "severity",
            "the server's word, or in another language that of its SQLSTATE",
        ),
        ("sqlstate", "if the log has it: csvlog, jsonlog, %e"),
        ("count", "how many"),
        ("timed", "of how many the duration is known"),
        ("ratio", "the share of all connections that were tried"),
        ("total_ms", "how long all took"),
        ("mean_ms", "how long one took"),
        ("min_ms", "the shortest"),
        ("max_ms", "the longest"),
        ("bytes", "of temporary files, or of WAL between checkpoints"),
        ("max_bytes", "the most at once"),
        ("first_at", "when the first was"),
        ("last_at", "when the last was"),
        (
            "fingerprint",
            "pg_query's, the same for all statements that are counted here; null for what is no SQL",
        ),
        (
            "text",
            "the statement or message without constants and names",
        ),
        ("example", "the slowest, or the first"),
        ("detail", "its parameters, statement or detail"),
        ("user", "its role"),
        ("database", "its database"),
        ("application_name", "its application"),
        ("client_addr", "its address"),
        ("message", "what else there is to say"),
    ],
    gather: Gather::Input(read),
};

fn read(section: &'static Section, options: &Options) -> Result<Vec<Row>> {
    let origin = origin(options)?;
    rows(section, &origin, options)
}

/// The log as checks judge it.
pub fn look(options: &Options) -> Result<Seen> {
    let origin = origin(options)?;
    let rows = rows(&SECTION, &origin, options);
    signals::check()?;
    Ok(Seen {
        source: Source::Log,
        origin,
        databases: Vec::new(),
        parts: Parts::from_iter([Part {
            section: &SECTION,
            database: None,
            rows,
        }]),
    })
}

fn rows(section: &'static Section, origin: &Arc<Origin>, options: &Options) -> Result<Vec<Row>> {
    // What is not shown is judged all the same.
    let limit = options.limit.filter(|_| !options.sections.is_empty());
    let found = match file(options) {
        Some(path) => {
            let file = File::open(path).context(|| path.display().to_string())?;
            logs::report(file, &options.logs, limit)?
        }
        None if stdin().is_terminal() => {
            let error = Error::usage("the server's log is read on standard input");
            return Err(error.with_hint("pg-stat-report logs < postgresql.log, or --log FILE"));
        }
        None => logs::report(Stdin::open(), &options.logs, limit)?,
    };
    let rows = found.into_iter().map(cells);
    rows.map(|cells| Ok(section.row(origin, cells?))).collect()
}

/// Where the log is, if not on standard input.
fn file(options: &Options) -> Option<&Path> {
    let path = options.log.as_deref();
    path.filter(|path| path.as_os_str() != "-")
}

fn origin(options: &Options) -> Result<Arc<Origin>> {
    let name = file(options).map(|path| path.display().to_string());
    Ok(Arc::new(Origin {
        target: name.unwrap_or_else(|| "stdin".into()),
        taken_at: time::format(time::now())?,
        is_standby: false,
    }))
}

/// The values in the order of the fields.
fn cells(row: logs::Row) -> Result<Vec<Cell>> {
    let at = |at: Option<time::Time>| at.map(time::format).transpose().map(text);
    Ok(vec![
        Cell::Text(row.kind.into()),
        text(row.name),
        text(row.severity.map(String::from)),
        text(row.sqlstate),
        whole(Some(row.count)),
        whole(row.timed),
        number(row.ratio),
        number(row.total_ms),
        number(row.mean_ms),
        number(row.min_ms),
        number(row.max_ms),
        whole(row.bytes),
        whole(row.max_bytes),
        at(row.first_at)?,
        at(row.last_at)?,
        text(row.fingerprint),
        text(row.text),
        text(row.example),
        text(row.detail),
        text(row.user),
        text(row.database),
        text(row.application_name),
        text(row.client_addr),
        text(row.message),
    ])
}

fn text(text: Option<String>) -> Cell {
    text.map_or(Cell::Null, |text| Cell::Text(text.into()))
}

fn number(number: Option<f64>) -> Cell {
    number.map_or(Cell::Null, Cell::Float)
}

fn whole(number: Option<u64>) -> Cell {
    let number = number.map(|number| i64::try_from(number).unwrap_or(i64::MAX));
    number.map_or(Cell::Null, Cell::Int)
}
