//! A row of a section: values in the order of its fields.

use std::sync::Arc;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use crate::section::Section;

/// The largest integer that every reader of JSON holds exactly.
const EXACT: u64 = 1 << 53;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// SQL's null: not known, or not to be seen.
    Null,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Float(f64),
    /// Text; a time as RFC 3339.
    Text(Box<str>),
    /// What is nested.
    Json(Box<Value>),
}

/// When and of which server rows are.
#[derive(Debug)]
pub struct Origin {
    /// Which server, as `host:port`.
    pub target: String,
    /// When they were read, as RFC 3339.
    pub taken_at: String,
    /// It is a standby: what changes a database is done on its primary.
    pub is_standby: bool,
}

/// A row.
#[derive(Debug, Clone)]
pub struct Row {
    section: &'static Section,
    origin: Arc<Origin>,
    cells: Vec<Cell>,
}

impl Row {
    /// A row of this section, with a cell for each of its fields.
    pub fn new(section: &'static Section, origin: Arc<Origin>, cells: Vec<Cell>) -> Self {
        Self {
            section,
            origin,
            cells,
        }
    }

    /// The value of this field.
    pub fn cell(&self, field: &str) -> &Cell {
        let place = self
            .section
            .fields
            .iter()
            .position(|(name, _)| *name == field);
        let cell = place.and_then(|place| self.cells.get(place));
        debug_assert!(cell.is_some(), "{} has no {field}", self.section.name);
        cell.unwrap_or(&Cell::Null)
    }

    /// Puts another value in the place of this field's.
    pub fn put(&mut self, field: &str, value: Cell) {
        let mut fields = self.section.fields.iter();
        let place = fields.position(|(name, _)| *name == field);
        debug_assert!(place.is_some(), "{} has no {field}", self.section.name);
        if let Some(cell) = place.and_then(|place| self.cells.get_mut(place)) {
            *cell = value;
        }
    }

    /// The text of this field.
    pub fn text(&self, field: &str) -> Option<&str> {
        match self.cell(field) {
            Cell::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of this field.
    pub fn number(&self, field: &str) -> Option<f64> {
        match self.cell(field) {
            Cell::Int(number) => Some(*number as f64),
            Cell::Float(number) => Some(*number),
            _ => None,
        }
    }

    /// Whether this field is true; not where it is null.
    pub fn is(&self, field: &str) -> bool {
        *self.cell(field) == Cell::Bool(true)
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            // jq and JavaScript would round it.
            Self::Int(value) if value.unsigned_abs() > EXACT => serializer.collect_str(value),
            Self::Int(value) => serializer.serialize_i64(*value),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Text(value) => serializer.serialize_str(value),
            Self::Json(value) => value.serialize(serializer),
        }
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.cells.len() + 3))?;
        map.serialize_entry("section", self.section.name)?;
        map.serialize_entry("target", &self.origin.target)?;
        map.serialize_entry("taken_at", &self.origin.taken_at)?;
        for ((name, _), cell) in self.section.fields.iter().zip(&self.cells) {
            map.serialize_entry(name, cell)?;
        }
        map.end()
    }
}
