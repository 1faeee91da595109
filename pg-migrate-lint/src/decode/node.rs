//! Small things of the grammar's tree: strings, names, constants, types.

use crate::name::Name;
use crate::tree::{self, Node, NodeEnum, Nodes, Value};
use crate::types::Type;

/// The text of a string node.
pub fn string(node: Node) -> Option<String> {
    word(node).map(str::to_string)
}

/// The same, lent by the tree.
pub fn word(node: Node<'_>) -> Option<&str> {
    node.text()
}

/// The texts of all that are strings.
pub fn strings(nodes: Nodes) -> Vec<String> {
    nodes.iter().filter_map(string).collect()
}

/// The words of what a node names.
pub fn items(node: Node<'_>) -> Vec<&str> {
    match node.read() {
        Some(NodeEnum::List(list)) => words(list.items.0),
        Some(NodeEnum::ObjectWithArgs(object)) => words(object.objname),
        Some(NodeEnum::TypeName(name)) => words(name.names),
        Some(NodeEnum::String(string)) => vec![string.sval],
        _ => Vec::new(),
    }
}

fn words(nodes: Nodes<'_>) -> Vec<&str> {
    nodes.iter().filter_map(word).collect()
}

/// A name of one or more parts; the last two count.
pub fn name(nodes: Nodes) -> Name {
    let (mut schema, mut last) = (None, None);
    for part in nodes.iter().filter_map(word) {
        schema = last.replace(part);
    }
    of_parts(schema, last)
}

/// The same of words.
pub fn name_of(words: &[&str]) -> Name {
    match words {
        [.., schema, name] => of_parts(Some(schema), Some(name)),
        [name] => of_parts(None, Some(name)),
        [] => Name::default(),
    }
}

fn of_parts(schema: Option<&str>, name: Option<&str>) -> Name {
    match (schema, name) {
        (Some(schema), Some(name)) => Name::of(schema, name),
        (_, name) => Name::bare(name.unwrap_or_default()),
    }
}

/// The name of a relation.
pub fn relation(range: Option<tree::RangeVar>) -> Name {
    range
        .map(|range| Name::of(range.schemaname, range.relname))
        .unwrap_or_default()
}

/// The names of all that are relations.
pub fn relations(nodes: Nodes) -> Vec<Name> {
    let relations = nodes.iter().filter_map(|node| match node.read()? {
        NodeEnum::RangeVar(range) => Some(relation(Some(range))),
        _ => None,
    });
    relations.collect()
}

/// The name of a role.
pub fn role(node: Node) -> String {
    match node.read() {
        Some(NodeEnum::RoleSpec(role)) if !role.rolename.is_empty() => role.rolename.to_string(),
        _ => "CURRENT_USER".to_string(),
    }
}

/// A constant, as text.
pub fn constant(node: Node) -> Option<String> {
    match node.read()? {
        NodeEnum::AConst(value) => of_constant(&value),
        NodeEnum::TypeCast(cast) => constant(cast.arg?),
        NodeEnum::String(string) => Some(string.sval.to_string()),
        NodeEnum::Integer(integer) => Some(integer.ival.to_string()),
        NodeEnum::Float(float) => Some(float.fval.to_string()),
        NodeEnum::Boolean(boolean) => Some(boolean.boolval.to_string()),
        _ => None,
    }
}

fn of_constant(constant: &tree::AConst) -> Option<String> {
    match constant.val {
        Value::Integer(number) => Some(number.to_string()),
        Value::Boolean(truth) => Some(truth.to_string()),
        Value::Float(text) | Value::String(text) | Value::BitString(text) => Some(text.to_string()),
        Value::Null => None,
    }
}

/// The name and the value of an option.
pub fn option(node: Node<'_>) -> Option<(&str, Option<String>)> {
    match node.read()? {
        NodeEnum::DefElem(option) => Some((option.defname, option.arg.and_then(constant))),
        _ => None,
    }
}

/// A type.
pub fn type_(node: Option<tree::TypeName>) -> Type {
    let Some(node) = node else {
        return Type::default();
    };
    let name = name(node.names);
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
        dimensions: node.array_bounds.iter().count(),
    }
}
