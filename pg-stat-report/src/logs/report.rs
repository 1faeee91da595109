//! The records in their order, and what the log does not show.

use super::Format;
use super::groups::{Group, Kind};
use super::row::Row;
use super::sums::Sum;
use super::tally::Tally;

/// What a setting would have shown, had it been on.
const UNSEEN: [(&str, &str, &[Kind]); 6] = [
    (
        "statements",
        "log_min_duration_statement",
        &[Kind::Statement, Kind::Plan],
    ),
    ("connections", "log_connections", &[Kind::Connection]),
    ("lock waits", "log_lock_waits", &[Kind::LockWait]),
    ("checkpoints", "log_checkpoints", &[Kind::Checkpoint]),
    ("temporary files", "log_temp_files", &[Kind::TempFile]),
    (
        "autovacuum",
        "log_autovacuum_min_duration",
        &[Kind::Autovacuum],
    ),
];

/// All records: the log itself, what was found, kind by kind, and what was not seen.
pub fn rows(mut tally: Tally, format: Format, limit: Option<usize>) -> Vec<Row> {
    let mut rows = vec![log(&tally, format)];
    if tally.skipped > 0 {
        rows.push(skipped(&tally));
    }
    if tally.foreign > 0 {
        rows.push(foreign(&tally));
    }
    let share = failed(&tally);
    let attempts = share.ratio.map(|_| attempts(&tally));
    rows.push(share);
    let (mut groups, others) = std::mem::take(&mut tally.groups).into_parts();
    let seen: Vec<Kind> = groups.iter().map(|group| group.kind).collect();
    groups.sort_by_cached_key(order);
    let mut last = (Kind::Error, 0);
    for group in groups {
        last = match group.kind == last.0 {
            true => (last.0, last.1 + 1),
            false => (group.kind, 1),
        };
        if limit.is_some_and(|limit| last.1 > limit) {
            continue;
        }
        let is_refusal = group.kind == Kind::FailedConnection;
        let mut row = Row::from(group);
        row.ratio = attempts
            .filter(|_| is_refusal)
            .map(|all| share_of(row.count, all));
        rows.push(row);
    }
    rows.extend(others.iter().map(|(kind, sum)| rest(*kind, sum)));
    rows.extend(
        UNSEEN
            .iter()
            .filter(|(.., kinds)| !kinds.iter().any(|kind| seen.contains(kind)))
            .map(unseen),
    );
    rows
}

/// By kind; what took longest first, and where nothing takes time, what is most.
fn order(group: &Group) -> impl Ord + use<> {
    let Sum {
        count,
        total,
        bytes,
        ..
    } = group.sum;
    (
        group.kind,
        std::cmp::Reverse((total, bytes, count)),
        group.text.clone(),
        group.name.clone(),
    )
}

fn log(tally: &Tally, format: Format) -> Row {
    let untimed = tally.untimed;
    Row {
        name: Some(format.as_str().into()),
        message: (untimed > 0).then(|| format!("the time of {untimed} entries could not be read")),
        ..Row::of("log", &tally.all)
    }
}

fn skipped(tally: &Tally) -> Row {
    Row {
        kind: "skipped",
        count: tally.skipped,
        example: Some(tally.first_skipped.clone()),
        message: Some("lines that belong to no entry".into()),
        ..Row::default()
    }
}

fn foreign(tally: &Tally) -> Row {
    Row {
        kind: "foreign",
        count: tally.foreign,
        message: Some(
            "entries in another language: their severity is that of their SQLSTATE".into(),
        ),
        ..Row::default()
    }
}

/// So many connections were tried, as far as the log shows.
fn attempts(tally: &Tally) -> u64 {
    let seen = &tally.connections;
    match seen.received {
        0 => seen.authorized + seen.failed.count,
        received => received.max(seen.failed.count),
    }
}

fn share_of(count: u64, all: u64) -> f64 {
    (count as f64 / all.max(1) as f64 * 1e6).round() / 1e6
}

/// How many connections failed, and their share; without log_connections it is not known.
fn failed(tally: &Tally) -> Row {
    let seen = &tally.connections;
    let is_logged = seen.received + seen.authorized > 0;
    let message = match is_logged {
        true => format!("of {} connections", attempts(tally)),
        false => {
            "no connection is logged: log_connections may be off, and the share is not known".into()
        }
    };
    Row {
        ratio: is_logged.then(|| share_of(seen.failed.count, attempts(tally))),
        message: Some(message),
        ..Row::of("failed_connections", &seen.failed)
    }
}

fn rest(kind: Kind, sum: &Sum) -> Row {
    Row {
        name: Some("others".into()),
        message: Some("too many different ones: these took least".into()),
        ..Row::of(kind.as_str(), sum)
    }
}

fn unseen((what, setting, _): &(&str, &str, &[Kind])) -> Row {
    Row {
        kind: "unseen",
        name: Some((*what).into()),
        message: Some(format!("the log has none: {setting} may be off")),
        ..Row::default()
    }
}
