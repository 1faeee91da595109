//! What is written is thrown away without a word.

use super::{Example, Group, Rule};
use crate::catalogue::RelationKind;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "rule-discards-writes",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "CREATE RULE … DO INSTEAD NOTHING: what the application writes is lost, and nothing says so",
    explanation: "A rule DO INSTEAD NOTHING without a condition lets every INSERT, UPDATE or DELETE of the table succeed with no \
        row. The application that still runs takes its rows for written; ON CONFLICT and RETURNING behave otherwise, too.\n\n\
        Take the right away (REVOKE INSERT ON …), or make a trigger that raises an exception: then whoever writes \
        learns of it.",
    versions: "",
    bad: &[Example::new("CREATE RULE quiet AS ON INSERT TO users DO INSTEAD NOTHING;"), Example::new("CREATE RULE kept AS ON DELETE TO users DO INSTEAD NOTHING;")],
    good: &[
        Example::new("CREATE RULE quiet AS ON INSERT TO users WHERE NEW.id < 0 DO INSTEAD NOTHING;"),
        Example::new("CREATE RULE also AS ON INSERT TO users DO ALSO NOTIFY users;"),
        Example::new("CREATE TABLE log (id int); CREATE RULE kept AS ON DELETE TO log DO INSTEAD NOTHING;"),
        Example::new("CREATE RULE quiet AS ON INSERT TO names DO INSTEAD NOTHING;").after("CREATE VIEW names AS SELECT 1 AS id;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::CreateRule { table, discards: Some(command) } = look.change else { return };
    let is_view = look.relation(table).is_some_and(|relation| relation.kind == RelationKind::View);
    if !is_view && !look.is_new(table) {
        let message = format!("from now on every {command} of {table} succeeds and does nothing");
        found.push(look.finding_on(&RULE, table, message));
    }
}
