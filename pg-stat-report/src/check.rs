//! What a check is: a judgement on the rows of sections.

use shared::printable;

use crate::limits::Limits;
use crate::look::Seen;
use crate::row::Row;
use crate::section::{Reach, Section, Source};

/// How a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Looked at, and well.
    Ok,
    /// Not to be seen by anybody from here: this version has no such figures, or SQL does not tell.
    Missing,
    /// Not to be seen: never taken for well.
    Unknown,
    /// To be looked at.
    Warning,
    /// To be acted upon.
    Critical,
}

/// What a value counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// So many times something.
    Ratio,
    /// Parts of one, and never more than that.
    Share,
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Things.
    Count,
    /// Nothing: what is found says how bad it is, and no threshold moves that.
    State,
}

/// A judgement.
#[derive(Debug)]
pub struct Check {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it finds, in a few words.
    pub finds: &'static str,
    /// What its value counts.
    pub unit: Unit,
    /// From which value on it is a warning, unless somebody says otherwise.
    pub warn: Option<f64>,
    /// From which on it is critical.
    pub crit: Option<f64>,
    /// Small values are the bad ones.
    pub is_low_bad: bool,
    /// Whose rows it judges.
    pub sections: &'static [&'static Section],
    /// What it does not look at, in words.
    pub unseen: &'static str,
    /// Judges. No finding at all: all is well.
    pub judge: fn(&Case) -> Vec<Finding>,
}

/// What a check says of one thing.
#[derive(Debug, Clone)]
pub struct Finding {
    /// How it is.
    pub status: Status,
    /// What, if it is not the server.
    pub object: Option<String>,
    /// How much, in the check's unit.
    pub value: Option<f64>,
    /// In words.
    pub message: String,
    /// What helps, as SQL: one statement, or a comment where a person must decide.
    pub remedy: Option<String>,
}

/// What a check has before it.
pub struct Case<'a> {
    /// Which check.
    pub check: &'static Check,
    /// The thresholds.
    pub limits: &'a Limits,
    /// What was seen.
    pub seen: &'a Seen,
    /// The database, where it is one of them.
    pub database: Option<&'a str>,
}

impl Status {
    /// As records have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing | Self::Unknown => "unknown",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

impl Unit {
    /// As records have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ratio | Self::Share => "ratio",
            Self::Seconds => "seconds",
            Self::Bytes => "bytes",
            Self::Count => "count",
            Self::State => "state",
        }
    }
}

impl Check {
    /// Whether it is asked in each database.
    pub fn reach(&self) -> Reach {
        let mut sections = self.sections.iter();
        match sections.any(|section| section.reach == Reach::Database) {
            true => Reach::Database,
            false => Reach::Server,
        }
    }

    /// What it judges: all its sections come from there.
    pub fn source(&self) -> Source {
        let first = self.sections.first();
        first.map_or(Source::Server, |section| section.source())
    }

    /// What it says of all that it judges.
    pub fn judged(
        &'static self,
        limits: &Limits,
        seen: &Seen,
        database: Option<&str>,
    ) -> Vec<Finding> {
        let case = Case {
            check: self,
            limits,
            seen,
            database,
        };
        match case.trouble() {
            Some(why) => vec![Finding::unknown(why)],
            None => (self.judge)(&case),
        }
    }

    /// What of that is told; where all is well, that alone.
    pub fn told(&self, limits: &Limits, mut findings: Vec<Finding>) -> Vec<Finding> {
        findings.retain(|finding| !limits.leaves_out(self, finding.object.as_deref()));
        let is_well = |finding: &&Finding| finding.status == Status::Ok;
        if findings.iter().any(|finding| !is_well(&finding)) {
            return findings
                .into_iter()
                .filter(|finding| finding.status != Status::Ok)
                .collect();
        }
        // The one that is nearest to its threshold stands for all.
        let nearest = findings.into_iter().reduce(|one, other| {
            let is_nearer = match self.is_low_bad {
                true => other.value < one.value,
                false => other.value > one.value,
            };
            if is_nearer { other } else { one }
        });
        vec![nearest.unwrap_or_else(|| Finding::new(Status::Ok, "nothing found"))]
    }
}

impl Case<'_> {
    /// Why something that it needs was not to be had.
    fn trouble(&self) -> Option<String> {
        let troubles = self.check.sections.iter().filter_map(|section| {
            let part = self.seen.part(section, self.database);
            match part.map(|part| &part.rows) {
                None => Some(format!("section {} was not looked at", section.name)),
                Some(Err(error)) => {
                    let hint = error.hint().map(|hint| format!("; {hint}"));
                    let (words, hint) = (error.in_one_line(), hint.unwrap_or_default());
                    Some(format!("section {}: {words}{hint}", section.name))
                }
                Some(Ok(_)) => None,
            }
        });
        let troubles: Vec<String> = troubles.collect();
        (!troubles.is_empty()).then(|| troubles.join("; "))
    }

    /// The rows of a section.
    pub fn rows(&self, section: &'static Section) -> &[Row] {
        let part = self.seen.part(section, self.database);
        match part.map(|part| &part.rows) {
            Some(Ok(rows)) => rows,
            _ => &[],
        }
    }

    /// How a value of this thing is.
    pub fn status(&self, object: Option<&str>, value: f64) -> Status {
        let (warn, crit) = self.limits.of(self.check, object);
        let is_beyond = |limit: Option<f64>| {
            limit.is_some_and(|limit| match self.check.is_low_bad {
                true => value < limit,
                false => value >= limit,
            })
        };
        match (is_beyond(crit), is_beyond(warn)) {
            (true, _) => Status::Critical,
            (false, true) => Status::Warning,
            (false, false) => Status::Ok,
        }
    }

    /// A finding on this thing, by its value.
    pub fn judge(&self, object: Option<&str>, value: f64, message: impl Into<String>) -> Finding {
        Finding {
            status: self.status(object, value),
            object: object.map(str::to_string),
            value: Some(value),
            message: message.into(),
            remedy: None,
        }
    }
}

impl Finding {
    /// A finding without a value.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            object: None,
            value: None,
            message: message.into(),
            remedy: None,
        }
    }

    /// What was not to be seen, and why.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Status::Unknown, message)
    }

    /// What nobody can see from here, and why.
    pub fn missing(message: impl Into<String>) -> Self {
        Self::new(Status::Missing, message)
    }

    /// On this thing.
    pub fn of(mut self, object: &str) -> Self {
        self.object = Some(object.to_string());
        self
    }

    /// With what helps, unless all is well.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        if self.status != Status::Ok {
            self.remedy = Some(in_one_line(remedy.into()));
        }
        self
    }
}

/// A remedy is one line, whatever is in the names: what follows a break in one ends a comment, and who pipes
/// remedies into psql would run what the name's owner wrote there. What is read before that, at a terminal, is
/// what is there.
fn in_one_line(remedy: String) -> String {
    let line = printable::line(&remedy);
    if line == remedy.trim_end() {
        return line;
    }
    let line = line.trim_start_matches("-- ");
    format!("-- by hand, for a name in it has characters that are written out here: {line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_remedy_has_a_second_line() {
        let remedy = |text: &str| Finding::unknown("").remedy(text).remedy.unwrap();
        for plain in [
            "DROP INDEX \"a\\nb\";",
            "-- wait",
            "ANALYZE;",
            "ANALYZE größe;",
        ] {
            assert_eq!(remedy(plain), plain);
        }
        for broken in [
            "DROP INDEX \"a\nb\";",
            "-- or: DROP INDEX \"a\r\nb\";",
            "-- \rb",
            // Some take these for a line's end, and terminals obey or reorder.
            "-- a\u{2028}DROP",
            "-- a\u{85}DROP",
            "-- a\u{c}DROP",
            "DROP INDEX \"\u{1b}[2K\";",
            "DROP INDEX \"\u{202e}\";",
        ] {
            let told = remedy(broken);
            assert!(told.starts_with("-- by hand, "), "{told}");
            let is_odd = |c: char| c.is_control() || ('\u{2000}'..'\u{2070}').contains(&c);
            assert!(!told.contains(is_odd), "{told}");
        }
    }
}
