//! Rows that nothing tells apart: how many of them are there, and in which columns.

use std::collections::HashMap;

use super::side::{Comparison, Side, Values};
use super::{Loss, Row, Taken};

impl Comparison<'_> {
    /// What is lost.
    pub fn unkeyed(&self) -> Vec<Loss> {
        let common = |side: &Side| -> Vec<usize> {
            let all = self.columns();
            all.filter(|column| side.place(*column).is_some()).collect()
        };
        let in_back = common(&self.back);
        let Some(up) = &self.up else {
            // All of it is made anew: what is not there any more was taken before.
            return self.lost(&self.before, &in_back, Taken::ByWayUp);
        };
        let alone = self.left_alone(up, common(up));
        let (survivors, taken) = split(&self.before, &alone, up);
        let (survivors, taken) = (self.before.only(&survivors), self.before.only(&taken));
        let kept: Vec<usize> = alone
            .into_iter()
            .filter(|column| in_back.contains(column))
            .collect();
        let mut losses = self.lost(&survivors, &kept, Taken::ByWayBack);
        losses.extend(self.lost(&taken, &kept, Taken::ByWayUp));
        if losses.is_empty() {
            let changed = in_back.into_iter().filter(|column| !kept.contains(column));
            for column in changed {
                losses.extend(self.of_column(&survivors, &kept, column, up));
            }
        }
        losses
    }

    /// The columns in which the way up left all rows as they were, but for those that it took.
    fn left_alone(&self, up: &Side, common: Vec<usize>) -> Vec<usize> {
        let taken = self.before.rows.len().saturating_sub(up.rows.len());
        let is_alone =
            |columns: &[usize]| missing(&self.before.take(columns), &up.take(columns)) <= taken;
        if is_alone(&common) {
            return common;
        }
        let mut alone = Vec::new();
        for column in common {
            alone.push(column);
            if !is_alone(&alone) {
                alone.pop();
            }
        }
        alone
    }

    /// What of these rows is not there afterwards, in these columns.
    fn lost(&self, rows: &Side, columns: &[usize], by: Taken) -> Vec<Loss> {
        let lost = missing(&rows.take(columns), &self.back.take(columns));
        if lost == 0 {
            return Vec::new();
        }
        let of_columns: Vec<Loss> = columns
            .iter()
            .filter_map(|column| {
                let one = [*column];
                let lost = missing(&rows.take(&one), &self.back.take(&one));
                (lost > 0).then(|| self.changed(*column, lost, by))
            })
            .collect();
        // Rows that are gone take all their values along.
        if self.back.rows.len() < self.before.rows.len() || of_columns.is_empty() {
            return vec![self.gone(lost, by)];
        }
        of_columns
    }

    /// What became of a column that the way up changed in some rows, which are told apart by the others.
    fn of_column(&self, rows: &Side, key: &[usize], column: usize, up: &Side) -> Vec<Loss> {
        let (Some(by_up), Some(by_back)) = (up.by(key), self.back.by(key)) else {
            let both: Vec<usize> = key.iter().copied().chain([column]).collect();
            let lost = missing(&rows.take(&both), &self.back.take(&both));
            let loss = (lost > 0).then(|| self.changed(column, lost, Taken::ByWayUp));
            return loss.into_iter().collect();
        };
        let mut lost = [0; 2];
        for row in rows.rows {
            let was = rows.value(row, column);
            let key = rows.values(row, key);
            let is = by_back.get(&key).map(|row| self.back.value(row, column));
            if is.is_none_or(|is| is == was) {
                continue;
            }
            let between = by_up.get(&key).map(|row| up.value(row, column));
            let is_kept = up.place(column).is_some() && between == Some(was);
            lost[usize::from(!is_kept)] += 1;
        }
        let losses = lost.into_iter().zip([Taken::ByWayBack, Taken::ByWayUp]);
        losses
            .filter(|(lost, _)| *lost > 0)
            .map(|(lost, by)| self.changed(column, lost, by))
            .collect()
    }
}

/// Which rows are still there in these columns, and which are not.
fn split(before: &Side, columns: &[usize], up: &Side) -> (Vec<Row>, Vec<Row>) {
    let mut there: HashMap<Values, usize> = HashMap::new();
    for row in up.take(columns) {
        *there.entry(row).or_default() += 1;
    }
    let (mut survivors, mut taken) = (Vec::new(), Vec::new());
    for row in before.rows {
        match there.get_mut(&before.values(row, columns)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                survivors.push(row.clone());
            }
            _ => taken.push(row.clone()),
        }
    }
    (survivors, taken)
}

/// How many of these are not among the others; both are in order.
fn missing(these: &[Values], others: &[Values]) -> usize {
    let mut others = others.iter().peekable();
    let is_missing = |one: &&Values| {
        while others.next_if(|other| *other < *one).is_some() {}
        others.next_if(|other| *other == *one).is_none()
    };
    these.iter().filter(is_missing).count()
}
