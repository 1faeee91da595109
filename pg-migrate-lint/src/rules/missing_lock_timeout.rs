//! A statement waits for its lock without a limit, and everybody behind it.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::Mode;
use crate::look::Look;
use crate::model::Change;

/// What this rule and that about several tables have in common: a timeout ends both.
pub const CAUSE: &str = "no lock_timeout";

pub static RULE: Rule = Rule {
    name: "missing-lock-timeout",
    group: Group::Timeouts,
    severity: Severity::Warning,
    summary: "a lock that others wait for is asked for without lock_timeout",
    explanation: "A statement that asks for a strong lock waits for every transaction that uses the table, a long report \
        or a forgotten session too; and whoever comes after waits behind it, also for what would not conflict with \
        those. One ALTER TABLE that changes only the catalogue can so stop an application for as long as the slowest \
        query runs.\n\n\
        SET lock_timeout = '2s' before it ends the wait, and the migration fails and is tried again. A role of \
        migrations can have it for good: ALTER ROLE … SET lock_timeout; say so by lock_timeout_is_set = true in \
        pg-migrate-lint.toml.\n\n\
        It is said once in a run, at the first such statement of which no other rule says that everybody waits for it, \
        with the number of the others; the record's elsewhere lists their files. A comment or a baseline silences it for \
        the files that they know, and not for those to come.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("DROP TABLE orders;").after("CREATE TABLE users (id int PRIMARY KEY); CREATE TABLE orders (user_id int REFERENCES users);"),
        Example::new("DROP TABLE users; ALTER TABLE people RENAME TO users;"),
    ],
    good: &[
        Example::new("SET lock_timeout = '2s'; ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("BEGIN; SET LOCAL lock_timeout = '2s'; ALTER TABLE users ADD COLUMN plan text; COMMIT;"),
        Example::new("SELECT set_config('lock_timeout', '2s', false); ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("CREATE TABLE users (id int); ALTER TABLE users ADD COLUMN plan text;"),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (plan);"),
        Example::new("DROP TABLE users;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let settings = look.session.settings;
    // A timeout for the whole statement ends its wait too; a limit that is set to nothing is another rule's.
    if settings.lock_timeout != crate::session::Timeout::Unset || settings.statement_timeout.ends() {
        return;
    }
    let waits = |name: &crate::name::Name, mode: Mode| !look.session.held.iter().any(|held| held.table == *name && held.mode >= mode);
    let blocked = look.blocked().find(|(name, mode)| waits(name, *mode) && !look.is_gone(name));
    // An index whose table is not known is dropped with a lock on that.
    let of_unknown = match look.change {
        Change::Drop(drop) if drop.kind == crate::model::Kind::Index && !drop.concurrently => {
            drop.names.iter().find(|name| look.catalogue.index(name).is_none())
        }
        _ => None,
    };
    let (name, mode) = match (blocked, of_unknown) {
        (Some((name, mode)), _) => (name.clone(), mode),
        (None, Some(name)) => (name.clone(), Mode::AccessExclusive),
        (None, None) => return,
    };
    if is_said(look, mode, found) {
        return;
    }
    let message = format!("waits for its lock on {name} without a limit, and everything else on it waits behind: set lock_timeout first");
    let set = match look.session.is_in_transaction() {
        true => "SET LOCAL lock_timeout = '2s';",
        false => "SET lock_timeout = '2s';",
    };
    found.push(look.finding_on(&RULE, &name, message).locks(mode).fix(set).once(CAUSE));
}

/// Whether another rule says of the statement that everybody waits for it, and how that is avoided.
fn is_said(look: &Look, mode: Mode, found: &[Finding]) -> bool {
    let own = found.iter().rev().take_while(|finding| finding.start == look.start);
    let mut on_locks = own.filter(|finding| finding.rule.group == Group::Locks);
    // These two speak of what happens once the lock is there, where they do not say how to do without it.
    let is_of_later = |finding: &Finding| match finding.rule.name {
        "lock-held-during-work" => finding.fix.is_none(),
        name => name == "lock-table",
    };
    on_locks.any(|finding| !is_of_later(finding) && finding.lock >= Some(mode))
}
