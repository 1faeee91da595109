//! What is no SQL.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

/// Found where statements are parsed; there is nothing to look at here.
pub static RULE: Rule = Rule {
    name: "syntax",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a statement that PostgreSQL's grammar refuses",
    explanation: "The statement was given to the grammar of PostgreSQL 18, and it refused it in these words. It \
        would fail when the migration is run, unless something replaces parts of it before. The other statements \
        of the file are linted all the same.\n\n\
        Variables of psql and placeholders like {{ name }} and ${name} are understood where a name or a value may \
        stand.",
    versions: "",
    bad: &[Example::new("ALTER TABEL users ADD COLUMN age int;")],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN age int;"),
        Example::new("\\set name users\nALTER TABLE :name ADD COLUMN age int;"),
        Example::new("ALTER TABLE {{ .Schema }}.users ADD COLUMN age int;"),
    ],
    check,
};

fn check(_: &Look, _: &mut Vec<Finding>) {}
