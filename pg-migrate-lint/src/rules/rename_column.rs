//! A name that the application uses goes away.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "rename-column",
    group: Group::Compatibility,
    severity: Severity::Warning,
    summary: "RENAME COLUMN breaks the application that still runs",
    explanation: "From the moment of the rename every query with the old name fails, and one with the new name failed \
        until then: no release of the application works before and after. While instances are replaced one by one, \
        some of them fail.\n\n\
        Three releases do it without: add the new column, and write both by a trigger; fill the old rows in \
        batches and read the new one; stop writing the old one, and drop it. Or rename the table, and put a view \
        with both names of the column in its place.",
    versions: "",
    bad: &[Example::new("ALTER TABLE users RENAME COLUMN mail TO email;"), Example::new("ALTER TABLE users RENAME mail TO email;")],
    good: &[
        Example::new("CREATE TABLE users (mail text); ALTER TABLE users RENAME COLUMN mail TO email;"),
        Example::new("ALTER TABLE users ADD COLUMN email_new text; ALTER TABLE users RENAME COLUMN email_new TO email;"),
    ],
    check,
};

fn check(look: &Look, found: &mut Vec<Finding>) {
    let Change::Rename(rename) = look.change else { return };
    let (Kind::Column, Some(old)) = (rename.kind, &rename.part) else { return };
    let table = &rename.name;
    let facts = look.catalogue.column(table, old);
    if look.is_new(table) || facts.is_some_and(|facts| look.is_own(facts.made)) {
        return;
    }
    let (old, new) = (quoted(old), quoted(&rename.to));
    let type_ = facts.map(|facts| facts.type_.to_string()).filter(|type_| type_ != "\"\"");
    let message = format!("RENAME COLUMN {old} TO {new}: the application that still runs asks {table} for {old}");
    let finding = look.finding_on(&RULE, table, message);
    let function = quoted(&format!("{}_{}_sync", table.name, rename.to));
    found.push(match type_ {
        None => finding,
        Some(type_) => finding.fix(format!(
            "ALTER TABLE {table} ADD COLUMN {new} {type_};\n\
             CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n\
             \x20 IF NEW.{new} IS NULL THEN NEW.{new} := NEW.{old}; ELSE NEW.{old} := NEW.{new}; END IF; RETURN NEW;\n\
             END $$;\n\
             CREATE TRIGGER {function} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();\n\
             -- then, in batches\n\
             UPDATE {table} SET {new} = {old} WHERE {new} IS NULL AND id BETWEEN 1 AND 10000;\n\
             -- a release that reads and writes {new}; a later one:\n\
             DROP TRIGGER {function} ON {table};\n\
             ALTER TABLE {table} DROP COLUMN {old};"
        )),
    });
}
