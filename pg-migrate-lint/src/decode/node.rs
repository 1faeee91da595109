//! Small things of the grammar's tree: strings, names, constants, types.

use pg_query::protobuf as pb;
use pg_query::{Node, NodeEnum};

use crate::name::Name;
use crate::types::Type;

/// The text of a string node.
pub fn string(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::String(string) => Some(string.sval.clone()),
        _ => None,
    }
}

/// The texts of all that are strings.
pub fn strings(nodes: &[Node]) -> Vec<String> {
    nodes.iter().filter_map(string).collect()
}

/// What a list holds.
pub fn items(node: &Node) -> &[Node] {
    match node.node.as_ref() {
        Some(NodeEnum::List(list)) => &list.items,
        Some(NodeEnum::ObjectWithArgs(object)) => &object.objname,
        Some(NodeEnum::TypeName(name)) => &name.names,
        Some(NodeEnum::String(_)) => std::slice::from_ref(node),
        _ => &[],
    }
}

/// A name of one or more parts; the last two count.
pub fn name(nodes: &[Node]) -> Name {
    let parts = strings(nodes);
    match parts.as_slice() {
        [.., schema, name] => Name::of(schema, name),
        [name] => Name::bare(name.clone()),
        [] => Name::default(),
    }
}

/// The name of a relation.
pub fn relation(range: Option<&pb::RangeVar>) -> Name {
    range
        .map(|range| Name::of(&range.schemaname, &range.relname))
        .unwrap_or_default()
}

/// The names of all that are relations.
pub fn relations(nodes: &[Node]) -> Vec<Name> {
    let relations = nodes.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::RangeVar(range) => Some(relation(Some(range))),
        _ => None,
    });
    relations.collect()
}

/// The name of a role.
pub fn role(node: &Node) -> String {
    match &node.node {
        Some(NodeEnum::RoleSpec(role)) if !role.rolename.is_empty() => role.rolename.clone(),
        _ => "CURRENT_USER".to_string(),
    }
}

/// A constant, as text.
pub fn constant(node: &Node) -> Option<String> {
    match node.node.as_ref()? {
        NodeEnum::AConst(constant) => match constant.val.as_ref()? {
            pb::a_const::Val::Ival(value) => Some(value.ival.to_string()),
            pb::a_const::Val::Fval(value) => Some(value.fval.clone()),
            pb::a_const::Val::Boolval(value) => Some(value.boolval.to_string()),
            pb::a_const::Val::Sval(value) => Some(value.sval.clone()),
            pb::a_const::Val::Bsval(value) => Some(value.bsval.clone()),
        },
        NodeEnum::TypeCast(cast) => constant(cast.arg.as_deref()?),
        NodeEnum::String(string) => Some(string.sval.clone()),
        NodeEnum::Integer(integer) => Some(integer.ival.to_string()),
        NodeEnum::Float(float) => Some(float.fval.clone()),
        NodeEnum::Boolean(boolean) => Some(boolean.boolval.to_string()),
        _ => None,
    }
}

/// The name and the value of an option.
pub fn option(node: &Node) -> Option<(&str, Option<String>)> {
    match node.node.as_ref()? {
        NodeEnum::DefElem(option) => {
            let value = option.arg.as_deref().and_then(constant);
            Some((&option.defname, value))
        }
        _ => None,
    }
}

/// A type.
pub fn type_(node: Option<&pb::TypeName>) -> Type {
    let Some(node) = node else {
        return Type::default();
    };
    let name = name(&node.names);
    let modifiers = node.typmods.iter().filter_map(constant);
    Type {
        schema: name.schema.filter(|schema| schema != "pg_catalog"),
        name: match name.name.as_str() {
            // Types that are written as functions are no keywords.
            "int" | "integer" => "int4".to_string(),
            "bigint" => "int8".to_string(),
            "smallint" => "int2".to_string(),
            _ => name.name,
        },
        modifiers: modifiers
            .filter_map(|modifier| modifier.parse().ok())
            .collect(),
        dimensions: node.array_bounds.len(),
    }
}
