//! Indexes that are in another schema than where they are looked for.

use super::RULE;
use crate::finding::{Finding, Severity};
use crate::look::Look;
use crate::model::{Change, Kind};
use crate::name::{Name, quoted};

/// An index that is named without its schema, which is that of its table.
pub fn elsewhere(look: &Look) -> Option<Finding> {
    let (names, if_exists) = match look.change {
        Change::Drop(drop) if drop.kind == Kind::Index => (drop.names.as_slice(), drop.if_exists),
        Change::Rename(rename) if rename.kind == Kind::Index => (std::slice::from_ref(&rename.name), rename.if_exists),
        _ => return None,
    };
    let find = |name: &Name| Some((name.clone(), look.catalogue.index_elsewhere(name)?));
    let (name, place) = names.iter().find_map(find)?;
    let what = match if_exists {
        true => "this does nothing",
        false => "PostgreSQL refuses this",
    };
    let schema = place.schema.as_deref().unwrap_or("public");
    let message = format!("the index is {place}: {what}, unless search_path leads to {}", quoted(schema));
    // A role or a database may have a search_path of its own.
    Some(look.finding(&RULE, message).on(name).rated(Severity::Warning))
}
