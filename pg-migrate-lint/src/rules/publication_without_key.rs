//! What is published can't be changed.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind, CreateTable, Identity, Publication, Publishes};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "publication-without-key",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a table without a primary key or another replica identity in a publication: its UPDATE and DELETE fail from then on",
    explanation: "A publication that has updates and deletes (that is so unless it says otherwise) needs to tell the subscriber which \
        row is meant. For a table without a primary key and without REPLICA IDENTITY it can't, and PostgreSQL refuses \
        every UPDATE and DELETE of the table on the publisher: \"cannot update table because it does not have a replica \
        identity and publishes updates\".\n\n\
        Give the table a primary key; or say REPLICA IDENTITY USING INDEX of a unique index of NOT NULL columns, or, where rows are \
        few, REPLICA IDENTITY FULL. A publication of inserts alone says WITH (publish = 'insert').",
    versions: "",
    bad: &[
        Example::new("CREATE PUBLICATION feed FOR TABLE log;").after("CREATE TABLE log (line text);"),
        Example::new("CREATE PUBLICATION feed FOR ALL TABLES;").after("CREATE TABLE log (line text);"),
        Example::new("ALTER PUBLICATION feed ADD TABLE log;").after("CREATE TABLE log (line text); CREATE PUBLICATION feed;"),
        Example::new("CREATE TABLE log (line text);").after("CREATE PUBLICATION feed FOR ALL TABLES;"),
        Example::new("ALTER TABLE users REPLICA IDENTITY NOTHING;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE PUBLICATION feed FOR TABLE users;"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE PUBLICATION feed FOR TABLE users;"),
    ],
    good: &[
        Example::new("CREATE PUBLICATION feed FOR TABLE users;").after("CREATE TABLE users (id int PRIMARY KEY);"),
        Example::new("CREATE PUBLICATION feed FOR TABLE log WITH (publish = 'insert, truncate');").after("CREATE TABLE log (line text);"),
        Example::new("ALTER TABLE log REPLICA IDENTITY FULL; CREATE PUBLICATION feed FOR TABLE log;").after("CREATE TABLE log (line text);"),
        Example::new("CREATE TABLE users (id int, PRIMARY KEY (id));").after("CREATE PUBLICATION feed FOR ALL TABLES;"),
        Example::new("CREATE TABLE log (line text); ALTER TABLE log REPLICA IDENTITY FULL;").after("CREATE PUBLICATION feed FOR ALL TABLES;"),
        Example::new("CREATE UNLOGGED TABLE log (line text);").after("CREATE PUBLICATION feed FOR ALL TABLES;"),
        Example::new("CREATE TABLE log (line text);").after("CREATE PUBLICATION feed FOR ALL TABLES; DROP PUBLICATION feed;"),
        Example::new("CREATE PUBLICATION feed FOR TABLE log;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let lacking = match look.change {
        Change::Publish(publication) => published(look, publication),
        Change::CreateTable(table) => made(look, table).then(|| table.name.clone()).into_iter().collect(),
        Change::Alter(Alter { table, action, .. }) => altered(look, table, action).then(|| table.clone()).into_iter().collect(),
        _ => return,
    };
    let words = match lacking.as_slice() {
        [] => return,
        [one] => one.to_string(),
        [one, other] => format!("{one} and {other}"),
        [one, other, more @ ..] => format!("{one}, {other} and {} more", more.len()),
    };
    let message = format!("nothing tells the rows of {words} apart for who subscribes: UPDATE and DELETE fail from now on");
    found.push(look.finding(&RULE, message).on(&lacking[0]));
}

/// Whether the file gives the table what it lacks.
fn is_to_come(look: &Look, table: &Name) -> bool {
    look.ahead.keyed.contains(&table.name) || look.ahead.identified.contains(&table.name)
}

fn published(look: &Look, publication: &Publication) -> Vec<Name> {
    let known = look.catalogue.publication(&publication.name);
    let writes = publication.writes.or(match publication.how {
        Publishes::Tables | Publishes::All => Some(true),
        _ => known.map(|known| known.writes),
    });
    if look.is_nested || writes != Some(true) {
        return Vec::new();
    }
    let all = match publication.how {
        Publishes::All => look.catalogue.without_identity(),
        Publishes::Tables | Publishes::More | Publishes::Instead => {
            let lacks = |table: &&Name| look.whole(table).is_some_and(Relation::lacks_identity);
            publication.tables.iter().filter(lacks).cloned().collect()
        }
        _ => Vec::new(),
    };
    all.into_iter().filter(|table| !is_to_come(look, table)).collect()
}

fn made(look: &Look, table: &CreateTable) -> bool {
    let mut constraints = table.columns.iter().flat_map(|column| &column.constraints).chain(&table.constraints);
    let has_key = constraints.any(|constraint| matches!(constraint.kind, ConstraintKind::Primary(_)));
    let is_other = table.temporary || table.unlogged || table.partitioning.is_some() || table.partition_of.is_some();
    let is_known = table.like.is_empty() && table.inherits.is_empty() && !table.is_typed && !table.if_not_exists;
    let is_published = || look.catalogue.published(&table.name).is_some_and(|(_, known)| known.all && known.writes);
    !has_key && !is_other && is_known && !look.is_nested && !is_to_come(look, &table.name) && is_published()
}

fn altered(look: &Look, table: &Name, action: &Action) -> bool {
    let Some(relation) = look.whole(table).filter(|relation| !relation.lacks_identity()) else { return false };
    let loses = match action {
        Action::ReplicaIdentity { identity: Identity::Nothing, .. } => true,
        Action::DropConstraint { constraint, .. } => {
            let known = relation.constraint(constraint);
            let is_key = known.is_some_and(|known| matches!(known.kind, ConstraintKind::Primary(_)));
            is_key && relation.identity == Identity::Key && !is_to_come(look, table)
        }
        _ => false,
    };
    let is_kept = relation.is_unlogged || relation.is_temporary;
    loses && !is_kept && look.catalogue.published(table).is_some_and(|(_, known)| known.writes)
}
