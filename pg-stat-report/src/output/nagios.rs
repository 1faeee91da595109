//! One line as monitoring plugins write it, and their exit status.

use std::io::Write;

use shared::cli::Context;
use shared::error::Kind;
use shared::records::Stdout;
use shared::{Error, Exit, Result, signals};

use crate::check::Status;
use crate::record::Record;

const NAME: &str = "nagios";

/// So many findings are named.
const NAMED: usize = 5;

/// Whether `-o nagios` was given.
pub fn is_asked(context: &Context) -> bool {
    context.extra_format() == Some(NAME)
}

/// Whether this error is one that the line has to say.
pub fn is_refused(context: &Context, error: &Error) -> bool {
    is_asked(context) && !matches!(error.kind(), Kind::Interrupted | Kind::BrokenPipe)
}

/// Writes why there is nothing to judge: a plugin that says nothing would be critical.
pub fn refuse(error: &Error) -> Result<Exit> {
    let hint = error.hint().map(|hint| format!("; {hint}"));
    let words = error.in_one_line() + &hint.unwrap_or_default();
    let line = format!("POSTGRES UNKNOWN - {}\n", clean(&words));
    let mut out = Stdout::open();
    out.write_all(line.as_bytes()).map_err(Error::output)?;
    std::process::exit(3)
}

/// The same of a wrong command line, where it is this format that it asks for.
pub fn refuse_usage(format: &str, error: &Error) {
    if format == NAME {
        // Where nobody reads, there is nobody to tell.
        let _ = refuse(error);
    }
}

/// Writes the line. The worst comes first, and decides; a server that can't be reached is critical.
pub fn write(judged: &[(Status, Record)], lost: &[Error]) -> Result<Exit> {
    let (word, code) = verdict(judged, lost);
    let count = |status| judged.iter().filter(|(own, _)| *own == status).count();
    let mut said = vec![format!(
        "{} critical, {} warning, {} unknown, {} ok",
        count(Status::Critical) + lost.len(),
        count(Status::Warning),
        count(Status::Missing) + count(Status::Unknown),
        count(Status::Ok)
    )];
    said.extend(lost.iter().map(Error::in_one_line));
    let bad = judged.iter().filter(|(status, _)| *status != Status::Ok);
    said.extend(bad.clone().take(NAMED).map(|(_, record)| named(record)));
    let rest = bad.count().saturating_sub(NAMED);
    if rest > 0 {
        said.push(format!("{rest} more"));
    }
    let words = clean(&said.join("; "));
    let data: Vec<String> = judged
        .iter()
        .filter_map(|(_, record)| perfdata(record))
        .collect();
    let line = format!("POSTGRES {word} - {words} | {}\n", data.join(" "));
    let mut out = Stdout::open();
    out.write_all(line.as_bytes()).map_err(Error::output)?;
    signals::check()?;
    // Not one of ours: the protocol of the plugins has four.
    std::process::exit(code)
}

fn verdict(judged: &[(Status, Record)], lost: &[Error]) -> (&'static str, i32) {
    let has = |status| judged.iter().any(|(own, _)| *own == status);
    match () {
        () if !lost.is_empty() || has(Status::Critical) => ("CRITICAL", 2),
        () if has(Status::Warning) => ("WARNING", 1),
        () if has(Status::Unknown) => ("UNKNOWN", 3),
        () => ("OK", 0),
    }
}

fn named(record: &Record) -> String {
    let place = [record.database.as_deref(), record.object.as_deref()];
    let place: Vec<&str> = place.into_iter().flatten().collect();
    let place = match place.is_empty() {
        true => String::new(),
        false => format!(" ({})", place.join(" ")),
    };
    format!(
        "{} {}{place}: {}",
        record.check, record.status, record.message
    )
}

/// `|` begins the figures, and a line's end ends all.
fn clean(text: &str) -> String {
    shared::printable::line(text).replace('|', "/")
}

fn perfdata(record: &Record) -> Option<String> {
    let value = record.value?;
    let place = [record.database.as_deref(), record.object.as_deref()];
    let label: Vec<&str> = [Some(record.check.as_str())]
        .into_iter()
        .chain(place)
        .flatten()
        .collect();
    let label = clean(&label.join(" ")).replace('\'', "").replace('=', "_");
    let unit = match record.unit.as_str() {
        "seconds" => "s",
        "bytes" => "B",
        _ => "",
    };
    let limit = |limit: Option<f64>| limit.map(|limit| limit.to_string()).unwrap_or_default();
    Some(format!(
        "'{label}'={value}{unit};{};{}",
        limit(record.warn),
        limit(record.crit)
    ))
}
