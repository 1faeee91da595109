//! An index on a table that is divided.

use super::{Example, Group, Rule};
use crate::catalogue::RelationKind;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "partitioned-index",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "an index on a partitioned table blocks writes to all partitions, or fails",
    explanation: "CREATE INDEX on a partitioned table builds the index of every partition, one after the other, \
        while writes to all of them wait. CONCURRENTLY does not help: PostgreSQL refuses it there.\n\n\
        Create the index ON ONLY the parent, which is quick and leaves it invalid; then CREATE INDEX CONCURRENTLY \
        on each partition, and attach each to the parent's. With the last one the parent's index is valid.",
    versions: "",
    bad: &[
        Example::new("CREATE INDEX events_at ON events (at);")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE e1 PARTITION OF events DEFAULT;"),
        Example::new("CREATE INDEX CONCURRENTLY events_at ON events (at);")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at);"),
    ],
    good: &[
        Example::new("CREATE INDEX events_at ON ONLY events (at);").after("CREATE TABLE events (at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE INDEX ON events (at);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    let Some(table) = look.relation(&index.table).filter(|table| table.kind == RelationKind::Partitioned) else {
        return;
    };
    if !index.concurrently && (index.only || look.is_new(&index.table)) {
        return;
    }
    let message = match index.concurrently {
        true => format!("{} is partitioned: PostgreSQL refuses CONCURRENTLY there", index.table),
        false => format!("CREATE INDEX on the partitioned {} keeps writes to all its partitions waiting", index.table),
    };
    let name = index.name.clone().unwrap_or_else(|| format!("{}_new_idx", index.table.name));
    found.push(look.finding_on(&RULE, &index.table, message).fix(fix(look, &name, &index.table, &table.children)));
}

fn fix(look: &Look, name: &str, table: &Name, children: &[Name]) -> String {
    let columns = look.text.find('(').map_or("(…)", |at| look.text[at..].trim_end());
    let unique = match &look.change {
        Change::CreateIndex(index) if index.unique => "UNIQUE ",
        _ => "",
    };
    let mut lines = vec![format!("CREATE {unique}INDEX {name} ON ONLY {table} {columns};"), "-- outside of a transaction, for each partition".to_string()];
    let example = [table.beside(format!("{}_1", table.name))];
    let children = match children.is_empty() {
        true => &example,
        false => children,
    };
    for child in children {
        let index = child.beside(format!("{}_{name}", child.name));
        lines.push(format!("CREATE {unique}INDEX CONCURRENTLY {} ON {child} {columns};", crate::name::quoted(&index.name)));
        lines.push(format!("ALTER INDEX {} ATTACH PARTITION {index};", table.beside(name)));
    }
    lines.join("\n")
}
