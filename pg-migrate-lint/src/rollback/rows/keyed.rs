//! Rows that a key tells apart: each of them is followed.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::side::{Comparison, Side, Values};
use super::{Loss, Row, Taken};

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
        let mut changed: BTreeMap<(usize, Taken), Vec<Option<&str>>> = BTreeMap::new();
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
            for (column, taken) in self.others(row, up, back) {
                let values = changed.entry((column, taken)).or_default();
                values.push(self.back.value(back, column));
            }
        }
        let mut losses = Vec::new();
        for (lost, taken) in gone.into_iter().zip([Taken::ByWayBack, Taken::ByWayUp]) {
            if lost > 0 {
                losses.push(self.gone(lost, taken));
            }
        }
        for ((column, taken), values) in changed {
            let loss = self.changed(column, values.len(), taken);
            losses.push(Loss {
                is_known: taken != Taken::ByWayBack && are_known(&values),
                ..loss
            });
        }
        Some((losses, self.back.rows.len() - found.len()))
    }

    /// The columns of a row that are not what they were, and what took the values.
    fn others(&self, row: &Row, up: Option<&Row>, back: &Row) -> Vec<(usize, Taken)> {
        let was = |column: usize| self.before.value(row, column);
        let is_other = |column: &usize| {
            self.back.place(*column).is_some() && self.back.value(back, *column) != was(*column)
        };
        let taken = |column: usize| {
            let Some((side, up)) = self.up.as_ref().zip(up) else {
                return Taken::WithRow;
            };
            match side.place(column).is_some() && side.value(up, column) == was(column) {
                true => Taken::ByWayBack,
                false => Taken::ByWayUp,
            }
        };
        let others = self.columns().filter(is_other);
        others.map(|column| (column, taken(column))).collect()
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

/// Whether a way back that put these values in had them from somewhere: they are neither nulls nor one default.
fn are_known(values: &[Option<&str>]) -> bool {
    let distinct: HashSet<&str> = values.iter().copied().flatten().collect();
    distinct.len() > 1
}
