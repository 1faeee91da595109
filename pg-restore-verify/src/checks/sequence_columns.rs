//! The next number of a sequence is not in use already.

use postgres::{Client, Row};
use shared::Result;
use shared::dump::{QualifiedName, quote_identifier};

use super::job::Job;
use super::{Origin, Outcome};

pub const CHECK: &str = "sequence_columns";

/// A sequence and a column that takes its numbers.
struct Feed {
    sequence: QualifiedName,
    increment: i64,
    least: i64,
    greatest: i64,
    table: QualifiedName,
    partitioned: bool,
    column: String,
    pages: i64,
    /// Whether the backup says where the sequence stands.
    is_as_in_backup: bool,
}

/// A job for each column.
pub fn plan(client: &mut Client, origin: Origin<'_>) -> Result<Vec<Job>> {
    let rows = client.query_typed(include_str!("../../sql/sequence_columns.sql"), &[])?;
    let jobs = rows.iter().map(|row| {
        let feed = Feed::of_row(row, origin)?;
        let object = feed.sequence.to_string();
        Ok(Job::of_one(CHECK, object, feed.pages, move |client| {
            feed.look(client)
        }))
    });
    jobs.collect()
}

impl Feed {
    fn of_row(row: &Row, origin: Origin<'_>) -> Result<Self> {
        let sequence = QualifiedName {
            schema: Some(row.try_get("sequence_schema")?),
            name: row.try_get("sequence_name")?,
        };
        let is_as_in_backup = match origin {
            Origin::Restored(contents) => contents.sequences.contains_key(&sequence),
            Origin::Recovered | Origin::Live => true,
        };
        Ok(Self {
            sequence,
            increment: row.try_get("increment")?,
            least: row.try_get("least")?,
            greatest: row.try_get("greatest")?,
            table: QualifiedName {
                schema: Some(row.try_get("schema")?),
                name: row.try_get("table_name")?,
            },
            partitioned: row.try_get("partitioned")?,
            column: row.try_get("column_name")?,
            pages: row.try_get("pages")?,
            is_as_in_backup,
        })
    }

    fn look(&self, client: &mut Client) -> Result<Outcome> {
        let rows = client.query_typed(&self.sql(), &[])?;
        let Some(row) = rows.first() else {
            return Ok(Outcome::Holds);
        };
        let (next, taken): (Option<String>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
        let column = format!("{}.{}", self.table, self.column);
        let (Some(next), taken) = (next, taken) else {
            return Ok(Outcome::Inherited(format!(
                "is at its end: {column} gets no number from it any more"
            )));
        };
        let Some(taken) = taken else {
            return Ok(Outcome::Holds);
        };
        let message = format!(
            "is behind {column}: it gives {next} next, and {taken} is in use; \
             setval('{}', {taken}) would put it there",
            self.sequence
        );
        Ok(match self.is_as_in_backup {
            true => Outcome::Inherited(message),
            false => Outcome::Broken {
                expected: Some(format!("past {taken}")),
                actual: Some(format!("{next} next")),
                message: format!("{message}; the backup does not say where it stood"),
            },
        })
    }

    /// The sequence's next number, and the farthest that it would come upon and that is in use.
    ///
    /// Written so that an index on the column answers it without reading the table.
    fn sql(&self) -> String {
        let increment = i128::from(self.increment);
        let rising = increment > 0;
        let (end, beyond, towards, from, farthest) = match rising {
            true => (self.greatest, ">", "<=", ">=", "max"),
            false => (self.least, "<", ">=", "<=", "min"),
        };
        // Beyond this one there is no next: it is at its end, and does not go round.
        let last = (i128::from(end) - increment).clamp(i64::MIN.into(), i64::MAX.into());
        let column = format!("c.{}", quote_identifier(&self.column));
        // One that leaves out numbers leaves them to others, as servers do that share a key.
        let met = match increment {
            1 | -1 => String::new(),
            _ => format!(
                " AND pg_catalog.mod({column}::pg_catalog.numeric - n.next::pg_catalog.numeric, \
                 ({increment})::pg_catalog.numeric) OPERATOR(pg_catalog.=) 0::pg_catalog.numeric"
            ),
        };
        let only = if self.partitioned { "" } else { "ONLY " };
        format!(
            "SELECT n.next::pg_catalog.text, (SELECT pg_catalog.{farthest}({column}) \
             FROM {only}{} c \
             WHERE {column} OPERATOR(pg_catalog.{from}) n.next \
             AND {column} OPERATOR(pg_catalog.{towards}) ({end}){met})::pg_catalog.text \
             FROM {} s CROSS JOIN LATERAL (SELECT CASE WHEN NOT s.is_called THEN s.last_value \
             WHEN s.last_value OPERATOR(pg_catalog.{beyond}) ({last}) THEN NULL \
             ELSE s.last_value OPERATOR(pg_catalog.+) ({increment}) END) n (next)",
            self.table.to_sql(),
            self.sequence.to_sql(),
        )
    }
}
