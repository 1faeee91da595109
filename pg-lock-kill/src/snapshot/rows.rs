//! What the server answers to several statements that were sent at once.

use postgres::SimpleQueryMessage;
use postgres::SimpleQueryRow;
use shared::time::Time;
use shared::{Context as _, Error, Result};

/// The rows of each statement, in their order.
pub fn by_statement(messages: Vec<SimpleQueryMessage>) -> Vec<Vec<Row>> {
    let mut statements = Vec::new();
    let mut rows = Vec::new();
    for message in messages {
        match message {
            SimpleQueryMessage::Row(row) => rows.push(Row(row)),
            SimpleQueryMessage::CommandComplete(_) => statements.push(std::mem::take(&mut rows)),
            _ => {}
        }
    }
    statements
}

/// A row, whose values are text.
pub struct Row(SimpleQueryRow);

impl Row {
    /// A value that may be null.
    pub fn text(&self, column: usize) -> Option<String> {
        self.0.get(column).map(str::to_string)
    }

    /// A value that is never null.
    pub fn some_text(&self, column: usize) -> Result<String> {
        self.text(column).ok_or_else(|| self.unknown(column))
    }

    /// A number that may be null.
    pub fn number<T: std::str::FromStr>(&self, column: usize) -> Result<Option<T>> {
        let number = self.0.get(column).map(str::parse).transpose();
        number.map_err(|_| self.unknown(column))
    }

    /// A number that is never null.
    pub fn some_number<T: std::str::FromStr>(&self, column: usize) -> Result<T> {
        self.number(column)?.ok_or_else(|| self.unknown(column))
    }

    /// True or false, or null, which is taken for false.
    pub fn is(&self, column: usize) -> bool {
        self.0.get(column) == Some("t")
    }

    /// Microseconds since 1970.
    pub fn time(&self, column: usize) -> Result<Option<Time>> {
        let Some(microseconds) = self.number::<i64>(column)? else {
            return Ok(None);
        };
        let time = Time::from_unix_timestamp_nanos(i128::from(microseconds) * 1000);
        let time = time.map_err(|error| Error::new(error.to_string()));
        time.context(|| format!("the server says {microseconds}"))
            .map(Some)
    }

    /// Microseconds since 1970, never null.
    pub fn some_time(&self, column: usize) -> Result<Time> {
        self.time(column)?.ok_or_else(|| self.unknown(column))
    }

    fn unknown(&self, column: usize) -> Error {
        let name = self.0.columns().get(column);
        Error::new(format!(
            "the server's {} is {:?}",
            name.map_or("answer", |column| column.name()),
            self.0.get(column)
        ))
    }
}
