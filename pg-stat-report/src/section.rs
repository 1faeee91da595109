//! What a section is: a named set of rows of its own.

use std::cmp::Ordering;
use std::sync::Arc;

use shared::cli::Terms;
use shared::connection::Console;
use shared::{Error, Result};

use crate::cli::Options;
use crate::narrow;
use crate::row::{Origin, Row};
use crate::server::Server;
use crate::there::There;

/// The fields that every row begins with.
pub const COMMON: Terms = &[
    ("section", "which of them"),
    ("target", "which server, as host:port"),
    ("taken_at", "when it was looked at"),
];

/// A named set of rows.
#[derive(Debug)]
pub struct Section {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it answers, in a few words.
    pub answers: &'static str,
    /// What asking costs the server.
    pub costs: &'static str,
    /// The least right with which nothing is hidden.
    pub needs: &'static str,
    /// What a row is about.
    pub reach: Reach,
    /// What a row has, beyond [`COMMON`], and what that means.
    pub fields: Terms,
    /// Where the rows come from.
    pub gather: Gather,
}

/// Where a section has to be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Once, in any database.
    Server,
    /// In each database.
    Database,
}

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A server.
    Server,
    /// A pooler, by its console.
    Console,
    /// A server's log.
    Log,
}

/// A statement, and the first major version of PostgreSQL that it is for. Lines of it may be for some only: see
/// [`for_version`].
pub type Statement = (u32, &'static str);

/// What ends a line that is for servers before a major version.
const BEFORE: &str = " -- before ";
/// What begins one that is for that version and later ones; to the older it is a comment.
const SINCE: &str = "-- since ";

/// The sections whose rows others are made of, too.
const OF_OTHERS: [&str; 2] = ["checkpoints", "settings_known"];

/// Where a section's rows come from.
#[derive(Debug)]
pub enum Gather {
    /// One statement, whose columns are the section's fields: the last that is for a version as
    /// new as the server's.
    Query(&'static [Statement]),
    /// The same, put into order by us: the server would compare the text of all rows.
    Sorted(&'static [Statement], fn(&Row, &Row) -> Ordering),
    /// One statement, where that is there which it may find.
    Where(&'static str, &'static [Statement]),
    /// More than that.
    Made(fn(&'static Section, &mut Server) -> Result<Vec<Row>>),
    /// The same, where checks need less: they say whether the rows are for them alone.
    Narrowed(fn(&'static Section, &mut Server, bool) -> Result<Vec<Row>>),
    /// Of the whole server, by what may be in one of its databases alone.
    Anywhere(fn(&'static Section, &mut Server) -> Result<Vec<Row>>),
    /// From the rows of these sections and of an earlier report.
    Compared(&'static [&'static Section]),
    /// From a pooler's console.
    Console(fn(&'static Section, &Arc<Origin>, &mut Console) -> Result<Vec<Row>>),
    /// Not from a server.
    Input(fn(&'static Section, &Options) -> Result<Vec<Row>>),
}

impl Section {
    /// Asks the server, for checks alone perhaps.
    pub fn rows(&'static self, server: &mut Server, is_narrow: bool) -> Result<Vec<Row>> {
        match &self.gather {
            Gather::Query(statements) => self.queried(statements, server, is_narrow),
            Gather::Sorted(statements, order) => {
                let mut rows = self.queried(statements, server, is_narrow)?;
                rows.sort_by(order);
                Ok(rows)
            }
            Gather::Where(thing, statements) => match server.there().has(thing) {
                true => self.queried(statements, server, is_narrow),
                false => Ok(Vec::new()),
            },
            Gather::Made(make) | Gather::Anywhere(make) => make(self, server),
            Gather::Narrowed(make) => make(self, server, is_narrow),
            Gather::Compared(_) | Gather::Console(_) | Gather::Input(_) => Ok(Vec::new()),
        }
    }

    /// The rows of a statement whose columns are the section's fields.
    pub fn queried(
        &'static self,
        statements: &[Statement],
        server: &mut Server,
        is_narrow: bool,
    ) -> Result<Vec<Row>> {
        if let Some(rows) = server.kept(self.name) {
            return Ok(rows);
        }
        let mut statement = statement_for(statements, server.major())?;
        if There::matters_to(&statement) {
            statement = server.there().of_statement(&statement);
        }
        if is_narrow {
            statement = narrow::of_statement(&statement);
        }
        let rows = self.answered(&statement, server)?;
        if OF_OTHERS.contains(&self.name) {
            server.keep(self.name, &rows);
        }
        Ok(rows)
    }

    /// The same, of a statement as the server takes it.
    pub fn answered(&'static self, statement: &str, server: &mut Server) -> Result<Vec<Row>> {
        let rows = server.query(statement, self.fields)?;
        let origin = server.origin();
        let row = |cells| Row::new(self, Arc::clone(&origin), cells);
        Ok(rows.into_iter().map(row).collect())
    }

    /// Where its rows come from.
    pub fn source(&self) -> Source {
        match self.gather {
            Gather::Input(_) => Source::Log,
            Gather::Console(_) => Source::Console,
            _ => Source::Server,
        }
    }

    /// Whether no server has to be asked.
    pub fn is_input(&self) -> bool {
        matches!(self.gather, Gather::Input(_))
    }

    /// The sections that it compares with an earlier report, if it does.
    pub fn compares(&self) -> Option<&'static [&'static Self]> {
        match self.gather {
            Gather::Compared(sections) => Some(sections),
            _ => None,
        }
    }

    /// One row, of values that we made.
    pub fn row(&'static self, origin: &Arc<Origin>, cells: Vec<crate::row::Cell>) -> Row {
        Row::new(self, Arc::clone(origin), cells)
    }

    /// The names of all columns of a record, for as long as the program lasts.
    pub fn columns(&self) -> &'static [&'static str] {
        let fields = COMMON.iter().chain(self.fields);
        fields.map(|(name, _)| *name).collect::<Vec<_>>().leak()
    }
}

/// A statement as servers of this major version take it. As it is written the oldest take it: of a line that later
/// ones need otherwise, `… -- before 16` is left out for them, and `-- since 16: …` stands in its place.
pub fn for_version(statement: &str, major: u32) -> String {
    let number = |text: &str| text.trim_end().parse::<u32>().ok();
    let line = |line: &str| {
        let before = line.rsplit_once(BEFORE).and_then(|(_, end)| number(end));
        if before.is_some_and(|before| major >= before) {
            return String::new();
        }
        let later = line.split_once(SINCE).and_then(|(start, rest)| {
            let (since, text) = rest.split_once(": ")?;
            (major >= number(since)?).then(|| format!("{start}{text}"))
        });
        later.unwrap_or_else(|| line.to_string())
    };
    statement.split_inclusive('\n').map(line).collect()
}

/// The statement for servers of this major version.
pub fn statement_for(statements: &[Statement], major: u32) -> Result<String> {
    let mut newest_first = statements.iter().rev();
    let found = newest_first.find(|(since, _)| *since <= major);
    found
        .map(|(_, statement)| for_version(statement, major))
        .ok_or_else(|| Error::new(format!("PostgreSQL {major} has no such figures")))
}
