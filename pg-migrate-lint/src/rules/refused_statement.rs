//! What PostgreSQL refuses of these tables.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Constraint, ConstraintKind, Generated};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "refused-statement",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a statement that fails because of what its table is: an identity where nulls may be, a key by an index that is none, a TRUNCATE of what is referenced",
    explanation: "PostgreSQL refuses some statements for what the table has, and the migration fails there, perhaps on \
        production alone: an identity on a column that may be null; DROP EXPRESSION of a virtual column; a constraint \
        USING INDEX of an index that is not unique, leaves out rows or has expressions; a primary key over a NOT NULL \
        that is NOT VALID; to validate, or to enforce, what can't be; TRUNCATE of a table that a foreign key of \
        another one references, unless that is emptied too.\n\n\
        The message says what stands in the way. Do that first: SET NOT NULL, VALIDATE CONSTRAINT, a proper index, \
        TRUNCATE of both tables.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int NOT NULL DEFAULT 5);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) VIRTUAL);"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE UNIQUE INDEX by_n ON users (n) WHERE n > 0;"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n text); CREATE UNIQUE INDEX by_n ON users (lower(n));"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE INDEX by_n ON users (n);"),
        Example::new("ALTER TABLE users ADD PRIMARY KEY (n);").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT there NOT NULL n NOT VALID;"),
        Example::new("ALTER TABLE users VALIDATE CONSTRAINT positive;").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0) NOT ENFORCED;"),
        Example::new("ALTER TABLE users ALTER CONSTRAINT positive ENFORCED;").after("CREATE TABLE users (n int); ALTER TABLE users ADD CONSTRAINT positive CHECK (n > 0) NOT ENFORCED;"),
        Example::new("TRUNCATE users;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
    ],
    good: &[
        Example::new("ALTER TABLE users ALTER COLUMN n SET NOT NULL, ALTER COLUMN n ADD GENERATED ALWAYS AS IDENTITY;").after("CREATE TABLE users (n int);"),
        Example::new("ALTER TABLE users ALTER COLUMN twice DROP EXPRESSION;").after("CREATE TABLE users (n int, twice int GENERATED ALWAYS AS (n * 2) STORED);"),
        Example::new("ALTER TABLE users ADD UNIQUE USING INDEX by_n;").after("CREATE TABLE users (n int); CREATE UNIQUE INDEX by_n ON users (n);"),
        Example::new("TRUNCATE users, orders;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("TRUNCATE users CASCADE;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("TRUNCATE users;").after("CREATE TABLE users (id int PRIMARY KEY, boss int REFERENCES users);"),
        Example::new("ALTER TABLE users ALTER CONSTRAINT boss ENFORCED;")
            .after("CREATE TABLE users (id int PRIMARY KEY, n int); ALTER TABLE users ADD CONSTRAINT boss FOREIGN KEY (n) REFERENCES users NOT ENFORCED;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.is_nested {
        return;
    }
    let refused = match look.change {
        Change::Truncate { tables, cascade: false } => truncated(look, tables),
        Change::Alter(Alter { table, action, .. }) => {
            let why = look.relation(table).and_then(|relation| altered(look, table, relation, action));
            why.map(|why| (table, why))
        }
        _ => None,
    };
    if let Some((table, why)) = refused {
        found.push(look.finding(&RULE, format!("PostgreSQL refuses this: {why}")).on(table));
    }
}

fn truncated<'a>(look: &Look, tables: &'a [Name]) -> Option<(&'a Name, String)> {
    let all: Vec<Name> = tables.iter().flat_map(|table| look.catalogue.with_children(table)).collect();
    tables.iter().find_map(|table| {
        let mut others = look.catalogue.referencing(table).iter();
        // Rows or none, it is the foreign key that counts.
        let other = others.find(|other| {
            let resolved = look.catalogue.resolve(table);
            !all.contains(other) && look.catalogue.referenced(other).any(|(_, of)| *of == resolved)
        })?;
        Some((table, format!("a foreign key of {other} references {table}: say both tables, or CASCADE")))
    })
}

fn altered(look: &Look, table: &Name, relation: &Relation, action: &Action) -> Option<String> {
    match action {
        Action::AddIdentity(column) => {
            let facts = relation.column(column).filter(|_| relation.is_complete)?;
            let is_set = look.siblings.iter().any(|change| {
                matches!(change, Change::Alter(Alter { action: Action::SetNotNull(of), .. }) if of == column)
            });
            let name = quoted(column);
            let drops = look.siblings.iter().any(|change| {
                matches!(change, Change::Alter(Alter { action: Action::Default { column: of, default: None }, .. }) if of == column)
            });
            if facts.has_default && !drops {
                return Some(format!("{name} has a default or an identity already"));
            }
            (!facts.not_null && !is_set).then(|| format!("{name} may be null, and an identity has to be NOT NULL before"))
        }
        Action::DropExpression(column) => {
            let facts = relation.column(column)?;
            let name = quoted(column);
            (facts.generated == Some(Generated::Virtual)).then(|| format!("{name} is virtual: there are no values that it could keep"))
        }
        Action::Validate(name) => {
            let facts = relation.constraint(name)?;
            (!facts.is_enforced).then(|| format!("{} is NOT ENFORCED", quoted(name)))
        }
        Action::AlterConstraint { constraint, enforced: Some(_) } => {
            let facts = relation.constraint(constraint)?;
            let is_foreign = matches!(facts.kind, ConstraintKind::Foreign { .. });
            (!is_foreign).then(|| format!("{} is no foreign key: of others that can't be altered", quoted(constraint)))
        }
        Action::AddConstraint(constraint) => added(look, table, relation, constraint),
        _ => None,
    }
}

fn added(look: &Look, table: &Name, relation: &Relation, constraint: &Constraint) -> Option<String> {
    let (key, is_primary) = match &constraint.kind {
        ConstraintKind::Primary(key) => (key, true),
        ConstraintKind::Unique(key) => (key, false),
        _ => return None,
    };
    let columns = match &key.index {
        None => key.columns.clone(),
        Some(name) => {
            let index = look.catalogue.index(&look.catalogue.resolve(table).beside(name.clone()))?;
            let name = quoted(name);
            if !index.is_unique {
                return Some(format!("the index {name} is not unique"));
            }
            if index.is_partial {
                return Some(format!("the index {name} leaves out rows"));
            }
            if index.columns.contains(&None) {
                return Some(format!("the index {name} has an expression"));
            }
            index.columns.iter().flatten().cloned().collect()
        }
    };
    let waiting = relation.constraints.iter().find(|constraint| match &constraint.kind {
        ConstraintKind::NotNull(column) => !constraint.is_valid && columns.contains(column),
        _ => false,
    });
    let waiting = waiting.filter(|_| is_primary)?;
    Some(format!("{} is NOT VALID: validate it first", quoted(&waiting.name)))
}
