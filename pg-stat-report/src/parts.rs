//! What was seen of a server, section by section: found by database and section, however many there are.

use std::collections::HashMap;

use crate::look::Part;
use crate::section::Section;

/// Parts in the order in which they were seen.
#[derive(Debug, Default)]
pub struct Parts {
    all: Vec<Part>,
    /// Where those of each database are; no database has an empty name, by which those of the whole server go.
    places: HashMap<String, Vec<usize>>,
}

impl Parts {
    /// Adds one.
    pub fn push(&mut self, part: Part) {
        let database = part.database.clone().unwrap_or_default();
        self.places
            .entry(database)
            .or_default()
            .push(self.all.len());
        self.all.push(part);
    }

    /// The one of this section, in this database or of the whole server.
    pub fn find(&self, section: &Section, database: Option<&str>) -> Option<&Part> {
        let places = self.places.get(database.unwrap_or_default())?;
        let mut parts = places.iter().filter_map(|place| self.all.get(*place));
        parts.find(|part| part.section.name == section.name)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Part> {
        self.all.iter()
    }

    /// The rows of each, to be put in place of others.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Part> {
        self.all.iter_mut()
    }
}

impl Extend<Part> for Parts {
    fn extend<I: IntoIterator<Item = Part>>(&mut self, parts: I) {
        parts.into_iter().for_each(|part| self.push(part));
    }
}

impl FromIterator<Part> for Parts {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        let mut all = Self::default();
        all.extend(parts);
        all
    }
}

impl IntoIterator for Parts {
    type Item = Part;
    type IntoIter = std::vec::IntoIter<Part>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}
