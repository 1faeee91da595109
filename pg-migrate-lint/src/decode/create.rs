//! `CREATE` of tables, indexes, views, functions, domains; and `DO`.

use pg_query::protobuf as pb;
use pg_query::{Node, NodeEnum};

use super::constraint::{column, constraint};
use super::node::{items, name, option, relation, relations, string, strings, type_};
use super::walk::{expr, query};
use super::{first_string, kind};
use crate::model::{
    Body, Change, CreateIndex, CreateTable, CreateTableAs, Function, Kind, Volatility,
};

/// `CREATE TABLE`
pub fn table(stmt: &pb::CreateStmt, at: usize) -> Change {
    let persistence = stmt
        .relation
        .as_ref()
        .map_or("", |range| range.relpersistence.as_str());
    let mut table = CreateTable {
        name: relation(stmt.relation.as_ref()),
        if_not_exists: stmt.if_not_exists,
        unlogged: persistence == "u",
        temporary: persistence == "t",
        partitioned_by: stmt.partspec.as_ref().map(partition_columns),
        ..CreateTable::default()
    };
    for node in &stmt.table_elts {
        match &node.node {
            Some(NodeEnum::ColumnDef(def)) => table.columns.push(column(def, at)),
            Some(NodeEnum::TableLikeClause(like)) => {
                table.like.push(relation(like.relation.as_ref()))
            }
            _ => table.constraints.extend(constraint(node, at)),
        }
    }
    let constraints = stmt
        .constraints
        .iter()
        .filter_map(|node| constraint(node, at));
    table.constraints.extend(constraints);
    let parents = relations(&stmt.inh_relations);
    match &stmt.partbound {
        Some(bound) => {
            let parent = parents.into_iter().next();
            table.partition_of = parent.map(|parent| (parent, bound.is_default));
        }
        None => table.inherits = parents,
    }
    Change::CreateTable(table)
}

fn partition_columns(spec: &pb::PartitionSpec) -> Vec<String> {
    let columns = spec
        .part_params
        .iter()
        .filter_map(|node| match node.node.as_ref()? {
            NodeEnum::PartitionElem(element) => Some(element.name.clone()),
            _ => None,
        });
    columns.collect()
}

/// `CREATE TABLE AS`, `CREATE MATERIALIZED VIEW`
pub fn table_as(stmt: &pb::CreateTableAsStmt) -> Change {
    let into = stmt.into.as_deref();
    let range = into.and_then(|into| into.rel.as_ref());
    let persistence = range.map_or("", |range| range.relpersistence.as_str());
    Change::CreateTableAs(CreateTableAs {
        name: relation(range),
        kind: kind(stmt.objtype),
        if_not_exists: stmt.if_not_exists,
        temporary: persistence == "t",
        unlogged: persistence == "u",
        no_data: into.is_some_and(|into| into.skip_data),
        query: stmt.query.as_deref().map(query).unwrap_or_default(),
    })
}

/// `CREATE INDEX`
pub fn index(stmt: &pb::IndexStmt, at: usize) -> Change {
    let mut index = CreateIndex {
        name: (!stmt.idxname.is_empty()).then(|| stmt.idxname.clone()),
        table: relation(stmt.relation.as_ref()),
        only: stmt.relation.as_ref().is_some_and(|range| !range.inh),
        unique: stmt.unique,
        concurrently: stmt.concurrent,
        if_not_exists: stmt.if_not_exists,
        partial: stmt.where_clause.is_some(),
        method: stmt.access_method.clone(),
        ..CreateIndex::default()
    };
    for element in elements(&stmt.index_params) {
        index.has_options |= !element.opclass.is_empty()
            || !element.collation.is_empty()
            || element.ordering > 1
            || element.nulls_ordering > 1;
        index
            .columns
            .push((!element.name.is_empty()).then(|| element.name.clone()));
        index
            .expressions
            .extend(element.expr.as_deref().map(|node| expr(node, at)));
    }
    let included = elements(&stmt.index_including_params);
    index.included = included.map(|element| element.name.clone()).collect();
    index
        .expressions
        .extend(stmt.where_clause.as_deref().map(|node| expr(node, at)));
    Change::CreateIndex(index)
}

fn elements(nodes: &[Node]) -> impl Iterator<Item = &pb::IndexElem> {
    nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::IndexElem(element) => Some(&**element),
        _ => None,
    })
}

/// `CREATE VIEW`
pub fn view(stmt: &pb::ViewStmt) -> Change {
    Change::CreateView {
        name: relation(stmt.view.as_ref()),
        replace: stmt.replace,
        query: stmt.query.as_deref().map(query).unwrap_or_default(),
    }
}

/// `CREATE DOMAIN`
pub fn domain(stmt: &pb::CreateDomainStmt) -> Change {
    use pb::ConstrType::{ConstrCheck, ConstrNotnull};
    let constrained = stmt.constraints.iter().any(|node| match &node.node {
        Some(NodeEnum::Constraint(constraint)) => {
            let kind = pb::ConstrType::try_from(constraint.contype);
            matches!(kind, Ok(ConstrCheck | ConstrNotnull))
        }
        _ => false,
    });
    Change::CreateDomain {
        name: name(&stmt.domainname),
        base: type_(stmt.type_name.as_ref()),
        constrained,
    }
}

/// `CREATE FUNCTION`
pub fn function(stmt: &pb::CreateFunctionStmt) -> Function {
    let mut function = Function {
        name: name(&stmt.funcname),
        replace: stmt.replace,
        ..Function::default()
    };
    function.body.language = "sql".to_string();
    for node in &stmt.options {
        let Some(NodeEnum::DefElem(element)) = &node.node else {
            continue;
        };
        let argument = element.arg.as_deref();
        match element.defname.as_str() {
            "language" => function.body.language = text(argument).to_lowercase(),
            "as" => {
                function.body.code = argument
                    .map(|node| first_string(items(node)))
                    .unwrap_or_default()
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
                if let Some(NodeEnum::VariableSetStmt(set)) =
                    argument.and_then(|node| node.node.as_ref())
                {
                    function.sets_search_path |= set.name.eq_ignore_ascii_case("search_path");
                }
            }
            _ => {}
        }
    }
    function
}

/// `DO`
pub fn do_body(stmt: &pb::DoStmt) -> Body {
    let mut body = Body {
        language: "plpgsql".to_string(),
        code: String::new(),
    };
    for node in &stmt.args {
        if let Some(NodeEnum::DefElem(element)) = &node.node {
            match element.defname.as_str() {
                "language" => body.language = text(element.arg.as_deref()).to_lowercase(),
                "as" => body.code = text(element.arg.as_deref()),
                _ => {}
            }
        }
    }
    body
}

fn text(node: Option<&Node>) -> String {
    node.and_then(string).unwrap_or_default()
}

/// `SELECT … INTO`
pub fn select_into(into: &pb::IntoClause, query: crate::model::Query) -> Change {
    let range = into.rel.as_ref();
    let persistence = range.map_or("", |range| range.relpersistence.as_str());
    Change::CreateTableAs(CreateTableAs {
        name: relation(range),
        kind: Kind::Table,
        if_not_exists: false,
        temporary: persistence == "t",
        unlogged: persistence == "u",
        no_data: false,
        query,
    })
}

/// The columns of `ON CONFLICT` and of INSERT.
pub fn target_names(nodes: &[Node]) -> Vec<String> {
    let names = nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::ResTarget(target) => Some(target.name.clone()),
        _ => None,
    });
    names.chain(strings(nodes)).collect()
}
