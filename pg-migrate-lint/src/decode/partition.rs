//! `PARTITION BY` of a table, and `FOR VALUES` of a partition.

use super::node::strings;
use crate::model::{Bound, Datum, Partitioning, Strategy};
use crate::tree::{self, Node, NodeEnum, Nodes, Value};

/// How a table is partitioned.
pub fn partitioning(spec: tree::PartitionSpec) -> Partitioning {
    let columns = spec
        .part_params
        .iter()
        .filter_map(|node| match node.read()? {
            NodeEnum::PartitionElem(element) => {
                Some((!element.name.is_empty()).then(|| element.name.to_string()))
            }
            _ => None,
        });
    Partitioning {
        strategy: match spec.strategy.0 {
            b'l' => Strategy::List,
            b'h' => Strategy::Hash,
            _ => Strategy::Range,
        },
        columns: columns.collect(),
    }
}

/// Which rows a partition has; none for the default one, and where an expression says it.
pub fn bound(spec: &tree::PartitionBoundSpec) -> Option<Bound> {
    match spec.strategy {
        _ if spec.is_default => None,
        b'l' => Some(Bound::List(datums(spec.values)?)),
        b'r' => Some(Bound::Range(datums(spec.from)?, datums(spec.to)?)),
        b'h' => Some(Bound::Hash(spec.modulus, spec.remainder)),
        _ => None,
    }
}

fn datums(nodes: Nodes) -> Option<Vec<Datum>> {
    nodes.iter().map(datum).collect()
}

/// A constant of a bound, as it is written.
pub fn datum(node: Node) -> Option<Datum> {
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
