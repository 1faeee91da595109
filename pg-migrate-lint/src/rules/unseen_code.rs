//! What no rule can look into.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;

/// Found where code is looked into; there is nothing to look at here.
pub static RULE: Rule = Rule {
    name: "unseen-code",
    group: Group::Correctness,
    severity: Severity::Info,
    summary: "a statement that is put together only when it runs",
    explanation: "EXECUTE runs a string. Where the string stands there as such, it is linted like any other \
        statement; where it is put together from variables, nobody can say before it runs what it locks. The same \
        holds for code in languages other than SQL and PL/pgSQL, and for statements that nest some hundred levels deep.\n\n\
        Read it yourself, or rehearse the migration on a copy.",
    versions: "",
    bad: &[Example::new(
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables LOOP \
         EXECUTE format('ALTER TABLE %I ADD COLUMN x int', t); END LOOP; END $$;",
    )],
    good: &[Example::new("DO $$ BEGIN EXECUTE 'ALTER TABLE users ADD COLUMN x int'; END $$;")],
    check,
};

fn check(_: &Look, _: &mut Vec<Finding>) {}
