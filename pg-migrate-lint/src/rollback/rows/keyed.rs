//! Rows that a key tells apart: each of them is followed.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::side::{Comparison, Side, Values};
use super::{Loss, Row};

/// The rows at one time, by the key.
type ByKey<'a> = HashMap<Values<'a>, &'a Row>;

impl Comparison<'_> {
    /// What is lost, and how many rows were not there before; none where there is no key at each of the times.
    pub fn keyed(&self) -> Option<(Vec<Loss>, usize)> {
        let key = &self.table.key;
        if key.is_empty() {
            return None;
        }
        let known = self.before.by(key)?;
        let by_up = match &self.up {
            Some(up) => up.by(key)?,
            None => HashMap::new(),
        };
        let by_back = self.back.by(key)?;
        let renamed = match &self.up {
            Some(up) => self.renamed(&known, up, &by_up),
            None => HashMap::new(),
        };
        let mut gone = [0; 2];
        let mut changed: BTreeMap<(usize, bool), usize> = BTreeMap::new();
        let mut found: HashSet<Values> = HashSet::new();
        for (own, row) in &known {
            let other = renamed.get(own);
            let up = by_up.get(other.unwrap_or(own)).copied();
            let at = [Some(own), other].into_iter().flatten();
            let back = at.into_iter().find_map(|at| by_back.get_key_value(at));
            let Some((at, back)) = back else {
                gone[usize::from(up.is_none())] += 1;
                continue;
            };
            found.insert(at.clone());
            for (column, is_of_way_up) in self.others(row, up, back) {
                *changed.entry((column, is_of_way_up)).or_default() += 1;
            }
        }
        let mut losses = Vec::new();
        for (lost, is_of_way_up) in gone.into_iter().zip([false, true]) {
            if lost > 0 {
                losses.push(self.gone(lost, is_of_way_up));
            }
        }
        let changed = changed.into_iter();
        losses.extend(
            changed.map(|((column, is_of_way_up), lost)| self.changed(column, lost, is_of_way_up)),
        );
        Some((losses, self.back.rows.len() - found.len()))
    }

    /// The columns of a row that are not what they were, and whether the way up had changed them.
    fn others(&self, row: &Row, up: Option<&Row>, back: &Row) -> Vec<(usize, bool)> {
        let was = |column: usize| self.before.value(row, column);
        let is_other = |column: &usize| {
            self.back.place(*column).is_some() && self.back.value(back, *column) != was(*column)
        };
        let is_of_way_up = |column: usize| {
            let up = self.up.as_ref().zip(up);
            let is_kept = |(side, up): (&Side, &Row)| {
                side.place(column).is_some() && side.value(up, column) == was(column)
            };
            !up.is_some_and(is_kept)
        };
        let others = self.columns().filter(is_other);
        others
            .map(|column| (column, is_of_way_up(column)))
            .collect()
    }

    /// Rows to which the way up gave another key, and which: all else in them is what it was.
    fn renamed<'a>(
        &self,
        known: &ByKey<'a>,
        up: &Side<'a>,
        by_up: &ByKey<'a>,
    ) -> HashMap<Values<'a>, Values<'a>> {
        let is_other =
            |column: &usize| !self.table.key.contains(column) && up.place(*column).is_some();
        let others: Vec<usize> = self.columns().filter(is_other).collect();
        let mut renamed = HashMap::new();
        if others.is_empty() {
            return renamed;
        }
        let mut new: HashMap<Values, Vec<&Values>> = HashMap::new();
        for (key, row) in by_up.iter().filter(|(key, _)| !known.contains_key(*key)) {
            new.entry(up.values(row, &others)).or_default().push(key);
        }
        for (key, row) in known.iter().filter(|(key, _)| !by_up.contains_key(*key)) {
            let values = self.before.values(row, &others);
            if let Some(other) = new.get_mut(&values).and_then(Vec::pop) {
                renamed.insert(key.clone(), other.clone());
            }
        }
        renamed
    }
}
