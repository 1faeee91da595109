//! What is dropped is still needed.

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind, same};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, Dependent, DependentKind, Drop, Kind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "drop-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "DROP of what something else depends on, which PostgreSQL refuses",
    explanation: "Without CASCADE nothing is dropped that something else needs: a table or key that a foreign key \
        references, a table or view that a view reads, a type that a column has, a function that a default, a trigger, an index or a CHECK \
        calls, a sequence that a column takes its numbers from. The index of a primary key or unique \
        constraint can't be dropped at all. The migration fails there.\n\n\
        Drop what depends on it first, by name, in the same migration; in the place of the index drop its constraint. \
        CASCADE drops as much as there is, which may be more than was seen here.",
    versions: "",
    bad: &[
        Example::new("DROP INDEX users_pkey;").after("CREATE TABLE users (id bigint PRIMARY KEY);"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users);"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey;")
            .after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users);"),
        Example::new("ALTER TABLE users DROP COLUMN id;").after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users);"),
        Example::new("ALTER TABLE users DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE POLICY adults ON users USING (age > 17);"),
        Example::new("DROP TYPE mood;").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (id bigint, mood mood);"),
        Example::new("DROP FUNCTION number();").after("CREATE FUNCTION number() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE users (id int DEFAULT number());"),
        Example::new("DROP FUNCTION number;").after("CREATE TABLE users (id int); CREATE FUNCTION number() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER TABLE users ALTER id SET DEFAULT number() + 1;"),
        Example::new("DROP FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
        Example::new("DROP FUNCTION half(int);").after("CREATE FUNCTION half(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 / 2'; CREATE TABLE users (id int); CREATE INDEX ON users (half(id));"),
        Example::new("DROP FUNCTION half(int);").after("CREATE FUNCTION half(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1 / 2'; CREATE TABLE users (id int CHECK (half(id) > 0));"),
        Example::new("DROP SEQUENCE users_id_seq;").after("CREATE TABLE users (id serial);"),
        Example::new("DROP SEQUENCE users_id_seq;").after("CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY);"),
        Example::new("DROP SEQUENCE app.numbers;").after("CREATE SCHEMA app; CREATE SEQUENCE app.numbers; CREATE TABLE users (id int DEFAULT nextval('app.numbers'));"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (n int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("DO $$ BEGIN DROP TABLE users; END $$;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("DROP TABLE events_1;").after(
            "CREATE TABLE events (n int PRIMARY KEY) PARTITION BY LIST (n); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1); \
             CREATE TABLE notes (n int REFERENCES events);",
        ),
        Example::new("DROP SCHEMA app;").after("CREATE SCHEMA app; CREATE TABLE app.users (id int);"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (id int); CREATE TABLE old (before users);"),
        Example::new("DROP INDEX by_id;").after("CREATE TABLE users (id int); CREATE UNIQUE INDEX by_id ON users (id); CREATE TABLE orders (user_id int REFERENCES users (id));"),
    ],
    good: &[
        Example::new("DROP TABLE app.users; DROP SCHEMA app; DROP INDEX by_n;")
            .after("CREATE SCHEMA app; CREATE TABLE app.users (id int); CREATE TABLE plans (n int UNIQUE); CREATE UNIQUE INDEX by_n ON plans (n);"),
        Example::new("DROP TABLE users, admins;").after("CREATE TABLE users (n int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("ALTER TABLE admins NO INHERIT users; DROP TABLE users;").after("CREATE TABLE users (n int); CREATE TABLE admins () INHERITS (users);"),
        Example::new("DROP TABLE events;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE e1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("ALTER TABLE users ALTER id DROP DEFAULT; DROP FUNCTION number();").after("CREATE FUNCTION number() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE users (id int DEFAULT number());"),
        Example::new("DROP FUNCTION number(int);")
            .after("CREATE FUNCTION number() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION number(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE users (id int DEFAULT number());"),
        Example::new("DROP TRIGGER touches ON users; DROP FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
        Example::new("DROP TABLE users; DROP FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
        Example::new("ALTER TABLE users ALTER id DROP DEFAULT; DROP SEQUENCE users_id_seq;").after("CREATE TABLE users (id serial);"),
        Example::new("DROP SEQUENCE users_id_seq;").after("CREATE SEQUENCE users_id_seq; CREATE TABLE users (id serial);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email_key;").after("CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);"),
        Example::new("DROP TABLE orders, users;").after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users);"),
        Example::new("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; DROP TABLE users;")
            .after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE TABLE orders (user_id bigint REFERENCES users);"),
        Example::new("ALTER TABLE users DROP COLUMN twice; ALTER TABLE users DROP COLUMN age;").after("CREATE TABLE users (age int, twice int GENERATED ALWAYS AS (age * 2) STORED);"),
        Example::new("DROP POLICY adults ON users; ALTER TABLE users DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE POLICY adults ON users USING (age > 17);"),
        Example::new("DROP TABLE users CASCADE;").after("CREATE TABLE users (id bigint PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;"),
        Example::new("ALTER TABLE users ALTER COLUMN mood TYPE text; DROP TYPE mood;").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (id bigint, mood mood);"),
        Example::new("CREATE TYPE new AS ENUM ('ok'); ALTER TABLE users ALTER COLUMN mood TYPE new USING 'ok'; ALTER TYPE mood RENAME TO old; ALTER TYPE new RENAME TO mood; DROP TYPE old;")
            .after("CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE users (id bigint, mood mood);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let mut refuse = |name: &Name, dependent: String| {
        let message = format!("{dependent}: PostgreSQL refuses to drop what it needs");
        found.push(look.finding(&RULE, message).on(name));
    };
    match look.change {
        Change::Drop(drop) => {
            for name in &drop.names {
                if let Some(dependent) = dependent(look, drop, name) {
                    refuse(name, dependent);
                }
            }
        }
        Change::Alter(Alter { table, action: Action::DropConstraint { constraint, cascade: false, .. }, .. }) => {
            let known = look.relation(table).and_then(|relation| relation.constraint(constraint));
            if let Some(ConstraintKind::Primary(key) | ConstraintKind::Unique(key)) = known.map(|known| &known.kind)
                && let Some(dependent) = user_of_key(look, table, &key.columns)
            {
                refuse(table, dependent);
            }
        }
        Change::Alter(Alter { table, action: Action::DropColumn { column, cascade: false, .. }, .. }) => {
            let constraints = look.relation(table).into_iter().flat_map(|relation| relation.constraints_on(column));
            let dependent = constraints.filter_map(|constraint| match &constraint.kind {
                ConstraintKind::Primary(key) | ConstraintKind::Unique(key) if key.columns.contains(column) => user_of_key(look, table, &key.columns),
                _ => None,
            });
            // Before 15 a generated column went with what it is computed from.
            let stays = |reader: &&Dependent| reader.kind != DependentKind::Generated || look.server.version >= 15;
            let reader = look.relation(table).and_then(|relation| relation.dependent(column)).filter(stays);
            let reader = reader.map(|reader| format!("the {} {} reads {} of {table}", reader.kind.name(), reader.name, quoted(column)));
            if let Some(dependent) = dependent.into_iter().next().or(reader) {
                refuse(table, dependent);
            }
        }
        _ => {}
    }
}

/// Whether a table can't be dropped, so that nothing comes of it.
pub fn is_refused(look: &Look) -> bool {
    let Change::Drop(drop) = look.change else { return false };
    !look.is_in_doubt && drop.names.iter().any(|name| dependent(look, drop, name).is_some())
}

/// What needs a thing that is dropped, in words.
fn dependent(look: &Look, drop: &Drop, name: &Name) -> Option<String> {
    let catalogue = look.catalogue;
    let resolved = catalogue.resolve(name);
    let goes_too = |other: &&Name| drop.names.iter().any(|name| catalogue.resolve(name) == **other);
    match drop.kind {
        Kind::Index => {
            let key = key_of(look, name);
            let key = key.map(|(table, constraint)| format!("the constraint {} of {table} is kept by this index", quoted(constraint)));
            key.or_else(|| user_of_index(look, name).filter(|_| !drop.cascade))
        }
        _ if drop.cascade => None,
        Kind::Table | Kind::View | Kind::MaterializedView => {
            let others = catalogue.referencing(name).iter().filter(|other| **other != resolved && !goes_too(other));
            let foreign = others.into_iter().find(|other| catalogue.referenced(other).any(|(_, table)| *table == resolved));
            let is_view = |name: &&Name| {
                let kind = catalogue.relation(name).map(|view| view.kind);
                matches!(kind, Some(RelationKind::View | RelationKind::MaterializedView))
            };
            let reader = catalogue.readers(name).iter().find(|view| is_view(view) && !goes_too(view));
            let heir = || look.whole(name).filter(|table| table.kind == RelationKind::Table)?.children.iter().find(|heir| !goes_too(heir));
            let rows = catalogue.columns_of_type(name);
            let row = rows.iter().find(|other| catalogue.sure(other).is_some() && **other != resolved && !goes_too(other));
            if let Some(row) = row {
                return Some(format!("a column of {row} has rows of {name} as its values"));
            }
            if let Some(heir) = heir() {
                return Some(format!("{heir} inherits from {name}"));
            }
            // What references a divided table references each of its partitions.
            let parent = look.relation(name).and_then(|table| table.parent.clone());
            let divided = parent.filter(|parent| look.relation(parent).is_some_and(Relation::is_partitioned) && !goes_too(&parent));
            if let Some((parent, other)) = divided.and_then(|parent| Some((parent.clone(), catalogue.referencing(&parent).first()?))) {
                return Some(format!("a foreign key of {other} references {parent}, and so {name} as its partition"));
            }
            foreign.map(|other| format!("a foreign key of {other} references {name}")).or_else(|| reader.map(|view| format!("the view {view} reads {name}")))
        }
        Kind::Schema => {
            let mut relations = catalogue.relations_in(&name.name).into_iter();
            let held = relations.find(|held| catalogue.sure(held).is_some_and(|held| !held.is_temporary))?;
            Some(format!("{held} is in the schema"))
        }
        Kind::Function if !look.is_in_doubt => catalogue.user_of_function(name),
        Kind::Sequence => catalogue.user_of_sequence(name),
        Kind::Type | Kind::Domain => {
            let tables = catalogue.columns_of_type(name);
            tables.first().map(|table| format!("a column of {table} is of the type {name}"))
        }
        _ => None,
    }
}

/// The table and the constraint that an index keeps.
pub fn key_of<'a>(look: &'a Look, name: &Name) -> Option<(&'a Name, &'a str)> {
    let index = look.catalogue.index(name)?;
    let constraint = look.relation(&index.table)?.constraint(&name.name)?;
    let is_key = matches!(constraint.kind, ConstraintKind::Primary(_) | ConstraintKind::Unique(_));
    is_key.then_some((&*index.table, constraint.name.as_str()))
}

/// The table with a foreign key that can only mean the columns of this unique index, in words.
fn user_of_index(look: &Look, name: &Name) -> Option<String> {
    let index = look.catalogue.index(name)?;
    let columns: Option<Vec<String>> = index.columns.iter().cloned().collect();
    let columns = columns.filter(|_| index.is_unique && !index.is_partial)?;
    let table = look.whole(&index.table)?;
    let mut others = table.indexes.iter().filter(|other| other.name != index.name && other.is_unique);
    let is_other = others.any(|other| other.columns.iter().flatten().all(|column| columns.contains(column)));
    let resolved = look.catalogue.resolve(&index.table);
    let uses = |other: &&Name| {
        let constraints = look.relation(other).into_iter().flat_map(|other| &other.constraints);
        let mut foreign = constraints.filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Foreign { table, referenced, .. } if *table == resolved => Some(referenced),
            _ => None,
        });
        foreign.any(|referenced| same(referenced, &columns))
    };
    let other = look.catalogue.referencing(&index.table).iter().find(uses).filter(|_| !is_other)?;
    Some(format!("a foreign key of {other} needs this index of {}", index.table))
}

/// The table with a foreign key that can only mean this key, in words.
fn user_of_key(look: &Look, table: &Name, columns: &[String]) -> Option<String> {
    let resolved = look.catalogue.resolve(table);
    let relation = look.relation(table)?;
    let keys = relation.constraints.iter().filter(|constraint| match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => same(&key.columns, columns),
        _ => false,
    });
    if keys.count() > 1 {
        return None;
    }
    let is_used = |other: &&Name| {
        let constraints = look.relation(other).into_iter().flat_map(|other| &other.constraints);
        let mut foreign = constraints.filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Foreign { table, referenced, .. } if *table == resolved => Some(referenced),
            _ => None,
        });
        foreign.any(|referenced| match referenced.is_empty() {
            true => relation.primary_key().is_some_and(|key| same(key, columns)),
            false => same(referenced, columns),
        })
    };
    let others = look.catalogue.referencing(table).iter().filter(|other| **other != resolved);
    let other = others.into_iter().find(is_used)?;
    Some(format!("a foreign key of {other} references this key of {table}"))
}
