//! The tree as lines of text: who waits stands below whom it waits for.

use std::time::Duration;

use shared::printable;
use shared::units::human_duration;

use crate::record::Record;

/// Between two columns.
const GAP: &str = "  ";

/// Deeper than that nobody is pushed to the right any further.
const DEEPEST: usize = 8;

/// Names are cut to so many columns of a terminal.
const LONGEST_NAME: usize = 16;

/// A terminal narrower than that has no room for roles and databases beside the application.
const NARROW: usize = 100;

/// So much of a statement is shown where there is no terminal to cut it.
const LONGEST_STATEMENT: usize = 200;

const NAMES: [&str; 6] = ["pid", "waits", "blocks", "frees", "who", "what"];

/// A line for the names of the columns, and one for each record; cut to the terminal, if it is one.
pub fn lines(records: &[Record], terminal: Option<usize>) -> Vec<String> {
    let mut rows: Vec<[String; 6]> = vec![NAMES.map(str::to_string)];
    let is_narrow = terminal.is_some_and(|width| width < NARROW);
    rows.extend(records.iter().map(|record| row(record, records, is_narrow)));
    let widths: Vec<usize> = (0..NAMES.len())
        .map(|column| {
            rows.iter()
                .map(|row| printable::width(&row[column]))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let line = |row: &[String; 6]| {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let pad = " ".repeat(widths[column].saturating_sub(printable::width(cell)));
            let gap = if column == 0 { "" } else { GAP };
            match is_number(column) {
                true => line.extend([gap, &pad, cell]),
                false => line.extend([gap, cell, &pad]),
            }
        }
        let line = line.trim_end();
        terminal.map_or_else(|| line.to_string(), |width| printable::fit(line, width))
    };
    rows.iter().map(line).collect()
}

fn is_number(column: usize) -> bool {
    (1..=3).contains(&column)
}

fn row(record: &Record, records: &[Record], is_narrow: bool) -> [String; 6] {
    let count = |count: usize| {
        if count == 0 {
            String::new()
        } else {
            count.to_string()
        }
    };
    let waits = record.waiting_seconds.map(span).unwrap_or_default();
    [
        place(record, records),
        waits,
        count(record.blocking),
        count(record.frees),
        who(record, is_narrow),
        what(record),
    ]
}

/// The number, below and to the right of whom it waits for.
fn place(record: &Record, records: &[Record]) -> String {
    let number = match &record.gid {
        Some(_) => "prepared".to_string(),
        None => record.pid.to_string(),
    };
    // Of those that the filters leave over, the ones above may be missing.
    let least = records.iter().map(|record| record.depth).min().unwrap_or(0);
    match record.depth - least {
        0 => number,
        depth if depth <= DEEPEST => format!("{}└ {number}", "  ".repeat(depth - 1)),
        depth => format!("{}└{depth} {number}", "  ".repeat(DEEPEST - 1)),
    }
}

/// `user@database application`, or where there is little room one of them.
fn who(record: &Record, is_narrow: bool) -> String {
    let name = |name: &Option<String>| {
        let name = printable::line(name.as_deref().unwrap_or_default());
        printable::fit(&name, LONGEST_NAME)
    };
    let kind = record.backend_type.as_deref().unwrap_or_default();
    let (user, database) = (name(&record.user), name(&record.database));
    let application = name(&record.application_name);
    let role = match (user.is_empty(), database.is_empty()) {
        (true, _) => kind.to_string(),
        (false, true) => user,
        (false, false) if is_narrow => user,
        (false, false) => format!("{user}@{database}"),
    };
    match application.is_empty() {
        true => role,
        false if is_narrow => application,
        false => format!("{role} {application}"),
    }
}

/// What was done, what it waits for or holds, what it does, and its statement.
fn what(record: &Record) -> String {
    let mut parts = Vec::new();
    if let Some(result) = &record.result {
        let action = record.action.as_deref().unwrap_or_default();
        parts.push(
            format!("{action} {}", result.to_uppercase())
                .trim()
                .to_string(),
        );
    }
    parts.extend(record.message.clone());
    if record.deadlock {
        parts.push("DEADLOCK".to_string());
    }
    parts.extend(state(record));
    parts.extend(lock(record));
    parts.extend(record.progress.clone());
    parts.extend(
        record
            .cheaper_pid
            .map(|pid| format!("cheaper to end: {pid}")),
    );
    parts.extend(
        record
            .protected
            .as_ref()
            .filter(|_| record.result.is_none())
            .map(|why| format!("protected: {why}")),
    );
    parts.extend(record.remedy.clone());
    if let Some(query) = record.query.as_ref().filter(|query| !query.is_empty()) {
        let words: Vec<&str> = query.split_whitespace().collect();
        parts.push(printable::fit(&words.join(" "), LONGEST_STATEMENT));
    }
    printable::line(&parts.join(" | "))
}

fn lock(record: &Record) -> Option<String> {
    // Which row it is says more than whose transaction.
    let target = record.target.as_ref()?;
    let target = target
        .split_once(", ")
        .filter(|_| target.starts_with("transaction "));
    let target = target.map_or(record.target.as_deref()?, |(_, row)| row);
    let mode = record
        .lock
        .as_deref()
        .map(|mode| mode.strip_suffix("Lock").unwrap_or(mode));
    let lock = match mode {
        Some(mode) => format!("{mode} on {target}"),
        None => target.to_string(),
    };
    let waits = record.waiting_seconds.is_some() || record.blocked_by.is_some();
    Some(match record.block.as_deref() {
        Some("soft") => format!("queues for {lock}"),
        _ if waits => format!("wants {lock}"),
        _ => format!("holds {lock}"),
    })
}

/// Of one who waits it is known: it is active, and since when.
fn state(record: &Record) -> Option<String> {
    let state = record
        .state
        .as_ref()
        .filter(|_| record.waiting_seconds.is_none())?;
    let age = match state.as_str() {
        "active" => record.query_age_seconds,
        _ => record.state_age_seconds,
    };
    Some(match age {
        Some(age) => format!("{state} for {}", span(age)),
        None => state.clone(),
    })
}

fn span(seconds: f64) -> String {
    human_duration(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}
