//! A fix as its steps, of which both what people read and the files of a framework are made.

use std::ops::Range;

/// Where a step belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// In the statement's place.
    Here,
    /// In a transaction of its own, after what is before it.
    Later,
    /// In no transaction.
    Outside,
    /// In no migration: people run it some rows at a time, each time committed, for as long as that takes.
    Batches,
    /// In a migration of a later release: one that its note speaks of has to run everywhere before.
    Release,
    /// Nowhere: its note says what has to be decided or done, and no SQL does.
    Words,
}

/// What belongs together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub way: Way,
    /// What introduces it, without hyphens; empty where nothing does.
    pub note: String,
    /// SQL and its comments.
    pub sql: String,
    /// Whether all of it has to be in one transaction.
    pub is_together: bool,
}

impl Step {
    /// Its note as comments.
    pub fn comment(&self) -> Option<String> {
        let lines = self.note.lines().map(|line| format!("-- {line}"));
        let lines: Vec<_> = lines.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// What to write instead of a statement, or besides it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// In order.
    pub steps: Vec<Step>,
    /// Whether the statement stays as it is.
    pub is_beside: bool,
    /// Where it exchanges something for something new: the statements besides its own in whose place it comes.
    pub exchange: Option<Exchange>,
}

/// An exchange, which the old way back undoes as it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// What goes besides the statement, in order.
    pub others: Vec<Range<usize>>,
    /// Whether it stands for all parts of its statement.
    pub is_whole: bool,
}

const LATER: &str = "in a later transaction";

impl Fix {
    /// What takes the statement's place.
    pub fn here(sql: impl Into<String>) -> Self {
        Self::default().step(Way::Here, "", sql)
    }

    /// What comes to the statement, which stays.
    pub fn besides(way: Way, note: &str, sql: impl Into<String>) -> Self {
        let fix = Self::default().step(way, &format!("besides, {note}"), sql);
        Self {
            is_beside: true,
            ..fix
        }
    }

    /// And then this.
    #[must_use]
    pub fn step(mut self, way: Way, note: &str, sql: impl Into<String>) -> Self {
        self.steps.push(Step {
            way,
            note: note.to_string(),
            sql: sql.into(),
            is_together: false,
        });
        self
    }

    /// And then this, in the transaction that is there, or else in a later one.
    #[must_use]
    pub fn next(mut self, sql: impl Into<String>) -> Self {
        match self.steps.last_mut() {
            None => self.step(Way::Here, "", sql),
            Some(last) if matches!(last.way, Way::Here | Way::Later) && !last.is_together => {
                last.sql = format!("{}\n{}", last.sql, sql.into());
                self
            }
            Some(_) => self.later(sql),
        }
    }

    /// And then this, in a later transaction.
    #[must_use]
    pub fn later(self, sql: impl Into<String>) -> Self {
        self.step(Way::Later, LATER, sql)
    }

    /// And then this, outside of a transaction.
    #[must_use]
    pub fn outside(self, sql: impl Into<String>) -> Self {
        self.step(Way::Outside, "outside of a transaction", sql)
    }

    /// And then what people have to know or to do.
    #[must_use]
    pub fn words(self, note: &str) -> Self {
        self.step(Way::Words, note, "")
    }

    /// The last step in one transaction.
    #[must_use]
    pub fn together(mut self) -> Self {
        if let Some(last) = self.steps.last_mut() {
            last.is_together = true;
        }
        self
    }

    /// In place of these statements, too, or of all parts of its own.
    #[must_use]
    pub fn in_place_of(mut self, mut others: Vec<Range<usize>>, is_whole: bool) -> Self {
        others.sort_by_key(|range| range.start);
        others.dedup();
        self.exchange = Some(Exchange { others, is_whole });
        self
    }

    /// And then what another says.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.exchange = self.exchange.or(other.exchange);
        for step in other.steps {
            match step.way {
                Way::Here if step.note.is_empty() => self = self.next(step.sql),
                _ => self.steps.push(step),
            }
        }
        self
    }

    /// Whether all of it is in the statement's place.
    pub fn is_here(&self) -> bool {
        self.steps
            .iter()
            .all(|step| matches!(step.way, Way::Here | Way::Words))
    }

    /// As it is read where each statement is by itself, and as psql takes it.
    pub fn text(&self) -> String {
        self.written(|step| match step.is_together && step.way == Way::Here {
            true => format!("BEGIN;\n{}\nCOMMIT;", step.sql),
            false => step.sql.clone(),
        })
    }

    /// The same where a transaction is around it: the runner's, or that of the file.
    pub fn within_transaction(&self) -> String {
        self.written(|step| step.sql.clone())
    }

    fn written(&self, sql: impl Fn(&Step) -> String) -> String {
        let lines = self.steps.iter().flat_map(|step| {
            [
                step.comment(),
                Some(sql(step)).filter(|sql| !sql.is_empty()),
            ]
        });
        lines.flatten().collect::<Vec<_>>().join("\n")
    }

    /// With other words for its notes and its SQL.
    #[must_use]
    pub fn map(mut self, mut change: impl FnMut(String) -> String) -> Self {
        for step in &mut self.steps {
            step.note = change(std::mem::take(&mut step.note));
            step.sql = change(std::mem::take(&mut step.sql));
        }
        self
    }
}

impl From<String> for Fix {
    fn from(sql: String) -> Self {
        Self::here(sql)
    }
}

impl From<&str> for Fix {
    fn from(sql: &str) -> Self {
        Self::here(sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_no_transaction_of_its_own_joins_the_one_before() {
        let added = Fix::here("A;").next("B;").later("C;").next("D;");
        let other = added.and(Fix::here("E;").outside("F;")).next("G;");
        assert_eq!(
            other.text(),
            "A;\nB;\n-- in a later transaction\nC;\nD;\nE;\n-- outside of a transaction\nF;\n-- in a later transaction\nG;"
        );
        assert!(!other.is_here());
    }

    #[test]
    fn a_transaction_of_its_own_is_written_where_there_is_none_around() {
        let fix = Fix::default()
            .words("first\nsecond")
            .step(Way::Here, "", "A;")
            .together();
        assert_eq!(fix.text(), "-- first\n-- second\nBEGIN;\nA;\nCOMMIT;");
        assert_eq!(fix.within_transaction(), "-- first\n-- second\nA;");
        assert!(fix.is_here());
    }
}
