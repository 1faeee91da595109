//! IF NOT EXISTS takes an invalid index for the one that is wanted.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "invalid-index-kept",
    group: Group::Correctness,
    severity: Severity::Info,
    summary: "CREATE INDEX CONCURRENTLY IF NOT EXISTS keeps the invalid index of a failed attempt",
    explanation: "CREATE INDEX CONCURRENTLY that fails or is ended leaves an invalid index of that name behind. With IF \
        NOT EXISTS the next attempt finds it there and succeeds: no query ever uses the index, a unique one may not \
        hold, and every write keeps it up.\n\n\
        Drop it first, in the same file.",
    versions: "",
    bad: &[Example::new("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);")],
    good: &[
        Example::new("DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY i ON t (a);"),
        Example::new("DROP INDEX CONCURRENTLY IF EXISTS i; CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a);"),
        Example::new("CREATE INDEX CONCURRENTLY i ON t (a);"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateIndex(index) = look.change else { return };
    let (true, true, Some(name)) = (index.concurrently, index.if_not_exists, &index.name) else { return };
    if look.replaces(name) || look.is_new(&index.table) {
        return;
    }
    let message = format!("if an attempt failed before, {} is there and invalid, and IF NOT EXISTS keeps it so", quoted(name));
    let whole = crate::name::Name { schema: index.table.schema.clone(), name: name.clone() };
    let fix = format!("DROP INDEX CONCURRENTLY IF EXISTS {whole};\n{};", look.text);
    found.push(look.finding(&RULE, message).on(whole).fix(fix));
}
