//! All rows go at once.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "truncate",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "TRUNCATE, whose rows only a backup brings back",
    explanation: "TRUNCATE removes every row without a look at it; with CASCADE also those of every table that \
        references this one, and of those that reference that. It takes an AccessExclusiveLock on all of them, for \
        which reads and writes wait, and is not seen by triggers for rows.\n\n\
        Name every table that is meant instead of CASCADE, and take a backup before.",
    versions: "",
    bad: &[Example::new("TRUNCATE sessions;"), Example::new("TRUNCATE users CASCADE;")],
    good: &[Example::new("CREATE TABLE scratch (id int); TRUNCATE scratch;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Truncate { tables, cascade } = look.change else { return };
    for table in tables.iter().filter(|table| !look.is_new(table)) {
        let message = match cascade {
            true => format!("TRUNCATE {table} CASCADE loses all rows of it and of every table that references it{}", others(look, tables)),
            false => format!("TRUNCATE {table} loses all its rows"),
        };
        found.push(look.finding_on(&RULE, table, message));
    }
}

/// The tables that are emptied too, as far as known.
fn others(look: &Look, tables: &[Name]) -> String {
    let named: Vec<Name> = tables.iter().flat_map(|table| look.catalogue.with_children(table)).collect();
    let locked = look.impact.locks.iter().map(|(name, _)| name);
    let mut others: Vec<String> = locked.filter(|name| !named.contains(name)).map(ToString::to_string).collect();
    others.sort();
    match others.is_empty() {
        true => String::new(),
        false => format!(" ({})", others.join(", ")),
    }
}
