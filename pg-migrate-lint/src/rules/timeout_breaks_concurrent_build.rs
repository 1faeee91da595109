//! A timeout ends CREATE INDEX CONCURRENTLY, and leaves an invalid index.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::session::Timeout;

pub static RULE: Rule = Rule {
    name: "timeout-breaks-concurrent-build",
    group: Group::Timeouts,
    severity: Severity::Warning,
    summary: "CREATE INDEX CONCURRENTLY under a lock_timeout or statement_timeout leaves an invalid index when it strikes",
    explanation: "CREATE INDEX CONCURRENTLY takes as long as it takes, and waits for all transactions that are older \
        than it. Blocking nobody, it needs no lock_timeout; but that and statement_timeout end it in the middle, and \
        then an invalid index stays behind, which every write keeps up and no query uses.\n\n\
        Turn both off for it, and set them again for what follows.",
    versions: "",
    bad: &[
        Example::new("SET lock_timeout = '2s'; CREATE INDEX CONCURRENTLY i ON t (a);"),
        Example::new("SET statement_timeout = '1min'; CREATE INDEX CONCURRENTLY i ON t (a);"),
    ],
    good: &[
        Example::new("SET lock_timeout = 0; SET statement_timeout = 0; CREATE INDEX CONCURRENTLY i ON t (a);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON t (a);"),
        Example::new("SET statement_timeout = '3h'; CREATE INDEX CONCURRENTLY i ON t (a);"),
    ],
    check,
};

/// From so many milliseconds on a timeout is a net rather than a limit.
const NET: u64 = 3_600_000;

fn check(look: &Look, found: &mut Vec<Finding>) {
    let what = match look.change {
        Change::CreateIndex(index) if index.concurrently && !look.is_new(&index.table) => "CREATE INDEX CONCURRENTLY",
        Change::Reindex { concurrently: true, .. } => "REINDEX CONCURRENTLY",
        _ => return,
    };
    let strikes = |timeout: Timeout| matches!(timeout, Timeout::Milliseconds(time) if time < NET);
    let settings = look.session.settings;
    let name = match (strikes(settings.lock_timeout), strikes(settings.statement_timeout)) {
        (true, true) => "lock_timeout and statement_timeout",
        (true, false) => "lock_timeout",
        (false, true) => "statement_timeout",
        (false, false) => return,
    };
    let message = format!("{what} leaves an invalid index behind if {name} strikes while it waits or builds");
    let fix = format!("SET lock_timeout = 0;\nSET statement_timeout = 0;\n{};", look.text);
    found.push(look.finding(&RULE, message).fix(fix));
}
