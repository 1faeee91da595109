//! What is written: records, or for people the tree as text.

mod tree;

use std::io::{BufWriter, Write};

use shared::cli::Context;
use shared::records::{Format, Stdout, Writer};
use shared::{Error, Result};

use crate::record::Record;

/// The way to stdout.
pub enum Output {
    /// For programs.
    Records(Box<Writer<Record>>),
    /// For people: what is to be shown, how wide the terminal is, and whether some was shown.
    Tree(Vec<Record>, Option<usize>, bool),
}

impl Output {
    /// In the format that was asked for.
    pub fn open(context: &Context) -> Self {
        let stdout = Stdout::open();
        match context.common.format {
            Some(Format::Table) => Self::Tree(Vec::new(), stdout.width(), false),
            None if stdout.is_terminal() => Self::Tree(Vec::new(), stdout.width(), false),
            _ => Self::Records(Box::new(context.records())),
        }
    }

    /// Writes one record.
    pub fn write(&mut self, record: &Record) -> Result<()> {
        match self {
            Self::Records(writer) => writer.write(record),
            Self::Tree(records, ..) => {
                records.push(record.clone());
                Ok(())
            }
        }
    }

    /// Shows the reader all that was written.
    pub fn flush(&mut self) -> Result<()> {
        match self {
            Self::Records(writer) => writer.flush(),
            Self::Tree(records, width, is_shown) => {
                let records = std::mem::take(records);
                if records.is_empty() {
                    return Ok(());
                }
                *is_shown = true;
                show(&records, *width)
            }
        }
    }

    /// Completes it.
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Records(writer) => writer.finish(),
            Self::Tree(records, _, true) if records.is_empty() => Ok(()),
            Self::Tree(records, width, _) => show(&records, width),
        }
    }
}

fn show(records: &[Record], width: Option<usize>) -> Result<()> {
    let mut out = BufWriter::new(Stdout::open());
    let lines = tree::lines(records, width);
    let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
    written.and_then(|()| out.flush()).map_err(Error::output)
}
