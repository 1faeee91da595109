//! What a change of a column's type does to the table.

use crate::catalogue::{Catalogue, ColumnFacts};
use crate::effects::Server;
use crate::lock::Work;
use crate::model::Expr;
use crate::name::Name;
use crate::types::Type;

/// What a change of type does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeChange {
    /// Nothing but the catalogue.
    Free,
    /// All is written anew.
    Rewrites,
    /// The old type is not known, and it depends on it.
    Unknown,
}

impl TypeChange {
    /// What is done to the rows, at worst.
    pub fn work(self) -> Work {
        match self {
            Self::Free => Work::None,
            Self::Rewrites | Self::Unknown => Work::Rewrite,
        }
    }
}

/// What the change of this column to `to` does; the rules are those of `ATColumnChangeRequiresRewrite`
/// and of the support functions of the casts.
pub fn change(
    column: Option<&ColumnFacts>,
    name: &str,
    to: &Type,
    using: Option<&Expr>,
    catalogue: &Catalogue,
    server: Server,
) -> TypeChange {
    if using.is_some_and(|expr| expr.bare_column.as_deref() != Some(name)) {
        // A cast of the column itself is what happens without it too.
        let casts = using.is_some_and(|expr| expr.cast_column.as_deref() == Some(name));
        if !casts || column.is_none() {
            return TypeChange::Rewrites;
        }
        // USING x::varchar(200) truncates, which is another cast than that of assignment.
        let from = column.map(|column| &column.type_);
        if from.is_none_or(|from| plain(from, to, catalogue, server) != TypeChange::Free) {
            return TypeChange::Rewrites;
        }
    }
    let Some(from) = column
        .map(|column| &column.type_)
        .filter(|type_| !type_.name.is_empty())
    else {
        return unknown(to);
    };
    plain(from, to, catalogue, server)
}

/// Types that some other one becomes for free.
fn unknown(to: &Type) -> TypeChange {
    let may_be_free = to.dimensions > 0
        || matches!(
            to.name.as_str(),
            "text"
                | "varchar"
                | "numeric"
                | "timestamp"
                | "timestamptz"
                | "time"
                | "timetz"
                | "interval"
                | "varbit"
                | "inet"
                | "citext"
        )
        || to.schema.is_some();
    match may_be_free {
        true => TypeChange::Unknown,
        false => TypeChange::Rewrites,
    }
}

fn plain(from: &Type, to: &Type, catalogue: &Catalogue, server: Server) -> TypeChange {
    if from == to {
        return TypeChange::Free;
    }
    if from.dimensions > 0 || to.dimensions > 0 {
        // How many dimensions are written makes no other type. Elements are converted one by one, unless they are
        // the same but for a limit that goes.
        let is_same = from.dimensions > 0
            && to.dimensions > 0
            && (&from.schema, &from.name) == (&to.schema, &to.name)
            && (to.modifiers.is_empty() || to.modifiers == from.modifiers);
        return match is_same {
            true => TypeChange::Free,
            false => TypeChange::Rewrites,
        };
    }
    if let Some(domain) = catalogue.domain(from) {
        return match domain.base == *to {
            true => TypeChange::Free,
            false => plain(&domain.base.clone(), to, catalogue, server),
        };
    }
    if let Some(domain) = catalogue.domain(to) {
        return match (
            plain(from, &domain.base, catalogue, server),
            domain.is_constrained,
        ) {
            (TypeChange::Free, false) => TypeChange::Free,
            // ATColumnChangeRequiresRewrite rewrites for a constrained domain.
            _ => TypeChange::Rewrites,
        };
    }
    if from.name == "citext" || to.name == "citext" {
        let is_free = match (from.name.as_str(), to.name.as_str()) {
            ("text" | "varchar" | "citext", "citext") => true,
            ("citext", "text" | "varchar" | "bpchar") => to.modifiers.is_empty(),
            _ => false,
        };
        return match is_free {
            true => TypeChange::Free,
            false => TypeChange::Rewrites,
        };
    }
    if from.schema.is_some() || to.schema.is_some() {
        return TypeChange::Rewrites;
    }
    let is_free = match (from.name.as_str(), to.name.as_str()) {
        ("varchar" | "text", "text") => true,
        ("varchar" | "text", "varchar") => widens(from, to, from.name == "text"),
        ("numeric", "numeric") => widens_numeric(from, to),
        ("cidr", "inet") | ("xml", "text") => true,
        ("int4" | "oid", other) if is_of_oid(other) => true,
        (other, "int4" | "oid") if is_of_oid(other) => true,
        ("regproc", "regprocedure")
        | ("regprocedure", "regproc")
        | ("regoper", "regoperator")
        | ("regoperator", "regoper") => true,
        ("bit", "varbit") | ("xml", "varchar") | ("text" | "varchar", "bpchar") => {
            to.modifiers.is_empty()
        }
        ("timestamp", "timestamptz") | ("timestamptz", "timestamp") => {
            server.is_utc && widens_precision(from, to)
        }
        (a, b)
            if a == b
                && matches!(
                    a,
                    "timestamp" | "timestamptz" | "time" | "timetz" | "interval"
                ) =>
        {
            widens_precision(from, to)
        }
        ("varbit", "varbit") => widens(from, to, false),
        _ => false,
    };
    match is_free {
        true => TypeChange::Free,
        false => TypeChange::Rewrites,
    }
}

/// Whether it is a number of the catalogue's, of which PostgreSQL writes the name.
fn is_of_oid(name: &str) -> bool {
    const KINDS: &[&str] = &[
        "class",
        "collation",
        "config",
        "dictionary",
        "namespace",
        "oper",
        "operator",
        "proc",
        "procedure",
        "role",
        "type",
    ];
    let kind = name.strip_prefix("reg");
    matches!(name, "int4" | "oid") || kind.is_some_and(|kind| KINDS.contains(&kind))
}

/// Whether the length stays or grows.
fn widens(from: &Type, to: &Type, is_unlimited: bool) -> bool {
    match (from.modifiers.first(), to.modifiers.first()) {
        (_, None) => true,
        (Some(from), Some(to)) if !is_unlimited => to >= from,
        _ => false,
    }
}

/// Whether the scale stays and the precision stays or grows.
fn widens_numeric(from: &Type, to: &Type) -> bool {
    let parts = |type_: &Type| {
        let precision = type_.modifiers.first().copied();
        precision.map(|precision| (precision, type_.modifiers.get(1).copied().unwrap_or(0)))
    };
    match (parts(from), parts(to)) {
        (_, None) => true,
        (Some((from, from_scale)), Some((to, to_scale))) => to_scale == from_scale && to >= from,
        (None, Some(_)) => false,
    }
}

/// Six digits are what there is without a precision. Fields of an interval are no precision.
fn widens_precision(from: &Type, to: &Type) -> bool {
    let precision = |type_: &Type| {
        let at = usize::from(type_.name == "interval");
        type_.modifiers.get(at).copied().unwrap_or(6)
    };
    precision(to) >= precision(from)
}

/// Whether an index on the column has to be built anew although the table stays as it is: its collation or its operator
/// class is another one.
pub fn rebuilds_indexes(
    column: Option<&ColumnFacts>,
    to: &Type,
    collation: Option<&Name>,
    catalogue: &Catalogue,
) -> bool {
    let Some(column) = column else { return false };
    let is_collatable = matches!(to.name.as_str(), "text" | "varchar" | "bpchar" | "citext");
    is_collatable && column.collation.as_deref() != collation
        || has_other_operators(&column.type_, to, catalogue)
}

/// Whether values of two types, of which one becomes the other for free, are compared in other ways: the default operator
/// classes by `pg_opclass`.
pub fn has_other_operators(from: &Type, to: &Type, catalogue: &Catalogue) -> bool {
    fn class<'a>(type_: &'a Type, catalogue: &'a Catalogue) -> &'a str {
        if let Some(domain) = catalogue.domain(type_) {
            return class(&domain.base, catalogue);
        }
        match type_.name.as_str() {
            _ if type_.dimensions > 0 => "array_ops",
            "varchar" => "text",
            "cidr" => "inet",
            name if name.starts_with("reg") && is_of_oid(name) => "oid",
            name => name,
        }
    }
    class(from, catalogue) != class(to, catalogue)
}
