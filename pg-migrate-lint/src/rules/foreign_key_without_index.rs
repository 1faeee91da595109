//! Deleting a referenced row reads the referencing table.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Way};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, CreateIndex};
use crate::name::{Name, list, quoted};
use crate::pending::Missing;

pub static RULE: Rule = Rule {
    name: "foreign-key-without-index",
    group: Group::Availability,
    severity: Severity::Info,
    summary: "a foreign key whose columns no index begins with",
    explanation: "PostgreSQL makes no index for the referencing side of a foreign key. Every DELETE of a referenced \
        row, and every UPDATE of its key, then reads the whole referencing table, while it keeps the row locked.\n\n\
        An index that begins with one of several columns finds at least those rows. Create one that begins with all, \
        with CONCURRENTLY on a table in use. It is not needed where referenced rows are never deleted. Where a later \
        migration of the same run makes it, nothing is said.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;").after("CREATE TABLE orders (id int, user_id int);"),
        Example::new("CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
            .after("CREATE TABLE orders (id int, user_id int); CREATE INDEX ON orders (user_id) WHERE id IS NOT NULL;"),
    ],
    good: &[
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
            .after("CREATE TABLE orders (id int, user_id int); CREATE INDEX ON orders (user_id, id);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES users NOT VALID;").after("CREATE TABLE orders (id int PRIMARY KEY);"),
        // What is looked up is never null.
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
            .after("CREATE TABLE orders (id int, user_id int); CREATE INDEX ON orders (user_id) WHERE user_id IS NOT NULL;"),
        Example::new("CREATE TABLE orders (id int, user_id int REFERENCES users); CREATE INDEX ON orders (user_id) WHERE user_id IS NOT NULL;"),
        Example::new("CREATE TABLE members (team int, user_id int, n int, FOREIGN KEY (team, user_id) REFERENCES users, PRIMARY KEY (team, n));"),
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
    let bare: Vec<_> = keys.into_iter().filter(|columns| !is_indexed(look, table, columns)).collect();
    if bare.is_empty() {
        return;
    }
    let lists: Vec<_> = bare.iter().map(|columns| format!("({})", list(columns))).collect();
    let one_of = match bare.iter().any(|columns| columns.len() > 1) {
        true => "one of ",
        false => "",
    };
    let message = format!("no index of {table} begins with {one_of}{}: a DELETE of what is referenced reads all of {table}", lists.join(" or "));
    let is_divided = look.relation(table).is_some_and(Relation::is_partitioned);
    // Nobody waits for a table that is made here.
    let is_new = matches!(look.change, Change::CreateTable(_)) || look.is_new(table);
    let indexes = bare.iter().map(|columns| {
        let index = CreateIndex { columns: columns.iter().cloned().map(Some).collect(), ..CreateIndex::default() };
        let name = quoted(&look.catalogue.index_name(&look.catalogue.resolve(table), &index));
        match is_divided {
            _ if is_new => format!("CREATE INDEX {name} ON {table} ({});", list(columns)),
            true => format!("CREATE INDEX {name} ON ONLY {table} ({});", list(columns)),
            false => format!("CREATE INDEX CONCURRENTLY {name} ON {table} ({});", list(columns)),
        }
    });
    let indexes = indexes.collect::<Vec<_>>().join("\n");
    let fix = match is_new {
        true => Fix::besides(Way::Here, "in the same migration", indexes),
        false => Fix::besides(Way::Outside, "outside of a transaction", indexes),
    };
    let fix = match is_divided && !is_new {
        true => fix.words("see --explain partitioned-index: CONCURRENTLY is refused there"),
        false => fix,
    };
    let object = format!("{table} {}", lists.join(", "));
    let columns = bare.into_iter().cloned().collect();
    let missing = Missing { table: table.clone(), columns };
    found.push(look.finding(&RULE, message).on(object).fix(fix).unless_made(missing));
}

fn foreign(kind: &ConstraintKind) -> Option<&Vec<String>> {
    match kind {
        ConstraintKind::Foreign { columns, .. } => Some(columns),
        _ => None,
    }
}

fn is_indexed(look: &Look, table: &Name, columns: &[String]) -> bool {
    let begins = |parts: &[String]| parts.first().is_some_and(|first| columns.contains(first));
    let mut later = look.ahead.indexes.iter().filter(|(name, _)| name.name == table.name);
    let has_index = later.any(|(_, parts)| begins(parts));
    let is_known = look.catalogue.has_index_from(table, columns);
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
            key.columns.first().is_some_and(|first| columns.contains(first))
        }
        _ => false,
    })
}
