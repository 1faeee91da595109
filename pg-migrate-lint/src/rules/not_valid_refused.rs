//! NOT VALID where PostgreSQL knows none.

use super::{Example, Group, Rule};
use crate::catalogue::Relation;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change, ConstraintKind};

pub static RULE: Rule = Rule {
    name: "not-valid-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "NOT VALID on a foreign key of a partitioned table, which PostgreSQL refuses before 18",
    explanation: "Before PostgreSQL 18 a foreign key of a partitioned table can't be added NOT VALID: the statement \
        fails.\n\n\
        Add it NOT VALID to each partition and validate it there; then the one on the parent takes these over.",
    versions: "before 18",
    bad: &[Example::new("ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
        .after("CREATE TABLE events (user_id int, at date) PARTITION BY RANGE (at);")
        .on(17)],
    good: &[
        Example::new("ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;")
            .after("CREATE TABLE events (user_id int, at date) PARTITION BY RANGE (at);"),
        Example::new("ALTER TABLE events ADD FOREIGN KEY (user_id) REFERENCES users NOT VALID;").on(17),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Alter(Alter { table, action: Action::AddConstraint(constraint), .. }) = look.change else {
        return;
    };
    let is_foreign = matches!(constraint.kind, ConstraintKind::Foreign { .. });
    let is_partitioned = look.relation(table).is_some_and(Relation::is_partitioned);
    if is_foreign && !constraint.validated && is_partitioned && look.server.version < 18 {
        let message = format!("{table} is partitioned: before 18 PostgreSQL refuses NOT VALID for its foreign keys");
        found.push(look.finding(&RULE, message).on(table));
    }
}
