//! A view stands in the way.

use super::{Example, Group, Rule};
use crate::catalogue::{Relation, RelationKind};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "view-depends-on-column",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "ALTER COLUMN TYPE or DROP COLUMN of a column that a view reads, which PostgreSQL refuses",
    explanation: "A view keeps the types of the columns it reads. PostgreSQL refuses to change the type of such a \
        column, and to drop it unless CASCADE drops the view too.\n\n\
        Drop the view, change the column, and create the view again, in one transaction, with the privileges that \
        it had.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE users DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE plans ALTER COLUMN price TYPE bigint;")
            .after("CREATE TABLE users (id int); CREATE TABLE plans (id int, price int); CREATE VIEW prices AS SELECT price FROM users JOIN plans ON users.id = plans.id;"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT * FROM users;"),
        Example::new("ALTER TABLE members DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users; ALTER TABLE users RENAME TO members;"),
    ],
    good: &[
        Example::new("DROP VIEW ages; ALTER TABLE members DROP COLUMN age;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users; ALTER TABLE users RENAME TO members;"),
        Example::new("DROP VIEW ages; ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
        Example::new("ALTER TABLE users ALTER COLUMN age TYPE bigint;").after("CREATE TABLE users (age int, name text); CREATE VIEW names AS SELECT name FROM users;"),
        Example::new("ALTER TABLE plans ALTER COLUMN id TYPE bigint;")
            .after("CREATE TABLE users (id int, plan int); CREATE TABLE plans (id int, number int); CREATE VIEW names AS SELECT users.id FROM users JOIN plans ON plan = number;"),
        Example::new("ALTER TABLE users DROP COLUMN name;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT * FROM users; ALTER TABLE users ADD COLUMN name text;"),
        Example::new("DO $$ BEGIN ALTER TABLE users DROP COLUMN age; EXCEPTION WHEN OTHERS THEN NULL; END $$;").after("CREATE TABLE users (age int); CREATE VIEW ages AS SELECT age FROM users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action, .. }) = look.change else { return };
    let column = match action {
        Action::SetType { column, .. } | Action::DropColumn { column, cascade: false, .. } => column,
        _ => return,
    };
    // A block may catch the error, or never come here.
    if look.is_in_doubt {
        return;
    }
    let own = look.catalogue.resolve(table);
    let reads = |name: &&Name| look.catalogue.relation(name).is_some_and(|view| is_read(look, view, &own, column));
    if let Some(view) = look.catalogue.readers(table).iter().find(reads) {
        let message = format!("the view {view} reads {} of {table}: PostgreSQL refuses this while it does", quoted(column));
        found.push(look.finding(&RULE, message).on(view));
    }
}

/// Whether a view reads the column of this table, and not one of the same name that another table has.
fn is_read(look: &Look, view: &Relation, own: &Name, column: &str) -> bool {
    let is_view = matches!(view.kind, RelationKind::View | RelationKind::MaterializedView);
    if !is_view {
        return false;
    }
    let lacks = |other: &Name| {
        let other = look.catalogue.relation(other);
        other.is_some_and(|other| other.is_complete && other.column(column).is_none())
    };
    let is_named = view.read_columns.iter().any(|read| read == column) && view.reads.iter().all(|other| other == own || lacks(other));
    // A view of all columns reads those that were there when it was made.
    let is_older = || {
        let made = look.catalogue.column(own, column).map(|column| column.made);
        made.is_some_and(|made| made.is_none_or(|made| view.made.is_some_and(|view| made.is_in_file_before(view))))
    };
    is_named || view.reads_all_columns && view.reads == [own.clone()] && is_older()
}
