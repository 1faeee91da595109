//! What is there at all, on a server and in a database: what is not there is not asked about.

use postgres::Row;
use shared::Result;

/// What ends a line of a statement that is needed only where something is there, and what begins several such lines,
/// alone on a line that ends with a colon.
const WITH: &str = "-- with ";
/// What begins a line that stands in the place of such; to all others it is a comment.
const WITHOUT: &str = "-- without ";
/// What ends several.
const IN_ANY_CASE: &str = "-- in any case:";

/// What is there.
#[derive(Debug, Default)]
pub struct There {
    /// What is not, in the words of `there.sql`: `has_foreign_keys` tells of foreign keys.
    absent: Vec<String>,
}

impl There {
    /// What a row of `there.sql` says.
    pub fn of(row: &Row) -> Result<Self> {
        let mut absent = Vec::new();
        for (place, column) in row.columns().iter().enumerate() {
            if !row.try_get::<_, bool>(place)? {
                absent.extend(thing(column.name()));
            }
        }
        Ok(Self { absent })
    }

    /// Whether that is there, or may be: where the server does not say, anything has to be reckoned with.
    pub fn has(&self, thing: &str) -> bool {
        self.absent.iter().all(|absent| absent != thing)
    }

    /// Whether a statement has lines for what may not be there.
    pub fn matters_to(statement: &str) -> bool {
        statement.contains(WITH)
    }

    /// A statement without what is about things that are not there. As it is written it is for databases that have
    /// all of them: `… -- with parts` is left out where there are none, and `-- without parts: …` stands in its
    /// place. Left out, too, are the lines from `-- with parts:` to the next of that kind, or `-- in any case:`.
    pub fn of_statement(&self, statement: &str) -> String {
        let mut is_left_out = false;
        let line = |line: &str| {
            match beginning(line) {
                Some(thing) => is_left_out = !self.has(thing),
                None => is_left_out &= line.trim() != IN_ANY_CASE,
            }
            if is_left_out || ending(line).is_some_and(|thing| !self.has(thing)) {
                return String::new();
            }
            match instead(line) {
                Some((start, thing, text)) if !self.has(thing) => format!("{start}{text}"),
                _ => line.to_string(),
            }
        };
        statement.split_inclusive('\n').map(line).collect()
    }
}

/// Of which thing a column of `there.sql` tells.
fn thing(column: &str) -> Option<String> {
    Some(column.strip_prefix("has_")?.replace('_', " "))
}

/// With what the lines that follow are needed.
fn beginning(line: &str) -> Option<&str> {
    line.trim().strip_prefix(WITH)?.strip_suffix(':')
}

/// With what this line is needed.
fn ending(line: &str) -> Option<&str> {
    let (start, thing) = line.trim_end().rsplit_once(WITH)?;
    (!start.trim().is_empty()).then_some(thing)
}

/// What stands there instead, without what.
fn instead(line: &str) -> Option<(&str, &str, &str)> {
    let (start, rest) = line.split_once(WITHOUT)?;
    let (thing, text) = rest.split_once(": ")?;
    Some((start, thing, text))
}

#[cfg(test)]
pub mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::{There, beginning, ending, instead, thing};

    impl There {
        /// A server that has all but these.
        fn without(absent: &[&str]) -> Self {
            let absent = absent.iter().map(|thing| (*thing).to_string());
            Self {
                absent: absent.collect(),
            }
        }

        /// All that matters to a statement, there and not there.
        pub fn all_for(statement: &str) -> Vec<Self> {
            let things: Vec<&str> = named(statement).into_iter().collect();
            let some = |bits: u32| {
                let is_absent = |place: &usize| bits & 1 << place != 0;
                let absent = (0..things.len())
                    .filter(is_absent)
                    .map(|place| things[place]);
                Self::without(&absent.collect::<Vec<_>>())
            };
            (0..1 << things.len()).map(some).collect()
        }
    }

    fn named(statement: &str) -> BTreeSet<&str> {
        let of_line = |line| {
            let instead = instead(line).map(|(_, thing, _)| thing);
            [beginning(line), ending(line), instead]
        };
        statement.lines().flat_map(of_line).flatten().collect()
    }

    #[test]
    fn lines_that_are_for_what_is_there() {
        let text = "select 1 as a, -- with parts\n-- without parts: 2 as a,\n-- with options:\n  3 as b\n-- with parts:\n  , 4 as c\n-- in any case:\n, 5 as d\n-- within\n";
        for (absent, expected) in [
            (&[][..], "1345"),
            (&["parts"], "235"),
            (&["options"], "145"),
            (&["parts", "options"], "25"),
            (&["others"], "1345"),
        ] {
            let taken = There::without(absent).of_statement(text);
            let lines = taken.lines().filter(|line| !line.starts_with("--"));
            let digits = lines.filter_map(|line| line.chars().find(char::is_ascii_digit));
            assert_eq!(digits.collect::<String>(), expected, "{taken}");
            assert!(taken.ends_with("-- within\n"));
        }
        assert_eq!(There::all_for(text).len(), 4);
    }

    #[test]
    fn lines_name_what_the_server_is_asked_for() {
        let words =
            include_str!("../sql/there.sql").split(|c: char| !c.is_alphanumeric() && c != '_');
        let asked: BTreeSet<String> = words.filter_map(thing).collect();
        assert!(asked.len() > 10, "{asked:?}");
        for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/sql")).unwrap() {
            let path = entry.unwrap().path();
            for name in named(&fs::read_to_string(&path).unwrap()) {
                assert!(asked.contains(name), "{}: {name}", path.display());
            }
        }
    }
}
