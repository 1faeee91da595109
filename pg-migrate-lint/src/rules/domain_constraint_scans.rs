//! A domain's new constraint is checked in every table that uses it.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::lock::{Mode, Work};
use crate::look::Look;
use crate::model::{Change, DomainAction};

pub static RULE: Rule = Rule {
    name: "domain-constraint-scans",
    group: Group::Locks,
    severity: Severity::Error,
    summary: "ALTER DOMAIN reads every table that uses the domain while writes wait",
    explanation: "ALTER DOMAIN … ADD CONSTRAINT and SET NOT NULL take a ShareLock on every table with a column of \
        the domain and read it: writes to all of them wait at the same time. ADD CONSTRAINT … NOT VALID does not, \
        but VALIDATE CONSTRAINT of a domain, unlike that of a table, does.\n\n\
        NOT VALID makes it hold for what is written from then on. Validate when the tables are quiet, or put the \
        CHECK on the tables instead.",
    versions: "",
    bad: &[
        Example::new("ALTER DOMAIN email ADD CHECK (VALUE LIKE '%@%');"),
        Example::new("ALTER DOMAIN email SET NOT NULL;").after("CREATE DOMAIN email AS text; CREATE TABLE users (mail email);"),
    ],
    good: &[
        Example::new("ALTER DOMAIN email ADD CONSTRAINT at CHECK (VALUE LIKE '%@%') NOT VALID;"),
        Example::new("CREATE DOMAIN email AS text; ALTER DOMAIN email SET NOT NULL;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::AlterDomain { name, action } = look.change else { return };
    let what = match action {
        DomainAction::AddConstraint { validated: true } => "ADD CONSTRAINT",
        DomainAction::SetNotNull => "SET NOT NULL",
        DomainAction::Validate => "VALIDATE CONSTRAINT",
        _ => return,
    };
    let type_ = crate::types::Type { schema: name.schema.clone(), ..crate::types::Type::named(&name.name) };
    let is_own = look.catalogue.domain(&type_).is_some_and(|domain| look.is_own(Some(domain.made)));
    if is_own && look.worked_on().next().is_none() {
        return;
    }
    let first = look.worked_on().next().map(|(name, _)| name.clone());
    let tables: Vec<String> = look.worked_on().map(|(name, _)| name.to_string()).collect();
    let tables = match tables.is_empty() {
        true => "every table that uses it".to_string(),
        false => tables.join(", "),
    };
    let message = format!("ALTER DOMAIN {name} {what} reads {tables} while writes wait");
    // The lock is on the tables, not on the domain.
    found.push(match first {
        Some(table) => look.finding_on(&RULE, &table, message),
        None => look.finding(&RULE, message).on(format!("tables with a column of {name}")).locks(Mode::Share).does(Work::Scan),
    });
}
