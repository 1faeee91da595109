//! A value that the running application does not know.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "enum-value-added",
    group: Group::Review,
    severity: Severity::Info,
    summary: "ALTER TYPE … ADD VALUE: who reads the column meets a value that it does not know, and it can't be taken back",
    explanation: "Programs that turn the column into an enum of their own fail at a value that they do not know, as soon \
        as the first row has it. PostgreSQL has no way to remove a value again. Without BEFORE or AFTER it is the \
        greatest of all, which is what ORDER BY and < go by.\n\n\
        Release an application that reads it first, and then the one that writes it.",
    versions: "",
    bad: &[Example::new("ALTER TYPE mood ADD VALUE 'glad';"), Example::new("ALTER TYPE mood ADD VALUE 'glad';").after("CREATE TYPE mood AS ENUM ('sad');")],
    good: &[Example::new("CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'glad';"), Example::new("CREATE TYPE mood AS ENUM ('sad', 'glad');")],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::AddEnumValue { name, value, .. } = look.change else { return };
    let is_own = look.catalogue.enum_(name).is_some_and(|known| look.is_own(Some(known.made)));
    if !is_own {
        let message = format!("'{value}' of {name} is new to the application that still runs, and stays for good");
        found.push(look.finding(&RULE, message).on(name));
    }
}
