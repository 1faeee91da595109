//! Whether a default has to be computed for each row.

use crate::catalogue::Catalogue;
use crate::model::{Expr, Volatility};
use crate::name::Name;

/// Whether the expression may give another value for each row, as far as can be known: a function that no
/// migration made and that is none of the server's counts as volatile, which is what it is unless said otherwise.
pub fn is_volatile(expr: &Expr, catalogue: &Catalogue) -> bool {
    expr.functions
        .iter()
        .any(|function| match catalogue.function(function) {
            Some(volatility) => volatility == Volatility::Volatile,
            None => {
                VOLATILE.contains(&function.name.as_str())
                    || !is_of_the_server(&function.name, function.schema.as_deref())
            }
        })
}

/// Whether it is one of the server's that no index may call, with whatever arguments.
pub fn is_of_server_and_not_immutable(function: &Name) -> bool {
    function.schema.is_none()
        && (CHANGEABLE.contains(&function.name.as_str())
            || VOLATILE.contains(&function.name.as_str()))
}

/// Whether it is one of the server's that are known here.
pub fn is_of_the_server_at_all(function: &Name) -> bool {
    is_of_the_server(&function.name, function.schema.as_deref())
        || function.schema.is_none()
            && (CHANGEABLE.contains(&function.name.as_str())
                || VOLATILE.contains(&function.name.as_str()))
}

/// The timestamp that this cuts by a zone that it says: before 16 that form of `date_trunc` was not immutable.
pub fn truncates_by_zone(expr: &Expr) -> Option<&String> {
    let calls = |name: &str| expr.functions.iter().any(|function| function.name == name);
    let is_of_zone = calls("date_trunc") && !calls("timezone") && expr.words.len() > 1;
    match expr.columns.as_slice() {
        [column] if is_of_zone => Some(column),
        _ => None,
    }
}

/// The columns of which this takes a date, or a part of one, without a zone being said.
pub fn turns_by_zone(expr: &Expr) -> Vec<String> {
    let cuts = |function: &Name| {
        matches!(
            function.name.as_str(),
            "date" | "date_trunc" | "date_part" | "extract"
        )
    };
    let says_zone = expr
        .functions
        .iter()
        .any(|function| function.name == "timezone")
        || expr.words.len() > 1;
    let cast = expr.casts.iter().filter(|(_, to)| {
        matches!(
            to.as_str(),
            "date" | "time" | "timestamp" | "text" | "varchar"
        )
    });
    let mut columns: Vec<String> = cast.map(|(column, _)| column.clone()).collect();
    if expr.functions.iter().any(cuts) && !says_zone {
        columns.extend(expr.columns.iter().cloned());
    }
    columns
}

/// Functions of the server, none of whose forms is immutable, by `pg_proc.provolatile`; besides the volatile ones.
pub(super) const CHANGEABLE: &[&str] = &[
    "array_to_json",
    "array_to_string",
    "concat",
    "concat_ws",
    "current_schema",
    "current_setting",
    "format",
    "json_build_array",
    "json_build_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "now",
    "pg_current_xact_id",
    "row_to_json",
    "statement_timestamp",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "transaction_timestamp",
    "txid_current",
    "unaccent",
];

/// Those of the server, and of its usual extensions, that are volatile, by `pg_proc.provolatile`.
pub(super) const VOLATILE: &[&str] = &[
    "clock_timestamp",
    "currval",
    "gen_random_bytes",
    "gen_random_uuid",
    "gen_salt",
    "lastval",
    "nextval",
    "random",
    "random_normal",
    "setval",
    "timeofday",
    "uuid_generate_v1",
    "uuid_generate_v1mc",
    "uuid_generate_v4",
    "uuidv4",
    "uuidv7",
    "gen_ulid",
    "generate_ulid",
    "nanoid",
    "cuid",
    "uuid_generate_v7",
    "pg_sleep",
    "setseed",
    "set_config",
];

/// Functions of the server that stand in defaults and are not volatile.
pub(super) const STEADY: &[&str] = &[
    "abs",
    "array_append",
    "array_cat",
    "array_fill",
    "array_length",
    "array_prepend",
    "array_to_string",
    "ascii",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "chr",
    "coalesce",
    "concat",
    "concat_ws",
    "current_database",
    "current_date",
    "current_schema",
    "current_setting",
    "current_user",
    "date",
    "date_bin",
    "date_part",
    "date_trunc",
    "decode",
    "encode",
    "extract",
    "floor",
    "format",
    "get_bit",
    "greatest",
    "hashtext",
    "initcap",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "json_array",
    "json_build_array",
    "json_build_object",
    "json_object",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object",
    "justify_days",
    "justify_hours",
    "least",
    "left",
    "length",
    "localtime",
    "localtimestamp",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mod",
    "now",
    "nullif",
    "octet_length",
    "overlay",
    "pi",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "rtrim",
    "session_user",
    "setweight",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sign",
    "split_part",
    "sqrt",
    "statement_timestamp",
    "strpos",
    "substr",
    "substring",
    "text",
    "timestamp",
    "timestamptz",
    "timezone",
    "to_char",
    "to_date",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsvector",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "upper",
    "user",
    "xmlelement",
    "bool",
    "int4",
    "int8",
    "float8",
    "numeric",
    "varchar",
    "bpchar",
    "pg_typeof",
    "inet_client_addr",
    "uuid_nil",
    "uuid_generate_v3",
    "uuid_generate_v5",
    "digest",
    "array_remove",
    "point",
    "box",
    "circle",
    "polygon",
    "line",
    "lseg",
    "st_makepoint",
    "st_setsrid",
    "st_geomfromtext",
    "jsonb_set",
    "string_to_array",
    "hstore",
    "unistr",
    "ln",
    "log",
    "exp",
    "bit_length",
    "nlevel",
    "ltree",
    "array_position",
    "jsonb_typeof",
    "json_typeof",
    "regexp_match",
    "btrim",
    "to_tsquery",
    "isfinite",
    "pg_current_xact_id",
    "txid_current",
    "age",
];

fn is_of_the_server(name: &str, schema: Option<&str>) -> bool {
    schema.is_none_or(|schema| matches!(schema, "pg_catalog" | "extensions" | "public"))
        && STEADY.contains(&name)
}
