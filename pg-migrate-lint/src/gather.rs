//! One consequence, said once in a file: findings of one rule that are as bad as each other, with the same lock and the
//! same work, are one record with the places of the others.
//!
//! They are gathered after comments and the baseline were asked, so that neither of them hides what is new.

use crate::record::{Place, Record};

/// So many findings are held back at the most: what a file has more is gathered anew.
const MOST: usize = 2000;

/// So many of the others are named in a message.
const NAMED: usize = 8;

/// What differs between two messages is said in so many words at the most.
const WORDS: usize = 6;

/// A record, and what others of its like have in common with it.
#[derive(Debug)]
struct Head {
    record: Record,
    /// The line where it begins.
    line: String,
    /// Whether others may join it.
    is_open: bool,
    /// The first of the others: what tells them from it in words, which may be nothing, and their lines.
    others: Vec<(Option<String>, Vec<usize>)>,
}

/// Findings of the file that is looked at.
#[derive(Debug, Default)]
pub struct Gathered {
    heads: Vec<Head>,
    /// How many findings they are.
    count: usize,
}

impl Gathered {
    /// Whether this one has to be written before one of such a file comes.
    pub fn is_over(&self, file: &str) -> bool {
        let is_other = self
            .heads
            .first()
            .is_some_and(|head| head.record.file != file);
        is_other || self.count >= MOST
    }

    /// One more of the same file, which may join others where that is said.
    pub fn add(&mut self, record: Record, line: &str, joins: bool) {
        self.count += 1;
        let mut open = self.heads.iter_mut().filter(|head| head.is_open && joins);
        // Files that make up a fix belong to this finding alone.
        let head = open.find(|head| record.fix_files.is_none() && is_alike(&head.record, &record));
        match head {
            Some(head) => head.join(&record),
            None => self.heads.push(Head {
                record,
                line: line.to_string(),
                is_open: joins,
                others: Vec::new(),
            }),
        }
    }

    /// All of them, in order; nothing is held back any more.
    pub fn take(&mut self) -> impl Iterator<Item = (Record, String)> + use<> {
        self.count = 0;
        std::mem::take(&mut self.heads)
            .into_iter()
            .map(Head::finish)
    }
}

impl Head {
    fn join(&mut self, other: &Record) {
        let others = self.record.elsewhere.get_or_insert_default();
        others.push(Place::of(other));
        if others.len() > NAMED {
            return;
        }
        let words = words(&self.record, other);
        match self.others.iter_mut().find(|(known, _)| *known == words) {
            Some((_, lines)) => lines.push(other.line),
            None => self.others.push((words, vec![other.line])),
        }
    }

    fn finish(mut self) -> (Record, String) {
        let all = self.record.elsewhere.as_ref().map_or(0, Vec::len);
        if all > 0 {
            let more = match all.saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let others: Vec<_> = self.others.iter().map(named).collect();
            self.record.message += &format!("; likewise {}{more}", others.join(", "));
        }
        (self.record, self.line)
    }
}

/// Some of the others in words.
fn named((words, lines): &(Option<String>, Vec<usize>)) -> String {
    let numbers: Vec<_> = lines.iter().map(usize::to_string).collect();
    let lines = match numbers.as_slice() {
        [one] => format!("line {one}"),
        all => format!("lines {}", all.join(", ")),
    };
    match words {
        Some(words) => format!("{words} ({lines})"),
        None => lines,
    }
}

/// Whether both have the same consequence.
fn is_alike(one: &Record, other: &Record) -> bool {
    one.rule == other.rule
        && one.severity == other.severity
        && one.lock == other.lock
        && one.effect == other.effect
        // What a server said of a table is said of that one alone.
        && (one.rows, one.bytes) == (other.rows, other.bytes)
        && one.estimated_seconds == other.estimated_seconds
}

/// What tells the other one from the first, if that can be said in a few words.
fn words(one: &Record, other: &Record) -> Option<String> {
    let object = other
        .object
        .as_ref()
        .filter(|object| Some(*object) != one.object.as_ref());
    match (difference(&one.message, &other.message), object) {
        (Some(words), Some(object)) if !words.contains(object.as_str()) => {
            Some(format!("{words} of {object}"))
        }
        (Some(words), _) => Some(words),
        (None, object) => object.cloned(),
    }
}

/// The words of a message that are not those of another one, if they are few.
fn difference(one: &str, other: &str) -> Option<String> {
    let (one, other): (Vec<_>, Vec<_>) = (one.split(' ').collect(), other.split(' ').collect());
    let same = |(one, other): &(&&str, &&str)| one == other;
    let before = one.iter().zip(&other).take_while(same).count();
    let (one, other) = (&one[before..], &other[before..]);
    let after = one
        .iter()
        .rev()
        .zip(other.iter().rev())
        .take_while(same)
        .count();
    let own = &other[..other.len() - after];
    // What goes on behind a colon says what comes of it.
    let end = own.iter().position(|word| word.ends_with(':'));
    let own = &own[..end.map_or(own.len(), |end| end + 1)];
    let words = own.join(" ").trim_end_matches([':', ',']).to_string();
    (!own.is_empty() && own.len() <= WORDS).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(line: usize, object: &str, message: &str) -> Record {
        Record {
            file: "a".to_string(),
            line,
            rule: "r".to_string(),
            object: Some(object.to_string()),
            message: message.to_string(),
            ..Record::default()
        }
    }

    fn said(records: Vec<Record>) -> Vec<String> {
        let mut gathered = Gathered::default();
        for record in records {
            gathered.add(record, "", true);
        }
        gathered.take().map(|(record, _)| record.message).collect()
    }

    #[test]
    fn the_first_names_the_others_by_what_tells_them_from_it() {
        let dropped = |line, column: &str| {
            record(
                line,
                "t",
                &format!("DROP COLUMN {column} of t loses its values"),
            )
        };
        let all = (1..4)
            .chain([3])
            .map(|line| dropped(line, &format!("c{line}")));
        assert_eq!(
            said(all.collect()),
            ["DROP COLUMN c1 of t loses its values; likewise c2 (line 2), c3 (lines 3, 3)"]
        );
        let built =
            |line, table: &str| record(line, table, &format!("keeps writes to {table} waiting"));
        assert_eq!(
            said(vec![
                built(1, "a"),
                built(2, "a"),
                built(3, "b"),
                built(4, "a")
            ]),
            ["keeps writes to a waiting; likewise lines 2, 4, b (line 3)"]
        );
        assert_eq!(
            said((1..12).map(|line| built(line, "a")).collect()),
            ["keeps writes to a waiting; likewise lines 2, 3, 4, 5, 6, 7, 8, 9 and 2 more"]
        );
        let renamed = |line, table: &str, from: &str, to: &str| {
            record(
                line,
                table,
                &format!("RENAME COLUMN {from} TO {to}: who still runs asks {table} for {from}"),
            )
        };
        assert_eq!(
            said(vec![
                renamed(1, "t", "a", "b"),
                renamed(2, "t", "c", "d"),
                renamed(3, "u", "a", "d")
            ]),
            [
                "RENAME COLUMN a TO b: who still runs asks t for a; likewise c TO d (line 2), d of u (line 3)"
            ]
        );
    }

    #[test]
    fn what_is_worse_or_of_another_rule_stands_by_itself() {
        let one = || record(1, "t", "m");
        let worse = Record {
            severity: "error".to_string(),
            ..one()
        };
        let locked = Record {
            lock: Some("ShareLock".to_string()),
            ..one()
        };
        let other = Record {
            rule: "s".to_string(),
            ..one()
        };
        let great = Record {
            rows: Some(1),
            ..one()
        };
        let filed = Record {
            fix_files: Some(Vec::new()),
            ..one()
        };
        assert_eq!(
            said(vec![one(), worse, locked, other, great, filed]),
            ["m"; 6]
        );
    }

    #[test]
    fn the_places_of_the_others_are_kept_with_what_is_to_be_done_there() {
        let mut gathered = Gathered::default();
        gathered.add(record(1, "t", "m"), "", true);
        let fixed = Record {
            fix: Some("f".to_string()),
            fingerprint: "p".to_string(),
            ..record(7, "u", "m")
        };
        gathered.add(fixed, "", true);
        gathered.add(record(8, "t", "m"), "", false);
        assert!(gathered.is_over("b") && !gathered.is_over("a"));
        let all: Vec<_> = gathered.take().collect();
        assert_eq!(all.len(), 2);
        let [place] = all[0].0.elsewhere.as_deref().unwrap_or_default() else {
            panic!()
        };
        assert_eq!((place.line, place.object.as_deref()), (7, Some("u")));
        assert_eq!(
            (place.fix.as_deref(), place.fingerprint.as_str()),
            (Some("f"), "p")
        );
        assert!(!gathered.is_over("b"));
    }

    #[test]
    fn a_great_file_is_gathered_in_parts() {
        let mut gathered = Gathered::default();
        (0..MOST).for_each(|line| gathered.add(record(line, "t", "m"), "", true));
        assert!(gathered.is_over("a"));
        assert_eq!(gathered.take().count(), 1);
    }
}
