//! A column that is named twice.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};
use crate::name::quoted;

pub static RULE: Rule = Rule {
    name: "duplicate-column",
    group: Group::Correctness,
    severity: Severity::Error,
    summary: "a column that is added or set twice, or is there already",
    explanation: "PostgreSQL refuses a table with two columns of a name, ADD COLUMN of one that is there, and an UPDATE \
        that sets a column twice. The grammar lets all of them pass, so they fail only when the migration is run.\n\n\
        Names that differ only in case are the same unless they are in quotes.",
    versions: "",
    bad: &[
        Example::new("ALTER TABLE t ADD COLUMN a int, ADD COLUMN a int;"),
        Example::new("CREATE TABLE t (a int, A int);"),
        Example::new("UPDATE t SET a = 1, a = 2 WHERE id = 1;"),
        Example::new("ALTER TABLE t ADD COLUMN a int;").after("CREATE TABLE t (a int);"),
    ],
    good: &[
        Example::new("ALTER TABLE t ADD COLUMN IF NOT EXISTS a int;").after("CREATE TABLE t (a int);"),
        Example::new("CREATE TABLE t (a int, \"A\" int);"),
        Example::new("DO $$ BEGIN ALTER TABLE t ADD COLUMN a int; EXCEPTION WHEN duplicate_column THEN NULL; END $$;")
            .after("CREATE TABLE t (a int);"),
        Example::new("DO $$ BEGIN ALTER TABLE t ADD COLUMN b int; RAISE EXCEPTION 'x'; EXCEPTION WHEN OTHERS THEN NULL; END $$; ALTER TABLE t ADD COLUMN b int;")
            .after("CREATE TABLE t (a int);"),
    ],
    check,
};

/// Whether the statement drops it: that comes first, wherever it stands.
fn is_dropped(look: &Look, name: &str) -> bool {
    let mut others = look.siblings.iter();
    others.any(|change| matches!(change, Change::Alter(Alter { action: Action::DropColumn { column, .. }, .. }) if column == name))
}

fn check(look: &Look, found: &mut Vec<Finding>) {
    let (names, what): (Vec<&String>, _) = match look.change {
        Change::CreateTable(table) => (table.columns.iter().map(|column| &column.name).collect(), "is in the table"),
        Change::Update(write) => (write.columns.iter().collect(), "is set"),
        Change::Alter(Alter { table, action: Action::AddColumn { column, if_not_exists: false }, if_exists: false, .. }) => {
            // A block may catch the error, or never come here.
            if look.is_in_doubt {
                return;
            }
            let facts = look.catalogue.column(table, &column.name);
            let is_sure = look.catalogue.sure(table).is_some();
            let is_there = facts.is_some_and(|facts| is_sure || look.is_own(facts.made) && !facts.is_in_doubt);
            if is_there && !is_dropped(look, &column.name) {
                let message = format!("{table} has a column {} already", quoted(&column.name));
                found.push(look.finding(&RULE, message).on(table));
            }
            return;
        }
        _ => return,
    };
    for (place, name) in names.iter().enumerate() {
        if !name.is_empty() && names[..place].contains(name) {
            found.push(look.finding(&RULE, format!("column {} {what} twice", quoted(name))).on(quoted(name)));
        }
    }
}
