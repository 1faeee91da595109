//! The next number of a sequence is not in use already, and there is one.

use std::collections::BTreeSet;

use postgres::{Client, Row};
use shared::Result;
use shared::dump::{QualifiedName, quote_identifier};

use super::job::Job;
use super::{Origin, Outcome, Seen};

pub const CHECK: &str = "sequence_columns";

/// A sequence that may come to its end.
struct Sequence {
    name: QualifiedName,
    increment: i64,
    least: i64,
    greatest: i64,
}

/// A sequence and a column that takes its numbers.
struct Feed {
    sequence: Sequence,
    table: QualifiedName,
    partitioned: bool,
    column: String,
    pages: i64,
    /// Whether the backup says where the sequence stands.
    is_as_in_backup: bool,
}

/// A job for each column, and for each sequence that feeds none.
pub fn plan(client: &mut Client, origin: Origin<'_>) -> Result<Vec<Job>> {
    let rows = client.query_typed(include_str!("../../sql/sequence_columns.sql"), &[])?;
    let feeds = rows.iter().map(|row| Feed::of_row(row, origin));
    let feeds = feeds.collect::<Result<Vec<Feed>>>()?;
    let name = |feed: &Feed| feed.sequence.name.clone();
    let feeding: BTreeSet<QualifiedName> = feeds.iter().map(name).collect();
    let mut jobs: Vec<Job> = feeds.into_iter().map(Feed::job).collect();
    for row in client.query_typed(include_str!("../../sql/sequences.sql"), &[])? {
        let sequence = Sequence::of_row(&row)?;
        if !feeding.contains(&sequence.name) {
            jobs.push(sequence.job());
        }
    }
    Ok(jobs)
}

impl Sequence {
    fn of_row(row: &Row) -> Result<Self> {
        Ok(Self {
            name: QualifiedName {
                schema: Some(row.try_get("sequence_schema")?),
                name: row.try_get("sequence_name")?,
            },
            increment: row.try_get("increment")?,
            least: row.try_get("least")?,
            greatest: row.try_get("greatest")?,
        })
    }

    fn job(self) -> Job {
        let object = self.name.to_string();
        let name = object.clone();
        Job::of_many(CHECK, object, 0, move |client| {
            let sql = format!("SELECT n.next IS NULL FROM {}", self.next());
            let is_at_end = client.query_typed_one(&sql, &[])?.try_get(0)?;
            let message = "is at its end: nextval gives no number any more";
            let at_end = Seen {
                object: name,
                outcome: Outcome::Inherited(message.to_string()),
            };
            // What holds is counted by its columns.
            Ok(Vec::from_iter(Some(at_end).filter(|_| is_at_end)))
        })
    }

    fn is_rising(&self) -> bool {
        self.increment > 0
    }

    /// The last number that it may give.
    fn end(&self) -> i64 {
        match self.is_rising() {
            true => self.greatest,
            false => self.least,
        }
    }

    /// `n.next`, the number that it gives next; none if it is at its end.
    fn next(&self) -> String {
        let increment = i128::from(self.increment);
        // Beyond this one there is no next: it is at its end, and does not go round.
        let last = (i128::from(self.end()) - increment).clamp(i64::MIN.into(), i64::MAX.into());
        let beyond = if self.is_rising() { ">" } else { "<" };
        format!(
            "{} s CROSS JOIN LATERAL (SELECT CASE WHEN NOT s.is_called THEN s.last_value \
             WHEN s.last_value OPERATOR(pg_catalog.{beyond}) ({last}) THEN NULL \
             ELSE s.last_value OPERATOR(pg_catalog.+) ({increment}) END) n (next)",
            self.name.to_sql()
        )
    }
}

impl Feed {
    fn of_row(row: &Row, origin: Origin<'_>) -> Result<Self> {
        let sequence = Sequence::of_row(row)?;
        let is_as_in_backup = match origin {
            Origin::Restored(contents) => contents.sequences.contains_key(&sequence.name),
            Origin::Recovered | Origin::Live => true,
        };
        Ok(Self {
            sequence,
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

    fn job(self) -> Job {
        let object = self.sequence.name.to_string();
        Job::of_one(CHECK, object, self.pages, move |client| self.look(client))
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
            self.sequence.name
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
        let increment = self.sequence.increment;
        let end = self.sequence.end();
        let (towards, from, farthest) = match self.sequence.is_rising() {
            true => ("<=", ">=", "max"),
            false => (">=", "<=", "min"),
        };
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
             AND {column} OPERATOR(pg_catalog.{towards}) ({end}){met})::pg_catalog.text FROM {}",
            self.table.to_sql(),
            self.sequence.next(),
        )
    }
}
