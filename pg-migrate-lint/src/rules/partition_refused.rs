//! Partitions that PostgreSQL does not take, or does not let go so.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Bound, Change, ConstraintKind, CreateTable, Drop, Kind, Partitioning, Rename, Strategy};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "partition-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a partition, ATTACH, DETACH, INHERIT, ONLY or CONCURRENTLY that PostgreSQL refuses of a partitioned table",
    explanation: "A table becomes a partition, or a child by INHERIT, only if it has the parent's columns with their types, \
        its CHECKs, and NOT NULL where the parent has it; a partition has no column more. DETACH … CONCURRENTLY is \
        refused where there is a default partition, DROP INDEX CONCURRENTLY of an index that is partitioned itself. \
        ALTER TABLE ONLY of a table with partitions can't add columns, CHECKs or NOT NULL: they have to be in all of \
        them. What a partition or a child has from its parent (columns, CHECKs, NOT NULL, a partition's foreign keys) is dropped \
        and renamed there, and a partition gets no column of its own. Two partitions can't have the same rows, nor a partition none, \
        and one is the default, but BY HASH. FOR VALUES has to be of the sort by which the table is divided, with a bound for each \
        column; a modulus divides the next greater one. The columns that divide a table stay, are not computed, and for LIST \
        there is one. A partitioned table takes no key USING INDEX, no constraint with NO INHERIT and no child by INHERIT. \
        Before 17 it can't have EXCLUDE.\n\n\
        Give the table what it lacks before, and leave out ONLY or CONCURRENTLY.",
    versions: "EXCLUDE on partitioned tables since 17",
    bad: &[
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (2);").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (2);").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 (n int); CREATE TABLE e2 () INHERITS (e1);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (2);").after("CREATE TABLE events (n int PRIMARY KEY) PARTITION BY LIST (n); CREATE TABLE e1 (n int);").on(15),
        Example::new("ALTER TABLE ONLY events ALTER COLUMN n SET NOT NULL;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);").on(15),
        Example::new("ALTER TABLE ONLY events ALTER COLUMN n DROP NOT NULL;").after("CREATE TABLE events (n int NOT NULL) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);").on(15),
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
        Example::new("ALTER TABLE admins DROP CONSTRAINT positive;").after("CREATE TABLE users (n int CONSTRAINT positive CHECK (n > 0)); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TABLE admins RENAME CONSTRAINT positive TO above;").after("CREATE TABLE users (n int CONSTRAINT positive CHECK (n > 0)); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TABLE e1 DROP CONSTRAINT events_n_fkey;")
            .after("CREATE TABLE users (n int PRIMARY KEY); CREATE TABLE events (n int REFERENCES users) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE e1 ALTER COLUMN n DROP NOT NULL;").after("CREATE TABLE events (n int NOT NULL) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE admins ALTER COLUMN n DROP NOT NULL;").after("CREATE TABLE users (n int NOT NULL); CREATE TABLE admins () INHERITS (users);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES IN (2, 3);").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1, 2);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e2 FOR VALUES FROM ('2026-01-31') TO ('2026-03-01');")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01'); CREATE TABLE e2 (at date);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES FROM (5) TO (5);").after("CREATE TABLE events (n int) PARTITION BY RANGE (n);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 1);")
            .after("CREATE TABLE events (n int) PARTITION BY HASH (n); CREATE TABLE e1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);"),
        Example::new("CREATE TABLE e2 PARTITION OF events DEFAULT;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events DEFAULT;"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);").after("CREATE TABLE events (n int);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);").after("CREATE TABLE events (n int); CREATE TABLE e1 (n int);"),
        Example::new("ALTER TABLE events DETACH PARTITION e1;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 (n int);"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);").after("CREATE TABLE events (n int) PARTITION BY RANGE (n);"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (1) TO (2);").after("CREATE TABLE events (n int, v int) PARTITION BY RANGE (n, v);"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (MINVALUE, 1) TO (1, 1);").after("CREATE TABLE events (n int, v int) PARTITION BY RANGE (n, v);"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (NULL) TO (1);").after("CREATE TABLE events (n int) PARTITION BY RANGE (n);"),
        Example::new("CREATE TABLE e4 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 4);").after("CREATE TABLE events (n int) PARTITION BY HASH (n);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES WITH (MODULUS 3, REMAINDER 1);")
            .after("CREATE TABLE events (n int) PARTITION BY HASH (n); CREATE TABLE e1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 0);"),
        Example::new("CREATE TABLE rest PARTITION OF events DEFAULT;").after("CREATE TABLE events (n int) PARTITION BY HASH (n);"),
        Example::new("CREATE TABLE plans (n int, v int) PARTITION BY LIST (n, v);").after("CREATE TABLE events (n int);"),
        Example::new("CREATE TABLE plans (n int, v int GENERATED ALWAYS AS (n * 2) STORED) PARTITION BY LIST (v);").after("CREATE TABLE events (n int);"),
        Example::new("CREATE TABLE e1 () INHERITS (events);").after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE e1 INHERIT events;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 (n int);"),
        Example::new("ALTER TABLE e1 ADD COLUMN v int;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE events DROP COLUMN n;").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE events DROP COLUMN m CASCADE;").after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); ALTER TABLE events RENAME n TO m;"),
        Example::new("ALTER TABLE events ADD CHECK (n > 0) NO INHERIT;").after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
        Example::new("ALTER TABLE events ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE UNIQUE INDEX by_n ON events (n);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE old (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF old FOR VALUES IN (1); ALTER TABLE e1 RENAME TO one; ALTER TABLE old RENAME TO events;"),
    ],
    good: &[
        Example::new("ALTER TABLE admins DROP CONSTRAINT positive;")
            .after("CREATE TABLE users (n int CONSTRAINT positive CHECK (n > 0) NO INHERIT); CREATE TABLE admins (n int CONSTRAINT positive CHECK (n > 1)) INHERITS (users);"),
        Example::new("ALTER TABLE admins NO INHERIT users; ALTER TABLE admins DROP CONSTRAINT positive; ALTER TABLE admins ALTER COLUMN n DROP NOT NULL;")
            .after("CREATE TABLE users (n int NOT NULL CONSTRAINT positive CHECK (n > 0)); CREATE TABLE admins () INHERITS (users);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');")
            .after("CREATE TABLE events (at date) PARTITION BY RANGE (at); CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1); DROP TABLE e1;"),
        Example::new("ALTER TABLE events DETACH PARTITION e1; CREATE TABLE e2 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("CREATE TABLE IF NOT EXISTS e1 PARTITION OF events FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES WITH (MODULUS 4, REMAINDER 2);")
            .after("CREATE TABLE events (n int) PARTITION BY HASH (n); CREATE TABLE e1 PARTITION OF events FOR VALUES WITH (MODULUS 2, REMAINDER 1);"),
        Example::new("ALTER TABLE events ATTACH PARTITION e1 FOR VALUES IN (1);")
            .after("CREATE TABLE events (n int CHECK (n > 0)) PARTITION BY LIST (n); CREATE TABLE e1 (LIKE events INCLUDING ALL);"),
        Example::new("CREATE TABLE e1 PARTITION OF events FOR VALUES FROM (1, MINVALUE) TO (1, MAXVALUE);").after("CREATE TABLE events (n int, v int) PARTITION BY RANGE (n, v);"),
        Example::new("CREATE TABLE e2 PARTITION OF events FOR VALUES WITH (MODULUS 6, REMAINDER 1);")
            .after("CREATE TABLE events (n int) PARTITION BY HASH (n); CREATE TABLE e1 PARTITION OF events FOR VALUES WITH (MODULUS 3, REMAINDER 0);"),
        Example::new("CREATE TABLE e1 (n int, v int) PARTITION BY RANGE (n, (v + 1)); CREATE TABLE e2 PARTITION OF e1 FOR VALUES FROM (1, 1) TO (1, 2);").after("CREATE TABLE events (n int);"),
        Example::new("ALTER TABLE events ADD UNIQUE (n), DROP COLUMN v; ALTER TABLE events DETACH PARTITION e1; ALTER TABLE e1 ADD COLUMN w int;")
            .after("CREATE TABLE events (n int, v int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("DO $$ BEGIN IF now() < 'epoch' THEN CREATE TABLE e1 PARTITION OF events DEFAULT; END IF; END $$; CREATE TABLE e2 PARTITION OF events DEFAULT;")
            .after("CREATE TABLE events (n int) PARTITION BY LIST (n);"),
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
    if look.is_in_doubt {
        return;
    }
    let refused = match look.change {
        Change::Drop(Drop { kind: Kind::Index, concurrently: true, names, .. }) => names.iter().find_map(|name| {
            let index = look.catalogue.index(name)?;
            let table = look.relation(&index.table)?;
            table.is_partitioned().then(|| (name, "the index is partitioned, and can't be dropped CONCURRENTLY".to_string()))
        }),
        Change::Rename(Rename { kind: Kind::Column, name, part: Some(column), .. }) => inherited_column(look, name, column),
        Change::Rename(Rename { kind: Kind::Constraint, name, part: Some(constraint), .. }) => inherited_constraint(look, name, constraint),
        Change::CreateTable(table) => made(look, table),
        Change::Alter(alter) if alter.kind != Kind::Index => altered(look, alter),
        _ => None,
    };
    if let Some((name, why)) = refused {
        found.push(look.finding(&RULE, format!("PostgreSQL refuses this: {why}")).on(name));
    }
}

fn altered<'a>(look: &Look, alter: &'a Alter) -> Option<(&'a Name, String)> {
    let table = &alter.table;
    let relation = look.relation(table)?;
    match &alter.action {
        Action::Attach { .. } | Action::Detach { .. } if look.whole(table).is_some_and(|table| !table.is_partitioned()) => {
            Some((table, format!("{table} is not partitioned")))
        }
        Action::Attach { child, default, bound } => {
            if let Some((other, known)) = parent(look, child) {
                let what = if known.is_partitioned() { "is a partition of" } else { "inherits from" };
                return Some((child, format!("{child} {what} {other} already")));
            }
            let heirs = look.whole(child).filter(|child| !child.is_partitioned()).and_then(|child| child.children.first());
            if let Some(heir) = heirs {
                return Some((child, format!("{heir} inherits from {child}, and no partition has heirs")));
            }
            let known = look.relation(child);
            let why = known.and_then(|known| misfit(relation, known, table, true));
            let why = why.or_else(|| taken(look, table, bound.as_ref(), *default))?;
            Some((child, format!("{child} {why}")))
        }
        Action::Inherit(parent) if look.whole(parent).is_some_and(Relation::is_partitioned) => {
            Some((table, format!("{parent} is partitioned: what belongs to it is attached as a partition")))
        }
        Action::Inherit(parent) => {
            let why = misfit(look.relation(parent)?, relation, parent, false)?;
            Some((table, format!("{table} {why}")))
        }
        Action::Detach { child, concurrently } => {
            if let Some(default) = relation.default_child.as_ref().filter(|_| *concurrently) {
                return Some((table, format!("{table} has a default partition, {default}: no other one is detached CONCURRENTLY then")));
            }
            look.whole(table)?;
            // One that was attached at any time is not sure to be as it was made.
            look.whole(child)?;
            Some((child, format!("{child} is no partition of {table}")))
        }
        Action::AddConstraint(constraint) if matches!(constraint.kind, ConstraintKind::Exclude) => {
            let is_refused = relation.is_partitioned() && look.server.version < 17;
            is_refused.then(|| (table, format!("{table} is partitioned, and before 17 such tables have no EXCLUDE")))
        }
        Action::AddConstraint(constraint) if relation.is_partitioned() && is_by_index(&constraint.kind) => {
            Some((table, format!("{table} is partitioned, and its keys build their indexes themselves")))
        }
        Action::AddConstraint(constraint) if relation.is_partitioned() && constraint.no_inherit => {
            Some((table, format!("{table} is partitioned, and what it demands is demanded of its partitions, too")))
        }
        Action::DropColumn { column, .. } if is_divided_by(relation, column) => {
            Some((table, format!("{table} is partitioned by {}", quoted(column))))
        }
        Action::AddColumn { .. } if parent(look, table).is_some_and(|(_, parent)| parent.is_partitioned()) => {
            Some((table, format!("{table} is a partition, and has the columns of its parent and no others")))
        }
        Action::DropColumn { column, .. } if relation.parent.is_some() => inherited_column(look, table, column),
        Action::DropConstraint { constraint, .. } if relation.parent.is_some() => inherited_constraint(look, table, constraint),
        Action::DropNotNull(column) if relation.parent.is_some() => inherited_not_null(look, table, column),
        action if alter.only && relation.is_partitioned() => {
            let child = relation.children.first()?;
            let what = match action {
                Action::AddColumn { .. } => "a column",
                Action::SetNotNull(_) if look.server.version >= 18 => "NOT NULL",
                Action::SetNotNull(column) => {
                    let mut others = relation.children.iter().filter_map(|other| Some((other, look.relation(other)?.column(column)?)));
                    let (other, _) = others.find(|(_, other)| !other.not_null)?;
                    return Some((table, format!("NOT NULL of {table} has to be in {other} and all other partitions too, without ONLY")));
                }
                Action::DropNotNull(column) if look.server.version < 18 && relation.column(column)?.not_null => "no NOT NULL",
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

fn inherited_constraint<'a>(look: &Look, table: &'a Name, constraint: &str) -> Option<(&'a Name, String)> {
    let (parent, relation) = parent(look, table)?;
    let known = relation.constraint(constraint).filter(|known| known.is_inherited)?;
    let what = match known.kind {
        ConstraintKind::Check(_) => "CHECK",
        // That of a table that is no partition is its own.
        ConstraintKind::Foreign { .. } if relation.is_partitioned() => "foreign key",
        _ => return None,
    };
    Some((table, format!("{table} has the {what} {} from {parent}: there it can be dropped or renamed", quoted(constraint))))
}

fn inherited_not_null<'a>(look: &Look, table: &'a Name, column: &str) -> Option<(&'a Name, String)> {
    let (parent, relation) = parent(look, table)?;
    // Before 18 only what a partition has is held to its parent.
    let is_held = relation.is_partitioned() || look.server.version >= 18;
    let is_refused = is_held && relation.column(column)?.not_null;
    is_refused.then(|| (table, format!("{} is NOT NULL in {parent}, which {table} belongs to", quoted(column))))
}

fn is_by_index(kind: &ConstraintKind) -> bool {
    match kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => key.index.is_some(),
        _ => false,
    }
}

fn is_divided_by(relation: &Relation, column: &str) -> bool {
    relation.partitioning.as_ref().is_some_and(|partitioning| partitioning.has_column(column))
}

/// What keeps a new table from being partitioned so, or from being a partition or a child.
fn made<'a>(look: &Look, table: &'a CreateTable) -> Option<(&'a Name, String)> {
    let name = &table.name;
    if table.if_not_exists && look.relation(name).is_some() {
        return None;
    }
    if let Some(why) = table.partitioning.as_ref().and_then(|partitioning| undivided(table, partitioning)) {
        return Some((name, why));
    }
    let mut parents = table.inherits.iter();
    if let Some(parent) = parents.find(|parent| look.whole(parent).is_some_and(Relation::is_partitioned)) {
        return Some((name, format!("{parent} is partitioned, and nothing inherits from it")));
    }
    let (parent, default) = table.partition_of.as_ref()?;
    if look.whole(parent).is_some_and(|parent| !parent.is_partitioned()) {
        return Some((name, format!("{parent} is not partitioned")));
    }
    let why = taken(look, parent, table.bound.as_ref(), *default)?;
    Some((name, format!("{name} {why}")))
}

/// What keeps a table from being divided so.
fn undivided(table: &CreateTable, partitioning: &Partitioning) -> Option<String> {
    if partitioning.strategy == Strategy::List && partitioning.columns.len() > 1 {
        return Some("a table is partitioned BY LIST of one column".to_string());
    }
    let mut computed = table.columns.iter().filter(|column| column.generated.is_some());
    let column = computed.find(|column| partitioning.has_column(&column.name))?;
    Some(format!("{} is computed, and no table is partitioned by such a column", quoted(&column.name)))
}

/// Whether the rows of a new partition can't be, or are another one's already.
fn taken(look: &Look, parent: &Name, bound: Option<&Bound>, default: bool) -> Option<String> {
    /// Nobody compares more of them by hand, and each new one would be held against all.
    const MOST: usize = 500;
    // How a table is divided never changes.
    if let Some(partitioning) = look.relation(parent).and_then(|parent| parent.partitioning.as_ref()) {
        let why = match bound {
            Some(bound) => partitioning.refuses(bound),
            None if default && partitioning.strategy == Strategy::Hash => Some("can't be the default one: BY HASH there is none".to_string()),
            None => None,
        };
        if why.is_some() {
            return why;
        }
    }
    let relation = look.whole(parent).filter(|parent| parent.is_partitioned() && parent.children.len() <= MOST)?;
    if default {
        let other = relation.default_child.as_ref()?;
        return Some(format!("would be the default partition of {parent}, which {other} is"));
    }
    let bound = bound?;
    let bounds = relation.children.iter().filter_map(|other| Some((other, look.relation(other)?.bound.as_ref()?)));
    let mut bounds = bounds.filter(|(_, other)| bound.overlaps(other) || !bound.divides(other));
    let (other, known) = bounds.next()?;
    Some(match bound.overlaps(known) {
        true => format!("would have rows of {parent} that belong to {other}"),
        false => format!("has a modulus that neither divides that of {other} nor is divided by it"),
    })
}

/// What keeps one table from becoming a child of another.
fn misfit(parent: &Relation, child: &Relation, name: &Name, is_partition: bool) -> Option<String> {
    if !parent.is_complete || !child.is_complete {
        return None;
    }
    for column in &parent.columns {
        let named = quoted(&column.name);
        let Some(own) = child.column(&column.name) else {
            return Some(format!("has no column {named}, which {name} has"));
        };
        if !own.type_.is_same(&column.type_) {
            return Some(format!("has {named} as {}, and {name} as {}", own.type_, column.type_));
        }
        if column.not_null && !own.not_null {
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
