//! The records of a log: one for each group, and what was not seen.

use shared::time::Time;

use super::groups::{Example, Group, Kind};
use super::sums::Sum;

/// One record. What a kind of group does not have is null.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Row {
    /// What it is about.
    pub kind: &'static str,
    /// A table, a lock, a cause, a reason.
    pub name: Option<String>,
    /// The server's word, or in another language that of its SQLSTATE.
    pub severity: Option<&'static str>,
    /// Five characters.
    pub sqlstate: Option<String>,
    /// How many.
    pub count: u64,
    /// Of how many the duration is known.
    pub timed: Option<u64>,
    /// The share of all connections, or of all entries.
    pub ratio: Option<f64>,
    /// All together.
    pub total_ms: Option<f64>,
    /// On the average.
    pub mean_ms: Option<f64>,
    /// The shortest.
    pub min_ms: Option<f64>,
    /// The longest.
    pub max_ms: Option<f64>,
    /// All together.
    pub bytes: Option<u64>,
    /// The most at once.
    pub max_bytes: Option<u64>,
    /// When the first was.
    pub first_at: Option<Time>,
    /// When the last was.
    pub last_at: Option<Time>,
    /// 16 hexadecimal digits, of statements.
    pub fingerprint: Option<String>,
    /// Without constants.
    pub text: Option<String>,
    /// The slowest, or the first.
    pub example: Option<String>,
    /// Its parameters, detail or statement.
    pub detail: Option<String>,
    /// Its role.
    pub user: Option<String>,
    /// Its database.
    pub database: Option<String>,
    /// Its application.
    pub application_name: Option<String>,
    /// Its address.
    pub client_addr: Option<String>,
    /// What else was counted, as words.
    pub message: Option<String>,
}

impl Kind {
    /// What records call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Statement => "statement",
            Self::Preparation => "preparation",
            Self::Plan => "plan",
            Self::Connection => "connection",
            Self::FailedConnection => "failed_connection",
            Self::Deadlock => "deadlock",
            Self::LockWait => "lock_wait",
            Self::Checkpoint => "checkpoint",
            Self::TempFile => "temp_file",
            Self::Autovacuum => "autovacuum",
            Self::Event => "event",
        }
    }

    /// Whether its groups have sizes.
    fn has_bytes(self) -> bool {
        matches!(self, Self::TempFile | Self::Checkpoint)
    }
}

impl Row {
    /// Numbers alone.
    pub fn of(kind: &'static str, sum: &Sum) -> Self {
        let millis = |micros: u64| Some(micros as f64 / 1000.0);
        let timed = (sum.timed > 0).then_some(sum.timed);
        Self {
            kind,
            count: sum.count,
            timed,
            total_ms: timed.and_then(|_| millis(sum.total)),
            mean_ms: timed.map(|timed| (sum.total as f64 / timed as f64).round() / 1000.0),
            min_ms: timed.and_then(|_| millis(sum.min)),
            max_ms: timed.and_then(|_| millis(sum.max)),
            first_at: sum.first.and_then(time),
            last_at: sum.last.and_then(time),
            ..Self::default()
        }
    }
}

impl From<Group> for Row {
    fn from(group: Group) -> Self {
        let Example {
            user,
            database,
            application,
            client,
            text,
            detail,
        } = group.example;
        let has_severity = matches!(
            group.kind,
            Kind::Error | Kind::Warning | Kind::Event | Kind::FailedConnection
        );
        let has_bytes = group.kind.has_bytes();
        Self {
            name: some(group.name),
            severity: has_severity.then_some(group.severity),
            sqlstate: some(group.sqlstate),
            bytes: has_bytes.then_some(group.sum.bytes),
            max_bytes: has_bytes.then_some(group.sum.max_bytes),
            fingerprint: group.fingerprint.map(|print| format!("{print:016x}")),
            text: some(group.text),
            example: some(text),
            detail: some(detail),
            user: some(user),
            database: some(database),
            application_name: some(application),
            client_addr: some(client),
            message: words(&group.more),
            ..Self::of(group.kind.as_str(), &group.sum)
        }
    }
}

/// `tuples_removed 34, index_scans 1`: what is not 0.
fn words(more: &[(&'static str, u64)]) -> Option<String> {
    let counted = more.iter().filter(|(_, number)| *number > 0);
    let words: Vec<String> = counted
        .map(|(what, number)| format!("{what} {number}"))
        .collect();
    some(words.join(", "))
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn time(millis: i64) -> Option<Time> {
    let nanos = i128::from(millis) * 1_000_000;
    Time::from_unix_timestamp_nanos(nanos).ok()
}
