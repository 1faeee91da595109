//! What the server's log says; it comes by standard input, and no server is asked.

use std::io::{IsTerminal, stdin};
use std::sync::Arc;

use shared::records::Stdin;
use shared::{Error, Result, time};

use crate::cli::Options;
use crate::logs;
use crate::row::{Cell, Origin, Row};
use crate::section::{Gather, Reach, Section};

/// The section.
pub const SECTION: Section = Section {
    name: "logs",
    answers: "what the server's log on standard input tells",
    costs: "nothing: no server is asked; compressed logs are unpacked",
    needs: "the log, of which whoever writes it may leave out much",
    reach: Reach::Server,
    fields: &[
        (
            "kind",
            "log, skipped, failed_connections, error, warning, statement, preparation, plan, \
             connection, failed_connection, deadlock, lock_wait, checkpoint, temp_file, autovacuum, \
             event, unseen: what may not have been logged",
        ),
        ("name", "a step, a table, a lock, a cause, a reason"),
        ("severity", "the server's word"),
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
    if stdin().is_terminal() {
        return Err(
            Error::usage("the section logs reads the server's log on standard input")
                .with_hint("pg-stat-report logs < postgresql.log"),
        );
    }
    let origin = Arc::new(Origin {
        target: "stdin".into(),
        taken_at: time::format(time::now())?,
    });
    let found = logs::report(Stdin::open(), &options.logs, options.limit)?;
    let rows = found.into_iter().map(cells);
    rows.map(|cells| Ok(section.row(&origin, cells?))).collect()
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
