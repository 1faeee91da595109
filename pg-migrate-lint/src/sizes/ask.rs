//! The question, and what a server answers of a table.

use postgres::types::Type;
use postgres::{Row, Transaction};
use shared::{Context as _, Result};

use super::subject::Table;

/// What a server has of a table.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// It is there.
    Found(Size),
    /// Tables of this name are in these schemas alone, where nobody looks for it.
    Elsewhere(Vec<String>),
    /// There is none.
    Missing,
}

/// How great a table is, with its partitions and whatever else counts. What is not known is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Size {
    /// How many partitions, or tables that inherit; none where the rows are kept elsewhere, as those of a view are.
    pub partitions: Option<i64>,
    /// About how many rows, by the last ANALYZE or VACUUM and the pages that there are now.
    pub rows: Option<i64>,
    /// More do not fit into its pages.
    pub most_rows: Option<i64>,
    /// What is read of it by a scan, in bytes.
    pub heap: Option<i64>,
    /// The same with what is stored out of line.
    pub bytes: Option<i64>,
    /// What its indexes take beside that, in bytes.
    pub index_bytes: Option<i64>,
    /// About how many rows are in its indexes.
    pub index_rows: Option<i64>,
    /// Rows that are inserted, updated and deleted in a second, on average since the statistics were reset; none where
    /// nobody knows when that was.
    pub writes_per_second: Option<f64>,
}

impl Size {
    /// Whether it is sure to have fewer rows; those of a table that was never analyzed are as many as would fit.
    pub fn is_below(&self, rows: i64) -> bool {
        self.rows.or(self.most_rows).is_some_and(|own| own < rows)
    }
}

/// Asks for all of these in one statement, in their order, along this search path; where no file may be measured, bytes stay unknown.
pub fn ask(
    transaction: &mut Transaction,
    path: &[String],
    tables: &[Table],
    measures: bool,
) -> std::result::Result<Vec<Row>, postgres::Error> {
    let mut numbers: Vec<i32> = Vec::new();
    let mut schemas: Vec<Option<&str>> = Vec::new();
    let mut names: Vec<&str> = Vec::new();
    let mut descends: Vec<bool> = Vec::new();
    for (number, table) in (0..).zip(tables) {
        let own = match table.schemas.is_empty() {
            true => path,
            false => &table.schemas,
        };
        let own = own.iter().map(|schema| Some(schema.as_str()));
        // One that is looked for nowhere has its answer as well.
        for schema in own.chain([None]) {
            numbers.push(number);
            schemas.push(schema);
            names.push(&table.name);
            descends.push(table.descends);
        }
    }
    transaction.query_typed(
        include_str!("../../sql/sizes.sql"),
        &[
            (&numbers, Type::INT4_ARRAY),
            (&schemas, Type::TEXT_ARRAY),
            (&names, Type::TEXT_ARRAY),
            (&descends, Type::BOOL_ARRAY),
            (&measures, Type::BOOL),
        ],
    )
}

/// What a row says.
pub fn answer(row: &Row) -> Result<Answer> {
    let what = || "could not read the size of a table".to_string();
    let elsewhere: Option<Vec<String>> = row.try_get("elsewhere").context(what)?;
    match elsewhere {
        Some(schemas) if schemas.is_empty() => return Ok(Answer::Missing),
        Some(schemas) => return Ok(Answer::Elsewhere(schemas)),
        None => {}
    }
    let number = |column: &str| row.try_get::<_, Option<i64>>(column).context(what);
    let kind: String = row.try_get("kind").context(what)?;
    let is_kept = matches!(kind.as_str(), "r" | "p" | "m");
    let writes = number("writes")?;
    let seconds: Option<f64> = row.try_get("seconds").context(what)?;
    // An average over less says nothing.
    let seconds = seconds.filter(|seconds| *seconds >= 1.0);
    #[allow(clippy::cast_precision_loss)]
    let writes_per_second = (writes.zip(seconds)).map(|(writes, seconds)| writes as f64 / seconds);
    // A partitioned table that has no partition yet has no rows.
    let is_divided = kind == "p" && number("partitions")? == Some(0);
    let none = is_divided.then_some(0);
    let kept = |value: Option<i64>| value.or(none).filter(|_| is_kept);
    Ok(Answer::Found(Size {
        partitions: number("partitions")?.filter(|_| is_kept),
        rows: number("rows")?.or(none).filter(|_| kind != "v"),
        most_rows: kept(number("most_rows")?),
        heap: kept(number("heap")?),
        bytes: kept(number("bytes")?),
        index_bytes: kept(number("index_bytes")?),
        index_rows: kept(number("index_rows")?),
        writes_per_second: writes_per_second.filter(|_| is_kept),
    }))
}
