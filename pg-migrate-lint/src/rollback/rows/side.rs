//! A table before a way there and back, between and afterwards.

use std::collections::HashMap;

use super::{Left, Loss, Outcome, Row, Table, Taken, counted};

/// The values of some columns of a row.
pub type Values<'a> = Vec<Option<&'a str>>;

/// A table at one time.
#[derive(Debug)]
pub struct Side<'a> {
    /// Where each column of before is.
    pub places: Vec<Option<usize>>,
    /// The rows.
    pub rows: &'a [Row],
}

/// A table at all three times.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// What it was called and made of.
    pub table: &'a Table,
    /// Before.
    pub before: Side<'a>,
    /// None where it was not there then.
    pub up: Option<Side<'a>>,
    /// Afterwards.
    pub back: Side<'a>,
}

impl Comparison<'_> {
    /// Says what became of its rows.
    pub fn tell(&self, outcome: &mut Outcome) {
        let (losses, left) = match self.keyed() {
            Some(told) => told,
            None => {
                let more = self.back.rows.len().saturating_sub(self.before.rows.len());
                (self.unkeyed(), more)
            }
        };
        outcome.losses.extend(losses);
        if left > 0 {
            let object = self.table.name.clone();
            outcome.left.push(Left {
                object,
                count: left,
            });
        }
    }

    /// The places of the columns of before.
    pub fn columns(&self) -> std::ops::Range<usize> {
        0..self.table.columns.len()
    }

    /// So many of the rows are gone.
    pub fn gone(&self, lost: usize, taken: Taken) -> Loss {
        Loss {
            object: self.table.name.clone(),
            expected: counted(self.before.rows.len(), "row"),
            actual: format!("{} of them", self.before.rows.len().saturating_sub(lost)),
            taken,
            is_known: false,
        }
    }

    /// So many of a column's values are others.
    pub fn changed(&self, column: usize, lost: usize, taken: Taken) -> Loss {
        let name = self.table.columns.get(column).map(|one| one.name.as_str());
        Loss {
            object: format!("{}.{}", self.table.name, name.unwrap_or_default()),
            expected: counted(self.before.rows.len(), "value"),
            actual: format!("{} of them", self.before.rows.len().saturating_sub(lost)),
            taken,
            is_known: false,
        }
    }
}

impl<'a> Side<'a> {
    /// Some rows of the same time.
    pub fn only<'r>(&self, rows: &'r [Row]) -> Side<'r> {
        Side {
            places: self.places.clone(),
            rows,
        }
    }

    /// Where a column of before is.
    pub fn place(&self, column: usize) -> Option<usize> {
        self.places.get(column).copied().flatten()
    }

    /// A row's value of a column of before.
    pub fn value<'r>(&self, row: &'r Row, column: usize) -> Option<&'r str> {
        row.get(self.place(column)?)?.as_deref()
    }

    /// A row's values of columns of before.
    pub fn values<'r>(&self, row: &'r Row, columns: &[usize]) -> Values<'r> {
        columns.iter().map(|one| self.value(row, *one)).collect()
    }

    /// The rows, of these columns of before only, in order.
    pub fn take(&self, columns: &[usize]) -> Vec<Values<'a>> {
        let mut rows: Vec<Values> = self
            .rows
            .iter()
            .map(|row| self.values(row, columns))
            .collect();
        rows.sort_unstable();
        rows
    }

    /// The rows by what is in some columns; none where these are not all there, or don't tell rows apart.
    pub fn by(&self, columns: &[usize]) -> Option<HashMap<Values<'a>, &'a Row>> {
        if columns.iter().any(|column| self.place(*column).is_none()) {
            return None;
        }
        let mut rows = HashMap::with_capacity(self.rows.len());
        for row in self.rows {
            if rows.insert(self.values(row, columns), row).is_some() {
                return None;
            }
        }
        Some(rows)
    }
}
