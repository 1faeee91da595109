//! A server whose CREATE INDEX CONCURRENTLY leaves out rows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "concurrent-build-corrupts",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "CREATE INDEX or REINDEX CONCURRENTLY on 14.0 to 14.3, whose indexes may lack rows",
    explanation: "From 14.0 to 14.3 an index that is built CONCURRENTLY while rows are updated may lack some of them: \
        queries that use it do not find these, and a unique one lets in duplicates. It is mended in 14.4 (release notes \
        of 2022-06-16). It is found if --pg-version, or pg_version of the configuration, says the minor version.\n\n\
        Upgrade to the last minor version of 14 first, and REINDEX CONCURRENTLY what was built before.",
    versions: "14.0 to 14.3",
    bad: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON users (email);").on(14).minor(2),
        Example::new("REINDEX INDEX CONCURRENTLY i;").on(14).minor(0),
    ],
    good: &[
        Example::new("CREATE INDEX CONCURRENTLY i ON users (email);").on(14).minor(4),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (email);").on(14),
        Example::new("CREATE INDEX CONCURRENTLY i ON users (email);").on(15).minor(2),
        Example::new("CREATE INDEX i ON users (email);").on(14).minor(2),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Some(minor) = look.server.minor.filter(|minor| look.server.version == 14 && *minor < 4) else { return };
    let is_concurrent = match look.change {
        Change::CreateIndex(index) => index.concurrently,
        Change::Reindex { concurrently, .. } => *concurrently,
        _ => false,
    };
    if is_concurrent {
        let message = format!("PostgreSQL 14.{minor} may leave rows out of an index that is built CONCURRENTLY: upgrade to 14.4 or later first");
        found.push(look.finding(&RULE, message));
    }
}
