//! What a text of SQL says, by the grammar: what of it reaches out of bounds, what it calls and does something with,
//! which code it has.

use std::collections::BTreeSet;

use pg_query::protobuf::{BoolExprType, ObjectType, ReindexObjectType};
use serde_json::Value;

use super::bounds::Bounds;
use super::code::Code;
use super::words;
use crate::parse;

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
    /// The first that reaches out of bounds.
    pub reaches: Option<String>,
    /// Functions that it calls, or has called by a trigger and its like.
    pub calls: BTreeSet<String>,
    /// Code that it runs.
    pub blocks: Vec<Code>,
    /// Functions that it makes.
    pub makes: Vec<(String, Code)>,
    /// Foreign tables that it makes.
    pub foreign: Vec<(String, String)>,
    /// Relations that it does something with, by their names, and whether it changes rows of them; types that it names.
    pub touches: BTreeSet<(String, bool)>,
    /// What is called otherwise from then on: the old name and the new one.
    pub renames: Vec<(String, String)>,
}

impl Said {
    /// Of code that can't be read.
    pub fn reaching(reaches: Option<String>) -> Self {
        Self {
            reaches,
            ..Self::default()
        }
    }

    /// Of a statement. A great INSERT is looked into only as far as its words are worth it.
    pub fn of_statement(text: &str, bounds: &Bounds) -> Self {
        let short = parse::in_short(text);
        let is_enough = short.len() == text.len() || !bounds.may_reach(text);
        let said = is_enough.then(|| Self::parsed(short, bounds)).flatten();
        said.unwrap_or_else(|| Self::of(text, bounds))
    }

    /// Of a text, which may be several statements.
    pub fn of(text: &str, bounds: &Bounds) -> Self {
        // What the grammar refuses the server refuses as well, or it is deeper than the tree can be read.
        Self::parsed(text, bounds).unwrap_or_else(|| Self::reaching(words::reach(text, bounds)))
    }

    fn parsed(text: &str, bounds: &Bounds) -> Option<Self> {
        let parsed = pg_query::parse(text, 0).ok()?;
        let tree = serde_json::to_value(&parsed.protobuf).ok()?;
        Some(Self::of_tree(&tree, text, bounds))
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
                if let Some(name) = value["relname"].as_str() {
                    self.touches.insert((name.to_string(), false));
                }
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
            self.reaches = match bounds.database {
                Some(_) => reach(kind, node, bounds),
                None => reach_of_server(kind, node),
            };
        }
        if is_write(kind, node) {
            let names = relations(node).map(|range| word(range, "relname"));
            let names = names.filter(|name| !name.is_empty());
            self.touches
                .extend(names.map(|name| (name.to_string(), true)));
        }
        match kind {
            // A domain has checks.
            "TypeName" | "type_name" => {
                let name = last_word(&node["names"]).map(|name| (name.to_string(), false));
                self.touches.extend(name);
            }
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
            // That of a part of it is none.
            "RenameStmt" if word(node, "subname").is_empty() => {
                let function = last_word(&node["object"]["node"]["ObjectWithArgs"]["objname"]);
                let old = function.unwrap_or_else(|| word(&node["relation"], "relname"));
                let new = word(node, "newname");
                self.renames.push((old.to_string(), new.to_string()));
            }
            // Of operators, aggregates and types.
            "DefineStmt" | "CreateOpClassItem" => all_words(node, &mut self.calls),
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
        match bounds.is_outward(name) {
            true if ends && (is_own || is_self()) => {}
            true => drop(self.reaches.get_or_insert_with(|| format!("{name}()"))),
            false => drop(self.calls.insert(name.to_string())),
        }
        // Some functions run what they are given, such as query_to_xml.
        let args = node["args"].as_array().into_iter().flatten();
        let texts = args
            .filter_map(string)
            .filter(|text| bounds.may_reach(text));
        let statements = texts.filter(|text| pg_query::parse(text, 0).is_ok());
        self.blocks.extend(statements.map(Code::sql));
    }
}

/// What of a node reaches beyond a server as a whole: programs that it starts, files that it writes.
fn reach_of_server(kind: &str, node: &Value) -> Option<String> {
    match kind {
        "CopyStmt" => copy(node).filter(|_| node["is_from"] != true || node["is_program"] == true),
        "CreateTableSpaceStmt" if !word(node, "location").is_empty() => {
            Some("CREATE TABLESPACE".to_string())
        }
        _ => None,
    }
}

/// Where a COPY goes that no session is.
fn copy(node: &Value) -> Option<String> {
    let what = match (node["is_program"] == true, node["is_from"] == true) {
        (true, _) => "COPY … PROGRAM",
        (false, true) => "COPY FROM a file of the server",
        (false, false) => "COPY TO a file of the server",
    };
    (!word(node, "filename").is_empty()).then(|| what.to_string())
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
        "CopyStmt" if !word(node, "filename").is_empty() => copy(node),
        "VacuumStmt" if is_full_of_all(node) => {
            Some("VACUUM FULL of every table, those of all databases among them,".to_string())
        }
        "ReindexStmt" if node["kind"] == ReindexObjectType::ReindexObjectSystem as i32 => {
            Some("REINDEX SYSTEM".to_string())
        }
        "ReindexStmt"
            if bounds.reindexes_shared
                && node["kind"] == ReindexObjectType::ReindexObjectDatabase as i32 =>
        {
            Some(
                "REINDEX DATABASE, which before PostgreSQL 16 is of shared catalogs too,"
                    .to_string(),
            )
        }
        _ => on_relations(kind, node, bounds),
    }
}

/// A write to what is not of this database, or a lock on it.
fn on_relations(kind: &str, node: &Value, bounds: &Bounds) -> Option<String> {
    let writes = is_write(kind, node);
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
    relations(node).find_map(of)
}

/// Whether a statement changes rows.
fn is_write(kind: &str, node: &Value) -> bool {
    WRITES.contains(&kind) && (kind != "CopyStmt" || node["is_from"] == true)
}

/// The relations that a statement is about.
fn relations(node: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["relations", "rels"].map(|field| node[field].as_array());
    let items = lists.into_iter().flatten().flatten();
    let ranges = items.map(|item| {
        let item = &item["node"];
        match item["VacuumRelation"].is_object() {
            true => &item["VacuumRelation"]["relation"],
            false => &item["RangeVar"],
        }
    });
    [&node["relation"]].into_iter().chain(ranges)
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
            || side["AConst"]["val"]["Sval"]["sval"].as_str() == bounds.database.as_deref()
    };
    is_column(left) && is_database(right) || is_column(right) && is_database(left)
}

/// A field that is text.
pub fn word<'a>(node: &'a Value, field: &str) -> &'a str {
    node[field].as_str().unwrap_or_default()
}

/// The string that an argument is, whatever it is cast to.
fn string(arg: &Value) -> Option<&str> {
    let node = &arg["node"];
    match node["AConst"]["val"]["Sval"]["sval"].as_str() {
        None if node["TypeCast"].is_object() => string(&node["TypeCast"]["arg"]),
        text => text,
    }
}

/// The last word of a qualified name.
pub fn last_word(names: &Value) -> Option<&str> {
    names.as_array()?.last()?["node"]["String"]["sval"].as_str()
}

/// All words of a node.
fn all_words(value: &Value, all: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| all_words(item, all)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner.as_str() {
                    Some(word) if name == "sval" => drop(all.insert(word.to_string())),
                    _ => all_words(inner, all),
                }
            }
        }
        _ => {}
    }
}
