//! `CREATE VIEW`, and what its columns are.

use super::node::{relation, strings, type_};
use super::scope;
use crate::model::{Change, Output, Outputs, Source};
use crate::name::Name;
use crate::tree::{self, Node, NodeEnum, Value};
use crate::types::Type;

/// `CREATE VIEW`
pub fn view(stmt: &tree::ViewStmt) -> Change {
    let range = stmt.view.get();
    Change::CreateView {
        name: relation(range),
        replace: stmt.replace,
        temporary: range.is_some_and(|view| view.relpersistence == b't'),
        columns: stmt.query.and_then(outputs).map(|outputs| {
            let names = strings(stmt.aliases);
            Box::new(Outputs { names, ..outputs })
        }),
        query: stmt.query.map(super::create::reading).unwrap_or_default(),
    }
}

fn outputs(query: Node) -> Option<Outputs> {
    let Some(NodeEnum::SelectStmt(mut select)) = query.read() else {
        return None;
    };
    let tables = scope::tables(&select);
    let is_united = select.larg.is_some();
    // The first of those that are united gives the names.
    while let Some(left) = select.larg.get() {
        select = left;
    }
    let mut all = Vec::new();
    for target in select.target_list.iter() {
        let Some(NodeEnum::ResTarget(target)) = target.read() else {
            return None;
        };
        let value = target.val?;
        all.push(match star(value) {
            Some(words) => Output::All(match words.as_slice() {
                [] => None,
                [one] => Some(one.clone()),
                _ => return None,
            }),
            None => Output::One {
                name: match target.name {
                    "" => called(value),
                    name => Some(name.to_string()),
                },
                // What is united may be of a type that all of them can be.
                of: match is_united {
                    true => Source::Unknown,
                    false => source(value),
                },
            },
        });
    }
    let tables: Vec<(String, Name)> = tables.filter(|_| !is_united).unwrap_or_default();
    (!all.is_empty()).then_some(Outputs {
        names: Vec::new(),
        tables,
        all,
    })
}

/// What stands before `*`, where it is that.
fn star(value: Node) -> Option<Vec<String>> {
    let NodeEnum::ColumnRef(column) = value.read()? else {
        return None;
    };
    let last = column.fields.iter().last()?;
    matches!(last.read(), Some(NodeEnum::AStar(_))).then(|| strings(column.fields))
}

/// What PostgreSQL calls a result that got no name, where that is sure.
fn called(value: Node) -> Option<String> {
    match value.read()? {
        NodeEnum::ColumnRef(column) => strings(column.fields).pop(),
        NodeEnum::TypeCast(cast) => called(cast.arg?),
        _ => None,
    }
}

fn source(value: Node) -> Source {
    let known = |name: &str| Source::Type(Type::named(name));
    match value.read() {
        Some(NodeEnum::ColumnRef(column)) => match strings(column.fields).as_slice() {
            [column] => Source::Column(None, column.clone()),
            [table, column] => Source::Column(Some(table.clone()), column.clone()),
            _ => Source::Unknown,
        },
        Some(NodeEnum::TypeCast(cast)) => match cast.type_name.get() {
            Some(name) if !name.pct_type && !name.setof => Source::Type(type_(Some(name))),
            _ => Source::Unknown,
        },
        Some(NodeEnum::AConst(constant)) => match constant.val {
            Value::String(_) | Value::Null => known("text"),
            Value::Integer(_) => known("int4"),
            Value::Boolean(_) => known("bool"),
            _ => Source::Unknown,
        },
        Some(NodeEnum::FuncCall(call)) => match strings(call.funcname).as_slice() {
            [name] if name == "count" => known("int8"),
            _ => Source::Unknown,
        },
        _ => Source::Unknown,
    }
}
