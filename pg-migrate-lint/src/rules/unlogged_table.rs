//! A table that a crash empties.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "unlogged-table",
    group: Group::DataLoss,
    severity: Severity::Warning,
    summary: "an UNLOGGED table loses its rows in a crash, and is empty on replicas",
    explanation: "What is written to an unlogged table is not in the WAL: after a crash or an immediate shutdown it \
        is empty, and on a replica it can't be read at all, also after a failover.\n\n\
        That suits caches and work tables whose rows can be made again. For all else make it an ordinary table; \
        SET LOGGED later writes all of it to the WAL while everybody waits.",
    versions: "",
    bad: &[Example::new("CREATE UNLOGGED TABLE carts (id int PRIMARY KEY);"), Example::new("ALTER TABLE carts SET UNLOGGED;")],
    good: &[Example::new("CREATE TABLE carts (id int PRIMARY KEY);"), Example::new("ALTER TABLE carts SET LOGGED;")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let name = match look.change {
        Change::CreateTable(table) if table.unlogged => &table.name,
        Change::CreateTableAs(table) if table.unlogged => &table.name,
        Change::Alter(Alter { table, action: Action::SetLogged(false), .. }) => table,
        _ => return,
    };
    found.push(look.finding(&RULE, format!("{name} is UNLOGGED: a crash empties it, and replicas do not have it")).on(name));
}
