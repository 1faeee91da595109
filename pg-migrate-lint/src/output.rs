//! What is written: records, annotations, or for people each finding with its lines.

mod github;
mod gitlab;
mod sarif;
mod table;

use std::io::{BufWriter, Write};

use serde::Serialize;
use shared::cli::Context;
use shared::records::{Format, Stdout, Writer};
use shared::{Error, Result};

use crate::record::Record;

/// The way to stdout.
pub enum Output {
    /// For programs.
    Records(Box<Writer<Record>>),
    /// For people.
    Table(BufWriter<Stdout>),
    /// Workflow commands of GitHub.
    Github(BufWriter<Stdout>),
    /// The report of GitLab, which is one document.
    Gitlab(Vec<Record>),
    /// SARIF, which is another.
    Sarif(Vec<Record>),
}

impl Output {
    /// In the format that was asked for.
    pub fn open(context: &Context) -> Self {
        let stdout = Stdout::open();
        match (context.extra_format(), context.common.format) {
            (Some("github"), _) => Self::Github(BufWriter::new(stdout)),
            (Some("gitlab"), _) => Self::Gitlab(Vec::new()),
            (Some("sarif"), _) => Self::Sarif(Vec::new()),
            (_, Some(Format::Table)) => Self::Table(BufWriter::new(stdout)),
            (_, None) if stdout.is_terminal() => Self::Table(BufWriter::new(stdout)),
            _ => Self::Records(Box::new(context.records())),
        }
    }

    /// Writes one; `line` is where it begins, in the file's words.
    pub fn write(&mut self, record: Record, line: &str) -> Result<()> {
        match self {
            Self::Records(writer) => writer.write(&record),
            Self::Table(out) => table::write(out, &record, line).map_err(Error::output),
            Self::Github(out) => github::write(out, &record).map_err(Error::output),
            Self::Gitlab(records) | Self::Sarif(records) => {
                records.push(record);
                Ok(())
            }
        }
    }

    /// Completes it.
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Records(writer) => writer.finish(),
            Self::Table(mut out) | Self::Github(mut out) => out.flush().map_err(Error::output),
            Self::Gitlab(records) => gitlab::write(&records),
            Self::Sarif(records) => sarif::write(&records),
        }
    }
}

/// Writes what is one document, with a newline behind it.
fn document(document: &impl Serialize) -> Result<()> {
    let mut out = BufWriter::new(Stdout::open());
    let written = serde_json::to_writer(&mut out, document).map_err(Into::into);
    written
        .and_then(|()| writeln!(out))
        .and_then(|()| out.flush())
        .map_err(Error::output)
}
