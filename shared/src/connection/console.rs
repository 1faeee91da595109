//! The console of a pooler: it knows no SQL but SHOW.

use super::connect::{self, Opened};
use super::conninfo::Conninfo;
use super::deadline::within;
use super::session::SessionOptions;
use super::startup::Startup;
use crate::error::{Error, Result};
use postgres::SimpleQueryMessage;
use std::time::Duration;

/// What PgBouncer calls its console, which no database of its may be called.
const DATABASE: &str = "pgbouncer";

/// One row: names and values, as text.
pub type Line = Vec<(String, Option<String>)>;

/// An open console.
pub struct Console {
    /// Not while somebody waits for an answer.
    opened: Option<Opened>,
    patience: Duration,
}

impl Console {
    /// Whether these parameters may lead to one.
    pub fn is_meant(conninfo: &Conninfo) -> bool {
        conninfo.database() == DATABASE
    }

    /// Connects; no answer is waited for longer than `patience`.
    ///
    /// # Errors
    /// Where nobody answers, or the role may not look.
    pub fn open(conninfo: &Conninfo, patience: Duration) -> Result<Self> {
        let startup = Startup::new(conninfo, &SessionOptions::default());
        Ok(Self {
            opened: Some(connect::open_console(conninfo, &startup)?),
            patience,
        })
    }

    /// `host:port`
    pub fn target(&self) -> String {
        let opened = self.opened.as_ref();
        let place = opened.map(|opened| (opened.host.shown(), opened.host.port));
        place.map_or_else(String::new, |(host, port)| format!("{host}:{port}"))
    }

    /// What `SHOW …` answers.
    ///
    /// # Errors
    /// When it does not answer, or does not know that.
    pub fn show(&mut self, statement: &'static str) -> Result<Vec<Line>> {
        let lost = || Error::new("the console did not answer before");
        let mut opened = self.opened.take().ok_or_else(lost)?;
        let (opened, answer) = within(Some(self.patience), move || {
            let answer = opened.client.simple_query(statement);
            (opened, answer)
        })?;
        self.opened = Some(opened);
        let lines = answer?.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row),
            _ => None,
        });
        let line = |row: postgres::SimpleQueryRow| {
            let names = row.columns().iter().map(|column| column.name().to_string());
            let values = (0..row.len()).map(|place| row.get(place).map(str::to_string));
            names.zip(values).collect()
        };
        Ok(lines.map(line).collect())
    }
}
