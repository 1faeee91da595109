//! How much more of something there is than there was, and the row that says so.

use super::DAY;
use super::kept::{Kind, Past};
use crate::row::Cell;

/// A thing then and now.
pub struct Since<'a> {
    /// What kind of thing.
    pub kind: &'static Kind,
    /// Then.
    pub then: &'a Past,
    /// Now.
    pub now: &'a Past,
    /// The time between.
    pub seconds: f64,
    /// Its counters went on all the time, as far as anything says so.
    pub counts_on: bool,
}

/// A row that is made field by field; what is not put in is null.
pub struct Made(Vec<(&'static str, Cell)>);

impl Since<'_> {
    /// What a number has changed by.
    pub fn change(&self, field: &str) -> Option<f64> {
        Some(self.kind.number(self.now, field)? - self.kind.number(self.then, field)?)
    }

    /// What a counter has counted; none where it began anew.
    pub fn increase(&self, field: &str) -> Option<f64> {
        let change = self.change(field).filter(|_| self.counts_on)?;
        (change >= 0.0).then_some(change)
    }

    /// The same, by the second.
    pub fn per_second(&self, field: &str) -> Option<f64> {
        Some(self.increase(field)? / self.seconds)
    }

    /// Whether its counters began anew.
    pub fn began_anew(&self) -> bool {
        let fell = |field: &&str| self.change(field).is_some_and(|change| change < 0.0);
        !self.counts_on || self.kind.counters().any(|field| fell(&field))
    }
}

impl Made {
    /// A row about a thing of this kind.
    pub fn new(kind: &str) -> Self {
        Self(vec![("kind", Cell::Text(kind.into()))])
    }

    /// Puts a value in.
    pub fn put(&mut self, field: &'static str, cell: Cell) {
        self.0.push((field, cell));
    }

    /// Puts a text in.
    pub fn text(&mut self, field: &'static str, value: Option<&str>) {
        self.put(
            field,
            value.map_or(Cell::Null, |text| Cell::Text(text.into())),
        );
    }

    /// Puts a number in.
    pub fn float(&mut self, field: &'static str, value: Option<f64>) {
        let finite = value.filter(|value| value.is_finite());
        self.put(field, finite.map_or(Cell::Null, Cell::Float));
    }

    /// Puts a whole number in.
    pub fn whole(&mut self, field: &'static str, value: Option<f64>) {
        self.put(
            field,
            value.map_or(Cell::Null, |value| Cell::Int(value as i64)),
        );
    }

    /// Puts in what happened meanwhile.
    pub fn note(&mut self, words: &[String]) {
        let said = (!words.is_empty()).then(|| words.join("; "));
        self.text("note", said.as_deref());
    }

    /// Puts in how a size has grown; how much that is a day is in the answer.
    pub fn growth(&mut self, before: Option<f64>, bytes: Option<f64>, seconds: f64) -> Option<f64> {
        let per_day = before
            .zip(bytes)
            .map(|(before, bytes)| (bytes - before) * DAY / seconds);
        self.whole("bytes_before", before);
        self.whole("bytes", bytes);
        self.float("bytes_per_day", per_day);
        let ratio = per_day
            .zip(before)
            .map(|(per_day, before)| per_day / before);
        self.float("growth_ratio_per_day", ratio);
        per_day
    }

    /// The cells, in the order of these fields.
    pub fn cells(mut self, fields: &[(&str, &str)]) -> Vec<Cell> {
        let mut cell = |name: &str| {
            let place = self.0.iter().position(|(own, _)| *own == name);
            place.map_or(Cell::Null, |place| self.0.swap_remove(place).1)
        };
        let cells = fields.iter().map(|(name, _)| cell(name)).collect();
        debug_assert!(self.0.is_empty(), "no such fields: {:?}", self.0);
        cells
    }
}
