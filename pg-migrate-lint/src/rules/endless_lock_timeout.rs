//! A lock_timeout that ends nothing.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::session::Timeout;

pub static RULE: Rule = Rule {
    name: "endless-lock-timeout",
    group: Group::Timeouts,
    severity: Severity::Warning,
    summary: "a strong lock is asked for with a lock_timeout of 0 or of minutes",
    explanation: "A lock_timeout of 0 is none at all, and one of minutes lets everything on the table wait for minutes \
        behind the statement.\n\n\
        A few seconds are what an application bears. Where the statement fails for it, try again at a quieter \
        time, or find out with pg-lock-kill who holds the table.",
    versions: "",
    bad: &[
        Example::new("SET lock_timeout = 0; ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("SET lock_timeout = '1h'; ALTER TABLE users ADD COLUMN plan text;"),
    ],
    good: &[
        Example::new("SET lock_timeout = '5s'; ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("SET lock_timeout = 0; CREATE INDEX CONCURRENTLY i ON users (plan);"),
    ],
    check,
};

/// So many milliseconds.
const LONG: u64 = 60_000;

fn check(look: &Look, found: &mut Vec<Finding>) {
    let settings = look.session.settings;
    let what = match settings.lock_timeout {
        Timeout::Off if !settings.statement_timeout.ends() => "lock_timeout is off".to_string(),
        Timeout::Milliseconds(time) if time > LONG => format!("lock_timeout is {} s", time / 1000),
        _ => return,
    };
    if look.session.warned_of_timeout {
        return;
    }
    if let Some((name, _)) = look.blocked().next() {
        let name = name.clone();
        let message = format!("{what}: while this waits for its lock on {name}, everything else on it waits behind");
        found.push(look.finding_on(&RULE, &name, message));
    }
}
