//! Another name, or another schema, for what the application names.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Way};
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::{Name, quoted};

pub static RULE: Rule = Rule {
    name: "rename-object",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "RENAME or SET SCHEMA of a table, view, type, function or schema, or RENAME VALUE of an enum",
    explanation: "From that moment every query with the old name fails, and one with the new name failed until then: \
        no release of the application works before and after.\n\n\
        For a table, rename it and put a view of the old name in its place in the same transaction: simple views \
        can be written to. The view needs the table's grants, and from 15 on WITH (security_invoker = true), or row \
        security is passed by: it would read with its owner's rights. Drop the view when no release uses it any more. Bodies of functions in strings keep \
        the old name too.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE users RENAME TO people;"),
        Example::new("ALTER TABLE \"Users\" RENAME TO \"People\";").after("CREATE TABLE \"Users\" (id int);"),
        Example::new("ALTER TABLE users SET SCHEMA app;"),
        Example::new("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine';"),
        Example::new("ALTER SCHEMA app RENAME TO app2;"),
    ],
    good: &[
        Example::new("CREATE TABLE users (id int); ALTER TABLE users RENAME TO people;"),
        Example::new("ALTER INDEX users_mail RENAME TO users_email;"),
        Example::new("BEGIN; ALTER TABLE users RENAME TO people; CREATE VIEW users AS SELECT * FROM people; COMMIT;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    match look.change {
        Change::Rename(rename) => match rename.kind {
            Kind::Table | Kind::View | Kind::MaterializedView | Kind::ForeignTable if rename.part.is_none() => {
                let table = &rename.name;
                if look.is_new(table) || look.is_remade(table) || look.replaces(&rename.to) {
                    return;
                }
                let new = table.beside(rename.to.clone());
                let message = format!("RENAME TO {}: the application that still runs asks for {table}", quoted(&rename.to));
                // Whoever reads is held to the table's own rights and row security.
                let (options, rights) = match look.server.version >= 15 {
                    true => (" WITH (security_invoker = true)", String::new()),
                    false => ("", format!("before 15 a view reads with its owner's rights: row security of {new} does not hold for who uses it")),
                };
                let renamed = format!(
                    "ALTER TABLE {table} RENAME TO {};\nCREATE VIEW {table}{options} AS SELECT * FROM {new};\n\
                     -- GRANT on the view what the table grants, here: without that whoever is not its owner is refused",
                    quoted(&rename.to)
                );
                let fix = Fix::default().step(Way::Here, &rights, renamed).together();
                let finding = look.finding_on(&RULE, table, message);
                found.push(match rename.kind {
                    Kind::Table => finding.fix(fix),
                    _ => finding,
                });
            }
            Kind::Type | Kind::Domain | Kind::Function | Kind::Sequence | Kind::Schema => {
                let message = format!("RENAME of {} {} to {}: who uses the old name fails", rename.kind.name().to_lowercase(), rename.name, quoted(&rename.to));
                if !is_own_type(look, &rename.name) && !look.is_remade(&rename.name) && !look.replaces(&rename.to) {
                    found.push(look.finding(&RULE, message).on(&rename.name));
                }
            }
            _ => {}
        },
        Change::SetSchema { kind, name, schema } if !matches!(kind, Kind::Extension | Kind::Other) && !look.is_new(name) => {
            let message = format!("SET SCHEMA {}: who asks for {name} where it was fails", quoted(schema));
            found.push(look.finding_on(&RULE, name, message));
        }
        Change::RenameEnumValue { name, old, .. } if !is_own_type(look, name) => {
            let message = format!("RENAME VALUE: the application that still runs writes '{old}' to {name}, and that fails");
            found.push(look.finding(&RULE, message).on(name));
        }
        _ => {}
    }
}

fn is_own_type(look: &Look, name: &Name) -> bool {
    look.catalogue.enum_(name).is_some_and(|known| look.is_own(Some(known.made)))
}
