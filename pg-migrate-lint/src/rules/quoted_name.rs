//! Names that mean themselves only in quotes.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Rename};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "quoted-name",
    group: Group::Style,
    severity: Severity::Info,
    summary: "a name with capitals, or a reserved word, which has to be quoted for ever",
    explanation: "PostgreSQL folds names without quotes to small letters, so userId and \"userId\" are two columns, and \
        every query by hand, every report and every COPY has to have the quotes. A reserved word such as user or order is \
        a syntax error without them, or, worse, something else: SELECT user gives the role.\n\n\
        Use small letters and underscores. Where an ORM makes the names, let it map them.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE \"User\" (id bigint PRIMARY KEY);"),
        Example::new("ALTER TABLE users ADD COLUMN \"createdAt\" timestamptz;"),
        Example::new("CREATE TABLE \"order\" (id bigint PRIMARY KEY);"),
    ],
    good: &[Example::new("CREATE TABLE Users (createdAt timestamptz, \"name\" text);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut names: Vec<&String> = look.new_columns().into_iter().map(|(_, column)| &column.name).collect();
    match look.change {
        Change::CreateTable(table) => names.insert(0, &table.name.name),
        Change::CreateTableAs(table) => names.push(&table.name.name),
        Change::CreateView { name, .. } => names.push(&name.name),
        Change::Rename(Rename { to, .. }) => names.push(to),
        _ => {}
    }
    for name in names {
        let written = quoted(name);
        if written != *name && !name.is_empty() {
            found.push(look.finding(&RULE, format!("{written} has to be in quotes wherever it is written")).on(&written));
        }
    }
}
