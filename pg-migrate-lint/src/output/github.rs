//! Annotations of GitHub Actions: `::error file=…,line=…::message`.

use std::io::{self, Write};

use crate::record::Record;

/// Writes one.
pub fn write(out: &mut impl Write, record: &Record) -> io::Result<()> {
    let command = match record.severity.as_str() {
        "error" => "error",
        "warning" => "warning",
        _ => "notice",
    };
    let fix = record
        .fix
        .as_ref()
        .map(|fix| format!("\n\n{fix}"))
        .unwrap_or_default();
    writeln!(
        out,
        "::{command} file={},line={},col={},endLine={},title={}::{}",
        property(&record.file),
        record.line,
        record.column,
        record.end_line,
        property(&record.rule),
        data(&format!("{}{fix}", record.message)),
    )
}

/// As the runner's own toolkit escapes messages.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// And properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
