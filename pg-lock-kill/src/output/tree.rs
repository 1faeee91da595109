//! The tree as lines of text: who waits stands below whom it waits for.
//!
//! A line is cut to the terminal; what must not be cut, as what came of it and what to do about it, stands in
//! full below, and a command to be copied in one line however long it is.

use std::time::Duration;

use shared::printable;
use shared::units::human_duration;

use crate::record::Record;

/// Between two columns.
const GAP: &str = "  ";

/// Before a line that belongs to the one above it.
const INDENT: &str = "    ";

/// Deeper than that nobody is pushed to the right any further.
const DEEPEST: usize = 8;

/// Names are cut to so many columns.
const LONGEST_NAME: usize = 16;

/// A terminal narrower than that has no room for roles and databases beside the application: those
/// who block have theirs below.
const NARROW: usize = 120;

/// One that is narrower than that has no room for what a session does beside its numbers.
const TINY: usize = 60;

/// So much of a statement is shown where there is no terminal to cut it.
const LONGEST_STATEMENT: usize = 200;

const COLUMNS: usize = 6;
const NAMES: [&str; COLUMNS] = ["pid", "waits", "blocks", "frees", "who", "what"];

/// What is shown of one.
struct Row {
    cells: [String; COLUMNS],
    /// In full, below.
    notes: Vec<String>,
    /// What the last of them says, to be copied: the terminal breaks such a line itself.
    command: Option<String>,
}

/// A line for the names of the columns, and one for each record; cut to the terminal, if it is one. `end` is the
/// command that would end the process with a number.
pub fn lines(
    records: &[Record],
    terminal: Option<usize>,
    end: impl Fn(i32) -> String,
) -> Vec<String> {
    let is_below = |width: usize| terminal.is_some_and(|terminal| terminal < width);
    let (is_narrow, is_tiny) = (is_below(NARROW), is_below(TINY));
    let mut rows = vec![Row {
        cells: NAMES.map(str::to_string),
        notes: Vec::new(),
        command: None,
    }];
    let places = branches(records);
    let placed = records.iter().zip(places);
    rows.extend(placed.map(|(record, place)| Row {
        notes: notes(record, is_narrow, is_tiny),
        command: record.cheaper_pid.map(&end),
        ..row(record, place, is_narrow)
    }));
    if is_tiny {
        rows.iter_mut().skip(1).for_each(Row::move_what_below);
        rows[0].cells[COLUMNS - 1].clear();
    }
    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| printable::width(&row.cells[column]));
        cells.max().unwrap_or(0)
    });
    let mut lines = Vec::new();
    for row in &rows {
        let line = joined(&row.cells, &widths);
        lines.push(terminal.map_or_else(|| line.clone(), |width| printable::cut(&line, width)));
        for note in &row.notes {
            lines.extend(indented(note, terminal));
        }
        let command = row.command.as_ref();
        lines.extend(command.map(|command| format!("{INDENT}{}", printable::line(command))));
    }
    lines
}

fn joined(cells: &[String; COLUMNS], widths: &[usize; COLUMNS]) -> String {
    let mut line = String::new();
    for (column, cell) in cells.iter().enumerate() {
        let pad = " ".repeat(widths[column].saturating_sub(printable::width(cell)));
        let gap = if column == 0 { "" } else { GAP };
        match is_number(column) {
            true => line.extend([gap, &pad, cell]),
            false => line.extend([gap, cell, &pad]),
        }
    }
    line.trim_end().to_string()
}

fn indented(note: &str, terminal: Option<usize>) -> Vec<String> {
    let lines = match terminal {
        Some(width) => printable::wrap(note, width.saturating_sub(INDENT.len())),
        None => vec![note.to_string()],
    };
    let lines = lines.into_iter();
    lines.map(|line| format!("{INDENT}{line}")).collect()
}

fn is_number(column: usize) -> bool {
    (1..=3).contains(&column)
}

impl Row {
    fn move_what_below(&mut self) {
        let what = std::mem::take(&mut self.cells[COLUMNS - 1]);
        self.notes.insert(0, what);
    }
}

fn row(record: &Record, place: String, is_narrow: bool) -> Row {
    let count = |count: usize| {
        if count == 0 {
            String::new()
        } else {
            count.to_string()
        }
    };
    let waits = record.waiting_seconds.map(span).unwrap_or_default();
    let cells = [
        place,
        waits,
        count(record.blocking),
        count(record.frees),
        who(record, is_narrow),
        what(record),
    ];
    Row {
        cells,
        notes: Vec::new(),
        command: None,
    }
}

/// The number of each, below and to the right of whom it waits for, with lines to those beside it.
fn branches(records: &[Record]) -> Vec<String> {
    // Of those that the filters leave over, the ones above may be missing.
    let least = records.iter().map(|record| record.depth).min().unwrap_or(0);
    let mut places = Vec::new();
    // At which depths another one follows, seen from below.
    let mut follows = [false; DEEPEST + 1];
    for record in records.iter().rev() {
        let number = match &record.gid {
            Some(_) => "prepared".to_string(),
            None => record.pid.to_string(),
        };
        let depth = record.depth - least;
        let shown = depth.min(DEEPEST);
        let mut place = String::new();
        for is_followed in &follows[1..shown.max(1)] {
            place.push_str(if *is_followed { "│ " } else { "  " });
        }
        if depth > 0 {
            place.push(if follows[shown] { '├' } else { '└' });
        }
        if depth > DEEPEST {
            place.push_str(&depth.to_string());
        }
        if depth > 0 {
            place.push(' ');
        }
        places.push(place + &number);
        follows[shown] = true;
        follows[shown + 1..].fill(false);
    }
    places.reverse();
    places
}

/// `user@database application`, or where there is little room one of them.
fn who(record: &Record, is_narrow: bool) -> String {
    let name = |name: &Option<String>| {
        let name = printable::line(name.as_deref().unwrap_or_default());
        printable::cut(&name, LONGEST_NAME)
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

/// What came of it, what it waits for or holds, what it does, and its statement.
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
    if record.deadlock {
        parts.push("DEADLOCK".to_string());
    }
    parts.extend(lock(record));
    parts.extend(state(record));
    parts.extend(record.progress.clone());
    let protected = record.protected.as_ref().filter(|_| !is_in_the_way(record));
    parts.extend(protected.map(|why| format!("protected: {why}")));
    if let Some(query) = record.query.as_ref().filter(|query| !query.is_empty()) {
        let words: Vec<&str> = query.split_whitespace().collect();
        parts.push(printable::cut(&words.join(" "), LONGEST_STATEMENT));
    }
    printable::line(&parts.join(" | "))
}

/// Whether it is one of those that matter: others wait for it, or it was to end.
fn is_in_the_way(record: &Record) -> bool {
    record.blocking > 0 || record.result.is_some()
}

/// What must be read to its end.
fn notes(record: &Record, is_narrow: bool, is_tiny: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if is_narrow && record.depth == 0 && is_in_the_way(record) {
        notes.push(whole(record, is_tiny));
    }
    notes.extend(record.message.clone());
    let protected = record.protected.as_ref();
    let protected = protected.filter(|_| is_in_the_way(record) && record.result.is_none());
    notes.extend(protected.map(|why| format!("protected: {why}")));
    let database = record.database.as_deref().unwrap_or_default();
    let remedy = record.remedy.as_ref();
    notes.extend(remedy.map(|remedy| format!("in the database {database}: {remedy}")));
    notes.extend(
        (record.cheaper_pid)
            .map(|pid| format!("the end of {pid} would free about as many and lose less:")),
    );
    notes.iter().map(|note| printable::line(note)).collect()
}

/// What a narrow terminal has no room for in the line itself. Of a tiny one the lock and the state stand below it, too.
fn whole(record: &Record, is_tiny: bool) -> String {
    let name = |name: &Option<String>| name.clone().filter(|name| !name.is_empty());
    let role = match (name(&record.user), name(&record.database)) {
        (Some(user), Some(database)) => Some(format!("{user}@{database}")),
        (user, _) => user,
    };
    let parts = [
        role,
        name(&record.application_name),
        lock(record).filter(|_| !is_tiny),
        state(record).filter(|_| !is_tiny),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(" | ")
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
        Some(mode) => format!("{target} ({mode})"),
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

#[cfg(test)]
mod tests;
