//! The definitions in a dump, and how two dumps' definitions differ.
//!
//! Statements are compared as pg_dump writes them, gathered by the entry that
//! they stand under, in whatever order. Instants in them (defaults, bounds of
//! partitions) are written in the time zone of pg_dump's session, so they count as
//! the same if they are the same instant.

mod difference;
mod of_database;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::{Entry, Token, attribute_versions, spans, tokens};
pub use difference::Difference;

/// The statements that define each object.
#[derive(Debug, Default, Clone)]
pub struct Schema {
    objects: BTreeMap<Object, Vec<String>>,
    has_owners: bool,
    uses_session_authorization: bool,
    quotes_all: bool,
    state: BTreeMap<&'static str, String>,
}

/// What statements are gathered under. The owner is in the statements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// In pg_dump's terms: `TABLE`, `FK CONSTRAINT`.
    pub kind: String,
    /// The schema; `-` where it lives in none.
    pub schema: String,
    /// What it is called there.
    pub name: String,
}

/// Entries that hold data, which is proved by other means.
const DATA_KINDS: [&str; 9] = [
    "TABLE DATA",
    "MATERIALIZED VIEW DATA",
    "SEQUENCE SET",
    "BLOB",
    "BLOBS",
    "BLOB METADATA",
    "STATISTICS DATA",
    "ENCODING",
    "STDSTRINGS",
];

/// Who runs the statements behind it.
const AUTHORIZATION: &str = "SESSION AUTHORIZATION";

/// Where everything is that is in no other tablespace; a database of another one names it.
pub const DEFAULT_TABLESPACE: &str = "pg_default";

/// Settings that the definitions behind them depend on.
const STATE: [&str; 2] = ["default_tablespace", "default_table_access_method"];

impl Schema {
    /// Notes one statement that stands under `entry`.
    pub fn add(&mut self, entry: &Entry, statement: &str) {
        let statement = statement.trim();
        if let Some(setting) = statement.strip_prefix("SET ") {
            self.set(setting);
            return;
        }
        // By whom it is run says who owns it.
        if statement.starts_with("RESET SESSION AUTHORIZATION") {
            self.state.remove(AUTHORIZATION);
            return;
        }
        if entry.kind.is_empty() || is_data(entry) {
            return;
        }
        // Rights that another than the owner granted are given by that role in any dump.
        self.uses_session_authorization |=
            self.state.contains_key(AUTHORIZATION) && !entry.kind.ends_with("ACL");
        self.quotes_all |= [&entry.schema, &entry.name]
            .into_iter()
            .any(|name| is_plain(name.as_bytes()) && statement.contains(&format!("\"{name}\"")));
        self.has_owners |= entry.owner != "-" && !entry.owner.is_empty();
        let object = Object {
            kind: entry.kind.clone(),
            schema: entry.schema.clone(),
            name: entry.name.clone(),
        };
        let statement = match entry.kind.as_str() {
            "POLICY" => with_roles_in_order(statement),
            _ => statement.to_string(),
        };
        let Some(statement) = attribute_versions::removed(&statement) else {
            return;
        };
        let text = format!("{}{statement}", self.context(&entry.kind));
        self.objects.entry(object).or_default().push(text);
    }

    /// How many objects are defined.
    pub fn count(&self) -> usize {
        self.objects.len()
    }

    /// Kind, schema and name of each object; where it lives in no schema, that is `-`.
    pub fn objects(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let objects = self.objects.keys();
        objects.map(|object| {
            let (kind, schema) = (object.kind.as_str(), object.schema.as_str());
            (kind, schema, object.name.as_str())
        })
    }

    /// The statements under entries of one kind.
    pub fn statements(&self, kind: &str) -> impl Iterator<Item = &str> {
        let objects = self
            .objects
            .iter()
            .filter(move |(object, _)| object.kind == kind);
        objects.flat_map(|(_, statements)| statements.iter().map(String::as_str))
    }

    /// Forgets the objects, each with its statements, that are not wanted.
    pub fn retain(&mut self, mut is_wanted: impl FnMut(&Object, &[String]) -> bool) {
        self.objects
            .retain(|object, statements| is_wanted(object, statements));
    }

    /// Whether the dump says who owns what.
    pub fn has_owners(&self) -> bool {
        self.has_owners
    }

    /// Whether the dump may quote every name, as `--quote-all-identifiers` or the server's setting
    /// asks for: it quotes one that may need none. A key word does.
    pub fn quotes_all(&self) -> bool {
        self.quotes_all
    }

    /// Whether the dump creates its own database.
    pub fn has_database(&self) -> bool {
        self.objects.keys().any(|object| object.kind == "DATABASE")
    }

    /// Whether a definition has these words.
    pub fn mentions(&self, words: &str) -> bool {
        let mut statements = self.objects.values().flatten();
        statements.any(|statement| statement.contains(words))
    }

    /// Whether a table has policies that may hide rows.
    pub fn has_row_security(&self) -> bool {
        let mut objects = self.objects.keys();
        objects.any(|object| object.kind == "ROW SECURITY")
    }

    /// Whether an index or a constraint may call a function of the dump's own.
    pub fn constraints_call_functions(&self) -> bool {
        let of_kinds = |kinds: &'static [&str]| {
            let objects = self.objects.iter();
            objects.filter(|(object, _)| kinds.contains(&object.kind.as_str()))
        };
        // Operators and casts call functions without naming them.
        if of_kinds(&["OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "CAST"])
            .next()
            .is_some()
        {
            return true;
        }
        let functions: BTreeSet<&str> = of_kinds(&["FUNCTION", "AGGREGATE"])
            .filter_map(|(object, _)| object.name.split('(').next())
            .collect();
        let is_function = |token: Token<'_>| {
            token
                .identifier()
                .is_some_and(|name| functions.contains(name.as_str()))
        };
        of_kinds(&["INDEX", "CONSTRAINT", "CHECK CONSTRAINT", "STATISTICS"])
            .flat_map(|(_, statements)| statements)
            .any(|statement| {
                !functions.is_empty() && tokens(statement.as_bytes()).into_iter().any(is_function)
            })
    }

    /// Forgets what creates schemas.
    pub fn forget_schemas(&mut self) {
        self.objects.retain(|object, _| object.kind != "SCHEMA");
    }

    /// Whether the dump creates the schema `public`, as one of some schemas only does.
    pub fn creates_public(&self) -> bool {
        let public = |(object, statements): (&Object, &Vec<String>)| {
            let creates = statements
                .iter()
                .any(|sql| sql.starts_with("CREATE SCHEMA "));
            object.kind == "SCHEMA" && object.name == "public" && creates
        };
        self.objects.iter().any(public)
    }

    /// The schemas that the dump creates.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        let schemas = self.objects.keys().filter(|object| object.kind == "SCHEMA");
        schemas.map(|object| object.name.as_str())
    }

    /// The statement that creates the dumped database, if the dump has it.
    pub fn create_database(&self) -> Option<&str> {
        let mut statements = self
            .objects
            .iter()
            .filter(|(object, _)| object.kind == "DATABASE");
        statements
            .find_map(|(_, statements)| statements.first())
            .map(String::as_str)
    }

    /// The dumped database's name, if the dump has it.
    pub fn database(&self) -> Option<String> {
        let statement = self.create_database()?;
        tokens(statement.as_bytes()).get(2)?.identifier()
    }

    /// The object that a statement defines, as it was sent to the server.
    pub fn object_of(&self, statement: &str) -> Option<String> {
        // What is sent at once can be several of the statements here.
        let defines = |known: &String| !known.is_empty() && statement.starts_with(known.as_str());
        let mut objects = self.objects.iter();
        let (object, _) = objects.find(|(_, statements)| statements.iter().any(defines))?;
        Some(object.label())
    }

    /// Whether who owns what is said by becoming that role.
    pub fn uses_session_authorization(&self) -> bool {
        self.uses_session_authorization
    }

    fn set(&mut self, setting: &str) {
        if let Some(role) = setting.strip_prefix(AUTHORIZATION) {
            let role = role.trim().trim_end_matches(';').to_string();
            self.state.insert(AUTHORIZATION, role);
        }
        for name in STATE {
            if let Some(value) = setting.strip_prefix(name) {
                let value = value.trim_start_matches([' ', '=']).trim_end_matches(';');
                // `heap` needs no quotes; a tablespace may.
                self.quotes_all |= name == "default_table_access_method" && value.starts_with('"');
                self.state.insert(name, value.trim_matches('"').to_string());
            }
        }
    }

    /// The settings in force, where they say something about this kind of object.
    fn context(&self, kind: &str) -> String {
        let stored = ["TABLE", "INDEX", "CONSTRAINT", "MATERIALIZED VIEW"].contains(&kind);
        let mut context = String::new();
        if let Some(role) = self.state.get(AUTHORIZATION) {
            context.push_str(&format!("SET {AUTHORIZATION} {role};\n"));
        }
        for (name, value) in self.state.iter().filter(|_| stored) {
            let usual = matches!(value.as_str(), "''" | "heap" | DEFAULT_TABLESPACE);
            let applies =
                *name == "default_tablespace" || matches!(kind, "TABLE" | "MATERIALIZED VIEW");
            if !usual && applies && *name != AUTHORIZATION {
                context.push_str(&format!("SET {name} = {value};\n"));
            }
        }
        context
    }
}

impl Object {
    /// As a backup's table of contents has it: `TABLE app.orders`.
    pub fn label(&self) -> String {
        let entry = Entry {
            kind: self.kind.clone(),
            schema: self.schema.clone(),
            name: self.name.clone(),
            owner: String::new(),
        };
        entry.label()
    }

    /// CREATE EXTENSION sets the comment even if the dump was made without comments.
    fn comes_with_an_extension(&self) -> bool {
        self.kind == "COMMENT" && self.name.starts_with("EXTENSION ")
    }
}

/// Whether a name needs no quotes, unless it is a key word.
fn is_plain(name: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    !name.is_empty() && name.iter().all(plain)
}

/// pg_dump lists the roles of a policy in the order in which the cluster created
/// them, which is no part of the policy.
fn with_roles_in_order(policy: &str) -> String {
    let bytes = policy.as_bytes();
    let mut list: Option<Range<usize>> = None;
    for (token, place) in spans(bytes) {
        match &mut list {
            None if token.is("to") => list = Some(place.end..policy.len()),
            Some(list) if token.is("using") || token.is("with") || token == Token::Symbol(b';') => {
                list.end = place.start;
                break;
            }
            _ => {}
        }
    }
    let Some(list) = list else {
        return policy.to_string();
    };
    let mut roles: Vec<String> = Vec::new();
    for (token, place) in spans(&bytes[list.clone()]) {
        if token != Token::Symbol(b',') {
            roles.push(policy[list.start + place.start..list.start + place.end].to_string());
        }
    }
    roles.sort();
    format!(
        "{} {} {}",
        &policy[..list.start],
        roles.join(", "),
        &policy[list.end..]
    )
}

/// Whether what stands under an entry is data, or about large objects.
pub fn is_data(entry: &Entry) -> bool {
    DATA_KINDS.contains(&entry.kind.as_str()) || entry.name.starts_with("LARGE OBJECT")
}
