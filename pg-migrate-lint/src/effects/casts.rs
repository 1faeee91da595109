//! Which types become which by themselves, as `pg_cast` has it for those that everybody uses.

use crate::catalogue::Catalogue;
use crate::types::Type;

/// Types, each with those that a value of it is converted to when it is assigned. To strings everything is.
pub const ASSIGNED: &[(&str, &[&str])] = &[
    ("bit", &["varbit"]),
    ("bool", &[]),
    ("bpchar", &[]),
    ("bytea", &[]),
    ("cidr", &["inet"]),
    ("date", &["timestamp", "timestamptz"]),
    ("float4", &["float8", "int2", "int4", "int8", "numeric"]),
    ("float8", &["float4", "int2", "int4", "int8", "numeric"]),
    ("inet", &["cidr"]),
    (
        "int2",
        &["float4", "float8", "int4", "int8", "numeric", "oid"],
    ),
    (
        "int4",
        &[
            "float4", "float8", "int2", "int8", "money", "numeric", "oid",
        ],
    ),
    (
        "int8",
        &[
            "float4", "float8", "int2", "int4", "money", "numeric", "oid",
        ],
    ),
    ("interval", &["time"]),
    ("json", &["jsonb"]),
    ("jsonb", &["json"]),
    ("macaddr", &[]),
    ("money", &["numeric"]),
    (
        "numeric",
        &["float4", "float8", "int2", "int4", "int8", "money"],
    ),
    ("oid", &["int4", "int8"]),
    ("text", &[]),
    ("time", &["interval", "timetz"]),
    ("timestamp", &["date", "time", "timestamptz"]),
    ("timestamptz", &["date", "time", "timestamp", "timetz"]),
    ("timetz", &["time"]),
    ("uuid", &[]),
    ("varbit", &["bit"]),
    ("varchar", &[]),
    ("xml", &[]),
];

/// Strings, to which every type is converted by what it is printed as.
const STRINGS: &[&str] = &["text", "varchar", "bpchar"];

/// Whether a value of one type is converted to the other when it is assigned; none where that is not known here.
pub fn is_assigned(from: &Type, to: &Type, catalogue: &Catalogue) -> Option<bool> {
    if let Some(domain) = catalogue.domain(from) {
        return is_assigned(&domain.base, to, catalogue);
    }
    if let Some(domain) = catalogue.domain(to) {
        return is_assigned(from, &domain.base, catalogue);
    }
    let is_string = to.schema.is_none() && STRINGS.contains(&to.name.as_str());
    if from.dimensions + to.dimensions > 0 || is_string {
        return is_string.then_some(true);
    }
    let (from_is_enum, to_is_enum) = (is_enum(from, catalogue), is_enum(to, catalogue));
    if from_is_enum || to_is_enum {
        let is_same = (&from.schema, &from.name) == (&to.schema, &to.name);
        let is_known = |type_: &Type, is_enum: bool| is_enum || assigned(type_).is_some();
        let are_known = is_known(from, from_is_enum) && is_known(to, to_is_enum);
        return are_known.then_some(is_same);
    }
    assigned(to)?;
    let becomes = assigned(from)?;
    Some(from.name == to.name || becomes.contains(&to.name.as_str()))
}

fn assigned(type_: &Type) -> Option<&'static [&'static str]> {
    let mut rows = ASSIGNED.iter();
    let row = rows.find(|(name, _)| type_.schema.is_none() && *name == type_.name)?;
    Some(row.1)
}

fn is_enum(type_: &Type, catalogue: &Catalogue) -> bool {
    let name = crate::name::Name {
        schema: type_.schema.clone(),
        name: type_.name.clone(),
    };
    catalogue.enum_(&name).is_some()
}
