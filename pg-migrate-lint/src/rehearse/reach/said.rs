//! What a text of SQL says, by the grammar: what of it reaches beyond a database, what it calls, which code it has.

use std::collections::BTreeSet;

use pg_query::protobuf::{BoolExprType, ObjectType, ReindexObjectType};
use serde_json::Value;

use super::bounds::Bounds;
use super::code::Code;

/// Longer ones are parsed only if their words are worth it.
const LONG: usize = 1 << 16;

/// Statements that are about the whole server, whatever they name.
const SERVERS: &[(&str, &str)] = &[
    ("CreateRoleStmt", "CREATE ROLE"),
    ("AlterRoleStmt", "ALTER ROLE"),
    ("DropRoleStmt", "DROP ROLE"),
    ("GrantRoleStmt", "GRANT or REVOKE of a role"),
    ("DropOwnedStmt", "DROP OWNED"),
    ("ReassignOwnedStmt", "REASSIGN OWNED"),
    ("AlterSystemStmt", "ALTER SYSTEM"),
    ("CreatedbStmt", "CREATE DATABASE"),
    ("DropdbStmt", "DROP DATABASE"),
    ("CreateTableSpaceStmt", "CREATE TABLESPACE"),
    ("DropTableSpaceStmt", "DROP TABLESPACE"),
    ("AlterTableSpaceOptionsStmt", "ALTER TABLESPACE"),
    ("CreateSubscriptionStmt", "CREATE SUBSCRIPTION"),
    ("AlterSubscriptionStmt", "ALTER SUBSCRIPTION"),
    ("DropSubscriptionStmt", "DROP SUBSCRIPTION"),
];

/// Statements that write to the rows of a table.
const WRITES: &[&str] = &[
    "InsertStmt",
    "UpdateStmt",
    "DeleteStmt",
    "MergeStmt",
    "TruncateStmt",
    "CopyStmt",
];

/// Others that lock or change a relation.
const CHANGES: &[&str] = &[
    "LockStmt",
    "AlterTableStmt",
    "ReindexStmt",
    "ClusterStmt",
    "VacuumStmt",
    "CreateTrigStmt",
    "IndexStmt",
    "RuleStmt",
];

/// What a text says.
#[derive(Debug, Default)]
pub struct Said {
    /// The first that reaches beyond the database.
    pub reaches: Option<String>,
    /// Functions that it calls, or has called by a trigger and its like.
    pub calls: BTreeSet<String>,
    /// Code that it runs.
    pub blocks: Vec<Code>,
    /// Functions that it makes.
    pub makes: Vec<(String, Code)>,
    /// Foreign tables that it makes.
    pub foreign: Vec<(String, String)>,
    /// Whether some of it can't be read beforehand.
    pub is_hidden: bool,
}

impl Said {
    /// Of a text, which may be several statements.
    pub fn of(text: &str, bounds: &Bounds) -> Self {
        if text.len() > LONG && !bounds.may_reach(text) {
            return Self::default();
        }
        match pg_query::parse(text, 0).map(|parsed| serde_json::to_value(&parsed.protobuf)) {
            Ok(Ok(tree)) => Self::of_tree(&tree, text, bounds),
            // What the grammar refuses the server refuses as well, or it is deeper than the tree can be read.
            _ => Self {
                reaches: by_words(text, bounds),
                is_hidden: true,
                ..Self::default()
            },
        }
    }

    /// Of a tree of this text.
    pub fn of_tree(tree: &Value, text: &str, bounds: &Bounds) -> Self {
        let mut said = Self::default();
        said.walk(tree, false, text, bounds);
        said
    }

    /// `is_own`: it is about sessions of this database alone.
    fn walk(&mut self, value: &Value, is_own: bool, text: &str, bounds: &Bounds) {
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .for_each(|item| self.walk(item, is_own, text, bounds));
            }
            Value::Object(fields) => {
                for (name, inner) in fields.iter().filter(|(_, inner)| !inner.is_null()) {
                    let is_own = is_own || name == "SelectStmt" && is_of_database(inner, bounds);
                    self.node(name, inner, is_own, text, bounds);
                }
            }
            _ => {}
        }
    }

    fn node(&mut self, kind: &str, node: &Value, is_own: bool, text: &str, bounds: &Bounds) {
        if self.reaches.is_none() {
            self.reaches = reach(kind, node, bounds);
        }
        match kind {
            // That of CALL is a field.
            "FuncCall" | "funccall" => self.call(node, is_own, bounds),
            "CreateFunctionStmt" => {
                if let Some(name) = last_word(&node["funcname"]) {
                    self.makes.push((name.to_string(), Code::of(node, text)));
                }
                // Its code is none of the statement's: it is run when it is called.
                return self.walk(&node["parameters"], is_own, text, bounds);
            }
            "DoStmt" => return self.blocks.push(Code::of(node, text)),
            "CreateTrigStmt" | "CreateEventTrigStmt" | "CreateCastStmt" => {
                let functions = [&node["funcname"], &node["func"]["objname"]];
                let names = functions.into_iter().filter_map(last_word);
                self.calls.extend(names.map(str::to_string));
            }
            // Of operators, aggregates and types.
            "DefineStmt" | "CreateOpClassItem" => words(node, &mut self.calls),
            "CreateForeignTableStmt" => {
                let table = &node["base_stmt"]["relation"];
                let [schema, name] = ["schemaname", "relname"].map(|at| word(table, at));
                self.foreign.push((schema.to_string(), name.to_string()));
            }
            _ => {}
        }
        self.walk(node, is_own, text, bounds);
    }

    fn call(&mut self, node: &Value, is_own: bool, bounds: &Bounds) {
        let Some(name) = last_word(&node["funcname"]) else {
            return;
        };
        let ends = matches!(name, "pg_terminate_backend" | "pg_cancel_backend");
        let is_self = || {
            let own = &node["args"][0]["node"]["FuncCall"]["funcname"];
            last_word(own) == Some("pg_backend_pid")
        };
        if self.reaches.is_none() && bounds.is_outward(name) && !(ends && (is_own || is_self())) {
            self.reaches = Some(format!("{name}()"));
        }
        self.calls.insert(name.to_string());
    }
}

/// What of a node reaches beyond the database.
fn reach(kind: &str, node: &Value, bounds: &Bounds) -> Option<String> {
    if let Some((_, what)) = SERVERS.iter().find(|(name, _)| *name == kind) {
        return Some((*what).to_string());
    }
    let is_own = |name: &str| bounds.is_own(name);
    match kind {
        "AlterDatabaseStmt" | "AlterDatabaseSetStmt" | "AlterDatabaseRefreshCollStmt" => {
            let name = word(node, "dbname");
            (!is_own(name)).then(|| format!("ALTER DATABASE {name}"))
        }
        "AlterRoleSetStmt" => (!is_own(word(node, "database"))).then(|| "ALTER ROLE".to_string()),
        "GrantStmt" => {
            of_shared(node, "objtype", bounds).map(|on| format!("GRANT or REVOKE ON {on}"))
        }
        "CommentStmt" => of_shared(node, "objtype", bounds).map(|on| format!("COMMENT ON {on}")),
        "SecLabelStmt" => {
            of_shared(node, "objtype", bounds).map(|on| format!("SECURITY LABEL ON {on}"))
        }
        "AlterOwnerStmt" => of_shared(node, "object_type", bounds).map(|on| format!("ALTER {on}")),
        "RenameStmt" => of_shared(node, "rename_type", bounds).map(|on| format!("ALTER {on}")),
        "CopyStmt" if !word(node, "filename").is_empty() => Some(
            match (node["is_program"] == true, node["is_from"] == true) {
                (true, _) => "COPY … PROGRAM",
                (false, true) => "COPY FROM a file of the server",
                (false, false) => "COPY TO a file of the server",
            }
            .to_string(),
        ),
        "VacuumStmt" if is_full_of_all(node) => {
            Some("VACUUM FULL of every table, those of all databases among them,".to_string())
        }
        "ReindexStmt" if node["kind"] == ReindexObjectType::ReindexObjectSystem as i32 => {
            Some("REINDEX SYSTEM".to_string())
        }
        _ => on_relations(kind, node, bounds),
    }
}

/// A write to what is not of this database, or a lock on it.
fn on_relations(kind: &str, node: &Value, bounds: &Bounds) -> Option<String> {
    let writes = WRITES.contains(&kind) && (kind != "CopyStmt" || node["is_from"] == true);
    if !writes && !CHANGES.contains(&kind) {
        return None;
    }
    let of = |range: &Value| {
        let [schema, name] = ["schemaname", "relname"].map(|field| word(range, field));
        match () {
            () if bounds.is_shared(schema, name) => Some(format!(
                "a change or lock of {name}, which all databases share,"
            )),
            () if writes && bounds.is_foreign(schema, name) => {
                Some(format!("a write to the foreign table {name}"))
            }
            () => None,
        }
    };
    let lists = ["relations", "rels"].map(|field| node[field].as_array());
    let items = lists.into_iter().flatten().flatten();
    let ranges = items.map(|item| {
        let item = &item["node"];
        match item["VacuumRelation"].is_object() {
            true => &item["VacuumRelation"]["relation"],
            false => &item["RangeVar"],
        }
    });
    [&node["relation"]].into_iter().chain(ranges).find_map(of)
}

/// The noun of what a statement is about, if that belongs to the whole server and is not this database.
fn of_shared(node: &Value, field: &str, bounds: &Bounds) -> Option<&'static str> {
    let kind = i32::try_from(node[field].as_i64()?).ok()?;
    Some(match ObjectType::try_from(kind).ok()? {
        ObjectType::ObjectDatabase => {
            let one = [&node["object"]].into_iter();
            let all = one.chain(node["objects"].as_array().into_iter().flatten());
            let mut names = all.filter_map(|object| object["node"]["String"]["sval"].as_str());
            names
                .any(|name| !bounds.is_own(name))
                .then_some("DATABASE")?
        }
        ObjectType::ObjectRole => "ROLE",
        ObjectType::ObjectTablespace => "TABLESPACE",
        ObjectType::ObjectSubscription => "SUBSCRIPTION",
        ObjectType::ObjectParameterAcl => "PARAMETER",
        _ => return None,
    })
}

fn is_full_of_all(vacuum: &Value) -> bool {
    let mut options = vacuum["options"].as_array().into_iter().flatten();
    let is_full = |option: &Value| option["node"]["DefElem"]["defname"] == "full";
    vacuum["rels"].as_array().is_none_or(Vec::is_empty) && options.any(is_full)
}

/// Whether a query is about sessions of this database alone: `FROM pg_stat_activity WHERE datname = current_database()`.
fn is_of_database(select: &Value, bounds: &Bounds) -> bool {
    let is_sessions = |from: &Vec<Value>| match from.as_slice() {
        [one] => one["node"]["RangeVar"]["relname"] == "pg_stat_activity",
        _ => false,
    };
    select["from_clause"].as_array().is_some_and(is_sessions)
        && is_bound(&select["where_clause"]["node"], bounds)
}

fn is_bound(condition: &Value, bounds: &Bounds) -> bool {
    let all = &condition["BoolExpr"];
    if all["boolop"] == BoolExprType::AndExpr as i32 {
        let mut args = all["args"].as_array().into_iter().flatten();
        return args.any(|arg| is_bound(&arg["node"], bounds));
    }
    let equals = &condition["AExpr"];
    if last_word(&equals["name"]) != Some("=") {
        return false;
    }
    let [left, right] = ["lexpr", "rexpr"].map(|side| &equals[side]["node"]);
    let is_column = |side: &Value| last_word(&side["ColumnRef"]["fields"]) == Some("datname");
    let is_database = |side: &Value| {
        last_word(&side["FuncCall"]["funcname"]) == Some("current_database")
            || side["AConst"]["val"]["Sval"]["sval"] == bounds.database.as_str()
    };
    is_column(left) && is_database(right) || is_column(right) && is_database(left)
}

/// A field that is text.
pub fn word<'a>(node: &'a Value, field: &str) -> &'a str {
    node[field].as_str().unwrap_or_default()
}

/// The last word of a qualified name.
pub fn last_word(names: &Value) -> Option<&str> {
    names.as_array()?.last()?["node"]["String"]["sval"].as_str()
}

/// All words of a node.
fn words(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| words(item, all)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner.as_str() {
                    Some(word) if name == "sval" => drop(all.insert(word.to_string())),
                    _ => words(inner, all),
                }
            }
        }
        _ => {}
    }
}

/// Of what can't be parsed: verb and noun anywhere, and names of functions.
pub fn by_words(text: &str, bounds: &Bounds) -> Option<String> {
    let is_part = |letter: char| letter.is_alphanumeric() || letter == '_';
    let words: Vec<&str> = text
        .split(|letter| !is_part(letter))
        .filter(|word| !word.is_empty())
        .collect();
    let function = words
        .iter()
        .find(|word| bounds.is_outward(&word.to_ascii_lowercase()));
    let is = |word: &str, all: &[&str]| all.iter().any(|one| one.eq_ignore_ascii_case(word));
    let mut pairs = words.windows(2);
    let pair = pairs.find(|pair| {
        let nouns = [
            "DATABASE",
            "ROLE",
            "GROUP",
            "TABLESPACE",
            "SUBSCRIPTION",
            "SYSTEM",
        ];
        is(pair[0], &["CREATE", "ALTER", "DROP"]) && is(pair[1], &nouns)
    });
    match (function, pair) {
        (Some(function), _) => Some(format!("{function}()")),
        (None, pair) => pair.map(|pair| pair.join(" ").to_ascii_uppercase()),
    }
}
