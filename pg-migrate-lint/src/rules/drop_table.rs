//! A table and its rows go.

use super::{Example, Group, Rule, drop_refused};
use crate::finding::{Finding, Severity};
use crate::lock::Blocks;
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "drop-table",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "DROP TABLE, whose rows only a backup brings back",
    explanation: "The rows are gone when it commits, and the application that still runs fails when it asks for them. \
        CASCADE also drops foreign keys and views of others. Where its rows were copied into the table that takes its name, \
        those written since the copy are lost, unless a lock kept writers out.\n\n\
        Take the table out of the application first, and release that. Rename it, wait until nobody misses it, take \
        a backup of it (pg-dump-rotate -t TABLE --label pre-migration), and drop it then.",
    versions: "",
    bad: &[Example::new("DROP TABLE users;"), Example::new("DROP TABLE IF EXISTS users CASCADE;"),
        Example::new("CREATE TABLE new (id int); INSERT INTO new SELECT id FROM users; DROP TABLE users; ALTER TABLE new RENAME TO users;")],
    good: &[
        Example::new("CREATE TABLE scratch (id int); DROP TABLE scratch;"),
        Example::new("CREATE TEMPORARY TABLE scratch (id int); DROP TABLE scratch;"),
        Example::new("DROP TABLE IF EXISTS users; CREATE TABLE users (id int);"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Drop(drop) = look.change else { return };
    if !matches!(drop.kind, Kind::Table | Kind::MaterializedView) {
        return;
    }
    if drop_refused::is_refused(look) {
        return;
    }
    for table in drop.names.iter().filter(|table| !look.is_new(table)) {
        // A first migration makes sure that there is none before.
        let is_guard = drop.if_exists && look.relation(table).is_none() && look.is_remade(table);
        if is_guard {
            continue;
        }
        let (message, severity) = match drop.kind {
            Kind::Table if is_copied(look, table) => copied(look, table),
            Kind::Table if drop.cascade => (format!("DROP TABLE {table} CASCADE loses its rows, and drops foreign keys and views of others"), Severity::Error),
            Kind::Table => (format!("DROP TABLE {table} loses its rows"), Severity::Error),
            _ => (format!("DROP MATERIALIZED VIEW {table}: what reads it fails, and it takes its query's time to have it back"), Severity::Warning),
        };
        found.push(look.finding_on(&RULE, table, message).rated(severity));
    }
}

/// Whether another table with its rows takes its name.
fn is_copied(look: &Look, table: &Name) -> bool {
    look.session.copied.contains(&look.catalogue.resolve(table)) && look.is_remade(table)
}

/// What is lost then, and how bad that is.
fn copied(look: &Look, table: &Name) -> (String, Severity) {
    let resolved = look.catalogue.resolve(table);
    let mut held = look.session.held.iter();
    let is_locked = held.any(|held| held.table == resolved && held.mode.blocks() > Blocks::None);
    match is_locked || look.session.renamed.contains(&resolved) {
        true => (format!("DROP TABLE {table} loses what was not copied: its grants, triggers, policies and the foreign keys to it, too"), Severity::Warning),
        false => (format!("DROP TABLE {table} loses the rows written since they were copied: lock it before the copy, in the same transaction"), Severity::Error),
    }
}
