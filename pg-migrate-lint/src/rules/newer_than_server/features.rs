//! What each major brought that a migration may use: a test runs all of it on a server of every version.

use serde_json::Value;

use super::any;

/// Something that came with a major version.
pub struct Feature {
    /// That version.
    pub since: u32,
    /// What it is.
    pub what: &'static str,
    /// Words of which one is in each statement with it, in lower case.
    pub words: &'static [&'static str],
    /// Whether a message of the tree, by the name of its node or field, is it.
    pub is: fn(&str, &Value) -> bool,
    /// What is there before the example.
    #[cfg(test)]
    pub before: &'static str,
    /// A statement with it.
    #[cfg(test)]
    pub example: &'static str,
}

macro_rules! features {
    ($($since:literal $what:literal $words:expr, $before:literal, $example:literal, $is:expr;)*) => {
        /// All of them, the oldest first.
        pub const FEATURES: &[Feature] = &[$(Feature {
            since: $since,
            what: $what,
            words: &$words,
            is: $is,
            #[cfg(test)]
            before: $before,
            #[cfg(test)]
            example: $example,
        }),*];
    };
}

features! {
    14 "DETACH PARTITION CONCURRENTLY" ["detach"],
        "create table t (n int) partition by list (n); create table t1 partition of t for values in (1);",
        "alter table t detach partition t1 concurrently",
        |name, node| name == "PartitionCmd" && is_set(node, "concurrent");
    14 "COMPRESSION of a column" ["compression"],
        "", "create table t (a text compression pglz)",
        |name, node| name == "ColumnDef" && is_set(node, "compression") || is_command(name, node, SET_COMPRESSION);
    14 "a body that is no string, with BEGIN ATOMIC or RETURN" ["atomic", "return"],
        "", "create function f() returns int language sql return 1",
        |name, node| name == "CreateFunctionStmt" && is_set(node, "sql_body");
    14 "CREATE OR REPLACE TRIGGER" ["replace"],
        "create table t (a int); create function f() returns trigger language plpgsql as 'begin return new; end';",
        "create or replace trigger x before insert on t for each row execute function f()",
        |name, node| name == "CreateTrigStmt" && is_set(node, "replace");
    14 "REINDEX (TABLESPACE)" ["tablespace"],
        "create table t (a int primary key);", "reindex (tablespace pg_default) table t",
        |name, node| name == "ReindexStmt" && has_option(node, &["tablespace"]);
    14 "multirange types" ["multirange"],
        "", "create table t (a int4multirange)",
        |name, node| name == "type_name" && last_word(node, "names").is_some_and(|name| MULTIRANGES.contains(&name));
    14 "SEARCH and CYCLE" ["search", "cycle"],
        "create table t (id int, up int);",
        "with recursive x as (select id, up from t union all select t.id, t.up from t join x on t.up = x.id) search depth first by id set o select * from x",
        |name, node| name == "CommonTableExpr" && (is_set(node, "search_clause") || is_set(node, "cycle_clause"));
    14 "GROUP BY DISTINCT" ["group"],
        "create table t (a int, b int);", "select a, b from t group by distinct rollup (a, b), rollup (a, b)",
        |name, node| name == "SelectStmt" && is_set(node, "group_distinct");
    15 "NULLS NOT DISTINCT" ["distinct"],
        "", "create table t (a int unique nulls not distinct)",
        |name, node| matches!(name, "Constraint" | "IndexStmt") && is_set(node, "nulls_not_distinct");
    15 "MERGE" ["merge"],
        "create table t (a int);", "merge into t using (values (1)) as v (a) on t.a = v.a when not matched then insert values (v.a)",
        |name, _| name == "MergeStmt";
    15 "SET ACCESS METHOD" ["access"],
        "create table t (a int);", "alter table t set access method heap",
        |name, node| is_command(name, node, SET_ACCESS_METHOD);
    15 "security_invoker" ["security_invoker"],
        "", "create view v with (security_invoker) as select 1",
        |name, node| name == "DefElem" && text(node, "defname") == "security_invoker";
    15 "the columns or rows of a table in a publication" ["publication"],
        "create table t (a int primary key);", "create publication p for table t (a)",
        |name, node| name == "pubtable" && (is_set(node, "columns") || is_set(node, "where_clause"));
    15 "TABLES IN SCHEMA" ["schema"],
        "", "create publication p for tables in schema public",
        |name, node| name == "PublicationObjSpec" && matches!(number(node, "pubobjtype"), 2 | 3);
    15 "ON DELETE SET NULL of columns" ["delete"],
        "create table p (a int, b int, primary key (a, b));",
        "create table t (a int, b int, foreign key (a, b) references p on delete set null (b))",
        |name, node| name == "Constraint" && is_set(node, "fk_del_set_cols");
    15 "UNLOGGED of a sequence" ["sequence"],
        "", "create unlogged sequence s",
        |name, node| name == "CreateSeqStmt" && node.get("sequence").is_some_and(|name| text(name, "relpersistence") == "u");
    16 "STORAGE of a new column" ["storage"],
        "", "create table t (a text storage external)",
        |name, node| name == "ColumnDef" && is_set(node, "storage_name");
    16 "GRANT of a role WITH INHERIT or SET" ["inherit", "set"],
        "", "grant pg_monitor to pg_signal_backend with set false",
        |name, node| name == "GrantRoleStmt" && has_option(node, &["inherit", "set"]);
    16 "a subquery in FROM without an alias" ["from"],
        "", "select * from (select 1)",
        |name, node| name == "RangeSubselect" && !is_set(node, "alias");
    16 "CREATE STATISTICS without a name" ["statistics"],
        "create table t (a int, b int);", "create statistics on a, b from t",
        |name, node| name == "CreateStatsStmt" && !is_set(node, "defnames");
    16 "JSON_OBJECT and JSON_ARRAY" ["json_object", "json_array"],
        "", "select json_array(1, 2)",
        |name, _| {
            const NODES: &[&str] =
                &["JsonObjectConstructor", "JsonArrayConstructor", "JsonArrayQueryConstructor", "JsonObjectAgg", "JsonArrayAgg"];
            NODES.contains(&name)
        };
    16 "IS JSON" ["json"],
        "", "select '{}' is json",
        |name, _| name == "JsonIsPredicate";
    17 "SET STATISTICS DEFAULT" ["statistics"],
        "create table t (a int);", "alter table t alter column a set statistics default",
        |name, node| is_command(name, node, SET_STATISTICS) && !is_set(node, "def");
    17 "SET EXPRESSION" ["expression"],
        "create table t (a int, b int generated always as (a * 2) stored);",
        "alter table t alter column b set expression as (a * 3)",
        |name, node| is_command(name, node, SET_EXPRESSION);
    17 "SET ACCESS METHOD DEFAULT" ["access"],
        "create table t (a int);", "alter table t set access method default",
        |name, node| is_command(name, node, SET_ACCESS_METHOD) && !is_set(node, "name");
    17 "MERGE with RETURNING" ["merge"],
        "create table t (a int);",
        "merge into t using (values (1)) as v (a) on t.a = v.a when not matched then insert values (v.a) returning t.a",
        |name, node| name == "MergeStmt" && is_set(node, "returning_clause");
    17 "WHEN NOT MATCHED BY SOURCE" ["merge"],
        "create table t (a int);",
        "merge into t using (values (1)) as v (a) on t.a = v.a when not matched by source then delete",
        |name, node| name == "MergeWhenClause" && number(node, "match_kind") == 2;
    17 "JSON_TABLE, JSON_VALUE and their like" ["json"],
        "", "select json_value('{}', '$.a')",
        |name, _| {
            const NODES: &[&str] = &["JsonTable", "JsonFuncExpr", "JsonParseExpr", "JsonScalarExpr", "JsonSerializeExpr"];
            NODES.contains(&name)
        };
    17 "AT LOCAL" ["local"],
        "", "select now() at local",
        |name, node| name == "FuncCall" && last_word(node, "funcname") == Some("timezone")
            && node.get("args").and_then(Value::as_array).is_some_and(|args| args.len() == 1);
    17 "COPY with ON_ERROR" ["on_error"],
        "create table t (a int);", "copy t from '/dev/null' with (on_error ignore)",
        |name, node| name == "CopyStmt" && has_option(node, &["on_error"]);
    17 "the privilege MAINTAIN" ["maintain"],
        "create table t (a int);", "grant maintain on t to pg_monitor",
        |name, node| name == "AccessPriv" && text(node, "priv_name").eq_ignore_ascii_case("maintain");
    18 "NOT NULL as a constraint of the table" ["null"],
        "create table t (a int);", "alter table t add constraint k not null a",
        |name, node| name == "Constraint" && number(node, "contype") == NOT_NULL && is_set(node, "keys");
    18 "NOT ENFORCED" ["enforced"],
        "create table t (a int);", "alter table t add constraint k check (a > 0) not enforced",
        |name, node| match name {
            "Constraint" => {
                let contype = number(node, "contype");
                ENFORCEMENTS.contains(&contype) || ENFORCEABLE.contains(&contype) && !is_set(node, "is_enforced")
            }
            "AtalterConstraint" => is_set(node, "alter_enforceability"),
            _ => false,
        };
    18 "WITHOUT OVERLAPS" ["overlaps"],
        "", "create table t (a int4range, b daterange, primary key (a, b without overlaps))",
        |name, node| name == "Constraint" && is_set(node, "without_overlaps");
    18 "PERIOD of a foreign key" ["period"],
        "create table p (a int4range, b daterange, primary key (a, b without overlaps));",
        "create table t (a int4range, b daterange, foreign key (a, period b) references p (a, period b))",
        |name, node| name == "Constraint" && is_set(node, "fk_with_period");
    18 "a generated column that is not STORED" ["generated"],
        "", "create table t (a int, b int generated always as (a * 2))",
        |name, node| name == "Constraint" && text(node, "generated_kind") == "v";
    18 "ALTER CONSTRAINT with INHERIT" ["inherit"],
        "create table t (a int not null);", "alter table t alter constraint t_a_not_null no inherit",
        |name, node| name == "AtalterConstraint" && is_set(node, "alter_inheritability");
    18 "OLD and NEW in RETURNING" ["returning"],
        "create table t (a int);", "update t set a = 1 returning old.a, new.a",
        |name, node| name == "returning_clause" && (is_set(node, "options") || any(node, &mut |name, node| {
            name == "ColumnRef" && matches!(words(node, "fields").as_slice(), ["old" | "new", _])
        }));
    18 "ONLY of VACUUM and ANALYZE" ["only"],
        "create table t (a int);", "analyze only t",
        |name, node| name == "VacuumRelation" && node.get("relation").is_some_and(|name| name.is_object() && !is_set(name, "inh"));
    18 "COPY with REJECT_LIMIT" ["reject_limit"],
        "create table t (a int);", "copy t from '/dev/null' with (on_error ignore, reject_limit 5)",
        |name, node| name == "CopyStmt" && has_option(node, &["reject_limit"]);
}

/// Functions of the server's that a migration may call, and since when they are there.
pub const FUNCTIONS: &[(&str, u32)] = &[
    ("bit_count", 14),
    ("date_bin", 14),
    ("string_to_table", 14),
    ("trim_array", 14),
    ("unistr", 14),
    ("regexp_count", 15),
    ("regexp_instr", 15),
    ("regexp_like", 15),
    ("regexp_substr", 15),
    ("any_value", 16),
    ("array_sample", 16),
    ("array_shuffle", 16),
    ("date_add", 16),
    ("date_subtract", 16),
    ("random_normal", 16),
    ("to_bin", 17),
    ("to_oct", 17),
    ("uuid_extract_timestamp", 17),
    ("uuid_extract_version", 17),
    ("array_reverse", 18),
    ("array_sort", 18),
    ("casefold", 18),
    ("crc32", 18),
    ("crc32c", 18),
    ("uuidv4", 18),
    ("uuidv7", 18),
];

/// Settings that a session may make, and since when.
pub const SETTINGS: &[(&str, u32)] = &[
    ("client_connection_check_interval", 14),
    ("idle_session_timeout", 14),
    ("transaction_timeout", 17),
];

const MULTIRANGES: &[&str] = &[
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
];

/// `AlterTableType`
const SET_EXPRESSION: i64 = 7;
const SET_STATISTICS: i64 = 9;
const SET_COMPRESSION: i64 = 13;
const SET_ACCESS_METHOD: i64 = 33;

/// `ConstrType`
const NOT_NULL: i64 = pg_query::protobuf::ConstrType::ConstrNotnull as i64;
const ENFORCEMENTS: [i64; 2] = [
    pg_query::protobuf::ConstrType::ConstrAttrEnforced as i64,
    pg_query::protobuf::ConstrType::ConstrAttrNotEnforced as i64,
];
const ENFORCEABLE: [i64; 2] = [
    pg_query::protobuf::ConstrType::ConstrCheck as i64,
    pg_query::protobuf::ConstrType::ConstrForeign as i64,
];

fn is_command(name: &str, node: &Value, subtype: i64) -> bool {
    name == "AlterTableCmd" && number(node, "subtype") == subtype
}

/// Whether a field has another value than none at all.
fn is_set(node: &Value, field: &str) -> bool {
    match node.get(field) {
        None | Some(Value::Null) => false,
        Some(Value::Bool(value)) => *value,
        Some(Value::Number(value)) => value.as_i64() != Some(0),
        Some(Value::String(value)) => !value.is_empty(),
        Some(Value::Array(items)) => !items.is_empty(),
        Some(Value::Object(_)) => true,
    }
}

fn number(node: &Value, field: &str) -> i64 {
    node.get(field).and_then(Value::as_i64).unwrap_or(0)
}

/// The text of a field.
pub fn text<'a>(node: &'a Value, field: &str) -> &'a str {
    node.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a field that is a list of strings.
fn words<'a>(node: &'a Value, field: &str) -> Vec<&'a str> {
    let items = node.get(field).and_then(Value::as_array);
    let words = items.into_iter().flatten().filter_map(|item| item.get("node")?.get("String")?.get("sval")?.as_str());
    words.collect()
}

/// The last of these: a name without its schema.
pub fn last_word<'a>(node: &'a Value, field: &str) -> Option<&'a str> {
    words(node, field).pop()
}

/// Whether the node has an option of one of these names.
fn has_option(node: &Value, names: &[&str]) -> bool {
    any(node, &mut |name, node| name == "DefElem" && names.contains(&text(node, "defname")))
}
