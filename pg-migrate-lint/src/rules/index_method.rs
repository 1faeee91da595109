//! A method of indexes that can't do what is asked of it.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, CreateIndex};

pub static RULE: Rule = Rule {
    name: "index-method",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "an index of a method that can't be unique, of several columns or with others included, which PostgreSQL refuses",
    explanation: "Only a B-tree can be UNIQUE. A hash or SP-GiST index has one column; INCLUDE is for B-trees, since 12 \
        for GiST, and since 14 for SP-GiST. PostgreSQL refuses the rest.\n\n\
        Before 10 a hash index is not written to the WAL: after a crash it gives wrong answers until it is built again, \
        and a standby has none of its contents. A B-tree does all that a hash index does there.",
    versions: "hash indexes are safe since 10",
    bad: &[
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY i ON users USING hash (email);").after("CREATE TABLE users (email text);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING hash (email, name);").after("CREATE TABLE users (email text, name text);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING gin (tags) INCLUDE (name);").after("CREATE TABLE users (tags text[], name text);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING hash (email);").on(9),
        Example::new("CREATE INDEX CONCURRENTLY i ON places USING gist (at) INCLUDE (name);").on(11),
    ],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING hash (email);").after("CREATE TABLE users (email text);"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY i ON users (email) INCLUDE (name);").after("CREATE TABLE users (email text, name text);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING gin (tags, more);").after("CREATE TABLE users (tags text[], more text[]);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON places USING gist (at) INCLUDE (name);").after("CREATE TABLE places (at point, name text);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users USING brin (id, at);").after("CREATE TABLE users (id int, at int);"),
        Example::new("CREATE UNIQUE INDEX CONCURRENTLY i ON users USING mine (id);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    let version = look.server.version;
    let message = match refused(index, version) {
        Some(what) => format!("a {} index can't {what}: PostgreSQL refuses it", index.method),
        None if index.method == "hash" && version < 10 => format!("before PostgreSQL 10 a hash index of {} is wrong after a crash, and empty on a standby", index.table),
        None => return,
    };
    found.push(look.finding_on(&RULE, &index.table, message));
}

/// What the method can't do, of those that the server has.
fn refused(index: &CreateIndex, version: u32) -> Option<&'static str> {
    let method = index.method.as_str();
    let includes_since = match method {
        "hash" | "gin" | "brin" => u32::MAX,
        "gist" => 12,
        "spgist" => 14,
        _ => return None,
    };
    let has_one_column = matches!(method, "hash" | "spgist");
    match (index.unique, index.columns.len() > 1 && has_one_column, index.included.is_empty() || version >= includes_since) {
        (true, _, _) => Some("be UNIQUE"),
        (_, true, _) => Some("have several columns"),
        (_, _, false) => Some("INCLUDE columns"),
        _ => None,
    }
}
