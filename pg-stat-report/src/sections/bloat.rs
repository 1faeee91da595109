//! `bloat`: how much larger tables and B-trees are than their rows need.

use shared::Result;

use crate::bloat::{Btree, Heap, toast_pages};
use crate::row::{Cell, Row};
use crate::section::{Gather, Reach, Section};
use crate::server::Server;

use columns::{Fields, Statistics};
use exact::{Found as Measurements, Measured};

mod columns;
mod exact;

/// One row for each of 1 MB or more.
pub const SECTION: Section = Section {
    name: "bloat",
    answers: "how much larger are tables and B-trees than their rows need, by the planner's statistics?",
    costs: "one look at pg_class and pg_statistic",
    needs: "SELECT on pg_statistic, or pg_read_all_data: there is no estimate of others",
    reach: Reach::Database,
    fields: &[
        ("database", "where"),
        ("kind", "table, materialized view, toast or index"),
        ("table", "which, or whose"),
        ("index", "which"),
        ("bytes", "as VACUUM or ANALYZE saw it last"),
        (
            "rows",
            "as it saw them then: rows, pieces of large values or entries",
        ),
        (
            "expected_bytes",
            "what these need, laid out anew; null: there is no telling",
        ),
        ("bloat_bytes", "what is beyond that"),
        ("bloat_ratio", "the same by its size"),
        ("fillfactor", "how full its pages are made, in percent"),
        (
            "null_ratio",
            "of an index that is not partial, the share of rows with a null in its first column",
        ),
        (
            "is_deduplicated",
            "entries of an index that are the same share their key",
        ),
        (
            "is_exclusion",
            "it backs an exclusion constraint, and can't be built anew beside itself",
        ),
        ("is_estimate", "by statistics; else pgstattuple has read it"),
        (
            "unseen",
            "why there is no telling, or why pgstattuple could not read it",
        ),
    ],
    gather: Gather::Made(rows),
};

/// What was found of one relation.
struct Found {
    bytes: f64,
    rows: Option<f64>,
    /// Those that it needs, or why that is not known.
    pages: std::result::Result<f64, String>,
    is_estimate: bool,
    /// Why it could not be measured.
    trouble: Option<String>,
}

/// Of one whose every row was changed since, the statistics say nothing.
const CHANGED: &str = "all of it has changed since ANALYZE";

const NEVER: &str = "neither VACUUM nor ANALYZE has seen it";

fn rows(section: &'static Section, server: &mut Server) -> Result<Vec<Row>> {
    let tables = match server.there().has("large tables") {
        true => server.ask(include_str!("../../sql/bloat_tables.sql"))?,
        false => Vec::new(),
    };
    let indexes = match server.there().has("large indexes") {
        true => server.ask(include_str!("../../sql/bloat_indexes.sql"))?,
        false => Vec::new(),
    };
    if tables.is_empty() && indexes.is_empty() {
        return Ok(Vec::new());
    }
    let statistics = Statistics::ask(server, &tables, &indexes)?;
    let measured = exact::measure(server, &tables, &indexes)?;
    let mut rows = Vec::new();
    for table in &tables {
        rows.push(table_cells(server, table, &statistics, &measured)?);
    }
    for index in &indexes {
        rows.push(index_cells(server, index, &statistics, &measured)?);
    }
    let origin = server.origin();
    let row = |cells| section.row(&origin, cells);
    let mut rows: Vec<Row> = rows.into_iter().map(row).collect();
    let wasted = |row: &Row| row.number("bloat_bytes").unwrap_or(-1.0);
    rows.sort_by(|one, other| wasted(other).total_cmp(&wasted(one)));
    Ok(rows)
}

fn table_cells(
    server: &Server,
    row: &postgres::Row,
    statistics: &Statistics,
    measured: &Measurements,
) -> Result<Vec<Cell>> {
    let kind: &str = row.try_get("kind")?;
    let block = f64::from(row.try_get::<_, i32>("block")?);
    let rows: Option<f64> = row.try_get("rows")?;
    let fillfactor: i32 = row.try_get("fillfactor")?;
    let changed: Option<i64> = row.try_get("changed_rows")?;
    let Fields { fields, columns } = statistics.of_table(row)?;
    let heap = |fields| Heap {
        fields,
        columns,
        fillfactor: f64::from(fillfactor),
        block,
    };
    let pages = match rows {
        None => Err(NEVER.to_string()),
        Some(rows) if kind == "toast" => Ok(toast_pages(rows)),
        Some(rows) if is_changed(rows, changed) => Err(CHANGED.to_string()),
        Some(rows) => match &fields {
            Ok(fields) => Ok(heap(fields.clone()).pages(rows)),
            Err(why) => Err(why.to_string()),
        },
    };
    let found = Found::estimated(row, rows, pages)?.or_measured(row, measured, |measured| {
        let heap = heap(fields.unwrap_or_default());
        match *measured {
            Measured::Rows { rows, row_bytes } => heap.pages_of_rows(rows, row_bytes),
            Measured::Pages { leaves, .. } => leaves,
        }
    })?;
    let mut cells = vec![
        Cell::Text(server.database().into()),
        Cell::Text(kind.into()),
        Cell::Text(row.try_get::<_, &str>("table")?.into()),
        Cell::Null,
    ];
    found.put(&mut cells, block);
    cells.extend([
        Cell::Int(fillfactor.into()),
        Cell::Null,
        Cell::Null,
        Cell::Null,
    ]);
    found.put_source(&mut cells);
    Ok(cells)
}

fn index_cells(
    server: &Server,
    row: &postgres::Row,
    statistics: &Statistics,
    measured: &Measurements,
) -> Result<Vec<Cell>> {
    let rows: Option<f64> = row.try_get("rows")?;
    let block = f64::from(row.try_get::<_, i32>("block")?);
    let fillfactor: i32 = row.try_get("fillfactor")?;
    let (is_deduplicated, is_partial): (bool, bool) =
        (row.try_get("is_deduplicated")?, row.try_get("is_partial")?);
    let table_rows: Option<f64> = row.try_get("table_rows")?;
    let fields = statistics.of_index(row)?;
    let nulls = match &fields {
        Ok(fields) if !is_partial => fields.first().map(|known| known.field.nulls),
        _ => None,
    };
    let changed = row.try_get("changed_rows")?;
    let pages = match (rows, fields) {
        (None, _) => Err(NEVER.to_string()),
        _ if table_rows.is_some_and(|rows| is_changed(rows, changed)) => Err(CHANGED.to_string()),
        (Some(_), Err(why)) => Err(why.to_string()),
        (Some(rows), Ok(fields)) => {
            let shares = is_deduplicated && !is_partial;
            let keys = fields.iter().map(|known| known.values(rows));
            let btree = Btree {
                keys: shares.then(|| keys.product::<f64>()),
                fields: fields.into_iter().map(|known| known.field).collect(),
                fillfactor: f64::from(fillfactor),
                block,
            };
            Ok(btree.pages(rows))
        }
    };
    let found = Found::estimated(row, rows, pages)?.or_measured(row, measured, |measured| {
        pages_of_leaves(measured, f64::from(fillfactor))
    })?;
    let mut cells = vec![
        Cell::Text(server.database().into()),
        Cell::Text("index".into()),
        Cell::Text(row.try_get::<_, &str>("table")?.into()),
        Cell::Text(row.try_get::<_, &str>("index")?.into()),
    ];
    found.put(&mut cells, block);
    cells.extend([
        Cell::Int(fillfactor.into()),
        nulls.map_or(Cell::Null, Cell::Float),
        Cell::Bool(is_deduplicated),
        Cell::Bool(row.try_get("is_exclusion")?),
    ]);
    found.put_source(&mut cells);
    Ok(cells)
}

fn is_changed(rows: f64, changed: Option<i64>) -> bool {
    changed.is_some_and(|changed| changed as f64 > rows)
}

/// The pages that the entries of these leaves need, filled as new ones are.
fn pages_of_leaves(measured: &Measured, fillfactor: f64) -> f64 {
    match *measured {
        Measured::Pages {
            leaves,
            others,
            density,
        } => {
            let full = (fillfactor / 100.0).max(0.1);
            (leaves * (density / full).min(1.0) + others).ceil() + 1.0
        }
        Measured::Rows { rows, .. } => rows,
    }
}

impl Found {
    fn estimated(
        row: &postgres::Row,
        rows: Option<f64>,
        pages: std::result::Result<f64, String>,
    ) -> Result<Self> {
        Ok(Self {
            bytes: row.try_get::<_, i64>("bytes")? as f64,
            rows,
            pages,
            is_estimate: true,
            trouble: None,
        })
    }

    /// What was measured goes before the estimate.
    fn or_measured(
        mut self,
        row: &postgres::Row,
        measured: &Measurements,
        pages: impl FnOnce(&Measured) -> f64,
    ) -> Result<Self> {
        match measured.get(&row.try_get("oid")?) {
            None => {}
            Some(Err(why)) => self.trouble = Some(why.clone()),
            Some(Ok((bytes, measured))) => {
                self.bytes = *bytes;
                self.pages = Ok(pages(measured));
                self.is_estimate = false;
                if let Measured::Rows { rows, .. } = measured {
                    self.rows = Some(*rows);
                }
            }
        }
        Ok(self)
    }

    /// The cells from `bytes` to `bloat_ratio`.
    fn put(&self, cells: &mut Vec<Cell>, block: f64) {
        let whole = |value: f64| Cell::Int(value as i64);
        cells.extend([whole(self.bytes), self.rows.map_or(Cell::Null, whole)]);
        let Ok(pages) = self.pages else {
            return cells.extend([Cell::Null, Cell::Null, Cell::Null]);
        };
        let expected = pages * block;
        let beyond = (self.bytes - expected).max(0.0);
        let ratio = (beyond / self.bytes.max(1.0) * 1e4).round() / 1e4;
        cells.extend([whole(expected), whole(beyond), Cell::Float(ratio)]);
    }

    /// The cells `is_estimate` and `unseen`.
    fn put_source(self, cells: &mut Vec<Cell>) {
        let why = self.trouble.or(self.pages.err());
        cells.extend([
            Cell::Bool(self.is_estimate),
            why.map_or(Cell::Null, |why| Cell::Text(why.into())),
        ]);
    }
}
