//! A name that the application uses goes away.

use super::{Example, Group, Rule};
use crate::catalogue::ColumnFacts;
use crate::finding::{Finding, Severity};
use crate::fix::{Fix, Way, batches, belongings};
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::{Name, quoted};

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
    bad: &[
        Example::new("ALTER TABLE users RENAME COLUMN mail TO email;"), Example::new("ALTER TABLE users RENAME mail TO email;"),
        Example::new("ALTER TABLE \"Users\" RENAME COLUMN mail TO email;").after("CREATE TABLE \"Users\" (\"Id\" int PRIMARY KEY, mail text);"),
    ],
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
    let rename_from = old.clone();
    let (old, new) = (quoted(old), quoted(&rename.to));
    let type_ = facts.map(|facts| facts.type_.to_string()).filter(|type_| type_ != "\"\"");
    let message = format!("RENAME COLUMN {old} TO {new}: the application that still runs asks {table} for {old}");
    let finding = look.finding_on(&RULE, table, message);
    found.push(match type_ {
        None => finding,
        Some(type_) => {
            let types = (type_, differs(&old, facts), differs(&new, facts));
            finding.fix(fix(look, table, (&rename_from, &rename.to), types))
        }
    });
}

/// Both columns side by side while the application changes over; `types`: that of both, and by what an UPDATE is seen.
fn fix(look: &Look, table: &Name, (from, to): (&str, &str), (type_, changes_old, changes_new): (String, String, String)) -> Fix {
    let (old, new) = (quoted(from), quoted(to));
    let function = table.beside(format!("{}_{to}_sync", table.name));
    let trigger = quoted(&function.name);
    let fix = Fix::here(format!(
        "ALTER TABLE {table} ADD COLUMN {new} {type_};\n\
         CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN\n\
         \x20 IF TG_OP = 'INSERT' THEN\n\
         \x20   IF NEW.{new} IS NULL THEN NEW.{new} := NEW.{old}; ELSE NEW.{old} := NEW.{new}; END IF;\n\
         \x20 ELSIF {changes_old} THEN NEW.{new} := NEW.{old};\n\
         \x20 ELSIF {changes_new} THEN NEW.{old} := NEW.{new};\n\
         \x20 END IF;\n\
         \x20 RETURN NEW;\n\
         END $$;\n\
         CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}();"
    ));
    let filled = fix.and(batches(look, table, &format!("{new} = {old}"), &format!("{new} IS NULL AND {old} IS NOT NULL")));
    let given = match belongings(look, table, from) {
        Some(all) => filled.words(&format!("give {new} what {old} has: {all}")),
        None => filled,
    };
    given.step(
        Way::Release,
        &format!("a release that reads and writes {new}; a later one:"),
        format!("DROP TRIGGER {trigger} ON {table};\nDROP FUNCTION {function}();\nALTER TABLE {table} DROP COLUMN {old};"),
    )
}

/// Whether an UPDATE changes the column; not every type can be compared.
fn differs(column: &str, facts: Option<&ColumnFacts>) -> String {
    const INCOMPARABLE: &[&str] = &["json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"];
    let is_text = facts.is_some_and(|facts| INCOMPARABLE.contains(&facts.type_.name.as_str()));
    let cast = if is_text { "::text" } else { "" };
    format!("NEW.{column}{cast} IS DISTINCT FROM OLD.{column}{cast}")
}
