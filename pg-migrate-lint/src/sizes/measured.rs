//! What the record of a finding has of its table.

use super::ask::Size;

/// What was measured; what is not known is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Measured {
    /// About how many rows.
    pub rows: Option<i64>,
    /// The table with what is stored out of line, without indexes.
    pub bytes: Option<i64>,
    /// Its indexes.
    pub index_bytes: Option<i64>,
    /// How many partitions it has.
    pub partitions: Option<i64>,
    /// Rows that are written to it in a second.
    pub writes_per_second: Option<f64>,
    /// How long the statement works, once it has its locks.
    pub estimated_seconds: Option<f64>,
}

impl Measured {
    /// Of a table.
    pub fn of(size: &Size) -> Self {
        Self {
            rows: size.rows,
            bytes: size.bytes,
            index_bytes: size.index_bytes,
            partitions: size.partitions,
            writes_per_second: size.writes_per_second.map(rounded),
            estimated_seconds: None,
        }
    }

    /// With this time.
    pub fn takes(mut self, seconds: f64) -> Self {
        self.estimated_seconds = Some(rounded(seconds));
        self
    }
}

/// To thousandths: what is estimated is not known better.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
