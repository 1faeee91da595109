//! Files that goose and sql-migrate cut up by comments.

use std::ops::Range;
use std::path::Path;

use shared::Result;

use super::finding::{self, Finding};
use super::framework::Reading;
use super::markers::{self, Line};
use super::migration::{self, Migration, Part, Wrapping};
use super::updown::Direction;
use super::versions;
use crate::source;

/// Whose comments they are.
#[derive(Debug)]
pub struct Dialect {
    /// As messages call it.
    pub runner: &'static str,
    /// What the comments begin with, after the hyphens.
    pub prefix: &'static str,
}

/// What such a comment says.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Section(Direction, Wrapping),
    NoTransaction,
    StatementBegin,
    StatementEnd,
}

/// Reads a file and adds its migration, or says why there is none in it. `names` are its version
/// and what people call it.
pub fn add(
    reading: &mut Reading,
    dialect: &Dialect,
    names: (&str, &str),
    path: &Path,
) -> Result<()> {
    let text = migration::read(path)?;
    let said: Vec<_> = markers::lines(&text)
        .filter_map(|line| Some((line, dialect.said(line.text)?)))
        .collect();
    // goose says it once, wherever it likes, for both directions.
    let without = said.iter().any(|(_, said)| *said == Said::NoTransaction);
    let whole = Part::whole(path.to_path_buf(), Wrapping::PerFile).with_text(&text);
    let mut migration = Migration::of_file(names.0, names.1, whole.clone());
    migration.up.clear();
    for (direction, wrapping, section) in sections(&said, text.len()) {
        let mut part = whole.clone().only(section.clone());
        part.wrapping = if without { Wrapping::None } else { wrapping };
        match direction {
            Direction::Up => migration.up.push(part),
            Direction::Down if markers::trimmed(&text, section).is_empty() => {}
            Direction::Down => migration.down.push(part),
        }
    }
    reading
        .findings
        .extend(split_bodies(dialect, path, &text, &said));
    reading.findings.extend(unclosed(dialect, path, &said));
    if migration.up.is_empty() {
        let marker = format!("-- {}Up", dialect.prefix);
        let (runner, then) = (dialect.runner, "stops here");
        reading
            .findings
            .push(finding::missing_marker(path, runner, &marker, then));
    } else {
        reading.migrations.push(migration);
    }
    Ok(())
}

impl Dialect {
    fn said(&self, line: &[u8]) -> Option<Said> {
        let words = markers::after(markers::comment(line)?, self.prefix)?;
        let words = String::from_utf8_lossy(words).to_ascii_lowercase();
        let mut words = words.split_whitespace();
        let first = words.next()?;
        let mut options = words;
        let section = |direction, mut options: std::str::SplitWhitespace| {
            let without = options.any(|option| option == "notransaction");
            let wrapping = if without {
                Wrapping::None
            } else {
                Wrapping::PerFile
            };
            Some(Said::Section(direction, wrapping))
        };
        match first {
            "up" => section(Direction::Up, options),
            "down" => section(Direction::Down, options),
            "no" if options.next() == Some("transaction") => Some(Said::NoTransaction),
            "statementbegin" => Some(Said::StatementBegin),
            "statementend" => Some(Said::StatementEnd),
            _ => None,
        }
    }
}

fn sections(said: &[(Line, Said)], end: usize) -> Vec<(Direction, Wrapping, Range<usize>)> {
    let starts = said.iter().filter_map(|(line, said)| match said {
        Said::Section(direction, wrapping) => Some((*direction, *wrapping, line)),
        _ => None,
    });
    let starts: Vec<_> = starts.collect();
    let sections = starts
        .iter()
        .enumerate()
        .map(|(index, (direction, wrapping, line))| {
            let end = starts.get(index + 1).map_or(end, |(_, _, next)| next.start);
            (*direction, *wrapping, line.end..end)
        });
    sections.collect()
}

/// Bodies between dollar quotes that have a line which ends in a semicolon, and no markers around.
fn split_bodies(
    dialect: &Dialect,
    path: &Path,
    text: &[u8],
    said: &[(Line, Said)],
) -> Vec<Finding> {
    let guarded = |at: usize| {
        let before = said.iter().rev().find(|(line, said)| {
            line.start <= at && matches!(said, Said::StatementBegin | Said::StatementEnd)
        });
        before.is_some_and(|(_, said)| *said == Said::StatementBegin)
    };
    let bodies = source::bodies(text).into_iter();
    let cut = bodies.filter(|body| !guarded(body.start) && has_ending_line(text, body));
    let findings = cut.map(|body| {
        let line =
            1 + memchr::memchr_iter(b'\n', text.get(..body.start).unwrap_or_default()).count();
        let name = versions::name_of(path);
        let message = format!(
            "{} cuts the body in {name} at its semicolons",
            dialect.runner
        );
        let fix = format!(
            "put `-- {0}StatementBegin` before the statement and `-- {0}StatementEnd` after it",
            dialect.prefix
        );
        Finding::new(&finding::SPLIT_BODY, path, message)
            .at_line(line)
            .with_fix(fix)
    });
    findings.collect()
}

/// A statement that is begun and not ended: the runner stops at the end of the file, or at the next one.
fn unclosed(dialect: &Dialect, path: &Path, said: &[(Line, Said)]) -> Option<Finding> {
    let mut marks = said
        .iter()
        .filter(|(_, said)| *said != Said::NoTransaction)
        .peekable();
    while let Some((_, said)) = marks.next() {
        let is_ended = matches!(marks.peek(), Some((_, Said::StatementEnd)));
        if *said == Said::StatementBegin && !is_ended {
            let marker = format!("-- {}StatementEnd", dialect.prefix);
            let then = "stops here";
            return Some(
                finding::missing_marker(path, dialect.runner, &marker, then)
                    .with_fix(format!("put `{marker}` after the statement")),
            );
        }
    }
    None
}

/// Whether a line that ends within the body ends in a semicolon, comments aside.
fn has_ending_line(text: &[u8], body: &Range<usize>) -> bool {
    let body = text.get(body.clone()).unwrap_or_default();
    let Some(last) = memchr::memrchr(b'\n', body) else {
        return false;
    };
    let lines = markers::lines(body.get(..=last).unwrap_or_default());
    lines.into_iter().any(|line| {
        let words = line
            .text
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let last = words.take_while(|word| !word.starts_with(b"--")).last();
        last.is_some_and(|word| word.ends_with(b";"))
    })
}
