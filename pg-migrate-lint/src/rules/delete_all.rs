//! All rows go, one by one.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Write};

pub static RULE: Rule = Rule {
    name: "delete-all",
    group: Group::DataLoss,
    severity: Severity::Error,
    summary: "DELETE without a condition, or with one that is always true, whose rows only a backup brings back",
    explanation: "DELETE without WHERE removes every row, and so do WHERE true, WHERE 1 = 1 and MERGE ON true … THEN DELETE; in a query \
        of WITH it stands where nobody looks for it. Rows of other tables go with them by ON DELETE CASCADE. It is all one \
        transaction: every row stays locked until it commits.\n\n\
        Name the rows that are meant. If all of them are: TRUNCATE is quicker, and says so; take a backup before. Rows \
        that were copied first in the same file, or that an INSERT around the DELETE keeps, are not lost. Where the file writes to the table as well it is a warning: \
        rows of a list are often written anew.",
    versions: "",
    bad: &[
        Example::new("DELETE FROM sessions;"),
        Example::new("DELETE FROM sessions WHERE 1 = 1;"),
        Example::new("DELETE FROM kinds; INSERT INTO kinds VALUES (1, 'a');"),
        Example::new("WITH gone AS (DELETE FROM sessions RETURNING id) SELECT count(*) FROM gone;"),
        Example::new("MERGE INTO sessions s USING users u ON true WHEN MATCHED THEN DELETE;"),
    ],
    good: &[
        Example::new("DELETE FROM sessions WHERE old;"),
        Example::new("CREATE TABLE scratch (id int); DELETE FROM scratch;"),
        Example::new("WITH moved AS (DELETE FROM sessions RETURNING *) INSERT INTO archive SELECT * FROM moved;"),
        Example::new("CREATE TABLE archive AS SELECT * FROM sessions; DELETE FROM sessions;"),
        Example::new("MERGE INTO sessions s USING users u ON s.user_id = u.id WHEN MATCHED AND u.gone THEN DELETE;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Delete(write) = look.change else { return };
    if loses_all(look, write) {
        let table = &write.table;
        let (message, severity) = match look.ahead.refilled.contains(&table.name) {
            true => (format!("DELETE loses every row of {table} that the file does not write anew"), Severity::Warning),
            false => (format!("DELETE loses every row of {table}"), Severity::Error),
        };
        found.push(look.finding_on(&RULE, table, message).rated(severity));
    }
}

/// Whether every row goes, and is nowhere else.
pub fn loses_all(look: &Look, write: &Write) -> bool {
    let is_copied = look.session.copied.contains(&look.catalogue.resolve(&write.table));
    !write.has_where && !write.is_batched && !write.is_kept && !is_copied && !look.is_new(&write.table)
}
