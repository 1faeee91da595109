//! Schemas that are hard to live with: views on views, tables that are too wide.

use crate::check::{Case, Check, Finding, Unit};
use crate::row::Row;
use crate::sections::design::SECTION;
use crate::words;

/// So many columns a table can have, dropped ones included.
const MOST_COLUMNS: f64 = 1600.0;

/// Views on views.
pub const NESTED: Check = Check {
    name: "nested_views",
    finds: "views that stand on views on views: queries of them do more than they show, and are planned badly",
    unit: Unit::Count,
    warn: Some(5.0),
    crit: None,
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "views that functions ask; whether anybody uses them",
    judge: nested,
};

/// Very many columns.
pub const WIDE: Check = Check {
    name: "wide_tables",
    finds: "tables with very many columns, or near the 1,600 that a table can have: dropped ones count",
    unit: Unit::Count,
    warn: Some(200.0),
    crit: Some(1500.0),
    is_low_bad: false,
    sections: &[&SECTION],
    unseen: "tables with fewer than 100; how long their rows are",
    judge: wide,
};

fn of_kind<'a>(case: &'a Case, kind: &'static str) -> impl Iterator<Item = &'a Row> {
    let rows = case.rows(&SECTION).iter();
    rows.filter(move |row| row.text("kind") == Some(kind))
}

fn nested(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "nested_view").filter_map(|row| {
        let (name, layers) = (row.text("relation")?, row.number("number")?);
        let message = format!(
            "it is a {} in {} layers, next on {}",
            row.text("type")?,
            words::count(layers),
            row.text("stands_on")?
        );
        let finding = case.judge(Some(name), layers, message);
        Some(finding.remedy(
            "-- ask the tables for what is shown; section design names each layer, EXPLAIN what it costs",
        ))
    });
    findings.collect()
}

fn wide(case: &Case) -> Vec<Finding> {
    let findings = of_kind(case, "wide_table").filter_map(|row| {
        let (name, columns) = (row.text("relation")?, row.number("number")?);
        let dropped = row.number("dropped")?;
        let message = format!(
            "{} columns, {} of them dropped; at {} none can be added",
            words::count(columns),
            words::count(dropped),
            words::count(MOST_COLUMNS)
        );
        let finding = case.judge(Some(name), columns, message);
        let remedy = match dropped * 2.0 > columns {
            true => "-- a new table with the columns that are left, in its place: only that forgets those that were dropped",
            false => "-- part it by what is asked for together, or keep what most rows have not in jsonb",
        };
        Some(finding.remedy(remedy))
    });
    findings.collect()
}
