//! An index is built while writes wait.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Replaced, Way, keyword};
use crate::look::Look;
use crate::model::{Change, CreateIndex};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "index-not-concurrent",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "CREATE INDEX on a table in use blocks writes until it is built",
    explanation: "CREATE INDEX takes a ShareLock on the table and keeps it while it reads all rows: every INSERT, \
        UPDATE and DELETE waits for as long as that takes, which is minutes on a table of some gigabytes.\n\n\
        CREATE INDEX CONCURRENTLY takes a ShareUpdateExclusiveLock, which blocks nobody's reads or writes. It \
        reads the table twice and waits for transactions that are older than it, can't be run within a \
        transaction, and leaves an invalid index behind when it fails: drop that one and begin again.",
    versions: "",
    bad: &[
        Example::new("CREATE INDEX orders_user ON orders (user_id);"),
        Example::new("CREATE UNIQUE INDEX ON orders (user_id) WHERE paid;").after("CREATE TABLE orders (user_id int, paid bool);"),
        Example::new("DO $$ BEGIN CREATE INDEX orders_user ON orders (user_id); END $$;"),
    ],
    good: &[
        Example::new("CREATE INDEX IF NOT EXISTS users_name ON users (name);").after("CREATE TABLE users (name text); CREATE INDEX users_name ON users (name);"),
        Example::new("CREATE INDEX CONCURRENTLY orders_user ON orders (user_id);"),
        Example::new("CREATE INDEX orders_user ON ONLY orders (user_id);"),
        Example::new("CREATE TABLE orders (user_id int); CREATE INDEX orders_user ON orders (user_id);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else {
        return;
    };
    let is_partitioned = look.relation(&index.table).is_some_and(Relation::is_partitioned);
    // ONLY is said of tables with partitions, whether or not a migration made them.
    let is_only = index.only && look.relation(&index.table).is_none_or(|table| table.made.is_none());
    if index.concurrently || is_partitioned || is_only || look.is_new(&index.table) || !look.impact.builds_index {
        return;
    }
    let message = format!("CREATE INDEX keeps writes to {} waiting until the index is built", index.table);
    found.push(look.finding_on(&RULE, &index.table, message).fix(fix(look, index)));
}

/// With the name that PostgreSQL would choose, where that is known: what is built by itself is dropped by its name.
fn fix(look: &Look, index: &CreateIndex) -> Fix {
    let is_chosen = index.name.is_none() && index.columns.iter().all(Option::is_some) && look.whole(&index.table).is_some();
    let name = match is_chosen {
        true => format!(" {}", quoted(&look.catalogue.index_name(&look.catalogue.resolve(&index.table), index))),
        false => String::new(),
    };
    let parts = keyword(look.text, "INDEX").map(|at| look.text.split_at(at + "INDEX".len()));
    if let (Some(name), Some((before, after))) = (&index.name, parts) {
        let replaced = Replaced::by(look, &index.table, name, index.unique);
        if let Some(on) = keyword(after, "ON").filter(|_| replaced.is_some()) {
            let meanwhile = replaced.name_meanwhile(look, &index.table, name);
            let build = format!("{before} CONCURRENTLY {} {};", quoted(&meanwhile), &after[on..]);
            return replaced.by_index(&index.table, &build, &meanwhile, name);
        }
    }
    let statement = match parts {
        Some((before, after)) => format!("{before} CONCURRENTLY{name}{after};"),
        None => format!("{};", look.text),
    };
    Fix::default().step(Way::Outside, "in a migration of its own that is run outside of a transaction", statement)
}
