//! The stderr format: a line with the prefix begins a report or brings a further part of it;
//! lines that begin with a tab go on with what was before. A report is written in one go, so
//! that its parts stand together.

use std::io::{self, Read};
use std::ops::Range;

use super::buffer::Lines;
use super::clock::decimal;
use super::entry::{Entry, Sink};
use super::guess;
use super::prefix::{Line, Prefix};
use super::severity::{Label, Part, Severity};
use super::{csvlog, jsonlog};

/// A report whose end has not been seen, in places of the lines that are held.
struct Draft {
    severity: Severity,
    /// time, user, database, application, client, sqlstate
    fields: [Range<usize>; 6],
    pid: u32,
    message: Range<usize>,
    detail: Range<usize>,
    context: Range<usize>,
    statement: Range<usize>,
    other: Range<usize>,
    /// What the last line brought; nothing if it was no part of this.
    open: Option<Label>,
}

/// Gives every report to `sink`. While log_destination changes, the server puts records of the new
/// format into the old file. Lines with another prefix, or none is known, are read for what
/// can be seen in them.
pub fn read<R: Read>(
    lines: &mut Lines<R>,
    prefix: Option<&Prefix>,
    sink: &mut impl Sink,
) -> io::Result<()> {
    let mut draft: Option<Draft> = None;
    while let Some(place) = lines.line()? {
        let held = lines.held();
        let line = &held[place.clone()];
        if line.first() == Some(&b'\t') && continues(&mut draft, &place) {
            if lines.is_full() {
                finish(lines, &mut draft, place.end, sink);
            }
            continue;
        }
        let read = prefix
            .and_then(|prefix| prefix.read(line))
            .or_else(|| guess::loose(line));
        match read {
            Some(read) if joins(draft.as_mut(), &read, &place) => {}
            Some(Line {
                label: Label::Begins(severity),
                fields,
                text,
            }) => {
                let next = Draft::new(severity, line, fields, text);
                finish(lines, &mut draft, place.start, sink);
                draft = Some(next);
            }
            _ => {
                if !csvlog::line(line, sink) && !jsonlog::line(line, sink) {
                    sink.skipped(line);
                }
                match &mut draft {
                    Some(draft) => draft.open = None,
                    None => lines.release(lines.len()),
                }
            }
        }
    }
    let all = lines.len();
    finish(lines, &mut draft, all, sink);
    Ok(())
}

/// Whether the line goes on with what the draft brought last.
fn continues(draft: &mut Option<Draft>, place: &Range<usize>) -> bool {
    let Some(draft) = draft else { return false };
    let Some(label) = draft.open else {
        return false;
    };
    draft.part(label).end = place.end;
    true
}

/// Whether the line is a further part of the draft's report.
fn joins(draft: Option<&mut Draft>, read: &Line<'_>, place: &Range<usize>) -> bool {
    let (Some(draft), Label::More(_)) = (draft, read.label) else {
        return false;
    };
    if !read.fields.pid.is_empty() && pid(read.fields.pid) != draft.pid {
        return false;
    }
    *draft.part(read.label) = place.start + read.text..place.end;
    draft.open = Some(read.label);
    true
}

/// Gives the draft away, and lets go of everything before `end`.
fn finish<R: Read>(
    lines: &mut Lines<R>,
    draft: &mut Option<Draft>,
    end: usize,
    sink: &mut impl Sink,
) {
    if let Some(draft) = draft.take() {
        sink.entry(&draft.entry(lines.held()));
    }
    lines.release(end);
}

fn pid(digits: &[u8]) -> u32 {
    decimal(digits)
        .and_then(|pid| u32::try_from(pid).ok())
        .unwrap_or(0)
}

impl Draft {
    /// A report that begins with `line`, from which on the lines will be held.
    fn new(
        severity: Severity,
        line: &[u8],
        fields: super::prefix::Fields<'_>,
        text: usize,
    ) -> Self {
        let place = |field: &[u8]| match field.is_empty() {
            true => 0..0,
            false => {
                let start = field.as_ptr() as usize - line.as_ptr() as usize;
                start..start + field.len()
            }
        };
        Self {
            severity,
            fields: [
                fields.time,
                fields.user,
                fields.database,
                fields.application,
                fields.client,
                fields.sqlstate,
            ]
            .map(place),
            pid: pid(fields.pid),
            message: text..line.len(),
            detail: 0..0,
            context: 0..0,
            statement: 0..0,
            other: 0..0,
            open: Some(Label::Begins(severity)),
        }
    }

    fn part(&mut self, label: Label) -> &mut Range<usize> {
        match label {
            Label::Begins(_) => &mut self.message,
            Label::More(Part::Detail) => &mut self.detail,
            Label::More(Part::Context) => &mut self.context,
            Label::More(Part::Statement) => &mut self.statement,
            Label::More(Part::Hint | Part::Other) => &mut self.other,
        }
    }

    fn entry<'a>(&self, held: &'a [u8]) -> Entry<'a> {
        let text = |place: &Range<usize>| &held[place.clone()];
        let [time, user, database, application, client, sqlstate] = &self.fields;
        Entry {
            time: text(time),
            pid: self.pid,
            user: text(user),
            database: text(database),
            application: text(application),
            client: text(client),
            sqlstate: text(sqlstate),
            severity: self.severity,
            is_foreign: false,
            message: text(&self.message),
            detail: text(&self.detail),
            context: text(&self.context),
            statement: text(&self.statement),
        }
    }
}
