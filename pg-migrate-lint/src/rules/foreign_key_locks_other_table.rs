//! A statement about one table locks another one.

use super::{Example, Group, Rule, drop_refused};
use crate::catalogue::RelationKind;
use crate::finding::{Finding, Severity};
use crate::lock::{Mode, Work};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Kind};
use crate::name::Name;

pub static RULE: Rule = Rule {
    name: "foreign-key-locks-other-table",
    group: Group::Locks,
    severity: Severity::Warning,
    summary: "dropping a foreign key, or a table or column with one, or another type of its column, locks the table on its other end",
    explanation: "A foreign key is triggers on both tables. To drop it, by DROP CONSTRAINT, DROP COLUMN or DROP \
        TABLE, PostgreSQL takes an AccessExclusiveLock on both: also on the one that the statement does not name, \
        which may be the busiest of all. It lasts for a moment, but first it waits for every query on that table, \
        and whatever comes after waits behind it.\n\n\
        Set lock_timeout and try again when it strikes, and drop the constraint in a transaction of its own.\n\n\
        Where the type of a column changes, the foreign keys on either side of it are made anew, and where values change all rows of \
        both tables are looked up under that lock.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("DROP TABLE orders;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("ALTER TABLE users DROP CONSTRAINT users_pkey CASCADE;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("SET lock_timeout = '2s'; ALTER TABLE users ALTER COLUMN id TYPE bigint;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
    ],
    good: &[
        Example::new("DROP TABLE users CASCADE;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE VIEW names AS SELECT id FROM users;"),
        // Nothing depends on a CHECK.
        Example::new("ALTER TABLE users DROP CONSTRAINT named CASCADE;")
            .after("CREATE TABLE users (id int PRIMARY KEY, name text CONSTRAINT named CHECK (name > '')); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("SET lock_timeout = '2s'; ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("BEGIN; ALTER TABLE users ADD COLUMN plan text; ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey; COMMIT;")
            .after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("DROP TABLE events_1;").after("CREATE TABLE events (n int) PARTITION BY LIST (n); CREATE TABLE events_1 PARTITION OF events FOR VALUES IN (1);"),
        Example::new("DROP TABLE users;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("ALTER TABLE orders DROP CONSTRAINT positive;").after("CREATE TABLE orders (n int CONSTRAINT positive CHECK (n > 0));"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let retyped = matches!(look.change, Change::Alter(Alter { action: Action::SetType { .. }, .. }));
    let own = match look.change {
        Change::Alter(Alter { table, action: Action::DropConstraint { .. } | Action::DropColumn { .. } | Action::SetType { .. }, .. }) => vec![table.clone()],
        Change::Drop(drop) if drop.kind == Kind::Table => drop.names.clone(),
        _ => return,
    };
    let is_worked = |name: &Name| retyped && look.worked_on().any(|(other, work)| other == name && work > Work::None);
    if look.session.settings.lock_timeout.ends() && !retyped || own.iter().all(|table| look.is_new(table)) {
        return;
    }
    if drop_refused::is_refused(look) {
        return;
    }
    let mut own: Vec<_> = own.iter().flat_map(|table| look.catalogue.with_children(table)).collect();
    // That a partition's parent is locked has nothing to do with foreign keys.
    let parents: Vec<_> = own.iter().filter_map(|table| look.relation(table)?.parent.clone()).collect();
    own.extend(parents);
    let others = look.blocked().filter(|(name, mode)| *mode == Mode::AccessExclusive && !own.contains(name));
    // What the transaction has already costs nothing more.
    let is_held = |name: &Name| look.session.held.iter().any(|held| held.table == *name && held.mode == Mode::AccessExclusive);
    // A view goes by CASCADE, and has no foreign key.
    let is_view = |name: &Name| look.relation(name).is_some_and(|relation| !matches!(relation.kind, RelationKind::Table | RelationKind::Partitioned));
    let others: Vec<_> = others.map(|(name, _)| name.clone()).filter(|name| !is_held(name) && !is_view(name)).collect();
    let Some(first) = others.first() else { return };
    if let Some(read) = others.iter().find(|name| is_worked(name)) {
        let others = others.iter().filter(|name| *name != read);
        let others: Vec<_> = others.map(ToString::to_string).collect();
        let more = match others.is_empty() {
            true => String::new(),
            false => format!(", as it does {}", others.join(", ")),
        };
        let message = format!("the foreign key is made anew with its column, which reads all of {read}{more}: reads and writes wait");
        found.push(look.finding_on(&RULE, read, message).rated(Severity::Error));
        return;
    }
    if look.session.settings.lock_timeout.ends() {
        return;
    }
    let message = match others.as_slice() {
        [only] => format!("the foreign key that goes with it locks {only} too: everything on it waits behind this"),
        [one, other] => format!("the foreign keys that go with it lock {one} and {other} too: everything on them waits behind this"),
        all => {
            let number = all.len() - 1;
            format!("the foreign keys that go with it lock {first} and {number} other tables too: everything on them waits behind this")
        }
    };
    found.push(look.finding_on(&RULE, first, message));
}
