//! `FOR VALUES` of a partition.

use super::node::strings;
use crate::model::{Bound, Datum};
use crate::tree::{self, Node, NodeEnum, Nodes, Value};

/// Which rows a partition has; none for the default one, and where an expression says it.
pub fn bound(spec: &tree::PartitionBoundSpec) -> Option<Bound> {
    match spec.modulus {
        _ if spec.is_default => None,
        0 if !spec.values.is_empty() => Some(Bound::List(datums(spec.values)?)),
        0 => Some(Bound::Range(datums(spec.from)?, datums(spec.to)?)),
        modulus => Some(Bound::Hash(modulus, spec.remainder)),
    }
}

fn datums(nodes: Nodes) -> Option<Vec<Datum>> {
    nodes.iter().map(datum).collect()
}

fn datum(node: Node) -> Option<Datum> {
    match node.read()? {
        NodeEnum::ColumnRef(column) => match strings(column.fields).as_slice() {
            [word] if word == "minvalue" => Some(Datum::Least),
            [word] if word == "maxvalue" => Some(Datum::Greatest),
            _ => None,
        },
        NodeEnum::AConst(constant) => match constant.val {
            Value::Integer(number) => Some(Datum::Number(number.into())),
            Value::Float(text) => text.parse().ok().map(Datum::Number),
            Value::String(text) => Some(Datum::Text(text.to_string())),
            Value::Null => Some(Datum::Null),
            _ => None,
        },
        _ => None,
    }
}
