//! Rows that are changed and added.

use super::Query;
use crate::name::Name;

/// `UPDATE`, `DELETE`
#[derive(Debug, Clone, Default)]
pub struct Write {
    /// Which.
    pub table: Name,
    /// Whether there is a condition that leaves out rows.
    pub has_where: bool,
    /// Whether rows are taken some at a time: a limit, or a range of keys.
    pub is_batched: bool,
    /// Whether an INSERT around it keeps the rows.
    pub is_kept: bool,
    /// The columns that are set.
    pub columns: Vec<String>,
    /// Those of them that are set to `DEFAULT`.
    pub emptied: Vec<String>,
    /// The columns that the condition compares with one value each.
    pub equals: Vec<String>,
    /// What else is read and called.
    pub query: Query,
}

impl Write {
    /// Whether it says which version the schema has now: the table of that has one row.
    pub fn says_version(&self) -> bool {
        let is_version = |name: &str| name.to_ascii_lowercase().ends_with("version");
        let [column] = self.columns.as_slice() else {
            return false;
        };
        is_version(&self.table.name) && is_version(column)
    }
}

/// `INSERT`
#[derive(Debug, Clone, Default)]
pub struct Insert {
    /// Which.
    pub table: Name,
    /// The columns; empty where none are said.
    pub columns: Vec<String>,
    /// `ON CONFLICT`
    pub on_conflict: bool,
    /// The columns that it names, where it names nothing else.
    pub conflicts_on: Vec<String>,
    /// The columns that `DO UPDATE` sets in rows that are there.
    pub updates: Vec<String>,
    /// Rows that a query finds, and not written out.
    pub from_query: bool,
    /// The greatest number that is written out for each of the columns.
    pub numbers: Vec<Option<i64>>,
    /// For each of the places, whether a row that is written out has something else there than `DEFAULT`.
    pub given: Vec<bool>,
    /// How many values each of the rows has that are written out.
    pub widths: Vec<usize>,
    /// `OVERRIDING`
    pub overrides: bool,
    /// Not `DEFAULT VALUES`.
    pub has_values: bool,
    /// What else is read and called.
    pub query: Query,
}

impl Insert {
    /// The columns that are given numbers from 1 on, as a sequence gives them, or whatever a query finds.
    pub fn numbered(&self) -> impl Iterator<Item = &String> {
        let columns = self.columns.iter().enumerate();
        columns.filter_map(|(place, column)| {
            let number = self.numbers.get(place).copied().flatten();
            (self.from_query || number.is_some_and(|number| number > 0)).then_some(column)
        })
    }
}
