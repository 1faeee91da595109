//! Partitions that PostgreSQL does not take, or does not let go so.

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, Drop, Kind, Rename};
use crate::name::{Name, quoted};
use crate::types::Type;

pub static RULE: Rule = Rule {
    name: "partition-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "ATTACH, DETACH, INHERIT, ONLY or CONCURRENTLY that PostgreSQL refuses of a partitioned table",
    explanation: "A table becomes a partition, or a child by INHERIT, only if it has the parent's columns with their types, \
        its CHECKs, and NOT NULL where the parent has it; a partition has no column more. DETACH … CONCURRENTLY is \
        refused where there is a default partition, DROP INDEX CONCURRENTLY of an index that is partitioned itself. \
        ALTER TABLE ONLY of a table with partitions can't add columns, CHECKs or NOT NULL: they have to be in all of \
        them. A partition's columns and CHECKs are dropped and renamed in its parent. \
        Before 17 a partitioned table can't have EXCLUDE.\n\n\
        Give the table what it lacks before, and leave out ONLY or CONCURRENTLY.",
    versions: "EXCLUDE on partitioned tables since 17",
    bad: &[
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 (n int, extra int);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 (n int);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 (n int, v bigint);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int NOT NULL) PARTITION BY LIST (n); CREATE TABLE e1 (n int);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int CONSTRAINT positive CHECK (n > 0)) PARTITION BY LIST (n); CREATE TABLE e1 (n int);"),
        Example::new("ALTER TABLE events DETACH PARTITION e1 CONCURRENTLY;")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1); CREATE TABLE rest PARTITION OF events DEFAULT;"),
        Example::new("DROP INDEX CONCURRENTLY events_n;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE INDEX events_n ON events (n);"),
        Example::new("ALTER TABLE ONLY events ADD CHECK (n > 0);").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE ONLY events ADD COLUMN x int;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE admins INHERIT users;").after("CREATE TABLE users (n int CONSTRAINT positive CHECK (n > 0)); CREATE TABLE admins (n int);"),
        Example::new("ALTER TABLE e1 DROP COLUMN v;").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE e1 RENAME COLUMN v TO w;").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE e1 DROP CONSTRAINT positive;")
            .after("CREATE TABLE events (n int CONSTRAINT positive CHECK (n > 0)) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE admins DROP COLUMN n;").after("CREATE TABLE users (n int); CREATE TABLE admins (extra int) INHERITS (users);"),
        Example::new("ALTER TABLE events ADD EXCLUDE USING btree (n WITH =);").after("CREATE TABLE events (n int) PARTITION BY LIST (n);").on(16),
    ],
    good: &[
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int CHECK (n > 0)) PARTITION BY LIST (n); CREATE TABLE e1 (LIKE events INCLUDING ALL);"),
        Example::new("ALTER TABLE admins DROP COLUMN extra;").after("CREATE TABLE users (n int); CREATE TABLE admins (extra int) INHERITS (users);"),
        Example::new("ALTER TABLE events DETACH PARTITION e1; ALTER TABLE e1 DROP COLUMN v;").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int NOT NULL CONSTRAINT positive CHECK (n > 0)) PARTITION BY LIST (n); CREATE TABLE e1 (n int NOT NULL CONSTRAINT positive CHECK (n > 0));"),
        Example::new("ALTER TABLE events DETACH PARTITION e1 CONCURRENTLY;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("DROP INDEX CONCURRENTLY users_n;").after("CREATE TABLE users (n int); CREATE INDEX users_n ON users (n);"),
        Example::new("ALTER TABLE ONLY events ADD CHECK (n > 0);").after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE admins INHERIT users;").after("CREATE TABLE users (n int); CREATE TABLE admins (n int, extra int);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_nested {
        return;
    }
    let refused = match look.change {
        Change::Drop(Drop { kind: Kind::Index, concurrently: true, names, .. }) => names.iter().find_map(|name| {
            let index = look.catalogue.index(name)?;
            let table = look.relation(&index.table)?;
            is_partitioned(table).then(|| (name, "the index is partitioned, and can't be dropped CONCURRENTLY".to_string()))
        }),
        Change::Rename(Rename { kind: Kind::Column, name, part: Some(column), .. }) => inherited_column(look, name, column),
        Change::Alter(alter) if alter.kind != Kind::Index => altered(look, alter),
        _ => None,
    };
    if let Some((name, why)) = refused {
        found.push(look.finding(&RULE, format!("PostgreSQL refuses this: {why}")).on(name));
    }
}

fn is_partitioned(relation: &Relation) -> bool {
    relation.kind == RelationKind::Partitioned
}

fn altered<'a>(look: &Look, alter: &'a Alter) -> Option<(&'a Name, String)> {
    let table = &alter.table;
    let relation = look.relation(table)?;
    match &alter.action {
        Action::Attach { child, .. } => {
            let why = misfit(look, relation, look.relation(child)?, table, true)?;
            Some((child, format!("{child} {why}")))
        }
        Action::Inherit(parent) => {
            let why = misfit(look, look.relation(parent)?, relation, parent, false)?;
            Some((table, format!("{table} {why}")))
        }
        Action::Detach { concurrently: true, .. } => {
            let default = relation.default_child.as_ref()?;
            Some((table, format!("{table} has a default partition, {default}: no other one is detached CONCURRENTLY then")))
        }
        Action::AddConstraint(constraint) if matches!(constraint.kind, ConstraintKind::Exclude) => {
            let is_refused = is_partitioned(relation) && look.server.version < 17;
            is_refused.then(|| (table, format!("{table} is partitioned, and before 17 such tables have no EXCLUDE")))
        }
        Action::DropColumn { column, .. } if relation.parent.is_some() => inherited_column(look, table, column),
        Action::DropConstraint { constraint, .. } if relation.parent.is_some() => inherited_check(look, table, constraint),
        action if alter.only && is_partitioned(relation) => {
            let child = relation.children.first()?;
            let what = match action {
                Action::AddColumn { .. } => "a column",
                Action::SetNotNull(_) if look.server.version >= 18 => "NOT NULL",
                Action::AddConstraint(constraint) if matches!(constraint.kind, ConstraintKind::Check(_)) => "a CHECK",
                _ => return None,
            };
            Some((table, format!("{what} of {table} has to be in {child} and all other partitions too, without ONLY")))
        }
        _ => None,
    }
}

/// The parent that a table is sure to have.
fn parent<'a>(look: &'a Look, table: &Name) -> Option<(&'a Name, &'a Relation)> {
    let parent = look.relation(table)?.parent.as_ref()?;
    let relation = look.whole(parent)?;
    relation.children.contains(&look.catalogue.resolve(table)).then_some((parent, relation))
}

fn inherited_column<'a>(look: &Look, table: &'a Name, column: &str) -> Option<(&'a Name, String)> {
    let (parent, relation) = parent(look, table)?;
    relation.column(column)?;
    Some((table, format!("{table} has the column {} from {parent}: there it can be dropped or renamed", quoted(column))))
}

fn inherited_check<'a>(look: &Look, table: &'a Name, constraint: &str) -> Option<(&'a Name, String)> {
    // Another table's may be NO INHERIT.
    let (parent, relation) = parent(look, table).filter(|(_, relation)| is_partitioned(relation))?;
    let known = relation.constraint(constraint)?;
    let is_check = matches!(known.kind, ConstraintKind::Check(_));
    is_check.then(|| (table, format!("{table} has the CHECK {} from {parent}: there it can be dropped", quoted(constraint))))
}

/// What keeps one table from becoming a child of another.
fn misfit(look: &Look, parent: &Relation, child: &Relation, name: &Name, is_partition: bool) -> Option<String> {
    if !parent.is_complete || !child.is_complete {
        return None;
    }
    for column in &parent.columns {
        let named = quoted(&column.name);
        let Some(own) = child.column(&column.name) else {
            return Some(format!("has no column {named}, which {name} has"));
        };
        if !is_same(&own.type_, &column.type_) {
            return Some(format!("has {named} as {}, and {name} as {}", own.type_, column.type_));
        }
        // By a primary key the partition's columns become NOT NULL too, until 17.
        let is_by_key = parent.primary_key().is_some_and(|key| key.iter().any(|of| **of == *column.name));
        if column.not_null && !own.not_null && (look.server.version >= 18 || !is_by_key) {
            return Some(format!("may have nulls in {named}, and {name} may not"));
        }
    }
    let extra = child.columns.iter().find(|own| parent.column(&own.name).is_none());
    if let Some(extra) = extra.filter(|_| is_partition) {
        return Some(format!("has a column {}, which {name} has not", quoted(&extra.name)));
    }
    if child.may_have_keys {
        // LIKE has given it others than are known.
        return None;
    }
    let lacking = parent.constraints.iter().find(|constraint| {
        matches!(constraint.kind, ConstraintKind::Check(_)) && child.constraint(&constraint.name).is_none()
    });
    lacking.map(|constraint| format!("has no CHECK {}, which {name} has", quoted(&constraint.name)))
}

/// Whether two types are the same, of which one may be named without its schema.
fn is_same(type_: &Type, other: &Type) -> bool {
    let is_same_schema = type_.schema.is_none() || other.schema.is_none() || type_.schema == other.schema;
    is_same_schema
        && (&type_.name, &type_.modifiers) == (&other.name, &other.modifiers)
        && (type_.dimensions > 0) == (other.dimensions > 0)
}
