//! No two rows are the same by a unique index or an exclusion constraint: asked of the rows. A
//! logical restore asked that as it built them; of a database as it is, nobody did.

use postgres::{Client, Row};
use shared::Result;
use shared::dump::QualifiedName;

use super::job::Job;
use super::{Origin, Outcome};
use crate::proof::counted;

pub const CHECK: &str = "unique_keys";

const NOT_RUN: &str = "not looked at: it calls functions of the database, which are not run here";

/// Reading by the index itself, which has them in order, takes neither memory nor disk; and one core.
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; \
                        SET LOCAL enable_sort = off; SET LOCAL max_parallel_workers_per_gather = 0";

/// A unique index, or that of an exclusion constraint.
struct Key {
    oid: u32,
    name: String,
    table: QualifiedName,
    pages: i64,
    excludes: bool,
    nulls_are_same: bool,
    predicate: Option<String>,
    runs_own_code: bool,
    columns: Vec<Column>,
}

/// One of its columns, or an expression.
struct Column {
    key: String,
    same: String,
    sorts: Option<String>,
}

/// A job for each; none where a restore built them all.
pub fn plan(client: &mut Client, origin: Origin<'_>) -> Result<Vec<Job>> {
    if matches!(origin, Origin::Restored(_)) {
        return Ok(Vec::new());
    }
    let live = origin.is_live();
    let jobs = read(client)?.into_iter().map(|key| {
        let object = format!("{} {}", key.table, key.name);
        Job::of_one(CHECK, object, key.pages, move |client| {
            match live && key.runs_own_code {
                true => Ok(Outcome::Listed(NOT_RUN.to_string())),
                false => key.look(client),
            }
        })
    });
    Ok(jobs.collect())
}

fn read(client: &mut Client) -> Result<Vec<Key>> {
    let mut keys: Vec<Key> = Vec::new();
    for row in client.query_typed(include_str!("../../sql/unique_keys.sql"), &[])? {
        let oid = row.try_get("oid")?;
        let column = Column::of_row(&row)?;
        match keys.last_mut().filter(|key| key.oid == oid) {
            Some(key) => key.columns.push(column),
            None => keys.push(Key {
                oid,
                name: row.try_get("name")?,
                table: QualifiedName {
                    schema: Some(row.try_get("schema")?),
                    name: row.try_get("table_name")?,
                },
                pages: row.try_get("pages")?,
                excludes: row.try_get("excludes")?,
                nulls_are_same: row.try_get("nulls_are_same")?,
                predicate: row.try_get("predicate")?,
                runs_own_code: row.try_get("runs_own_code")?,
                columns: vec![column],
            }),
        }
    }
    Ok(keys)
}

impl Column {
    fn of_row(row: &Row) -> Result<Self> {
        let (key, collation): (String, String) = (row.try_get("key")?, row.try_get("collation")?);
        Ok(Self {
            key: format!("({key}){collation}"),
            same: row.try_get("same")?,
            sorts: row.try_get("sorts")?,
        })
    }
}

impl Key {
    fn look(&self, client: &mut Client) -> Result<Outcome> {
        client.batch_execute(BY_INDEX)?;
        let sql = match self.excludes {
            true => self.excluded(),
            false => self.repeated(),
        };
        let count: i64 = client.query_typed_one(&sql, &[])?.try_get(0)?;
        if count == 0 {
            return Ok(Outcome::Holds);
        }
        let verb = if count == 1 { "is" } else { "are" };
        let count = counted(count.unsigned_abs(), "row");
        Ok(Outcome::Inherited(match self.excludes {
            true => format!("{count} {verb} excluded by another"),
            false => format!("{count} {verb} the same as another"),
        }))
    }

    /// The rows that the index is of, with its columns as `k1`, `k2` and so on, for FROM.
    fn rows(&self, place: &str) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .enumerate()
            .map(|(number, column)| format!("{} AS k{number}", column.key))
            .collect();
        let only = match &self.predicate {
            Some(predicate) => format!(" WHERE {predicate}"),
            None => String::new(),
        };
        let table = self.table.to_sql();
        format!(
            "(SELECT {place}{} FROM ONLY {table}{only})",
            columns.join(", ")
        )
    }

    /// How many rows follow on one of the same key, in the key's order.
    fn repeated(&self) -> String {
        let columns = || self.columns.iter().enumerate();
        let same: Vec<String> = columns()
            .map(|(number, column)| {
                let (here, before) = (
                    format!("k{number}"),
                    format!("pg_catalog.lag(k{number}) OVER w"),
                );
                let same = format!("({here} {} {before})", column.same);
                match self.nulls_are_same {
                    true => format!(
                        "(CASE pg_catalog.num_nulls({here}, {before}) WHEN 0 THEN {same} \
                         ELSE pg_catalog.num_nulls({here}, {before}) OPERATOR(pg_catalog.=) 2 END)"
                    ),
                    false => same,
                }
            })
            .collect();
        let order: Vec<String> = columns()
            .map(|(number, column)| match &column.sorts {
                Some(sorts) => format!("k{number} USING {sorts}"),
                None => format!("k{number}"),
            })
            .collect();
        format!(
            "SELECT pg_catalog.count(*) FILTER (WHERE same AND place OPERATOR(pg_catalog.>) 1) FROM \
             (SELECT {} AS same, pg_catalog.row_number() OVER w AS place FROM {} r \
             WINDOW w AS (ORDER BY {})) d",
            same.join(" AND "),
            self.rows(""),
            order.join(", "),
        )
    }

    /// How many rows have another one that their constraint excludes.
    fn excluded(&self) -> String {
        let columns = self.columns.iter().enumerate();
        let same: Vec<String> = columns
            .map(|(number, column)| format!("one.k{number} {} other.k{number}", column.same))
            .collect();
        format!(
            "SELECT pg_catalog.count(*) FROM {} one WHERE EXISTS (SELECT FROM {} other \
             WHERE {} AND one.place OPERATOR(pg_catalog.<>) other.place)",
            self.rows("ctid AS place, "),
            self.rows("ctid AS place, "),
            same.join(" AND "),
        )
    }
}
