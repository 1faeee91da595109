//! Numbers come a second time, or end sooner.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, Restart};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "sequence-restarted",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a sequence that starts again gives numbers that rows have; AS smallint ends it at 32767",
    explanation: "ALTER SEQUENCE … RESTART, or RESTART of an identity, goes back to where the sequence began. The numbers that come then \
        are in the table already, and inserts fail with \"duplicate key value violates unique constraint\" until they are \
        through, or give rows of two things the same number where no key stands against it. AS smallint fails where the sequence \
        is past 32767, and ends it there.\n\n\
        Set it behind what is there: SELECT setval('seq', (SELECT max(id) FROM t)). To begin anew with an empty table: \
        TRUNCATE … RESTART IDENTITY.",
    versions: "",
    bad: &[
        Example::new("ALTER SEQUENCE users_id_seq RESTART;"),
        Example::new("ALTER SEQUENCE users_id_seq RESTART WITH 1;"),
        Example::new("ALTER TABLE users ALTER COLUMN id RESTART;"),
        Example::new("ALTER SEQUENCE users_id_seq AS smallint;"),
    ],
    good: &[
        Example::new("ALTER SEQUENCE users_id_seq RESTART WITH 5000;"),
        Example::new("ALTER SEQUENCE users_id_seq AS bigint;"),
        Example::new("TRUNCATE users; ALTER SEQUENCE users_id_seq RESTART;"),
        Example::new("CREATE SEQUENCE numbers; ALTER SEQUENCE numbers RESTART WITH 1;"),
        Example::new("CREATE TABLE users (id serial); ALTER SEQUENCE users_id_seq RESTART;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (name, restart, is_small, what) = match look.change {
        Change::AlterSequence { name, restart, is_small, .. } => (name, *restart, *is_small, name.to_string()),
        Change::Alter(Alter { table, action: Action::Restart { column, restart }, .. }) => {
            (table, *restart, false, format!("the sequence of {} of {table}", quoted(column)))
        }
        _ => return,
    };
    if is_of_new(look, name) {
        return;
    }
    let again = match restart {
        Restart::Start => true,
        Restart::With(number) => number <= 1,
        Restart::No => false,
    };
    if again && !look.ahead.empties {
        let message = format!("{what} starts again: the numbers that rows have come a second time");
        found.push(look.finding(&RULE, message).on(name));
    } else if is_small {
        let message = format!("{what} ends at 32767, and this fails if it is past that");
        found.push(look.finding(&RULE, message).on(name));
    }
}

/// Whether no rows of others have its numbers.
fn is_of_new(look: &Look, name: &Name) -> bool {
    let mut users = look.catalogue.callers(name).iter();
    look.is_new(name) || users.any(|table| look.is_new(table))
}
