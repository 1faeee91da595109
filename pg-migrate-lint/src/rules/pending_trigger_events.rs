//! A table is altered while rows of it wait for a deferred foreign key.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Alter, Change, Drop, Kind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "pending-trigger-events",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "ALTER TABLE of a table whose rows the transaction has changed, while a deferred foreign key has not looked at them",
    explanation: "A foreign key that is INITIALLY DEFERRED, as Django makes all of its own, looks at new and changed rows when \
        the transaction ends. Until then PostgreSQL refuses ALTER TABLE, DROP TABLE and TRUNCATE of their table: cannot ALTER TABLE because it has \
        pending trigger events. It comes to light only where there are such rows, so perhaps on production alone.\n\n\
        Change rows and tables in transactions of their own, or say SET CONSTRAINTS ALL IMMEDIATE between the two: then \
        the rows are looked up at once.",
    versions: "",
    bad: &[
        Example::new("BEGIN; INSERT INTO orders VALUES (1, 1); ALTER TABLE orders ADD COLUMN paid boolean; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; UPDATE orders SET user_id = 2; ALTER TABLE orders ALTER COLUMN user_id SET NOT NULL; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; INSERT INTO orders SELECT 1, id FROM users; TRUNCATE orders; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; UPDATE orders SET user_id = 2; DROP TABLE orders; COMMIT;").after(DEFERRED),
    ],
    good: &[
        Example::new("BEGIN; INSERT INTO orders VALUES (1, 1); SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE orders ADD COLUMN paid boolean; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; INSERT INTO orders VALUES (1, 1); COMMIT; ALTER TABLE orders ADD COLUMN paid boolean;").after(DEFERRED),
        Example::new("BEGIN; UPDATE orders SET id = 2; ALTER TABLE orders ADD COLUMN paid boolean; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; INSERT INTO orders VALUES (1, 1); ALTER TABLE users ADD COLUMN name text; ALTER TABLE orders RENAME TO sales; COMMIT;").after(DEFERRED),
        Example::new("BEGIN; INSERT INTO orders VALUES (1, 1); ALTER TABLE orders ADD COLUMN paid boolean; COMMIT;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (id int, user_id int REFERENCES users DEFERRABLE); INSERT INTO users VALUES (1);"),
    ],
    check,
};

const DEFERRED: &str = "CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (id int, user_id int REFERENCES users DEFERRABLE INITIALLY DEFERRED); \
    INSERT INTO users VALUES (1), (2); INSERT INTO orders VALUES (1, 1);";

fn check(look: &Look, found: &mut Vec<Finding>) {
    // A block may catch the error, or never come here.
    if look.session.waiting.is_empty() || look.is_in_doubt {
        return;
    }
    let (what, tables) = match look.change {
        Change::Alter(Alter { table, kind: Kind::Table, .. }) => ("ALTER TABLE", std::slice::from_ref(table)),
        Change::Drop(Drop { kind: Kind::Table, names, .. }) => ("DROP TABLE", names.as_slice()),
        Change::Truncate { tables, .. } => ("TRUNCATE", tables.as_slice()),
        _ => return,
    };
    let waiting = |table: &Name| {
        let table = look.catalogue.resolve(table);
        look.session.waiting.iter().find(|(name, _)| *name == table)
    };
    let Some((table, (_, constraint))) = tables.iter().find_map(|table| Some((table, waiting(table)?))) else { return };
    let message = format!(
        "rows of {table} that this transaction has changed wait for the deferred {}: PostgreSQL refuses {what} until it has looked at them",
        quoted(constraint)
    );
    found.push(look.finding(&RULE, message).on(table).fix("SET CONSTRAINTS ALL IMMEDIATE;"));
}
