//! IF NOT EXISTS keeps a table that is another one.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "existing-table-kept",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "CREATE TABLE IF NOT EXISTS of a table that earlier migrations made does nothing",
    explanation: "The table is there, so the statement only gives a notice: columns and constraints that its definition \
        has and the table has not are not added, and what follows fails, or works on another table than it seems.\n\n\
        Change the table that is there with ALTER TABLE, or leave the statement out.",
    versions: "",
    bad: &[Example::new("CREATE TABLE IF NOT EXISTS users (id int, name text);").after("CREATE TABLE users (id int);")],
    good: &[
        Example::new("CREATE TABLE IF NOT EXISTS e1 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("CREATE TABLE IF NOT EXISTS users (id int, name text);"),
        Example::new("CREATE TABLE IF NOT EXISTS users (id int);").after("CREATE TABLE users (id int);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateTable(table) = look.change else { return };
    let Some(known) = look.relation(&table.name).filter(|known| known.is_complete && !look.is_own(known.made)) else {
        return;
    };
    // What else it would have its parents say.
    let is_whole = table.partition_of.is_none() && table.inherits.is_empty() && table.like.is_empty();
    let differs = is_whole && table.columns.len() != known.columns.len() || table.columns.iter().any(|column| known.column(&column.name).is_none());
    if table.if_not_exists && differs && !table.temporary {
        let message = format!("{} was made by an earlier migration with other columns: this does nothing", table.name);
        found.push(look.finding(&RULE, message).on(&table.name));
    }
}
