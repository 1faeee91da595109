//! `DROP`, `RENAME`, `SET SCHEMA`.

use pg_query::protobuf as pb;

use super::kind;
use super::node::{items, name_of, relation};
use crate::model::{Change, Drop, Kind, Rename};
use crate::name::Name;
use crate::tree;

/// `DROP`
pub fn drop(stmt: &tree::DropStmt) -> Change {
    let kind = kind(stmt.remove_type);
    let mut names = Vec::new();
    let mut parts = Vec::new();
    for object in stmt.objects.iter() {
        let words = items(object);
        match (kind, words.split_last()) {
            (Kind::Trigger | Kind::Policy | Kind::Rule, Some((part, table))) => {
                names.push(name_of(table));
                parts.push((*part).to_string());
            }
            _ => names.push(name_of(&words)),
        }
    }
    Change::Drop(Drop {
        kind,
        names,
        parts,
        cascade: stmt.behavior == pb::DropBehavior::DropCascade,
        if_exists: stmt.missing_ok,
        concurrently: stmt.concurrent,
    })
}

/// `RENAME`
pub fn rename(stmt: &tree::RenameStmt) -> Change {
    let kind = kind(stmt.rename_type);
    let named = || {
        stmt.object
            .map(|node| name_of(&items(node)))
            .unwrap_or_default()
    };
    let target = match stmt.relation.get() {
        Some(range) => relation(Some(range)),
        None if kind == Kind::Schema => Name::bare(stmt.subname.to_string()),
        None => named(),
    };
    Change::Rename(Rename {
        kind,
        name: target,
        part: (!stmt.subname.is_empty()).then(|| stmt.subname.to_string()),
        to: stmt.newname.to_string(),
        if_exists: stmt.missing_ok,
    })
}

/// `SET SCHEMA`
pub fn set_schema(stmt: &tree::AlterObjectSchemaStmt) -> Change {
    let target = match stmt.relation.get() {
        Some(range) => relation(Some(range)),
        None => stmt
            .object
            .map(|node| name_of(&items(node)))
            .unwrap_or_default(),
    };
    Change::SetSchema {
        kind: kind(stmt.object_type),
        name: target,
        schema: stmt.newschema.to_string(),
    }
}
