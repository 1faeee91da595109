//! What a statement names is not there.

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, CreateIndex, Expr, Insert, Kind, Rename};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "undefined-name",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a column, constraint or index that its table does not have",
    explanation: "The grammar lets any name pass; that there is no such column, constraint or index PostgreSQL says only when \
        the migration is run, perhaps on production alone. It is said of tables of which all is known: earlier \
        migrations made them, and nothing that is not seen was run since, such as code that puts its statements together, \
        templates, or migrations in another language.\n\n\
        Look at how the table was made: the name may be misspelt, in capitals within quotes, gone already, or one that \
        PostgreSQL chose differently. IF EXISTS drops what may be there or not.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN mail SET NOT NULL;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail TYPE varchar;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ALTER COLUMN mail DROP DEFAULT;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN mail;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN email, DROP COLUMN email;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME COLUMN mail TO email;").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (lower(mail));").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (id) INCLUDE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("CREATE INDEX ON users (id) WHERE mail IS NULL;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD UNIQUE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD CHECK (mail > '');").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD FOREIGN KEY (boss) REFERENCES users;").after("CREATE TABLE users (id int PRIMARY KEY, email text);"),
        Example::new("INSERT INTO users (id, mail) VALUES (1, 'a@b');").after("CREATE TABLE users (id int, email text);"),
        Example::new("UPDATE users SET mail = '' WHERE id = 1;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users VALIDATE CONSTRAINT users_email;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users RENAME CONSTRAINT users_email TO email_once;").after("CREATE TABLE users (id int, email text UNIQUE);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email_key;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER INDEX users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_mail;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email);"),
        Example::new("CLUSTER users USING by_mail;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ADD COLUMN mail text, ALTER COLUMN mail SET DEFAULT '', ADD UNIQUE (mail);").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users DROP COLUMN IF EXISTS mail, DROP CONSTRAINT IF EXISTS users_mail_key;").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users RENAME COLUMN email TO mail; CREATE INDEX ON users (lower(mail)) INCLUDE (id) WHERE mail > '';").after("CREATE TABLE users (id int, email text);"),
        Example::new("ALTER TABLE users ADD CHECK (users IS NOT NULL AND tableoid > 0);").after("CREATE TABLE users (id int);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_check;").after("CREATE TABLE users (id int CHECK (id > 0 AND id < 5));"),
        Example::new("ALTER TABLE users DROP CONSTRAINT by_email;").after("CREATE TABLE users (id int, email text); CREATE UNIQUE INDEX by_email ON users (email); ALTER TABLE users ADD UNIQUE USING INDEX by_email;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT email_once;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER INDEX users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT email_once;").after("CREATE TABLE users (id int, email text UNIQUE); ALTER TABLE users_email_key RENAME TO email_once;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_email_excl;").after("CREATE TABLE users (id int, email text, EXCLUDE (id WITH =, email WITH =));"),
        Example::new("ALTER TABLE users DROP CONSTRAINT there;").after("CREATE TABLE users (id int CONSTRAINT there NOT NULL, n int CHECK (n > 0) NOT ENFORCED);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_id_not_null;").after("CREATE TABLE users (id int NOT NULL, n int CHECK (n > 0) NOT ENFORCED);"),
        Example::new("ALTER TABLE staff DROP COLUMN email, DROP CONSTRAINT staff_id_check;").after("CREATE TABLE users (id int CHECK (id > 0), email text); CREATE TABLE staff (LIKE users INCLUDING ALL); ALTER TABLE staff RENAME CONSTRAINT users_id_check TO staff_id_check;"),
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int); DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD plan text', 'users'); END $$;"),
        Example::new("ALTER TABLE users DROP COLUMN plan;").after("CREATE TABLE users (id int); CREATE FUNCTION adds() RETURNS void LANGUAGE plpgsql AS 'begin alter table users add plan text; end'; SELECT adds();"),
        Example::new("ALTER TABLE users DROP COLUMN id;").after("CREATE TABLE users (id int); DO $$ BEGIN IF now() IS NULL THEN ALTER TABLE users DROP id; END IF; END $$;"),
        Example::new("ALTER TABLE child DROP COLUMN b;").after("CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent);"),
        Example::new("ALTER TABLE child ALTER COLUMN c SET NOT NULL;").after("CREATE TABLE parent (a int); CREATE TABLE child (b int) INHERITS (parent); ALTER TABLE parent ADD c int;"),
        Example::new("ALTER TABLE typed ALTER COLUMN a SET DEFAULT 1;").after("CREATE TYPE pair AS (a int, b int); CREATE TABLE typed OF pair;"),
        Example::new("ALTER TABLE users ALTER COLUMN mail SET DEFAULT '';").after("CREATE SCHEMA app; SET search_path = app, public; CREATE TABLE users (id int, mail text);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    for (table, what) in missing(look) {
        let message = format!("{table} has no {what}: PostgreSQL refuses this");
        found.push(look.finding(&RULE, message).on(table));
    }
}

fn missing<'a>(look: &'a Look) -> impl Iterator<Item = (&'a Name, String)> {
    let missing = match look.change {
        Change::Alter(alter) => altered(look, alter),
        Change::CreateIndex(index) => column_of(look, &index.table, columns(index)),
        Change::Insert(Insert { table, columns, .. }) => column_of(look, table, columns.iter()),
        Change::Update(write) => column_of(look, &write.table, write.columns.iter()),
        Change::Cluster { table: Some(table), index: Some(index) } => index_of(look, table, index),
        Change::Rename(Rename { kind: Kind::Column, name, part: Some(column), .. }) => column_of(look, name, [column]),
        Change::Rename(Rename { kind: Kind::Constraint, name, part: Some(constraint), .. }) => constraint_of(look, name, constraint),
        _ => None,
    };
    missing.into_iter()
}

fn altered<'a>(look: &Look, alter: &'a Alter) -> Option<(&'a Name, String)> {
    let Alter { table, kind, action, .. } = alter;
    if matches!(kind, Kind::Index | Kind::Type | Kind::View) {
        return None;
    }
    match action {
        Action::DropColumn { column, if_exists: false, .. }
        | Action::Default { column, .. }
        | Action::SetNotNull(column)
        | Action::DropNotNull(column)
        | Action::SetType { column, .. }
        | Action::SetExpression(column)
        | Action::AddIdentity(column)
        | Action::Identity(column) => column_of(look, table, [column]),
        Action::DropConstraint { constraint, if_exists: false, .. } | Action::Validate(constraint) | Action::AlterConstraint { constraint, .. } => {
            constraint_of(look, table, constraint)
        }
        Action::AddConstraint(constraint) => added(look, table, constraint),
        _ => None,
    }
}

fn added<'a>(look: &Look, table: &'a Name, constraint: &'a Constraint) -> Option<(&'a Name, String)> {
    match &constraint.kind {
        ConstraintKind::Primary(key) | ConstraintKind::Unique(key) => match &key.index {
            Some(index) => index_of(look, table, index),
            None => column_of(look, table, key.columns.iter().chain(&key.included)),
        },
        kind => column_of(look, table, kind.columns().iter()),
    }
}

/// All columns that an index needs.
fn columns(index: &CreateIndex) -> impl Iterator<Item = &String> {
    let read = index.expressions.iter().flat_map(|expr: &Expr| &expr.columns);
    index.columns.iter().flatten().chain(&index.included).chain(read)
}

fn column_of<'a, 'b>(look: &Look, table: &'a Name, columns: impl IntoIterator<Item = &'b String>) -> Option<(&'a Name, String)> {
    const OF_SYSTEM: &[&str] = &["tableoid", "ctid", "xmin", "xmax", "cmin", "cmax", "oid"];
    let relation = look.whole(table)?;
    let is_added = |column: &str| {
        let mut others = look.siblings.iter();
        others.any(|change| matches!(change, Change::Alter(Alter { action: Action::AddColumn { column: added, .. }, .. }) if added.name == column))
    };
    // A table's name is a row of it.
    let is_there = |column: &str| relation.column(column).is_some() || column == table.name || OF_SYSTEM.contains(&column);
    let mut columns = columns.into_iter();
    let missing = columns.find(|column| !is_there(column) && !is_added(column))?;
    Some((table, format!("column {}", quoted(missing))))
}

fn constraint_of<'a>(look: &Look, table: &'a Name, constraint: &str) -> Option<(&'a Name, String)> {
    let relation = look.whole(table).filter(|relation| knows_names(relation))?;
    // Since 18 every NOT NULL has a name.
    let is_missing = relation.constraint(constraint).is_none() && !constraint.contains("_not_null");
    is_missing.then(|| (table, format!("constraint {}", quoted(constraint))))
}

fn index_of<'a>(look: &Look, table: &'a Name, index: &str) -> Option<(&'a Name, String)> {
    let relation = look.whole(table).filter(|relation| knows_names(relation))?;
    let is_missing = relation.indexes.named(index).is_none();
    is_missing.then(|| (table, format!("index {}", quoted(index))))
}

/// Whether all its constraints and indexes are known, by the names that they have.
fn knows_names(relation: &Relation) -> bool {
    !relation.may_have_keys && !relation.has_unknown_names && relation.kind == RelationKind::Table
}
