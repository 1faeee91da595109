//! Sequences that were there, and are asked for by name.

use crate::look::Look;
use crate::model::{Action, Alter, Change, Expr};
use crate::name::Name;

/// What takes the name of a sequence as a word.
const ASKS: &[&str] = &["nextval", "setval", "currval"];

/// The sequence that a query or a default asks for, and that is gone.
pub fn gone(look: &Look) -> Option<Name> {
    match look.change {
        Change::Query(query) => asked(look, ASKS.iter().any(|function| query.calls(function)), &query.words),
        Change::Alter(Alter { action: Action::Default { default: Some(default), .. }, .. }) => of_default(look, default),
        Change::Alter(Alter { action: Action::AddColumn { column, .. }, .. }) => of_default(look, column.default.as_ref()?),
        Change::CreateTable(table) => table.columns.iter().filter_map(|column| column.default.as_ref()).find_map(|default| of_default(look, default)),
        _ => None,
    }
}

fn of_default(look: &Look, default: &Expr) -> Option<Name> {
    asked(look, default.functions.iter().any(|function| function.name == "nextval"), &default.words)
}

/// Of several words it is not known which one is the name.
fn asked(look: &Look, asks: bool, words: &[String]) -> Option<Name> {
    let [word] = words else { return None };
    let name = Name::parse(word).filter(|_| asks)?;
    look.catalogue.is_gone(&name).then_some(name)
}
