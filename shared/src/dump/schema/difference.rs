//! How two dumps' definitions differ.

use super::{Object, Schema, is_plain};
use crate::dump::{Token, text_in_utc, tokens};
use crate::secrets::masked;

/// An object that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `TABLE public.t`.
    pub object: String,
    /// The statements of the backup; none if the object is not in it.
    pub expected: Option<String>,
    /// The statements of the restored database; none if it lacks the object.
    pub actual: Option<String>,
}

impl Difference {
    /// Whether it is only the order of the columns of a table: one that was dropped and added again is the last.
    pub fn is_of_order(&self) -> bool {
        let (Some(expected), Some(actual)) = (&self.expected, &self.actual) else {
            return false;
        };
        let is_table = |text: &str| text.starts_with("CREATE TABLE ");
        is_table(expected) && is_table(actual) && sorted_lines(expected) == sorted_lines(actual)
    }

    /// Whether it is only the order of the columns of a table that inherits some: those come first
    /// where it is created anew.
    pub fn is_of_inherited_order(&self) -> bool {
        let (Some(expected), Some(actual)) = (&self.expected, &self.actual) else {
            return false;
        };
        let inherits = |text: &str| text.starts_with("CREATE ") && text.contains("\n)\nINHERITS (");
        inherits(expected) && inherits(actual) && sorted_lines(expected) == sorted_lines(actual)
    }
}

fn sorted_lines(text: &str) -> Vec<&str> {
    let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
    let mut lines: Vec<&str> = lines.collect();
    lines.sort_unstable();
    lines
}

impl Schema {
    /// Every object that is not the same in `restored`.
    pub fn differences(&self, restored: &Self) -> Vec<Difference> {
        let restored = &restored.with_attachments_as_in(self);
        let mut found = Vec::new();
        for (object, statements) in &self.objects {
            let same_names = self.quotes_all;
            let (expected, actual) = unlike(statements, restored.objects.get(object), same_names);
            if expected.is_some() || actual.is_some() {
                found.push(Difference {
                    object: object.label(),
                    expected,
                    actual,
                });
            }
        }
        let extra = restored.objects.iter().filter(|(object, _)| {
            !self.objects.contains_key(*object) && !object.comes_with_an_extension()
        });
        for (object, statements) in extra {
            let actual = Some(masked(&statements.join("\n")));
            found.push(Difference {
                object: object.label(),
                expected: None,
                actual,
            });
        }
        found
    }

    /// Up to pg_dump 13 a partition's own entry attaches it, from 14 on another one: in the form
    /// of a dump that has none of those.
    fn with_attachments_as_in(&self, other: &Self) -> Self {
        const ATTACH: &str = "TABLE ATTACH";
        let mut same = self.clone();
        if other.objects.keys().any(|object| object.kind == ATTACH) {
            return same;
        }
        for (object, statements) in &self.objects {
            if object.kind == ATTACH {
                same.objects.remove(object);
                let kind = "TABLE".to_string();
                let table = Object {
                    kind,
                    ..object.clone()
                };
                let of_table = same.objects.entry(table).or_default();
                of_table.extend(statements.iter().cloned());
            }
        }
        same
    }
}

/// Whether two texts are the same tokens, however strings are quoted and whatever
/// time zone instants are in; with `same_names` also if names have quotes that they don't need:
/// in an archive pg_restore writes some of them, and quotes none.
fn same_meaning(one: &str, other: &str, same_names: bool) -> bool {
    let (one, other) = (text_in_utc(one), text_in_utc(other));
    let (one, other) = (tokens(&one), tokens(&other));
    let same = |(one, other): (&Token<'_>, &Token<'_>)| match (one, other) {
        (Token::Word(word), Token::Quoted(name)) | (Token::Quoted(name), Token::Word(word)) => {
            same_names && is_plain(name) && *word == name.as_slice()
        }
        _ => one == other,
    };
    one.len() == other.len() && one.iter().zip(&other).all(same)
}

/// The statements that only one side has, without passwords; none and none if both have the same.
fn unlike(
    expected: &[String],
    actual: Option<&Vec<String>>,
    same_names: bool,
) -> (Option<String>, Option<String>) {
    let Some(actual) = actual else {
        return (Some(masked(&expected.join("\n"))), None);
    };
    let mut missing: Vec<&String> = expected.iter().collect();
    let mut extra = Vec::new();
    for statement in actual {
        match missing.iter().position(|candidate| *candidate == statement) {
            Some(place) => {
                missing.swap_remove(place);
            }
            None => extra.push(statement.as_str()),
        }
    }
    let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
    let (missing, extra) = (missing.join("\n"), extra.join("\n"));
    if same_meaning(&missing, &extra, same_names) {
        return (None, None);
    }
    let (missing, extra) = lines_that_differ(&masked(&missing), &masked(&extra));
    (Some(missing), Some(extra))
}

/// The lines that only one of two statements has, such as a table's column; both as they are if
/// those are the same, in another order.
fn lines_that_differ(one: &str, other: &str) -> (String, String) {
    // The last column has no comma behind it.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
        lines.map(str::to_string).collect()
    };
    let only = |text: &str, without: &str| {
        let mut others = lines(without);
        let mut own = lines(text);
        own.retain(|line| match others.iter().position(|other| other == line) {
            Some(place) => {
                others.swap_remove(place);
                false
            }
            None => true,
        });
        own.join("\n")
    };
    match (only(one, other), only(other, one)) {
        (own, others) if own.is_empty() && others.is_empty() => (one.into(), other.into()),
        differ => differ,
    }
}
