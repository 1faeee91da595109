//! What a statement takes away that running the migration again does not bring back.

use crate::catalogue::{Catalogue, RelationKind};
use crate::model::{Action, Change, Drop, Expr, Kind, Query, Restart, Write};
use crate::name::Name;
use crate::types::Type;

/// What goes, in words; nothing where it is definitions only, which a migration makes again.
pub fn of(change: &Change, catalogue: &Catalogue) -> Vec<String> {
    let values = |table: &Name, columns: &[String]| -> Vec<String> {
        let columns = columns.iter();
        columns
            .map(|column| format!("values of {table}.{column} as they were"))
            .collect()
    };
    match change {
        Change::Drop(drop) => dropped(drop, catalogue),
        Change::Alter(alter) if holds_rows(&alter.table, catalogue) => match &alter.action {
            Action::DropColumn { column, .. } => vec![format!("column {}.{column}", alter.table)],
            Action::SetType {
                column, to, using, ..
            } => {
                let from = catalogue.column(&alter.table, column);
                let from = from.map(|column| &*column.type_);
                match changes_values(column, from, to, using.as_ref()) {
                    true => values(&alter.table, std::slice::from_ref(column)),
                    false => Vec::new(),
                }
            }
            Action::Restart { column, restart } if *restart != Restart::No => {
                let table = &alter.table;
                vec![format!("where the sequence of {table}.{column} stands")]
            }
            _ => Vec::new(),
        },
        Change::AlterSequence { name, restart, .. } if *restart != Restart::No => {
            vec![format!("where sequence {name} stands")]
        }
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
        Change::Delete(write) if holds_rows(&write.table, catalogue) => {
            let mut gone = vec![deleted(write)];
            gone.extend(called(&write.query));
            gone
        }
        Change::Update(write) if holds_rows(&write.table, catalogue) => {
            let mut gone = values(&write.table, &write.columns);
            gone.extend(called(&write.query));
            gone
        }
        Change::Insert(insert) if holds_rows(&insert.table, catalogue) => {
            let mut gone = values(&insert.table, &insert.updates);
            gone.extend(called(&insert.query));
            gone
        }
        Change::Query(query) => called(query),
        Change::DropDatabase(name) => vec![format!("database {name}")],
        Change::DropOwned(roles) => vec![format!("all that {} own", roles.join(", "))],
        _ => Vec::new(),
    }
}

/// What functions of the server take away that a query calls. A sequence that is set by what a query finds follows the
/// rows, and is where it has to be.
fn called(query: &Query) -> Vec<String> {
    let mut gone = Vec::new();
    if query.calls("lo_unlink") {
        gone.push("large objects".to_string());
    }
    if query.calls("setval") && query.relations.is_empty() {
        let sequence = match query.words.as_slice() {
            [word] => format!("sequence {word}"),
            _ => "a sequence".to_string(),
        };
        gone.push(format!("where {sequence} stands"));
    }
    gone
}

/// Whether a new type leaves values other than they were, rather than to fail.
fn changes_values(column: &str, from: Option<&Type>, to: &Type, using: Option<&Expr>) -> bool {
    let Some(using) = using else {
        return from.is_some_and(|from| rounds(from, to));
    };
    let is_cast = matches!(using.casts.as_slice(), [(cast, _)] if cast == column);
    let is_own = using.functions.is_empty() && !using.has_subquery;
    match is_own && (using.bare_column.as_deref() == Some(column) || is_cast) {
        // An explicit cast cuts what does not fit.
        true => from.is_some_and(|from| rounds(from, to) || cuts(from, to)),
        false => true,
    }
}

/// Whether an assignment from one type to the other rounds.
fn rounds(from: &Type, to: &Type) -> bool {
    let part = |type_: &Type, place: usize| type_.modifiers.get(place).copied();
    let is_exact = |type_: &Type| matches!(type_.name.as_str(), "int2" | "int4" | "int8");
    match (from.name.as_str(), to.name.as_str()) {
        ("numeric" | "float4" | "float8", _) if is_exact(to) => true,
        ("numeric", "float4" | "float8") | ("float8", "float4") => true,
        ("numeric", "numeric") => {
            let scale = |type_: &Type| part(type_, 0).map(|_| part(type_, 1).unwrap_or(0));
            let (from, to) = (scale(from), scale(to));
            to.is_some_and(|to| from.is_none_or(|from| to < from))
        }
        ("timestamp" | "timestamptz", "date" | "time" | "timetz") => true,
        ("timestamp" | "timestamptz" | "time" | "timetz", _) => {
            part(to, 0).is_some_and(|to| part(from, 0).is_none_or(|from| to < from))
        }
        _ => false,
    }
}

/// Whether an explicit cast to the other type takes what does not fit away.
fn cuts(from: &Type, to: &Type) -> bool {
    let is_cut = matches!(
        to.name.as_str(),
        "varchar" | "bpchar" | "bit" | "varbit" | "name"
    );
    let length = |type_: &Type| type_.modifiers.first().copied();
    let is_short = length(to).is_some_and(|to| length(from).is_none_or(|from| to < from));
    is_cut && (is_short || to.name == "name") && from.name != "uuid"
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
                let tables = tables.iter().filter(|table| holds_rows(table, catalogue));
                let known: Vec<String> = tables
                    .map(|table| format!("columns of {table} that are {name}"))
                    .collect();
                gone.extend(match known.is_empty() {
                    true => vec![format!("columns that are {name}")],
                    false => known,
                });
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
            (
                "alter table t alter a type int using 0",
                &["values of t.a as they were"],
            ),
            (
                "alter table t alter a type varchar(3) using left(a, 3)",
                &["values of t.a as they were"],
            ),
            ("alter table t alter a type bigint using a::bigint", &[]),
            ("alter table t alter a type bigint", &[]),
            ("alter sequence q restart", &["where sequence q stands"]),
            ("alter sequence q maxvalue 9", &[]),
            (
                "alter table t alter a restart with 1",
                &["where the sequence of t.a stands"],
            ),
            ("select setval('q', 1)", &["where sequence q stands"]),
            ("select setval('q', (select max(a) from t))", &[]),
            ("select setval('q', max(a)) from t", &[]),
            ("select lo_unlink(5)", &["large objects"]),
            (
                "insert into t values (1, 'x') on conflict (a) do update set b = 'y'",
                &["values of t.b as they were"],
            ),
            ("insert into t values (1) on conflict do nothing", &[]),
            ("drop type e cascade", &["columns that are e"]),
            ("drop domain d cascade", &["columns that are d"]),
            ("drop type e", &[]),
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

    #[test]
    fn a_type_takes_values_away_where_it_rounds_or_cuts() {
        let lost = |column: &str, sql: &str| {
            let mut catalogue = Catalogue::default();
            let history = format!("create table t (a {column})");
            let all = [(history.as_str(), false), (sql, true)];
            let mut found = Vec::new();
            for (sql, is_last) in all {
                let Parsed::Changes(changes) = parse::one(sql) else {
                    panic!("{sql}");
                };
                for change in &changes {
                    if is_last {
                        found.extend(of(change, &catalogue));
                    }
                    catalogue.apply(change, crate::catalogue::Moment::new(0, 0));
                }
            }
            !found.is_empty()
        };
        for (column, ty, is_lost) in [
            ("bigint", "int", false),
            ("bigint", "int using a::int", false),
            ("numeric(9, 4)", "numeric(9, 2)", true),
            ("numeric(9, 2)", "numeric(12, 4)", false),
            ("float8", "int", true),
            ("timestamptz", "date", true),
            ("timestamp", "timestamptz", false),
            ("text", "varchar(3)", false),
            ("text", "varchar(3) using a::varchar(3)", true),
            ("varchar(3)", "varchar(9) using a::varchar(9)", false),
            ("text", "uuid using a::uuid", false),
            ("text", "int using length(a)", true),
        ] {
            let sql = format!("alter table t alter a type {ty}");
            assert_eq!(lost(column, &sql), is_lost, "{column}: {sql}");
        }
    }
}
