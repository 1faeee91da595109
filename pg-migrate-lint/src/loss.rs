//! What a statement takes away that running the migration again does not bring back.

use crate::catalogue::{Catalogue, RelationKind};
use crate::model::{Action, Change, Drop, Kind, Write};
use crate::name::Name;

/// What goes, in words; nothing where it is definitions only, which a migration makes again.
pub fn of(change: &Change, catalogue: &Catalogue) -> Vec<String> {
    match change {
        Change::Drop(drop) => dropped(drop, catalogue),
        Change::Alter(alter) => match &alter.action {
            Action::DropColumn { column, .. } if holds_rows(&alter.table, catalogue) => {
                vec![format!("column {}.{column}", alter.table)]
            }
            _ => Vec::new(),
        },
        Change::Truncate { tables, cascade } => {
            let also = match cascade {
                true => ", and of what references it",
                false => "",
            };
            let tables = tables.iter().filter(|table| holds_rows(table, catalogue));
            tables
                .map(|table| format!("rows of {table}{also}"))
                .collect()
        }
        Change::Delete(write) if holds_rows(&write.table, catalogue) => vec![deleted(write)],
        Change::Update(write) if holds_rows(&write.table, catalogue) => {
            let columns = write.columns.iter();
            columns
                .map(|column| format!("values of {}.{column} as they were", write.table))
                .collect()
        }
        Change::DropDatabase(name) => vec![format!("database {name}")],
        Change::DropOwned(roles) => vec![format!("all that {} own", roles.join(", "))],
        _ => Vec::new(),
    }
}

fn deleted(write: &Write) -> String {
    match write.has_where {
        true => format!("some rows of {}", write.table),
        false => format!("rows of {}", write.table),
    }
}

fn dropped(drop: &Drop, catalogue: &Catalogue) -> Vec<String> {
    let mut gone = Vec::new();
    for name in &drop.names {
        match drop.kind {
            Kind::Table if holds_rows(name, catalogue) => gone.push(format!("table {name}")),
            Kind::Sequence => gone.push(format!("where sequence {name} stands")),
            Kind::Schema if drop.cascade => gone.push(format!("schema {name} with its tables")),
            Kind::Extension if drop.cascade => {
                gone.push(format!("what is of extension {name}'s types"));
            }
            Kind::Type | Kind::Domain if drop.cascade => {
                let tables = catalogue.columns_of_type(name);
                gone.extend(
                    tables
                        .iter()
                        .map(|table| format!("columns of {table} that are {name}")),
                );
            }
            _ => {}
        }
    }
    gone
}

/// Whether rows of its own may be in it: those of a view are elsewhere, those of a temporary table nobody misses.
fn holds_rows(name: &Name, catalogue: &Catalogue) -> bool {
    let relation = catalogue.relation(name);
    relation.is_none_or(|relation| {
        let is_of_others = matches!(
            relation.kind,
            RelationKind::View | RelationKind::MaterializedView
        );
        !is_of_others && !relation.is_temporary
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::{self, Parsed};

    fn lost(sql: &str) -> Vec<String> {
        match parse::one(sql) {
            Parsed::Changes(changes) => changes
                .iter()
                .flat_map(|change| of(change, &Catalogue::default()))
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn rows_and_values_are_lost_and_definitions_are_not() {
        for (sql, expected) in [
            ("drop table s.t, u", &["table s.t", "table u"][..]),
            (
                "alter table t drop a, drop b, add c int",
                &["column t.a", "column t.b"],
            ),
            ("truncate t", &["rows of t"]),
            ("delete from t where a > 1", &["some rows of t"]),
            ("update t set a = b", &["values of t.a as they were"]),
            ("drop sequence q", &["where sequence q stands"]),
            ("drop schema s cascade", &["schema s with its tables"]),
            ("drop schema s", &[]),
            ("drop index i", &[]),
            ("drop view v", &[]),
            ("alter table t drop constraint c", &[]),
        ] {
            assert_eq!(lost(sql), expected, "{sql}");
        }
    }
}
