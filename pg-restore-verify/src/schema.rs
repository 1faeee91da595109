//! The definitions in a dump, and how two dumps' definitions differ.
//!
//! Statements are compared as pg_dump writes them, gathered by the entry that
//! they stand under, in whatever order. Instants in them (defaults, bounds of
//! partitions) are written in the time zone of pg_dump's session, so they count as
//! the same if they are the same instant.

mod of_database;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use shared::dump::{Entry, QualifiedName, Token, spans, tokens};

use crate::attribute_versions;
use crate::choice::{Chosen, ForeignKey, is_open, part_of_table, subject};
use crate::instants::text_in_utc;
use crate::roles::DEFAULT_TABLESPACE;
use shared::secrets::masked;

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
struct Object {
    kind: String,
    schema: String,
    name: String,
}

/// An object that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `TABLE public.t`.
    pub object: String,
    /// The statements of the backup; none if the object is not in it.
    pub expected: Option<String>,
    /// The statements of the restored database; none if it lacks the object.
    pub actual: Option<String>,
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

/// Entries that give something to a table and need not be told of with its name.
const PARTS: [&str; 4] = ["INDEX", "CONSTRAINT", "FK CONSTRAINT", "STATISTICS"];

/// Who runs the statements behind it.
const AUTHORIZATION: &str = "SESSION AUTHORIZATION";

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
    pub fn len(&self) -> usize {
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

    /// Forgets what was not chosen, and foreign keys that can't hold.
    pub fn retain(&mut self, chosen: &Chosen) {
        if chosen.is_everything() {
            return;
        }
        let parts: HashMap<QualifiedName, QualifiedName> = PARTS
            .iter()
            .flat_map(|kind| self.statements(kind))
            .filter_map(part_of_table)
            .collect();
        let is_chosen = |name: &QualifiedName| chosen.holds(parts.get(name).unwrap_or(name));
        self.objects.retain(|object, statements| {
            let key = statements.iter().find_map(|sql| ForeignKey::parse(sql));
            if key.is_some_and(|key| !chosen.holds(&key.table) || is_open(&key, chosen)) {
                return false;
            }
            let schema = match object.schema.as_str() {
                "-" | "" => object.name.strip_prefix("SCHEMA ").unwrap_or(&object.name),
                schema => schema,
            };
            match chosen.holds_schema(schema) {
                Some(holds) => holds,
                None if !chosen.is_part() => true,
                None => {
                    let subjects = statements.iter().filter_map(|sql| subject(sql));
                    subjects.into_iter().any(|name| is_chosen(&name))
                }
            }
        });
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

    /// Every object that is not the same in `restored`.
    pub fn differences(&self, restored: &Self) -> Vec<Difference> {
        let restored = &restored.with_attachments_as_in(self);
        let mut found = Vec::new();
        for (object, statements) in &self.objects {
            let same_names = self.quotes_all;
            let (expected, actual) = unlike(statements, restored.objects.get(object), same_names);
            if expected.is_some() || actual.is_some() {
                found.push(Difference {
                    object: object.label(),
                    expected,
                    actual,
                });
            }
        }
        let extra = restored.objects.iter().filter(|(object, _)| {
            !self.objects.contains_key(*object) && !object.comes_with_an_extension()
        });
        for (object, statements) in extra {
            let actual = Some(masked(&statements.join("\n")));
            found.push(Difference {
                object: object.label(),
                expected: None,
                actual,
            });
        }
        found
    }

    /// Up to pg_dump 13 a partition's own entry attaches it, from 14 on another one: in the form
    /// of a dump that has none of those.
    fn with_attachments_as_in(&self, other: &Self) -> Self {
        const ATTACH: &str = "TABLE ATTACH";
        let mut same = self.clone();
        if other.objects.keys().any(|object| object.kind == ATTACH) {
            return same;
        }
        for (object, statements) in &self.objects {
            if object.kind == ATTACH {
                same.objects.remove(object);
                let kind = "TABLE".to_string();
                let table = Object {
                    kind,
                    ..object.clone()
                };
                let of_table = same.objects.entry(table).or_default();
                of_table.extend(statements.iter().cloned());
            }
        }
        same
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
    fn label(&self) -> String {
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

/// Whether two texts are the same tokens, however strings are quoted and whatever
/// time zone instants are in; with `same_names` also if names have quotes that they don't need:
/// in an archive pg_restore writes some of them, and quotes none.
fn same_meaning(one: &str, other: &str, same_names: bool) -> bool {
    let (one, other) = (text_in_utc(one), text_in_utc(other));
    let (one, other) = (tokens(&one), tokens(&other));
    let same = |(one, other): (&Token<'_>, &Token<'_>)| match (one, other) {
        (Token::Word(word), Token::Quoted(name)) | (Token::Quoted(name), Token::Word(word)) => {
            same_names && is_plain(name) && *word == name.as_slice()
        }
        _ => one == other,
    };
    one.len() == other.len() && one.iter().zip(&other).all(same)
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

/// The statements that only one side has, without passwords; none and none if both have the same.
fn unlike(
    expected: &[String],
    actual: Option<&Vec<String>>,
    same_names: bool,
) -> (Option<String>, Option<String>) {
    let Some(actual) = actual else {
        return (Some(masked(&expected.join("\n"))), None);
    };
    let mut missing: Vec<&String> = expected.iter().collect();
    let mut extra = Vec::new();
    for statement in actual {
        match missing.iter().position(|candidate| *candidate == statement) {
            Some(place) => {
                missing.swap_remove(place);
            }
            None => extra.push(statement.as_str()),
        }
    }
    let missing: Vec<&str> = missing.into_iter().map(String::as_str).collect();
    let (missing, extra) = (missing.join("\n"), extra.join("\n"));
    if same_meaning(&missing, &extra, same_names) {
        return (None, None);
    }
    let (missing, extra) = lines_that_differ(&masked(&missing), &masked(&extra));
    (Some(missing), Some(extra))
}

/// The lines that only one of two statements has, such as a table's column; both as they are if
/// those are the same, in another order.
fn lines_that_differ(one: &str, other: &str) -> (String, String) {
    // The last column has no comma behind it.
    let lines = |text: &str| -> Vec<String> {
        let lines = text.lines().map(|line| line.trim().trim_end_matches(','));
        lines.map(str::to_string).collect()
    };
    let only = |text: &str, without: &str| {
        let mut others = lines(without);
        let mut own = lines(text);
        own.retain(|line| match others.iter().position(|other| other == line) {
            Some(place) => {
                others.swap_remove(place);
                false
            }
            None => true,
        });
        own.join("\n")
    };
    match (only(one, other), only(other, one)) {
        (own, others) if own.is_empty() && others.is_empty() => (one.into(), other.into()),
        differ => differ,
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use shared::dump::{Event, Script};

    fn schema(script: &str) -> Schema {
        let mut schema = Schema::default();
        let mut script = Script::new(script.as_bytes());
        while let Some(event) = script.next().unwrap() {
            if let Event::Statement { sql, entry, .. } = event {
                schema.add(entry, std::str::from_utf8(sql).unwrap());
            }
        }
        schema
    }

    const TABLE: &str = "-- Name: t; Type: TABLE; Schema: public; Owner: app\n\n\
        CREATE TABLE public.t (a integer);\nALTER TABLE public.t OWNER TO app;\n";
    const INDEX: &str = "-- Name: i; Type: INDEX; Schema: public; Owner: app\n\n\
        CREATE INDEX i ON public.t USING btree (a);\n";

    #[test]
    fn order_is_no_difference() {
        let one = schema(&format!("{TABLE}{INDEX}"));
        let other = schema(&format!("{INDEX}{TABLE}"));
        assert_eq!(one.differences(&other), []);
        assert_eq!(one.len(), 2);
    }

    #[test]
    fn a_partition_is_attached_by_its_own_entry_or_by_another() {
        let attach = "ALTER TABLE ONLY public.p ATTACH PARTITION public.t DEFAULT;\n";
        let entry = "-- Name: t; Type: TABLE ATTACH; Schema: public; Owner: app\n\n";
        let old = schema(&format!("{TABLE}{attach}"));
        let new = schema(&format!("{TABLE}{entry}{attach}"));
        assert_eq!(old.differences(&new), []);
        assert_eq!(new.differences(&new), []);
        assert_eq!(old.differences(&schema(TABLE)).len(), 1);
        assert_eq!(schema(TABLE).differences(&new).len(), 1);
    }

    #[test]
    fn missing_changed_and_extra() {
        let one = schema(&format!("{TABLE}{INDEX}"));
        let missing = &one.differences(&schema(TABLE))[0];
        assert_eq!(missing.object, "INDEX public.i");
        assert_eq!(missing.actual, None);
        let extra = &schema(TABLE).differences(&one)[0];
        assert_eq!(extra.expected, None);
        let changed = schema(&format!(
            "{}{INDEX}",
            TABLE.replace("OWNER TO app", "OWNER TO x")
        ));
        let difference = &one.differences(&changed)[0];
        assert_eq!(
            difference.expected.as_deref(),
            Some("ALTER TABLE public.t OWNER TO app;")
        );
        assert_eq!(
            difference.actual.as_deref(),
            Some("ALTER TABLE public.t OWNER TO x;")
        );
    }

    #[test]
    fn of_a_long_definition_only_the_lines_that_differ() {
        let table = |columns: &str| {
            schema(&format!(
                "-- Name: t; Type: TABLE; Schema: s; Owner: o\n\nCREATE TABLE s.t (\n{columns}\n);\n"
            ))
        };
        let one = table("    a integer,\n    b text NOT NULL,\n    c date");
        let shown = |other: &Schema| {
            let difference = &one.differences(other)[0];
            (
                difference.expected.clone().unwrap(),
                difference.actual.clone().unwrap(),
            )
        };
        let other = table("    a integer,\n    b text,\n    c date");
        assert_eq!(shown(&other), ("b text NOT NULL".into(), "b text".into()));
        let shorter = table("    a integer,\n    b text NOT NULL");
        assert_eq!(shown(&shorter), ("c date".into(), String::new()));
        let turned = table("    b text NOT NULL,\n    a integer,\n    c date");
        assert!(shown(&turned).0.starts_with("CREATE TABLE"));
    }

    #[test]
    fn the_order_of_a_policys_roles_is_no_difference() {
        let one = "-- Name: t p; Type: POLICY; Schema: s; Owner: o\n\
                   CREATE POLICY p ON s.t TO b, \"A, x\" USING ((c = 'to d, e'::text));";
        let same = one.replace("b, \"A, x\"", "\"A, x\", b");
        let other = one.replace("b, \"A, x\"", "b");
        assert_eq!(schema(one).differences(&schema(&same)), []);
        assert_eq!(schema(one).differences(&schema(&other)).len(), 1);
    }

    #[test]
    fn quotes_that_a_name_does_not_need_are_no_difference_where_all_have_them() {
        let quoted = schema(&TABLE.replace("public.t", "\"public\".\"t\""));
        assert!(quoted.quotes_all() && !schema(TABLE).quotes_all());
        assert_eq!(quoted.differences(&schema(TABLE)), []);
        let other = TABLE.replace("(a integer)", "(b integer)");
        assert_eq!(quoted.differences(&schema(&other)).len(), 1);
        let capital = TABLE.replace("(a integer)", "(\"A\" integer)");
        assert_eq!(quoted.differences(&schema(&capital)).len(), 1);
    }

    #[test]
    fn the_same_instant_in_another_zone() {
        let one = "-- Name: t; Type: DEFAULT; Schema: s; Owner: o\n\
                   ALTER TABLE t ALTER a SET DEFAULT '2024-06-01 14:00:00+02'::timestamptz;";
        let same = one.replace("14:00:00+02", "12:00:00+00");
        let other = one.replace("14:00:00+02", "13:00:00+00");
        assert_eq!(schema(one).differences(&schema(&same)), []);
        assert_eq!(schema(one).differences(&schema(&other)).len(), 1);
    }

    #[test]
    fn a_tablespace_is_part_of_the_definition() {
        let other = schema(&format!("SET default_tablespace = fast;\n{TABLE}"));
        assert_eq!(schema(TABLE).differences(&other).len(), 1);
        let usual = schema(&format!("SET default_tablespace = '';\n{TABLE}"));
        assert_eq!(schema(TABLE).differences(&usual), []);
    }
}
