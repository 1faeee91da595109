//! A table in whatever schema comes first.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "unqualified-name",
    group: Group::Style,
    severity: Severity::Info,
    summary: "a table that is created or changed without its schema",
    explanation: "Without a schema PostgreSQL takes the first of search_path that has the table, or where a new one may \
        be put. That is a setting of the role or the database, and may differ where the migration is run by another \
        one.\n\n\
        Write the schema, as in public.users.",
    versions: "",
    bad: &[Example::new("CREATE TABLE users (id int);"), Example::new("ALTER TABLE users ADD COLUMN a int;")],
    good: &[Example::new("CREATE TABLE public.users (id int);"), Example::new("CREATE TEMPORARY TABLE users (id int);")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let name = match look.change {
        Change::CreateTable(table) if !table.temporary => &table.name,
        Change::Alter(alter) => &alter.table,
        Change::CreateIndex(index) => &index.table,
        _ => return,
    };
    if name.schema.is_none() {
        found.push(look.finding(&RULE, format!("{name} is written without its schema")).on(name));
    }
}
