//! What is about how a project runs its migrations rather than about one of them: said once in a run, at the first
//! statement concerned, with the number of the others.
//!
//! It is folded after comments and the baseline were asked, so that neither of them hides what is new: where the first
//! file's is known, the first that is not takes its place.

use crate::record::{Place, Record};

/// What one rule says of one project.
#[derive(Debug)]
pub struct Fold {
    /// The first of its findings.
    pub record: Record,
    /// The line where that begins.
    pub line: String,
    /// The number of its project.
    project: usize,
    /// The file that came last.
    last: String,
    /// How many statements there are beside the first.
    more: usize,
}

/// All that is held back.
#[derive(Debug, Default)]
pub struct Folds {
    folds: Vec<Fold>,
    /// The rule and the file that were left out last.
    left_out: Option<(String, String)>,
}

impl Folds {
    /// Whether this one adds nothing but its number to what is held back already, or is left out with the first of its
    /// file: then it was taken.
    pub fn takes(&mut self, rule: &str, file: &str, project: usize) -> bool {
        let is_left_out = self.left_out.as_ref();
        if is_left_out.is_some_and(|(left, path)| left == rule && path == file) {
            return true;
        }
        match self.of(rule, project) {
            Some(fold) if fold.last == file => {
                fold.more += 1;
                true
            }
            _ => false,
        }
    }

    /// The first of a file.
    pub fn add(&mut self, record: Record, line: &str, project: usize) {
        match self.of(&record.rule, project) {
            Some(fold) => {
                fold.more += 1;
                fold.last.clone_from(&record.file);
                let mut place = Place::of(&record);
                // It is the first one's.
                place.fix = None;
                fold.record.elsewhere.get_or_insert_default().push(place);
            }
            None => self.folds.push(Fold {
                line: line.to_string(),
                project,
                last: record.file.clone(),
                more: 0,
                record,
            }),
        }
    }

    /// What the rule says of this file is known, or not asked for.
    pub fn leave_out(&mut self, rule: &str, file: &str) {
        self.left_out = Some((rule.to_string(), file.to_string()));
    }

    fn of(&mut self, rule: &str, project: usize) -> Option<&mut Fold> {
        let mut folds = self.folds.iter_mut();
        folds.find(|fold| fold.record.rule == rule && fold.project == project)
    }

    /// All of them, with what is to be said of the others.
    pub fn finish(self) -> impl Iterator<Item = (Record, String)> {
        self.folds.into_iter().map(|fold| {
            let mut record = fold.record;
            let files = record.elsewhere.as_ref().map_or(0, Vec::len);
            record.message += &match (fold.more, files) {
                (0, _) => String::new(),
                (more, 0) => format!("; so {} of the file", others(more)),
                (more, 1) => format!("; so {}, also in {}", others(more), elsewhere(&record)),
                (more, files) => format!("; so {}, also in {files} other files", others(more)),
            };
            (record, fold.line)
        })
    }
}

fn others(more: usize) -> String {
    match more {
        1 => "does 1 other statement".to_string(),
        more => format!("do {more} other statements"),
    }
}

fn elsewhere(record: &Record) -> &str {
    let place = record.elsewhere.iter().flatten().next();
    place.map_or("", |place| place.file.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(file: &str) -> Record {
        Record {
            file: file.to_string(),
            rule: "r".to_string(),
            message: "waits".to_string(),
            ..Record::default()
        }
    }

    fn messages(folds: Folds) -> Vec<(String, String)> {
        let all = folds.finish();
        all.map(|(record, _)| (record.file, record.message))
            .collect()
    }

    #[test]
    fn the_first_speaks_for_the_others() {
        let mut folds = Folds::default();
        folds.add(record("a"), "", 0);
        assert!(folds.takes("r", "a", 0));
        assert!(!folds.takes("r", "b", 0));
        folds.add(record("b"), "", 0);
        folds.add(record("c"), "", 0);
        let said = "waits; so do 3 other statements, also in 2 other files";
        assert_eq!(messages(folds), [("a".to_string(), said.to_string())]);
    }

    #[test]
    fn projects_are_told_apart() {
        let mut folds = Folds::default();
        folds.add(record("a"), "", 0);
        assert!(!folds.takes("r", "a", 1));
        folds.add(record("b"), "", 1);
        let waits = || "waits".to_string();
        assert_eq!(
            messages(folds),
            [("a".to_string(), waits()), ("b".to_string(), waits())]
        );
    }

    #[test]
    fn of_a_file_that_is_left_out_nothing_is_said() {
        let mut folds = Folds::default();
        folds.leave_out("r", "a");
        assert!(folds.takes("r", "a", 0));
        assert!(!folds.takes("r", "b", 0));
        folds.add(record("b"), "", 0);
        folds.add(record("c"), "", 0);
        let said = "waits; so does 1 other statement, also in c";
        assert_eq!(messages(folds), [("b".to_string(), said.to_string())]);
    }
}
