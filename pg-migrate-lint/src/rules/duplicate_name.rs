//! A name that is taken.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind, Rename};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "duplicate-name",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a table, index or constraint whose name another one has already",
    explanation: "Tables, views, sequences and indexes of a schema share their names, and so do the constraints of a table: \
        PostgreSQL refuses a second one, and the migration fails there. It is said of what earlier migrations are \
        sure to have made: nothing that is not seen was run since.\n\n\
        Choose another name, or drop the old one before, if this is to take its place. IF NOT EXISTS hides the error \
        and keeps the old one, whatever it is.",
    versions: "",
    bad: &[
        Example::new("CREATE TABLE users (id int);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE users (id int); CREATE TABLE public.users (id int);").after("CREATE TABLE other (id int);"),
        Example::new("CREATE INDEX by_id ON other (id);").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id); CREATE TABLE other (id int);"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY by_id ON users (id);").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id);"),
        Example::new("CREATE INDEX users ON users (id);").after("CREATE TABLE users (id int);"),
        Example::new("CREATE INDEX users_id_idx ON users (id);").after("CREATE TABLE users (id int); CREATE INDEX ON users (id);"),
        Example::new("CREATE INDEX users_id_idx1 ON users (id);").after("CREATE TABLE users (id int); CREATE INDEX ON users (id); CREATE INDEX ON users (id);"),
        Example::new("CREATE INDEX users_id_email_idx ON users (id);").after("CREATE TABLE users (id int, email text); CREATE INDEX ON users (id) INCLUDE (email);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 1);").after("CREATE TABLE users (id int CONSTRAINT positive CHECK (id > 0));"),
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_check CHECK (id > 1);").after("CREATE TABLE users (id int CHECK (id > 0));"),
        Example::new("ALTER TABLE users ADD CONSTRAINT by_id UNIQUE (id);").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id);"),
        Example::new("ALTER TABLE other RENAME TO users;").after("CREATE TABLE users (id int); CREATE TABLE other (id int);"),
        Example::new("ALTER TABLE users RENAME COLUMN id TO email;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER INDEX by_id RENAME TO by_email;").after("CREATE TABLE users (id int, email text); CREATE INDEX by_id ON users (id); CREATE INDEX by_email ON users (email);"),
    ],
    good: &[
        Example::new("DROP TABLE users; CREATE TABLE users (id int);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE IF NOT EXISTS users (id int);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE other.users (id int);").after("CREATE SCHEMA other; CREATE TABLE users (id int);"),
        Example::new("CREATE TEMP TABLE users (id int);").after("CREATE TABLE users (id int);"),
        Example::new("CREATE INDEX IF NOT EXISTS by_id ON users (id);").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id);"),
        Example::new("CREATE INDEX by_id ON users (id);").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id); DROP INDEX by_id;"),
        Example::new("CREATE INDEX by_id ON other.users (id);").after("CREATE SCHEMA other; CREATE TABLE other.users (id int); CREATE TABLE users (id int); CREATE INDEX by_id ON users (id);"),
        Example::new("CREATE INDEX ON users (id); CREATE INDEX ON users (id);").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT positive CHECK (id > 1), DROP CONSTRAINT positive;").after("CREATE TABLE users (id int CONSTRAINT positive CHECK (id > 0));"),
        Example::new("ALTER TABLE other ADD CONSTRAINT positive CHECK (id > 1);").after("CREATE TABLE users (id int CONSTRAINT positive CHECK (id > 0)); CREATE TABLE other (id int);"),
        Example::new("CREATE TABLE users (id int);").after("CREATE TABLE users (id int); DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'users'; END $$;"),
        Example::new("CREATE TABLE users (id int);").after("BEGIN; CREATE TABLE users (id int); ROLLBACK;"),
        Example::new("CREATE TABLE app.users (id int);").after("CREATE SCHEMA app; CREATE TABLE app.users (id int); ALTER SCHEMA app RENAME TO old; CREATE SCHEMA app;"),
        Example::new("ALTER TABLE users ADD CONSTRAINT by_id UNIQUE USING INDEX by_id;").after("CREATE TABLE users (id int); CREATE UNIQUE INDEX by_id ON users (id);"),
        Example::new("ALTER TABLE users RENAME TO old; ALTER TABLE other RENAME TO users;").after("CREATE TABLE users (id int); CREATE TABLE other (id int);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if let Some((name, what)) = taken(look) {
        let message = format!("{what} already: PostgreSQL refuses this");
        found.push(look.finding(&RULE, message).on(name));
    }
}

/// The object, and what is there.
fn taken(look: &Look) -> Option<(Name, String)> {
    if look.is_nested {
        return None;
    }
    match look.change {
        Change::CreateTable(table) if !table.if_not_exists && !table.temporary => relation(look, &look.catalogue.place(&table.name)),
        Change::CreateTableAs(table) if !table.if_not_exists && !table.temporary => relation(look, &look.catalogue.place(&table.name)),
        Change::CreateIndex(index) if !index.if_not_exists => {
            let name = look.catalogue.resolve(&index.table).beside(index.name.clone()?);
            relation(look, &name)
        }
        Change::Rename(rename) => renamed(look, rename),
        Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) => {
            let name = constraint.name.as_deref()?;
            let is_free = constraint.kind.uses_index().is_some_and(|index| index == name);
            if is_free || is_dropped(look, name) {
                return None;
            }
            let index = look.catalogue.resolve(table).beside(name);
            match look.catalogue.sure(table).and_then(|table| table.constraint(name)) {
                Some(_) => Some((table.clone(), format!("{table} has a constraint {}", quoted(name)))),
                None => relation(look, &index).filter(|_| constraint.kind.has_index()),
            }
        }
        _ => None,
    }
}

fn relation(look: &Look, name: &Name) -> Option<(Name, String)> {
    let is_taken = look.catalogue.is_taken(name) && !is_dropped(look, &name.name);
    let what = match look.catalogue.index(name) {
        Some(index) => format!("{} has an index {name}", index.table),
        None => format!("{name} is there"),
    };
    is_taken.then(|| (name.clone(), what))
}

fn renamed(look: &Look, rename: &Rename) -> Option<(Name, String)> {
    match (rename.kind, &rename.part) {
        (Kind::Table | Kind::Index, None) => {
            let old = look.catalogue.resolve(&rename.name);
            relation(look, &old.beside(rename.to.clone()))
        }
        (Kind::Column, Some(_)) => {
            let table = look.whole(&rename.name)?;
            table.column(&rename.to)?;
            Some((rename.name.clone(), format!("{} has a column {}", rename.name, quoted(&rename.to))))
        }
        _ => None,
    }
}

/// Whether the statement drops a constraint of this name: that comes first, wherever it stands.
fn is_dropped(look: &Look, name: &str) -> bool {
    let mut others = look.siblings.iter();
    others.any(|change| matches!(change, Change::Alter(Alter { action: Action::DropConstraint { constraint, .. }, .. }) if constraint == name))
}
