//! Comments for this tool that do nothing.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

/// Found where comments are read; there is nothing to look at here.
pub static RULE: Rule = Rule {
    name: "suppression",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a comment that silences nothing, or gives no reason",
    explanation: "`-- pg-migrate-lint: ignore RULE reason` above a statement, or behind it, silences a rule there; \
        `ignore-file` does in the whole file. The reason is what a reviewer reads a year later, so it has to be \
        there. A comment whose rule finds nothing any more hides what may come next.",
    versions: "",
    bad: &[],
    good: &[Example::new("SELECT 1;")],
    check,
};

fn check(_: &Look, _: &mut Vec<Finding>) {}
