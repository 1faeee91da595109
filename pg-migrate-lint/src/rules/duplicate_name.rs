//! A name that is taken.

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, Function, Kind, Policy, Publication, Publishes, Rename};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "duplicate-name",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a table, index, constraint, type, function or trigger whose name another one has already",
    explanation: "Tables, views, sequences and indexes of a schema share their names; tables and views share them with types, \
        and the constraints, triggers or policies of a table each have names of their own: PostgreSQL refuses a second \
        one, as it does a second schema or publication, a second value of an enum, and a second function with the same types of \
        parameters. The migration fails there. Since 18 the NOT NULL of a column is a constraint, called \
        table_column_not_null. It is said of what earlier migrations are \
        sure to have made: nothing that is not seen was run since.\n\n\
        Choose another name, or drop the old one before, if this is to take its place. IF NOT EXISTS hides the error \
        and keeps the old one, whatever it is.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users RENAME TO old; CREATE TABLE users (id int, CONSTRAINT users_pkey PRIMARY KEY (id));").after("CREATE TABLE users (id int PRIMARY KEY);"),
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
        Example::new("CREATE VIEW users AS SELECT 1 AS a;").after("CREATE TABLE users (id int);"),
        Example::new("CREATE VIEW names AS SELECT 2 AS a;").after("CREATE VIEW names AS SELECT 1 AS a;"),
        Example::new("CREATE MATERIALIZED VIEW names AS SELECT 2 AS a;").after("CREATE VIEW names AS SELECT 1 AS a;"),
        Example::new("CREATE SEQUENCE users_id_seq;").after("CREATE TABLE users (id serial);"),
        Example::new("CREATE SEQUENCE numbers;").after("CREATE SEQUENCE numbers OWNED BY NONE;"),
        Example::new("SET search_path = app; CREATE TABLE public.users (id int);").after("CREATE SCHEMA app; CREATE TABLE users (id int);"),
        Example::new("CREATE TABLE numbers (id int);").after("CREATE SEQUENCE numbers;"),
        Example::new("CREATE TABLE mood (id int);").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("CREATE TYPE mood AS ENUM ('bad');").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("CREATE DOMAIN mood AS text;").after("CREATE TYPE mood AS (a int, b int);"),
        Example::new("CREATE TYPE users AS ENUM ('ok');").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TYPE old RENAME TO mood;").after("CREATE TYPE mood AS ENUM ('ok'); CREATE TYPE old AS ENUM ('ok');"),
        Example::new("ALTER TYPE mood ADD VALUE 'ok';").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("ALTER TYPE mood RENAME VALUE 'bad' TO 'ok';").after("CREATE TYPE mood AS ENUM ('ok', 'bad');"),
        Example::new("CREATE SCHEMA app;").after("CREATE SCHEMA app;"),
        Example::new("CREATE FUNCTION half(n integer) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';").after("CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE TRIGGER touches AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
        Example::new("CREATE POLICY own ON users USING (true);").after("CREATE TABLE users (id int); CREATE POLICY own ON users USING (id > 0);"),
        Example::new("ALTER POLICY other ON users RENAME TO own;").after("CREATE TABLE users (id int); CREATE POLICY own ON users USING (id > 0); CREATE POLICY other ON users USING (id > 0);"),
        Example::new("CREATE PUBLICATION feed FOR TABLE users;").after("CREATE TABLE users (id int); CREATE PUBLICATION feed;"),
        Example::new("ALTER TABLE users RENAME CONSTRAINT positive TO users_pkey;").after("CREATE TABLE users (id int PRIMARY KEY CONSTRAINT positive CHECK (id > 0));"),
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_not_null CHECK (id IS NOT NULL) NOT VALID;").after("CREATE TABLE users (id int NOT NULL);"),
        Example::new("ALTER VIEW names RENAME TO users;").after("CREATE TABLE users (id int); CREATE VIEW names AS SELECT 1 AS a;"),
        Example::new("CREATE TYPE users_id_seq AS ENUM ('bad');").after("CREATE TABLE users (id serial);").on(13),
        Example::new("CREATE TYPE numbers AS ENUM ('bad');").after("CREATE SEQUENCE numbers;").on(13),
    ],
    good: &[
        Example::new("DROP TABLE users; CREATE TABLE users (id int);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE IF NOT EXISTS users (id int);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE TABLE other.users (id int);").after("CREATE SCHEMA other; CREATE TABLE users (id int);"),
        Example::new("CREATE TEMP TABLE users (id int);").after("CREATE TABLE users (id int);"),
        Example::new("SET search_path = app; CREATE VIEW names AS SELECT 1 AS a; CREATE VIEW public.names AS SELECT 1 AS a;").after("CREATE SCHEMA app;"),
        Example::new("SET search_path = app; CREATE TABLE users (id int); CREATE INDEX by_id ON users (id); CREATE INDEX by_id ON public.users (id);").after("CREATE SCHEMA app; CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users DROP COLUMN number; CREATE SEQUENCE numbers;").after("CREATE TABLE users (id int, number int); CREATE SEQUENCE numbers OWNED BY users.number;"),
        Example::new("DROP TABLE users; CREATE SEQUENCE numbers;").after("CREATE TABLE users (id int, number int); CREATE SEQUENCE numbers; ALTER SEQUENCE numbers OWNED BY users.number;"),
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
        Example::new("CREATE OR REPLACE VIEW names AS SELECT 2 AS a;").after("CREATE VIEW names AS SELECT 1 AS a;"),
        Example::new("CREATE SEQUENCE users_id_seq;").after("CREATE TABLE users (id serial); ALTER SEQUENCE users_id_seq RENAME TO numbers;"),
        Example::new("CREATE SEQUENCE IF NOT EXISTS users_id_seq;").after("CREATE TABLE users (id serial);"),
        Example::new("CREATE TYPE mood AS ENUM ('bad');").after("CREATE TYPE mood AS ENUM ('ok'); ALTER TYPE mood RENAME TO old;"),
        Example::new("CREATE TYPE mood AS ENUM ('bad');").after("CREATE TYPE mood AS ENUM ('ok'); DROP TYPE mood;"),
        Example::new("CREATE TYPE by_id AS ENUM ('bad');").after("CREATE TABLE users (id int); CREATE INDEX by_id ON users (id);"),
        // Before 14, which has such functions first, a sequence was a type.
        Example::new("CREATE TYPE users_id_seq AS ENUM ('bad');").after("CREATE TABLE users (id serial); CREATE FUNCTION one() RETURNS int RETURN 1;"),
        Example::new("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'ok';").after("CREATE TYPE mood AS ENUM ('ok');"),
        Example::new("ALTER TYPE mood ADD VALUE 'ok';").after("CREATE TYPE mood AS ENUM ('ok'); ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';"),
        Example::new("CREATE TYPE mood AS ENUM ('ok');").after("DO $$ BEGIN IF now() IS NULL THEN CREATE TYPE mood AS ENUM ('ok'); END IF; END $$;"),
        Example::new("CREATE SCHEMA IF NOT EXISTS app;").after("CREATE SCHEMA app;"),
        Example::new("CREATE FUNCTION half(n bigint) RETURNS int LANGUAGE sql AS 'SELECT 1';").after("CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2';"),
        Example::new("CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT 1';").after("CREATE FUNCTION half(int) RETURNS int LANGUAGE sql AS 'SELECT $1 / 2'; ALTER FUNCTION half(int) RENAME TO third;"),
        Example::new("CREATE TRIGGER touches BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION touch();").after("CREATE TABLE users (id int); CREATE TABLE other (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();"),
        Example::new("CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch(); ALTER TRIGGER touches ON users RENAME TO others;"),
        Example::new("CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch();").after("CREATE TABLE users (id int); CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'begin return new; end'; DO $$ BEGIN IF now() IS NULL THEN CREATE TRIGGER touches BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION touch(); END IF; END $$;"),
        Example::new("CREATE POLICY own ON users USING (true);").after("CREATE TABLE users (id int); CREATE POLICY own ON users USING (id > 0); DROP POLICY own ON users;"),
        Example::new("CREATE PUBLICATION feed;").after("CREATE PUBLICATION feed; DROP PUBLICATION feed;"),
        Example::new("CREATE PUBLICATION feed;").after("CREATE PUBLICATION feed; ALTER PUBLICATION feed RENAME TO other;"),
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_not_null CHECK (id IS NOT NULL) NOT VALID;").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_not_null CHECK (id IS NOT NULL) NOT VALID;").after("CREATE TABLE people (id int NOT NULL); ALTER TABLE people RENAME TO users;"),
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_not_null CHECK (id IS NOT NULL) NOT VALID;").after("CREATE TABLE users (id int CONSTRAINT there NOT NULL);"),
        Example::new("ALTER TABLE a ADD CONSTRAINT a_b_c_not_null CHECK (b_c > 0);").after("CREATE TABLE a_b (c int NOT NULL); CREATE TABLE a (b_c int NOT NULL);"),
        // Before 18 a NOT NULL was no constraint.
        Example::new("ALTER TABLE users ADD CONSTRAINT users_id_not_null CHECK (id IS NOT NULL) NOT VALID;").after("CREATE TABLE users (id int NOT NULL);").on(17),
        Example::new("CREATE SEQUENCE users_id_seq;").after("CREATE TABLE users (id serial); ALTER TABLE users RENAME TO old; CREATE TABLE users (id serial); ALTER TABLE old ALTER id DROP DEFAULT; DROP SEQUENCE users_id_seq;"),
        Example::new("CREATE TABLE users (id int); CREATE FUNCTION called(users) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE POLICY own ON plans USING (true);")
            .after("CREATE TABLE users (id int); CREATE FUNCTION called(users) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TABLE plans (id int); CREATE POLICY own ON plans USING (id IN (SELECT id FROM users)); DROP TABLE users CASCADE;"),
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
    if look.is_in_doubt {
        return None;
    }
    let place = |name: &Name| look.catalogue.place(name);
    match look.change {
        Change::CreateTable(table) if !table.if_not_exists && !table.temporary => {
            let name = place(&table.name);
            relation_or_type(look, &name).or_else(|| {
                let own = table.columns.iter().flat_map(|column| &column.constraints);
                let mut own = own.chain(&table.constraints).filter(|constraint| constraint.kind.has_index());
                own.find_map(|constraint| relation(look, &name.beside(constraint.name.as_deref()?)))
            })
        }
        Change::CreateTableAs(table) if !table.if_not_exists && !table.temporary => relation_or_type(look, &place(&table.name)),
        Change::CreateView { name, replace: false, temporary: false, .. } => relation_or_type(look, &place(name)),
        Change::CreateSequence { name, if_not_exists: false, temporary: false, .. } => {
            let brings = || {
                let (table, column) = look.catalogue.brings_sequence(name)?;
                Some((name.clone(), format!("{} of {table} brought {name}", quoted(column))))
            };
            relation(look, &place(name)).or_else(brings)
        }
        Change::CreateIndex(index) if !index.if_not_exists => {
            let name = look.catalogue.resolve(&index.table).beside(index.name.clone()?);
            relation(look, &name)
        }
        Change::CreateEnum { name, .. } | Change::CreateDomain { name, .. } | Change::CreateType(name) => type_(look, &place(name)),
        Change::CreateSchema { name, if_not_exists: false } => {
            let is_taken = look.catalogue.has_schema(name);
            is_taken.then(|| (Name::bare(name.clone()), format!("the schema {} is there", quoted(name))))
        }
        Change::CreateFunction(function) if !function.replace => of_function(look, function),
        Change::CreateTrigger { table, name, replace: false, .. } => {
            let mut triggers = parts(look, table)?.triggers.iter();
            let is_taken = triggers.any(|(known, _)| known == name);
            is_taken.then(|| (table.clone(), format!("{table} has a trigger {}", quoted(name))))
        }
        Change::Policy(Policy { table, name, is_new: true, .. }) => {
            let is_taken = parts(look, table)?.policies.contains(name);
            is_taken.then(|| (table.clone(), format!("{table} has a policy {}", quoted(name))))
        }
        Change::Publish(Publication { name, how: Publishes::Tables | Publishes::All, .. }) => {
            look.catalogue.publication(name)?;
            Some((Name::bare(name.clone()), format!("the publication {} is there", quoted(name))))
        }
        Change::AddEnumValue { name, value, if_not_exists: false, .. } => value_(look, name, value),
        Change::RenameEnumValue { name, new, .. } => value_(look, name, new),
        Change::Rename(rename) => renamed(look, rename),
        Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) => {
            let name = constraint.name.as_deref()?;
            let is_free = constraint.kind.uses_index().is_some_and(|index| index == name);
            if is_free || is_dropped(look, name) {
                return None;
            }
            let index = look.catalogue.resolve(table).beside(name);
            let has_index = constraint.kind.has_index();
            // The one of the column itself may be named so.
            let is_not_null = matches!(constraint.kind, ConstraintKind::NotNull(_));
            constraint_of(look, table, name, is_not_null).or_else(|| relation(look, &index).filter(|_| has_index))
        }
        _ => None,
    }
}

fn constraint_of(look: &Look, table: &Name, name: &str, is_not_null: bool) -> Option<(Name, String)> {
    if look.catalogue.sure(table).is_some_and(|table| table.constraint(name).is_some()) {
        return Some((table.clone(), format!("{table} has a constraint {}", quoted(name))));
    }
    if look.server.version < 18 || is_not_null {
        return None;
    }
    let column = look.catalogue.not_null_named(table, name)?;
    // What is free within the same statement is not looked at.
    let is_alone = look.siblings.len() == 1;
    is_alone.then(|| (table.clone(), format!("since 18 the NOT NULL of {} of {table} is a constraint, {}, and this name is taken", quoted(column), quoted(name))))
}

fn relation(look: &Look, name: &Name) -> Option<(Name, String)> {
    let is_taken = look.catalogue.is_taken(name) && !is_dropped(look, &name.name);
    let what = match look.catalogue.index(name) {
        Some(index) => format!("{} has an index {name}", index.table),
        None => format!("{name} is there"),
    };
    is_taken.then(|| (name.clone(), what))
}

/// A table or view is a type, too.
fn relation_or_type(look: &Look, name: &Name) -> Option<(Name, String)> {
    relation(look, name).or_else(|| type_(look, name))
}

fn type_(look: &Look, name: &Name) -> Option<(Name, String)> {
    let is_sequence = || {
        let known = look.catalogue.sure(name).is_some_and(|known| known.kind == RelationKind::Sequence);
        known || look.catalogue.brings_sequence(name).is_some()
    };
    let is_taken = look.catalogue.is_type(name) || look.server.version < 14 && is_sequence();
    is_taken.then(|| (name.clone(), format!("the type {name} is there")))
}

fn value_(look: &Look, name: &Name, value: &String) -> Option<(Name, String)> {
    let is_taken = look.catalogue.sure_enum(name)?.contains(value);
    is_taken.then(|| (name.clone(), format!("{name} has the value '{value}'")))
}

fn of_function(look: &Look, function: &Function) -> Option<(Name, String)> {
    let name = &function.name;
    let known = look.catalogue.replaced(name, &function.signature).filter(|_| look.catalogue.is_placed(name))?;
    let is_same = !known.has_copied_types && !function.signature.has_copied_types;
    is_same.then(|| (name.clone(), format!("{name} with these types of parameters is there")))
}

/// A relation all triggers and policies of which are known.
fn parts<'a>(look: &'a Look, table: &Name) -> Option<&'a Relation> {
    look.catalogue.sure(table).filter(|relation| !relation.has_unknown_parts)
}

fn renamed(look: &Look, rename: &Rename) -> Option<(Name, String)> {
    let Rename { name, to, .. } = rename;
    match (rename.kind, &rename.part) {
        (Kind::Table | Kind::Index | Kind::View | Kind::MaterializedView | Kind::Sequence, None) => {
            let old = look.catalogue.resolve(name);
            relation(look, &old.beside(to.clone()))
        }
        (Kind::Type | Kind::Domain, None) => type_(look, &look.catalogue.place(name).beside(to.clone())),
        (Kind::Column, Some(_)) => {
            look.whole(name)?.column(to)?;
            Some((name.clone(), format!("{name} has a column {}", quoted(to))))
        }
        (Kind::Constraint, Some(old)) => {
            let relation = look.catalogue.sure(name)?;
            // The NOT NULL of a column may be what is renamed.
            relation.constraint(old)?;
            constraint_of(look, name, to, false)
        }
        (Kind::Trigger, Some(_)) => {
            let mut triggers = parts(look, name)?.triggers.iter();
            let is_taken = triggers.any(|(known, _)| known == to);
            is_taken.then(|| (name.clone(), format!("{name} has a trigger {}", quoted(to))))
        }
        (Kind::Policy, Some(_)) => {
            let is_taken = parts(look, name)?.policies.contains(to);
            is_taken.then(|| (name.clone(), format!("{name} has a policy {}", quoted(to))))
        }
        _ => None,
    }
}

/// Whether the statement drops a constraint of this name: that comes first, wherever it stands.
fn is_dropped(look: &Look, name: &str) -> bool {
    let mut others = look.siblings.iter();
    others.any(|change| matches!(change, Change::Alter(Alter { action: Action::DropConstraint { constraint, .. }, .. }) if constraint == name))
}
