//! `DROP`, `RENAME`, `SET SCHEMA`.

use pg_query::protobuf as pb;

use super::kind;
use super::node::{items, name, relation};
use crate::model::{Change, Drop, Kind, Rename};
use crate::name::Name;

/// `DROP`
pub fn drop(stmt: &pb::DropStmt) -> Change {
    let kind = kind(stmt.remove_type);
    let mut names = Vec::new();
    for object in &stmt.objects {
        let words = items(object);
        match (kind, words.split_last()) {
            (Kind::Trigger | Kind::Policy | Kind::Rule, Some((_, table))) => {
                names.push(name(table))
            }
            _ => names.push(name(words)),
        }
    }
    Change::Drop(Drop {
        kind,
        names,
        cascade: stmt.behavior == pb::DropBehavior::DropCascade as i32,
        if_exists: stmt.missing_ok,
        concurrently: stmt.concurrent,
    })
}

/// `RENAME`
pub fn rename(stmt: &pb::RenameStmt) -> Change {
    let kind = kind(stmt.rename_type);
    let named = || {
        stmt.object
            .as_deref()
            .map(|node| name(items(node)))
            .unwrap_or_default()
    };
    let target = match &stmt.relation {
        Some(range) => relation(Some(range)),
        None if kind == Kind::Schema => Name::bare(stmt.subname.clone()),
        None => named(),
    };
    Change::Rename(Rename {
        kind,
        name: target,
        part: (!stmt.subname.is_empty()).then(|| stmt.subname.clone()),
        to: stmt.newname.clone(),
    })
}

/// `SET SCHEMA`
pub fn set_schema(stmt: &pb::AlterObjectSchemaStmt) -> Change {
    let target = match &stmt.relation {
        Some(range) => relation(Some(range)),
        None => stmt
            .object
            .as_deref()
            .map(|node| name(items(node)))
            .unwrap_or_default(),
    };
    Change::SetSchema {
        kind: kind(stmt.object_type),
        name: target,
        schema: stmt.newschema.clone(),
    }
}
