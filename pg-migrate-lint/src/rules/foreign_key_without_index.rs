//! Deleting a referenced row reads the referencing table.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::{Name, list, quoted};

pub static RULE: Rule = Rule {
    name: "foreign-key-without-index",
    group: Group::Availability,
    severity: Severity::Info,
    summary: "a foreign key whose columns no index begins with",
    explanation: "PostgreSQL makes no index for the referencing side of a foreign key. Every DELETE of a referenced \
        row, and every UPDATE of its key, then reads the whole referencing table, while it keeps the row locked.\n\n\
        Create an index that begins with the columns of the key, with CONCURRENTLY on a table in use. It is not \
        needed where referenced rows are never deleted.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;").after("CREATE TABLE orders (id int, user_id int);"),
        Example::new("CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);"),
    ],
    good: &[
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
            .after("CREATE TABLE orders (id int, user_id int); CREATE INDEX ON orders (user_id, id);"),
        Example::new("CREATE TABLE members (user_id int REFERENCES users, team int, PRIMARY KEY (user_id, team));"),
        Example::new("CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users); CREATE INDEX ON orders (user_id);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (table, keys): (&Name, Vec<&Vec<String>>) = match look.change {
        Change::Alter(Alter { table, action, .. }) => match action {
            Action::AddConstraint(constraint) => (table, foreign(&constraint.kind).into_iter().collect()),
            Action::AddColumn { column, .. } => {
                (table, column.constraints.iter().filter_map(|constraint| foreign(&constraint.kind)).collect())
            }
            _ => return,
        },
        Change::CreateTable(table) => {
            let own = table.columns.iter().flat_map(|column| &column.constraints);
            let keys = own.chain(&table.constraints).filter_map(|constraint| foreign(&constraint.kind));
            (&table.name, keys.collect())
        }
        _ => return,
    };
    for columns in keys {
        if is_indexed(look, table, columns) {
            continue;
        }
        let message = format!("no index of {table} begins with {}: a DELETE of what it references reads all of it", list(columns));
        let name = quoted(&format!("{}_{}_idx", table.name, columns.join("_")));
        let fix = format!("-- outside of a transaction\nCREATE INDEX CONCURRENTLY {name} ON {table} ({});", list(columns));
        let mut finding = look.finding(&RULE, message).on(table).fix(fix);
        finding.object = Some(format!("{table} ({})", list(columns)));
        found.push(finding);
    }
}

fn foreign(kind: &ConstraintKind) -> Option<&Vec<String>> {
    match kind {
        ConstraintKind::Foreign { columns, .. } => Some(columns),
        _ => None,
    }
}

fn is_indexed(look: &Look, table: &Name, columns: &[String]) -> bool {
    let begins = |parts: &[String]| {
        parts.len() >= columns.len() && parts[..columns.len()].iter().all(|part| columns.contains(part))
    };
    let mut later = look.ahead.indexes.iter().filter(|(name, _)| name.name == table.name);
    let has_index = later.any(|(_, parts)| begins(parts));
    let mut indexes = look.catalogue.indexes_of(table);
    let is_known = indexes.any(|(_, index)| {
        let first = index.columns.get(..columns.len());
        let begins = |first: &[Option<String>]| first.iter().all(|part| part.as_ref().is_some_and(|part| columns.contains(part)));
        !index.is_partial && first.is_some_and(begins)
    });
    // A table that no migration made may have any index.
    let is_unknown = !look.is_new(table)
        && !matches!(look.change, Change::CreateTable(_))
        && look.relation(table).is_none_or(|relation| relation.made.is_none());
    is_known || has_index || is_unknown || own_key(look, columns)
}

/// The keys of the table in its own definition.
fn own_key(look: &Look, columns: &[String]) -> bool {
    let Change::CreateTable(table) = look.change else { return false };
    let own = table.columns.iter().flat_map(|column| &column.constraints);
    own.chain(&table.constraints).any(|constraint| match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => {
            key.columns.len() >= columns.len() && key.columns[..columns.len()].iter().all(|part| columns.contains(part))
        }
        _ => false,
    })
}
