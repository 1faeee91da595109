//! Triggers, and with them foreign keys, no longer watch.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "trigger-disabled",
    group: Group::DataLoss,
    severity: Severity::Warning,
    summary: "DISABLE TRIGGER ALL, or session_replication_role, under which foreign keys are not checked",
    explanation: "Foreign keys are checked by triggers. While they are disabled rows that reference nothing can be \
        written, and nothing finds them later: ENABLE TRIGGER checks no row. DISABLE TRIGGER also holds for \
        everybody else who writes to the table meanwhile. DISABLE TRIGGER USER leaves those of foreign keys alone.\n\n\
        Make the constraint DEFERRABLE and SET CONSTRAINTS … DEFERRED where only the order of writes is in the way, \
        or drop it, and add it again NOT VALID and validate it.",
    versions: "",
    bad: &[Example::new("ALTER TABLE orders DISABLE TRIGGER ALL;"), Example::new("ALTER TABLE orders DISABLE TRIGGER USER;"), Example::new("SET session_replication_role = replica;")],
    good: &[
        Example::new("ALTER TABLE orders ENABLE TRIGGER ALL;"),
        Example::new("SET session_replication_role = DEFAULT;"),
        Example::new("CREATE TABLE t (id int); ALTER TABLE t DISABLE TRIGGER ALL;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    match look.change {
        Change::Alter(Alter { table, action: Action::Trigger { enable: false, trigger, user }, .. }) if !look.is_new(table) => {
            let (what, severity) = match trigger {
                None if *user => ("DISABLE TRIGGER USER: no trigger of it fires, for anybody; foreign keys are still checked".to_string(), Severity::Info),
                None => ("DISABLE TRIGGER ALL: foreign keys are not checked meanwhile, nor later".to_string(), Severity::Warning),
                Some(name) => (format!("trigger {} no longer fires, for anybody", crate::name::quoted(name)), Severity::Info),
            };
            found.push(look.finding_on(&RULE, table, format!("{table}: {what}")).rated(severity));
        }
        Change::Set(setting) if setting.name == "session_replication_role" && setting.value.as_deref() == Some("replica") => {
            let message = "under session_replication_role = replica neither triggers fire nor foreign keys are checked";
            found.push(look.finding(&RULE, message));
        }
        _ => {}
    }
}
