//! For people: each finding with its line, what it means, and what to write instead.

use std::io::{self, Write};

use shared::printable;

use crate::record::Record;

/// Writes one.
pub fn write(out: &mut impl Write, record: &Record, line: &str) -> io::Result<()> {
    writeln!(
        out,
        "{}:{}:{}: {}: {} [{}]",
        printable::line(&record.file),
        record.line,
        record.column,
        record.severity,
        printable::line(&record.message),
        record.rule
    )?;
    let number = record.line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(out, "  {number} | {}", printable::line(line.trim_end()))?;
    if let Some(lock) = &record.lock {
        let object = record.object.as_deref().unwrap_or_default();
        let waits = match record.blocks.as_str() {
            "none" => "nobody waits".to_string(),
            others => format!("{} wait", others.replace('+', " and ")),
        };
        let work = match record.effect.as_str() {
            "none" => "for a moment",
            "scan" => "while all rows are read",
            _ => "while all rows are written anew",
        };
        writeln!(
            out,
            "  {margin} = {lock} on {}: {waits}, {work}",
            printable::line(object)
        )?;
    }
    for (place, fix) in record.fix.iter().flat_map(|fix| fix.lines()).enumerate() {
        let label = match place {
            0 => "fix:",
            _ => "    ",
        };
        writeln!(out, "  {margin} = {label} {}", printable::line(fix))?;
    }
    writeln!(out)
}
