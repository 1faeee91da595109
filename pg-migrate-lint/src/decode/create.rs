//! `CREATE` of tables, indexes, views, functions, domains; and `DO`.

use std::sync::Arc;

use pg_query::protobuf as pb;

use super::constraint::{column, constraint};
use super::kind;
use super::node::{items, name, name_of, option, relation, relations, string, strings, type_};
use super::scope;
use super::walk::{expr, not_null, query};
use crate::model::{
    Body, Change, CreateIndex, CreateTable, CreateTableAs, Function, Kind, Parameter, Query,
    Signature, Volatility,
};
use crate::name::Name;
use crate::tree::{self, Child, Mode, Node, NodeEnum, Nodes};

/// `CREATE TABLE`
pub fn table(stmt: &tree::CreateStmt, at: usize) -> Change {
    let persistence = stmt.relation.get().map_or(0, |range| range.relpersistence);
    let mut table = CreateTable {
        name: relation(stmt.relation.get()),
        if_not_exists: stmt.if_not_exists,
        unlogged: persistence == b'u',
        temporary: persistence == b't',
        is_typed: stmt.of_typename.is_some(),
        partitioning: stmt.partspec.get().map(super::partition::partitioning),
        ..CreateTable::default()
    };
    for node in stmt.table_elts.iter() {
        match node.read() {
            Some(NodeEnum::ColumnDef(def)) => table.columns.push(column(&def, at)),
            Some(NodeEnum::TableLikeClause(like)) => table.like.push(relation(like.relation.get())),
            _ => table.constraints.extend(constraint(node, at)),
        }
    }
    let constraints = stmt
        .constraints
        .iter()
        .filter_map(|node| constraint(node, at));
    table.constraints.extend(constraints);
    let parents = relations(stmt.inh_relations);
    match stmt.partbound.get() {
        Some(bound) => {
            let parent = parents.into_iter().next();
            table.partition_of = parent.map(|parent| (parent, bound.is_default));
            table.bound = super::partition::bound(&bound);
        }
        None => table.inherits = parents,
    }
    Change::CreateTable(table)
}

/// `CREATE FOREIGN TABLE`
pub fn foreign_table(stmt: &tree::CreateForeignTableStmt, at: usize) -> Change {
    match table(&stmt.base_stmt.0, at) {
        Change::CreateTable(table) => Change::CreateTable(CreateTable {
            is_foreign: true,
            ..table
        }),
        other => other,
    }
}

/// `CREATE TABLE AS`, `CREATE MATERIALIZED VIEW`
pub fn table_as(stmt: &tree::CreateTableAsStmt) -> Change {
    let into = stmt.into.get();
    let range = into.and_then(|into| into.rel.get());
    let persistence = range.map_or(0, |range| range.relpersistence);
    Change::CreateTableAs(CreateTableAs {
        name: relation(range),
        kind: kind(stmt.objtype),
        if_not_exists: stmt.if_not_exists,
        temporary: persistence == b't',
        unlogged: persistence == b'u',
        no_data: into.is_some_and(|into| into.skip_data),
        query: stmt.query.map(reading).unwrap_or_default(),
    })
}

/// A query that a table or view is made of, and of what its columns have to be.
pub fn reading(node: Node) -> Query {
    let mut query = query(node);
    if let Some(NodeEnum::SelectStmt(select)) = node.read() {
        query.scope = scope::of_select(&select);
    }
    query
}

/// `CREATE INDEX`
pub fn index(stmt: &tree::IndexStmt) -> Change {
    let mut index = CreateIndex {
        name: (!stmt.idxname.is_empty()).then(|| stmt.idxname.to_string()),
        table: relation(stmt.relation.get()),
        only: stmt.relation.get().is_some_and(|range| !range.inh),
        unique: stmt.unique,
        concurrently: stmt.concurrent,
        if_not_exists: stmt.if_not_exists,
        partial: stmt.where_clause.is_some(),
        without_nulls_of: stmt.where_clause.and_then(not_null),
        method: stmt.access_method.to_string(),
        ..CreateIndex::default()
    };
    for element in elements(stmt.index_params) {
        index.has_options |= !element.opclass.is_empty()
            || !element.collation.is_empty()
            || element.ordering > pb::SortByDir::SortbyDefault
            || element.nulls_ordering > pb::SortByNulls::SortbyNullsDefault;
        index
            .columns
            .push((!element.name.is_empty()).then(|| element.name.to_string()));
        index
            .expressions
            .extend(element.expr.map(|node| expr(node)));
    }
    let included = elements(stmt.index_including_params);
    index.included = included.map(|element| element.name.to_string()).collect();
    index
        .expressions
        .extend(stmt.where_clause.map(|node| expr(node)));
    Change::CreateIndex(index)
}

fn elements<'a>(nodes: Nodes<'a>) -> impl Iterator<Item = tree::IndexElem<'a>> {
    nodes.iter().filter_map(|node| match node.read()? {
        NodeEnum::IndexElem(element) => Some(element),
        _ => None,
    })
}

/// `CREATE SEQUENCE`
pub fn sequence(stmt: &tree::CreateSeqStmt) -> Change {
    let sequence = stmt.sequence.get();
    Change::CreateSequence {
        name: relation(sequence),
        if_not_exists: stmt.if_not_exists,
        temporary: sequence.is_some_and(|sequence| sequence.relpersistence == b't'),
        owner: owner(stmt.options),
    }
}

/// `OWNED BY` of a sequence, but for `OWNED BY NONE`: the table and its column.
pub fn owner(options: Nodes) -> Option<(Name, String)> {
    options.iter().find_map(|node| match node.read()? {
        NodeEnum::DefElem(option) if option.defname == "owned_by" => match option.arg?.read()? {
            NodeEnum::List(list) => {
                let mut parts = strings(list.items.0);
                let column = parts.pop()?;
                let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
                (!parts.is_empty()).then(|| (name_of(&parts), column))
            }
            _ => None,
        },
        _ => None,
    })
}

/// `CREATE DOMAIN`
pub fn domain(stmt: &tree::CreateDomainStmt) -> Change {
    use pb::ConstrType::{ConstrCheck, ConstrDefault, ConstrNotnull};
    let mut kinds = Vec::new();
    let mut default = None;
    for node in stmt.constraints.iter() {
        let Some(NodeEnum::Constraint(constraint)) = node.read() else {
            continue;
        };
        kinds.push(constraint.contype);
        if constraint.contype == ConstrDefault {
            default = constraint.raw_expr.map(|node| Box::new(expr(node)));
        }
    }
    let not_null = kinds.contains(&ConstrNotnull);
    let constrained = not_null || kinds.contains(&ConstrCheck);
    Change::CreateDomain {
        name: name(stmt.domainname),
        base: type_(stmt.type_name.get()),
        constrained,
        not_null,
        default,
    }
}

/// `CREATE FUNCTION`
pub fn function(stmt: &tree::CreateFunctionStmt) -> Function {
    let mut function = Function {
        name: name(stmt.funcname),
        replace: stmt.replace,
        is_trigger: matches!(
            type_(stmt.return_type.get()).name.as_str(),
            "trigger" | "event_trigger"
        ),
        signature: signature(stmt),
        ..Function::default()
    };
    function.body.language = "sql".to_string();
    for node in stmt.options.iter() {
        let Some(NodeEnum::DefElem(element)) = node.read() else {
            continue;
        };
        let argument = element.arg;
        match element.defname {
            "language" => function.body.language = text(argument).to_lowercase(),
            "as" => {
                let words = argument.map(items).unwrap_or_default();
                function.body.code = words.first().copied().unwrap_or_default().to_string();
            }
            "volatility" => {
                function.volatility = match text(argument).as_str() {
                    "immutable" => Volatility::Immutable,
                    "stable" => Volatility::Stable,
                    _ => Volatility::Volatile,
                };
            }
            "security" => {
                function.security_definer =
                    option(node).and_then(|(_, value)| value).as_deref() == Some("true")
            }
            "set" => {
                if let Some(NodeEnum::VariableSetStmt(set)) = argument.and_then(Node::read) {
                    function.sets_search_path |= set.name.eq_ignore_ascii_case("search_path");
                }
            }
            _ => {}
        }
    }
    function
}

fn signature(stmt: &tree::CreateFunctionStmt) -> Signature {
    let mut signature = Signature {
        is_procedure: stmt.is_procedure,
        ..Signature::default()
    };
    if let Some(returns) = stmt.return_type.get() {
        signature.has_copied_types |= returns.pct_type;
        signature.returns = Some((Arc::new(type_(Some(returns))), returns.setof));
    }
    for node in stmt.parameters.iter() {
        let Some(NodeEnum::FunctionParameter(parameter)) = node.read() else {
            continue;
        };
        let type_name = parameter.arg_type.get();
        signature.has_copied_types |= type_name.is_some_and(|name| name.pct_type);
        let known = Parameter {
            name: parameter.name.to_string(),
            type_: type_(type_name),
            has_default: parameter.defexpr.is_some(),
        };
        let Mode(mode) = parameter.mode;
        if matches!(mode, b'o' | b'b' | b't') {
            signature.outputs.push(known.clone());
        }
        if !matches!(mode, b'o' | b't') {
            signature.inputs.push(known);
        }
    }
    signature
}

/// `DO`
pub fn do_body(stmt: &tree::DoStmt) -> Body {
    let mut body = Body {
        language: "plpgsql".to_string(),
        code: String::new(),
    };
    for node in stmt.args.iter() {
        if let Some(NodeEnum::DefElem(element)) = node.read() {
            match element.defname {
                "language" => body.language = text(element.arg).to_lowercase(),
                "as" => body.code = text(element.arg),
                _ => {}
            }
        }
    }
    body
}

fn text(node: Child) -> String {
    node.and_then(string).unwrap_or_default()
}

/// `SELECT … INTO`
pub fn select_into(into: &tree::IntoClause, query: Query) -> Change {
    let range = into.rel.get();
    let persistence = range.map_or(0, |range| range.relpersistence);
    Change::CreateTableAs(CreateTableAs {
        name: relation(range),
        kind: Kind::Table,
        if_not_exists: false,
        temporary: persistence == b't',
        unlogged: persistence == b'u',
        no_data: false,
        query,
    })
}

/// The columns of `ON CONFLICT` and of INSERT.
pub fn target_names(nodes: Nodes) -> Vec<String> {
    let names = nodes.iter().filter_map(|node| match node.read()? {
        NodeEnum::ResTarget(target) => Some(target.name.to_string()),
        _ => None,
    });
    names.chain(strings(nodes)).collect()
}
