//! What the planner knows of columns.

use std::collections::{BTreeSet, HashMap};

use shared::{Error, Result};

use crate::bloat::Field;
use crate::server::Server;

/// By relation and number.
pub struct Statistics {
    known: HashMap<(u32, i16), Known>,
    /// Those of some relations may be hidden.
    is_partial: bool,
}

#[derive(Debug, Clone, Copy)]
struct Known {
    nulls: f64,
    width: i32,
    distinct: f64,
}

/// A column of an index.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// As it lies in an entry.
    pub field: Field,
    /// As pg_statistic has it: how many different values, or if less than 0, the share of rows.
    distinct: f64,
}

/// The columns of a table.
pub struct Fields {
    /// Those that are stored, or why nothing is known of one.
    pub fields: std::result::Result<Vec<Field>, &'static str>,
    /// All, the dropped ones, too.
    pub columns: usize,
}

const NEVER: &str = "ANALYZE has not seen each of its columns";
const HIDDEN: &str =
    "its statistics are hidden from this role, or ANALYZE has not seen each of its columns";
const NAMES: &str = "names are stored shorter than the statistics say";

impl Statistics {
    /// Those of these rows of `bloat_tables.sql` and `bloat_indexes.sql`; where pg_statistic is closed, of what the
    /// role may read.
    pub fn ask(
        server: &mut Server,
        tables: &[postgres::Row],
        indexes: &[postgres::Row],
    ) -> Result<Self> {
        let mut relations = BTreeSet::new();
        for table in tables {
            relations.insert(table.try_get::<_, u32>("oid")?.to_string());
        }
        for index in indexes {
            let columns: Vec<String> = index.try_get("columns")?;
            let known_by = columns.iter().filter_map(|column| column.split(' ').next());
            relations.extend(known_by.map(str::to_string));
        }
        let relations: Vec<String> = relations.into_iter().collect();
        let these = format!("'{{{}}}'", relations.join(","));
        let of_these = |statement: &str| statement.replace("{relations}", &these);
        let all = include_str!("../../../sql/column_statistics.sql");
        let (rows, is_partial) = match server.ask(&of_these(all)) {
            Err(error) if error.sqlstate() == Some("42501") => {
                let visible = include_str!("../../../sql/column_statistics_visible.sql");
                (server.ask(&of_these(visible))?, true)
            }
            rows => (rows?, false),
        };
        let mut known = HashMap::new();
        for row in rows {
            let column = (row.try_get("relation")?, row.try_get("number")?);
            let values = Known {
                nulls: row.try_get("null_ratio")?,
                width: row.try_get("width")?,
                distinct: row.try_get("distinct_values")?,
            };
            known.insert(column, values);
        }
        Ok(Self { known, is_partial })
    }

    /// The columns of a row of `bloat_tables.sql`.
    pub fn of_table(&self, row: &postgres::Row) -> Result<Fields> {
        let relation: u32 = row.try_get("oid")?;
        let columns: Vec<String> = row.try_get("columns")?;
        let stored = columns.iter().filter_map(|column| {
            let mut words = column.split(' ');
            let number = words.next()?.parse().ok()?;
            Some((number, words.next()?, words.next()?))
        });
        let field = |(number, length, align)| {
            let known = self.known.get(&(relation, number)).ok_or(self.why())?;
            Ok(field(length, align, known))
        };
        Ok(Fields {
            fields: stored.map(field).collect(),
            columns: columns.len(),
        })
    }

    /// The columns of a row of `bloat_indexes.sql`.
    pub fn of_index(
        &self,
        row: &postgres::Row,
    ) -> Result<std::result::Result<Vec<Key>, &'static str>> {
        let columns: Vec<String> = row.try_get("columns")?;
        let mut keys = Vec::new();
        for column in &columns {
            let words: Vec<&str> = column.split(' ').collect();
            let [relation, number, length, align] = words[..] else {
                return Err(Error::new("the server answered with other columns"));
            };
            // A zero-terminated text: only names are kept so.
            if length == "-2" {
                return Ok(Err(NAMES));
            }
            let place = relation.parse().ok().zip(number.parse().ok());
            let Some(known) = place.and_then(|place| self.known.get(&place)) else {
                return Ok(Err(self.why()));
            };
            keys.push(Key {
                field: field(length, align, known),
                distinct: known.distinct,
            });
        }
        Ok(Ok(keys))
    }

    fn why(&self) -> &'static str {
        if self.is_partial { HIDDEN } else { NEVER }
    }
}

impl Key {
    /// How many different values there are among so many entries; null is one of them.
    pub fn values(&self, entries: f64) -> f64 {
        let values = match self.distinct {
            known if known > 0.0 => known,
            share if share < 0.0 => -share * entries,
            _ => entries,
        };
        let null = if self.field.nulls > 0.0 { 1.0 } else { 0.0 };
        (values + null).clamp(1.0, entries.max(1.0))
    }
}

fn field(length: &str, align: &str, known: &Known) -> Field {
    let length = length.parse().ok();
    Field {
        length,
        align: match align {
            "c" => 1,
            "s" => 2,
            "i" => 4,
            _ => 8,
        },
        nulls: known.nulls,
        width: length.map_or(f64::from(known.width), f64::from),
    }
}
