//! What is written.

pub mod nagios;
pub mod openmetrics;

use std::io::Write;

use shared::cli::Context;
use shared::records::{Format, Stdout, Writer};
use shared::{Error, Result};

use crate::cli::Options;
use crate::look::Part;
use crate::record::Record;
use crate::row::Row;

/// Writes the rows of each section, the sections in the order in which they were asked for.
pub fn sections(options: &Options, context: &Context, parts: Vec<Part>) -> Result<()> {
    let stdout = Stdout::open();
    let format = match context.common.format {
        Some(format) => format,
        None if stdout.is_terminal() => Format::Table,
        None => Format::Jsonl,
    };
    if format == Format::Json {
        return array(parts, options);
    }
    if format == Format::Csv && options.sections.len() > 1 {
        return Err(Error::usage("CSV has room for one section only")
            .with_hint("-o json has room for several"));
    }
    for (number, section) in options.sections.iter().enumerate() {
        let is_alone = options.sections.len() == 1;
        if format == Format::Table && !is_alone {
            let gap = if number == 0 { "" } else { "\n" };
            let head = format!("{gap}-- {}: {}\n", section.name, section.answers);
            Stdout::open()
                .write_all(head.as_bytes())
                .map_err(Error::output)?;
        }
        let (out, width) = (Stdout::open(), stdout.width());
        let mut writer = Writer::with_columns(format, out, width, section.columns());
        let own = parts
            .iter()
            .filter(|part| part.section.name == section.name);
        for part in own {
            part.rows
                .iter()
                .flat_map(|rows| options.shown(part.section, rows))
                .try_for_each(|row| writer.write(row))?;
        }
        writer.finish()?;
    }
    Ok(())
}

/// One array of the rows of all sections.
fn array(parts: Vec<Part>, options: &Options) -> Result<()> {
    let mut out = std::io::BufWriter::new(Stdout::open());
    let mut is_first = true;
    let mut write = |row: &Row| -> Result<()> {
        let text = serde_json::to_string(row)
            .map_err(|error| Error::new(format!("a record could not be written: {error}")))?;
        let before = if is_first { "[\n" } else { ",\n" };
        is_first = false;
        write!(out, "{before}{text}").map_err(Error::output)
    };
    for section in &options.sections {
        let own = parts
            .iter()
            .filter(|part| part.section.name == section.name);
        for part in own {
            part.rows
                .iter()
                .flat_map(|rows| options.shown(part.section, rows))
                .try_for_each(&mut write)?;
        }
    }
    let end = if is_first { "[]\n" } else { "\n]\n" };
    out.write_all(end.as_bytes())
        .and_then(|()| out.flush())
        .map_err(Error::output)
}

/// Whether the format is one whose figures others draw, also of what is well.
pub fn is_drawn(context: &Context) -> bool {
    nagios::is_asked(context) || openmetrics::is_asked(context)
}

/// Writes the records of checks.
pub fn checks<'a>(context: &Context, records: impl Iterator<Item = &'a Record>) -> Result<()> {
    let mut writer = context.records();
    for record in records {
        writer.write(record)?;
    }
    writer.finish()
}
