//! What is written: records, or for people the tree as text.

mod tree;

use std::io::{BufWriter, Write};

use shared::cli::Context;
use shared::records::{Format, Stdout, Writer};
use shared::{Error, Result};

use crate::cli::Options;
use crate::hint::Hint;
use crate::record::Record;

/// The way to stdout.
pub enum Output {
    /// For programs.
    Records(Box<Writer<Record>>),
    /// For people.
    Tree(Tree),
}

/// What is drawn.
#[derive(Debug, Default)]
pub struct Tree {
    /// What is to be shown.
    records: Vec<Record>,
    /// Who is not, but may be named.
    others: Vec<Record>,
    /// How wide the terminal is.
    width: Option<usize>,
    /// Whether some was shown.
    is_shown: bool,
    /// How a session is ended that the tree suggests.
    hint: Hint,
}

impl Output {
    /// In the format that was asked for.
    pub fn open(options: &Options, context: &Context) -> Self {
        let stdout = Stdout::open();
        let is_drawn = match context.common.format {
            Some(format) => format == Format::Table,
            None => stdout.is_terminal(),
        };
        match is_drawn {
            true => Self::Tree(Tree {
                width: stdout.width(),
                hint: Hint::of(options, context),
                ..Tree::default()
            }),
            false => Self::Records(Box::new(context.records())),
        }
    }

    /// Writes one record.
    pub fn write(&mut self, record: &Record) -> Result<()> {
        match self {
            Self::Records(writer) => writer.write(record),
            Self::Tree(tree) => {
                tree.records.push(record.clone());
                Ok(())
            }
        }
    }

    /// Keeps one in mind that is named by others.
    pub fn know(&mut self, record: Record) {
        if let Self::Tree(tree) = self {
            tree.others.push(record);
        }
    }

    /// Shows the reader all that was written.
    pub fn flush(&mut self) -> Result<()> {
        match self {
            Self::Records(writer) => writer.flush(),
            Self::Tree(tree) if tree.records.is_empty() => Ok(()),
            Self::Tree(tree) => {
                tree.is_shown = true;
                tree.show()?;
                tree.records.clear();
                Ok(())
            }
        }
    }

    /// Completes it.
    pub fn finish(self) -> Result<()> {
        match self {
            Self::Records(writer) => writer.finish(),
            Self::Tree(tree) if tree.is_shown && tree.records.is_empty() => Ok(()),
            Self::Tree(tree) => tree.show(),
        }
    }
}

impl Tree {
    fn show(&self) -> Result<()> {
        let mut out = BufWriter::new(Stdout::open());
        let seen = self.records.iter().chain(&self.others);
        let end = |pid: i32| {
            let seen = seen.clone().find(|record| record.pid == pid);
            self.hint.to_end(pid, seen)
        };
        let lines = tree::lines(&self.records, self.width, end);
        let written = lines.iter().try_for_each(|line| writeln!(out, "{line}"));
        written.and_then(|()| out.flush()).map_err(Error::output)
    }
}
