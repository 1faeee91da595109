//! Names that are longer than PostgreSQL keeps.

use super::{Example, Group, Rule};
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Action, Alter, Change};

pub static RULE: Rule = Rule {
    name: "identifier-cut",
    group: Group::Correctness,
    severity: Severity::Warning,
    summary: "a name of more than 63 bytes, of which PostgreSQL keeps 63",
    explanation: "PostgreSQL cuts identifiers after 63 bytes, with a notice that nobody sees. Two long names may become \
        the same one and the second fails, and whoever looks for the whole name does not find it.\n\n\
        Choose a shorter one.",
    versions: "",
    bad: &[Example::new("CREATE INDEX CONCURRENTLY an_index_whose_name_is_far_too_long_for_what_postgresql_is_able_to_keep ON t (a);")],
    good: &[Example::new("CREATE INDEX CONCURRENTLY short ON t (a);")],
    check,
};

/// What the grammar made of a longer one.
const KEPT: usize = 63;

fn check(look: &Look, found: &mut Vec<Finding>) {
    let mut names: Vec<&String> = Vec::new();
    match look.change {
        Change::CreateTable(table) => {
            names.push(&table.name.name);
            names.extend(table.columns.iter().map(|column| &column.name));
            let own = table.columns.iter().flat_map(|column| &column.constraints);
            names.extend(own.chain(&table.constraints).filter_map(|constraint| constraint.name.as_ref()));
        }
        Change::CreateIndex(index) => names.extend(&index.name),
        Change::Rename(rename) => names.push(&rename.to),
        Change::Alter(Alter { action, .. }) => match action {
            Action::AddColumn { column, .. } => names.push(&column.name),
            Action::AddConstraint(constraint) => names.extend(&constraint.name),
            _ => {}
        },
        _ => {}
    }
    // The grammar cuts too: what has all 63 may have had more, which the text shows.
    for name in names.into_iter().filter(|name| name.len() >= KEPT - 3) {
        let written = look.text.to_lowercase();
        let Some(at) = written.find(&name.to_lowercase()) else { continue };
        let rest = written[at..].chars().take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '$'));
        let length: usize = rest.map(char::len_utf8).sum();
        if length > KEPT {
            let message = format!("this name has {length} bytes: PostgreSQL keeps 63 of them, {name}");
            found.push(look.finding(&RULE, message).on(name));
        }
    }
}
