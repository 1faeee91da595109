//! A table is written anew as a whole, on purpose.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::{Mode, Work};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "table-copied",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "VACUUM FULL, CLUSTER, SET TABLESPACE, SET LOGGED or SET ACCESS METHOD copies the table while everybody waits",
    explanation: "These write the whole table and its indexes to new files under an AccessExclusiveLock: reads and \
        writes wait until the copy is done, and the disk has to hold both.\n\n\
        To give space back, plain VACUUM mostly suffices; pg_repack and pg_squeeze do what VACUUM FULL and CLUSTER \
        do while others work. To move or change a table, make a new one, copy in batches and rename.",
    versions: "",
    bad: &[
        Example::new("VACUUM FULL orders;"),
        Example::new("CLUSTER orders USING orders_pkey;"),
        Example::new("ALTER TABLE orders SET UNLOGGED;"),
        Example::new("ALTER TABLE orders SET TABLESPACE fast;"),
        Example::new("ALTER TABLE orders SET ACCESS METHOD columnar;"),
        Example::new("ALTER INDEX orders_pkey SET TABLESPACE fast;"),
        Example::new("ALTER TABLE ALL IN TABLESPACE old SET TABLESPACE fast;"),
    ],
    good: &[
        Example::new("VACUUM ANALYZE orders;"),
        Example::new("ALTER TABLE orders CLUSTER ON orders_pkey;"),
        Example::new("CREATE TABLE orders (id int); ALTER TABLE orders SET TABLESPACE fast;"),
        Example::new("ALTER TABLE orders SET LOGGED;").after("CREATE TABLE orders (id int);"),
        Example::new("ALTER TABLE orders SET LOGGED;").after("CREATE TABLE orders (id int); SELECT prepare_orders();"),
        Example::new("ALTER TABLE orders SET UNLOGGED;").after("CREATE UNLOGGED TABLE orders (id int);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut add = |what: &str, table: Option<&Name>| {
        if table.is_some_and(|table| look.is_new(table)) {
            return;
        }
        let object = table.map_or("every table".to_string(), ToString::to_string);
        let is_made = table.is_some_and(|table| look.relation(table).is_some_and(|known| known.made.is_some()));
        let unless = match what {
            "SET TABLESPACE" | "SET ACCESS METHOD" => ", unless it is there already",
            "SET LOGGED" | "SET UNLOGGED" if !is_made => ", unless it is so already",
            _ => "",
        };
        let message = format!("{what} writes {object} anew as a whole{unless}: reads and writes wait");
        found.push(look.finding(&RULE, message).on(object).locks(Mode::AccessExclusive).does(Work::Rewrite));
    };
    match look.change {
        Change::Vacuum { tables, full: true } => match tables.is_empty() {
            true => add("VACUUM FULL", None),
            false => tables.iter().for_each(|table| add("VACUUM FULL", Some(table))),
        },
        Change::MoveAll => add("ALTER TABLE ALL IN TABLESPACE", None),
        Change::Cluster { table, .. } => add("CLUSTER", table.as_ref()),
        Change::Alter(Alter { table, kind, action, .. }) => {
            let what = match action {
                Action::SetLogged(true) => "SET LOGGED",
                Action::SetLogged(false) => "SET UNLOGGED",
                Action::SetTablespace => "SET TABLESPACE",
                Action::SetAccessMethod => "SET ACCESS METHOD",
                _ => return,
            };
            let known = look.relation(table);
            if matches!(action, Action::SetLogged(logged) if known.is_some_and(|known| known.is_logged_as(*logged) || known.is_partitioned())) {
                return;
            }
            if matches!(kind, Kind::Table | Kind::Index | Kind::MaterializedView) {
                add(what, Some(table));
            }
        }
        _ => {}
    }
}
