//! The record of a finding.

use serde::{Deserialize, Serialize};

use crate::finding::Finding;
use crate::source::{Lines, Source};

/// Longer statements are cut in the record.
const LONGEST: usize = 2000;

/// What a rule says of a place in a file.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// Which file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// The line where the statement ends.
    pub end_line: usize,
    /// The column behind the statement.
    pub end_column: usize,
    /// Which rule.
    pub rule: String,
    /// `error`, `warning` or `info`.
    pub severity: String,
    /// In words.
    pub message: String,
    /// The statement.
    pub statement: String,
    /// Which relation or other object.
    pub object: Option<String>,
    /// The lock that is taken on it.
    pub lock: Option<String>,
    /// `none`, `scan` or `rewrite`.
    pub effect: String,
    /// `none`, `writes` or `reads+writes`.
    pub blocks: String,
    /// About how many rows the table has on the server, with its partitions.
    pub rows: Option<i64>,
    /// What it takes there, with what is stored out of line.
    pub bytes: Option<i64>,
    /// What its indexes take.
    pub index_bytes: Option<i64>,
    /// How many partitions it has, or tables that inherit from it and are concerned.
    pub partitions: Option<i64>,
    /// Rows that are written to it in a second, on average.
    pub writes_per_second: Option<f64>,
    /// How long the statement works there, by the rates.
    pub estimated_seconds: Option<f64>,
    /// What to write instead.
    pub fix: Option<String>,
    /// The same as files of the project, where it is more than one transaction.
    pub fix_files: Option<Vec<FixFile>>,
    /// Other places of which it holds as well: of the file, or of other files where it is said once in a run.
    pub elsewhere: Option<Vec<Place>>,
    /// The same as long as rule, file and statement are, wherever in the file that is.
    pub fingerprint: String,
}

/// A file of a fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixFile {
    /// Where it belongs, named as the migrations were.
    pub path: String,
    /// All that it holds from then on.
    pub text: String,
}

/// Where a finding would stand by itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Place {
    /// Which file, as it was named.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// As of a record.
    pub object: Option<String>,
    /// As of a record, where it is another one.
    pub fix: Option<String>,
    /// As of a record.
    pub fingerprint: String,
}

impl Place {
    /// Of a record.
    pub fn of(record: &Record) -> Self {
        Self {
            file: record.file.clone(),
            line: record.line,
            object: record.object.clone(),
            fix: record.fix.clone(),
            fingerprint: record.fingerprint.clone(),
        }
    }
}

impl Record {
    /// Of a finding.
    pub fn of(finding: Finding, source: &Source, lines: &Lines) -> Self {
        let start = lines.position(finding.start);
        let end = lines.position(finding.end);
        let statement = source
            .text
            .get(finding.start..finding.end)
            .unwrap_or_default();
        let fingerprint = fingerprint(&finding, &source.path, statement);
        let measured = finding.measured.as_deref().copied().unwrap_or_default();
        Self {
            file: source.path.clone(),
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            rule: finding.rule.name.to_string(),
            severity: finding.severity.name().to_string(),
            statement: cut(statement),
            lock: finding.lock.map(|mode| mode.name().to_string()),
            effect: finding.work.name().to_string(),
            blocks: finding.blocks().name().to_string(),
            rows: measured.rows,
            bytes: measured.bytes,
            index_bytes: measured.index_bytes,
            partitions: measured.partitions,
            writes_per_second: measured.writes_per_second,
            estimated_seconds: measured.estimated_seconds,
            message: finding.message,
            object: finding.object,
            fix: None,
            fix_files: None,
            elsewhere: None,
            fingerprint,
        }
    }
}

/// A statement that is not too long to be read.
pub fn cut(statement: &str) -> String {
    match statement.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &statement[..end]),
        None => statement.to_string(),
    }
}

/// FNV-1a of rule, file, object and the statement's words.
fn fingerprint(finding: &Finding, path: &str, statement: &str) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    add(finding.rule.name);
    add(path);
    add(finding.object.as_deref().unwrap_or_default());
    statement.split_whitespace().for_each(&mut add);
    format!("{hash:016x}")
}
