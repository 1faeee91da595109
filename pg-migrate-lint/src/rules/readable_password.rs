//! A password that whoever reads the migration knows.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::Change;

pub static RULE: Rule = Rule {
    name: "readable-password",
    group: Group::Review,
    severity: Severity::Warning,
    summary: "CREATE or ALTER ROLE with a password that can be read",
    explanation: "Who has the migration has the password: it is in the repository and its history, in the runner's log, and in \
        the server's if it logs statements. Every database that the migration is run on has the same.\n\n\
        Make roles apart from migrations, and set passwords by psql's \\password, which sends what is encrypted; or write \
        the SCRAM-SHA-256 verifier itself. A variable or a template in its place is not found.",
    versions: "",
    bad: &[Example::new("CREATE ROLE app LOGIN PASSWORD 'secret';"), Example::new("ALTER ROLE app PASSWORD 'secret';")],
    good: &[
        Example::new("CREATE ROLE app LOGIN;"),
        Example::new("ALTER ROLE app PASSWORD NULL;"),
        Example::new("ALTER ROLE app PASSWORD :'password';"),
        Example::new("CREATE ROLE app PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy';"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    if matches!(look.change, Change::Role { has_password: true }) && look.is_all_seen {
        found.push(look.finding(&RULE, "whoever reads this migration, or the log of a server or runner, has the password"));
    }
}
