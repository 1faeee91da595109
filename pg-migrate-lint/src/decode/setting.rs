//! `SET`, for this session and for later ones.

use pg_query::protobuf::VariableSetKind;

use super::node;
use crate::model::{Change, Setting};
use crate::tree;

/// `SET`, `RESET`; none for those that are about transactions.
pub fn setting(stmt: &tree::VariableSetStmt) -> Option<Setting> {
    let values: Vec<String> = stmt.args.iter().filter_map(node::constant).collect();
    let value = match stmt.kind {
        VariableSetKind::VarSetValue => Some(values.join(", ")),
        _ => None,
    };
    let name = match stmt.kind {
        VariableSetKind::Undefined => return None,
        VariableSetKind::VarResetAll => "all".to_string(),
        // SET TRANSACTION, SET SESSION CHARACTERISTICS.
        VariableSetKind::VarSetMulti => return None,
        _ => stmt.name.to_lowercase(),
    };
    Some(Setting {
        name,
        value,
        values,
        local: stmt.is_local,
    })
}

/// A setting that later sessions begin with.
pub fn set_for_later(stmt: Option<tree::VariableSetStmt>) -> Change {
    let is_path = stmt.is_some_and(|stmt| {
        stmt.kind == VariableSetKind::VarResetAll || stmt.name.eq_ignore_ascii_case("search_path")
    });
    match is_path {
        true => Change::Unseen,
        false => Change::Other,
    }
}
