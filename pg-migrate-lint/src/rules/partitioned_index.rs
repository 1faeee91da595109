//! An index on a table that is divided.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Way, code, keyword, plain};
use crate::look::Look;
use crate::model::{Change, CreateIndex};
use crate::name::{Name, quoted};

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
        Example::new("CREATE INDEX \"At (day)\" ON \"Old\".events USING brin (\"At\") WITH (pages_per_range = 8);")
            .after("CREATE SCHEMA \"Old\"; CREATE TABLE \"Old\".events (\"At\" date) PARTITION BY RANGE (\"At\"); CREATE TABLE \"Old\".\"E1\" PARTITION OF \"Old\".events DEFAULT;"),
        Example::new("CREATE INDEX IF NOT EXISTS events_v ON events USING hash (v);").after(
            "CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events DEFAULT PARTITION BY LIST (v); \
             CREATE TABLE e11 PARTITION OF e1 DEFAULT;",
        ),
    ],
    good: &[
        Example::new("CREATE INDEX events_at ON ONLY events (at);").after("CREATE TABLE events (at date) PARTITION BY RANGE (at);"),
        Example::new("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE INDEX ON events (at);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    let Some(table) = look.relation(&index.table).filter(|table| table.is_partitioned()) else {
        return;
    };
    if !index.concurrently && (index.only || look.is_new(&index.table)) {
        return;
    }
    let message = match index.concurrently {
        true => format!("{} is partitioned: PostgreSQL refuses CONCURRENTLY there", index.table),
        false => format!("CREATE INDEX on the partitioned {} keeps writes to all its partitions waiting", index.table),
    };
    found.push(look.finding_on(&RULE, &index.table, message).fix(fix(look, index, &table.children)));
}

fn fix(look: &Look, index: &CreateIndex, children: &[Name]) -> Fix {
    let table = &index.table;
    let text = plain(look.text);
    let method = keyword(&text, "USING");
    let columns = method.or_else(|| code(&text).find(|(_, byte)| *byte == b'(').map(|(at, _)| at));
    let columns = columns.map_or("(…)", |at| text[at..].trim_end_matches([';', ' ']));
    let unique = if index.unique { "UNIQUE " } else { "" };
    let name = index.name.clone().unwrap_or_else(|| format!("{}_new_idx", table.name));
    let parent = format!("CREATE {unique}INDEX {}{} ON ONLY {table} {columns};", if_not_exists(look), quoted(&name));
    let example = [table.beside(format!("{}_1", table.name))];
    let shown = match children.is_empty() {
        true => &example,
        false => children,
    };
    let mut steps = Vec::new();
    for child in shown {
        of_partition(look, &mut steps, (&format!("CREATE {unique}INDEX"), columns), &table.beside(&name), index, child);
    }
    let fix = Fix::here(parent).step(Way::Outside, "outside of a transaction, for each partition", steps.join("\n"));
    match (children.is_empty(), index.name.is_some() && index.columns.iter().all(Option::is_some)) {
        (true, _) => fix.words("no migration makes its partitions: the same for each of them, by its name"),
        (_, false) => fix.words("the names are others than PostgreSQL would choose"),
        _ => fix,
    }
}

/// The index of a partition, and of those that it is divided into, attached to that of its parent: of the name that
/// PostgreSQL would choose.
fn of_partition(look: &Look, lines: &mut Vec<String>, (create, columns): (&str, &str), parent: &Name, index: &CreateIndex, child: &Name) {
    let own = child.beside(look.catalogue.index_name(&look.catalogue.resolve(child), index));
    let known = look.relation(child).filter(|table| table.is_partitioned());
    match known {
        None => lines.push(format!("{create} CONCURRENTLY {} ON {child} {columns};", quoted(&own.name))),
        Some(divided) => {
            lines.push(format!("{create} {} ON ONLY {child} {columns};", quoted(&own.name)));
            for child in &divided.children {
                of_partition(look, lines, (create, columns), &own, index, child);
            }
        }
    }
    lines.push(format!("ALTER INDEX {parent} ATTACH PARTITION {own};"));
}

fn if_not_exists(look: &Look) -> &'static str {
    match &look.change {
        Change::CreateIndex(index) if index.if_not_exists => "IF NOT EXISTS ",
        _ => "",
    }
}
