//! A table loses its primary key.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "primary-key-dropped",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "the primary key is dropped and no other one added: equal rows may come, and replication refuses changes",
    explanation: "From its commit on the same key can be written twice, ON CONFLICT of these columns fails, and so do \
        queries that group by the key and select other columns. Where the table is in a publication, every UPDATE and \
        DELETE of it fails: logical replication needs a key to find the row by.\n\n\
        Build the new key first, with CREATE UNIQUE INDEX CONCURRENTLY, and exchange both in one statement: DROP \
        CONSTRAINT …, ADD PRIMARY KEY USING INDEX ….",
    versions: "",
    bad: &[Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey;").after("CREATE TABLE users (id bigint PRIMARY KEY);")],
    good: &[
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY USING INDEX users_uid;").after("CREATE TABLE users (id bigint PRIMARY KEY, uid uuid NOT NULL);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_email_key;").after("CREATE TABLE users (id bigint PRIMARY KEY, email text UNIQUE);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey; DROP TABLE users;").after("CREATE TABLE users (id bigint PRIMARY KEY);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::DropConstraint { constraint, .. }, .. }) = look.change else {
        return;
    };
    let known = look.relation(table).and_then(|relation| relation.constraint(constraint));
    let is_key = known.is_some_and(|known| matches!(known.kind, ConstraintKind::Primary(_)));
    let is_gone = look.ahead.keyed.contains(&table.name) || look.replaces(&table.name);
    if is_key && !is_gone && !look.is_new(table) {
        let message = format!("{table} has no primary key without {}: equal rows may come, and logical replication refuses UPDATE and DELETE", quoted(constraint));
        found.push(look.finding_on(&RULE, table, message));
    }
}
