//! An index is built anew while its table can't be used.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::Fix;
use crate::lock::{Mode, Work};
use crate::look::Look;
use crate::model::{Change, ReindexKind};

pub static RULE: Rule = Rule {
    name: "reindex-not-concurrent",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "REINDEX blocks writes, and queries that plan with the index",
    explanation: "REINDEX takes a ShareLock on the table, for which writes wait, and an AccessExclusiveLock on each \
        index, for which every query waits that only considers the index: in effect nearly all of them. Both are \
        held until the index is built.\n\n\
        REINDEX … CONCURRENTLY (since 12) blocks neither. It can't be run within a transaction.",
    versions: "12 and later know CONCURRENTLY",
    bad: &[
        Example::new("REINDEX TABLE orders;"),
        Example::new("REINDEX INDEX orders_pkey;"),
        Example::new("REINDEX SCHEMA \"Old\";").after("CREATE SCHEMA \"Old\"; CREATE TABLE \"Old\".t (id int PRIMARY KEY);"),
    ],
    good: &[Example::new("REINDEX TABLE CONCURRENTLY orders;"), Example::new("REINDEX (CONCURRENTLY) INDEX i;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Reindex { kind, name, greater, concurrently: false } = look.change else {
        return;
    };
    let table = match (kind, name) {
        (ReindexKind::Index, Some(name)) => look.catalogue.index(name).map(|index| crate::name::Name::clone(&index.table)),
        (_, name) => name.clone(),
    };
    if table.as_ref().is_some_and(|table| look.is_new(table)) {
        return;
    }
    let what = name.as_ref().map(ToString::to_string).or(greater.clone()).unwrap_or("all tables".to_string());
    // The index itself is locked against all; its table only against writes.
    let (message, mode) = match (kind, &table) {
        (ReindexKind::Index, Some(table)) => (format!("REINDEX of {what} keeps writes to {table} waiting, and queries that would use the index, until it is built"), Mode::AccessExclusive),
        (ReindexKind::Index, None) => (format!("REINDEX of {what} keeps writes to its table waiting, and queries that would use the index, until it is built"), Mode::AccessExclusive),
        _ => (format!("REINDEX of {what} keeps writes waiting, and queries that would use an index that is being built, until all are"), Mode::Share),
    };
    let mut finding = look.finding(&RULE, message).on(what).locks(mode).does(Work::Scan);
    if let Some(greater) = greater {
        finding = finding.on(greater).fix(Fix::default().outside(format!("{};", concurrently(greater))));
    }
    if let Some(name) = name {
        let kind = match kind {
            ReindexKind::Index => "INDEX",
            _ => "TABLE",
        };
        finding = finding.fix(Fix::default().outside(format!("REINDEX {kind} CONCURRENTLY {name};")));
    }
    found.push(finding);
}

/// `SCHEMA name` with CONCURRENTLY.
fn concurrently(greater: &str) -> String {
    match greater.split_once(' ') {
        Some((kind, name)) => format!("REINDEX {kind} CONCURRENTLY {name}"),
        None => format!("REINDEX {greater} CONCURRENTLY"),
    }
}
