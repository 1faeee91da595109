//! A foreign key references what is no key.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind};
use crate::name::{Name, list};

pub static RULE: Rule = Rule {
    name: "foreign-key-without-key",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a foreign key to columns without a primary key or unique constraint, which PostgreSQL refuses",
    explanation: "A foreign key has to reference one row, so its columns must be a primary key, a unique constraint or a \
        unique index without a condition, all of it. Columns that are only part of one are none, and an index that is not \
        unique is not enough. PostgreSQL refuses with \"there is no unique constraint matching given keys\", when the \
        migration is run.\n\n\
        Reference the primary key, or make the columns unique before: CREATE UNIQUE INDEX CONCURRENTLY, and then ADD \
        CONSTRAINT … UNIQUE USING INDEX.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE tree ADD COLUMN num serial; ALTER TABLE tree ADD FOREIGN KEY (parent) REFERENCES tree (num);").after("CREATE TABLE tree (id int PRIMARY KEY, parent int);"),
        Example::new("CREATE TABLE orders (email text REFERENCES users (email));").after("CREATE TABLE users (id bigint PRIMARY KEY, email text);"),
        Example::new("ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;").after("CREATE TABLE users (id bigint, name text);"),
        Example::new("CREATE TABLE logins (user_id bigint REFERENCES members (user_id));")
            .after("CREATE TABLE members (team_id bigint, user_id bigint, PRIMARY KEY (team_id, user_id));"),
    ],
    good: &[
        // The template may say PRIMARY KEY.
        Example::new("CREATE TABLE users (id {{ serial_primary_key }}); CREATE TABLE orders (user_id bigint REFERENCES users (id));"),
        Example::new("CREATE TABLE orders (email text REFERENCES users (email));").after("CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);"),
        Example::new("CREATE TABLE orders (email text REFERENCES users (email));")
            .after("CREATE TABLE users (id bigint PRIMARY KEY, email text); CREATE UNIQUE INDEX users_email ON users (email);"),
        Example::new("CREATE TABLE logins (team_id bigint, user_id bigint, FOREIGN KEY (user_id, team_id) REFERENCES members (user_id, team_id));")
            .after("CREATE TABLE members (team_id bigint, user_id bigint, PRIMARY KEY (team_id, user_id));"),
        Example::new("CREATE TABLE orders (email text REFERENCES users (email));"),
        Example::new("CREATE TABLE copies (email text REFERENCES backup (email));").after("CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE); CREATE TABLE backup (LIKE users INCLUDING ALL);"),
        Example::new("CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut of = |table: &Name, constraint: &Constraint| {
        let ConstraintKind::Foreign { table: other, referenced, .. } = &constraint.kind else { return };
        // Its own keys may come by the same statement.
        let is_own = look.catalogue.resolve(other) == look.catalogue.place(table);
        if is_own && brings_key(look) || has_key(look, other, referenced) {
            return;
        }
        let message = match referenced.is_empty() {
            true => format!("{other} has no primary key to reference: PostgreSQL refuses the foreign key"),
            false => format!("no primary key or unique constraint of {other} is on ({}): PostgreSQL refuses the foreign key", list(referenced)),
        };
        found.push(look.finding(&RULE, message).on(other));
    };
    match look.change {
        Change::CreateTable(table) => {
            let constraints = table.columns.iter().flat_map(|column| &column.constraints);
            constraints.chain(&table.constraints).for_each(|constraint| of(&table.name, constraint));
        }
        Change::Alter(Alter { table, action, .. }) => match action {
            Action::AddConstraint(constraint) => of(table, constraint),
            Action::AddColumn { column, .. } => column.constraints.iter().for_each(|constraint| of(table, constraint)),
            _ => {}
        },
        _ => {}
    }
}

/// Whether the statement makes the table, or adds a key to it.
fn brings_key(look: &Look) -> bool {
    let is_key = |kind: &ConstraintKind| matches!(kind, ConstraintKind::Primary(_) | ConstraintKind::Unique(_));
    look.siblings.iter().any(|change| match change {
        Change::CreateTable(_) => true,
        Change::Alter(Alter { action: Action::AddConstraint(constraint), .. }) => is_key(&constraint.kind),
        Change::Alter(Alter { action: Action::AddColumn { column, .. }, .. }) => column.constraint(is_key).is_some(),
        _ => false,
    })
}

/// Whether there is one, or one may be that no migration shows.
fn has_key(look: &Look, table: &Name, columns: &[String]) -> bool {
    let Some(relation) = look.catalogue.whole(table) else {
        return true;
    };
    if relation.may_have_keys || relation.parent.is_some() {
        return true;
    }
    if columns.is_empty() {
        return relation.primary_key().is_some();
    }
    let on_these = columns.iter().flat_map(|column| look.catalogue.indexes_on(table, column));
    let mut indexes = on_these.filter(|(_, index)| index.is_unique && !index.is_partial);
    let is_unique = indexes.any(|(_, index)| {
        let parts: Option<Vec<String>> = index.columns.iter().cloned().collect();
        parts.is_some_and(|parts| crate::catalogue::same(&parts, columns))
    });
    is_unique || relation.has_key(columns)
}
