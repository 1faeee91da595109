//! What the statements of a backup may do on a server that others use: nothing outside their own
//! database, and nothing that pg_dump does not write. What is defined in the database runs when it
//! is used (functions of indexes, constraints, defaults and triggers): that is not looked into.

use std::collections::BTreeMap;

use shared::dump::{Event, InsertedRows, Script, Toc, TocEntry, Token, spans, tokens};

use super::refusal::{Blame, Refusal};

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// What is in the database.
    Inside,
    /// The database itself, which a backup made with `--create` names as it was called where it
    /// came from. Here that may be the live one.
    Database,
    /// Something of the whole server.
    Server,
    /// Another server, to which it would connect.
    Elsewhere,
    /// Anything: no dump of pg_dump's has such a statement.
    Anywhere,
}

impl Reach {
    /// Of a statement.
    pub fn of(sql: &str) -> Self {
        if sql.starts_with("INSERT ") {
            return Self::of_rows(sql);
        }
        let tokens = tokens(sql.as_bytes());
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
        let verb = |words: &[&str]| words.iter().any(|word| is(0, word));
        if verb(&["create", "alter", "drop"]) {
            return match () {
                () if is(1, "database") => Self::Database,
                () if is(1, "role") && is(3, "in") && is(4, "database") => Self::Database,
                () if is(1, "user") && is(2, "mapping") => Self::Inside,
                () if is(1, "subscription") => Self::of_subscription(&tokens),
                () if is(1, "owned") || is_filled(&tokens) => Self::Anywhere,
                () if SHARED.iter().any(|kind| is(1, kind)) => Self::Server,
                () => Self::Inside,
            };
        }
        let on = tokens.iter().position(|token| token.is("on"));
        let object = on.and_then(|on| tokens.get(on + 1));
        let object_is = |word: &str| object.is_some_and(|token| token.is(word));
        if !verb(&["comment", "security", "grant", "revoke"]) {
            return Self::of_others(sql, &tokens);
        }
        let is_shared = SHARED.iter().any(|kind| object_is(kind)) || object_is("parameter");
        let is_membership = verb(&["grant", "revoke"]) && on.is_none();
        match object_is("database") {
            true => Self::Database,
            false if is_shared || is_membership => Self::Server,
            false => Self::Inside,
        }
    }

    /// Of a statement that defines nothing.
    fn of_others(sql: &str, tokens: &[Token<'_>]) -> Self {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
        let known = match () {
            // The mark of a template, as older pg_dumps set it.
            () if sql.starts_with("UPDATE pg_catalog.pg_database SET datistemplate = ") => {
                return Self::Database;
            }
            () if is(0, "select") => {
                let call = sql
                    .strip_prefix("SELECT ")
                    .map(|rest| rest.trim_start_matches("* FROM "));
                let call = call.and_then(|rest| rest.strip_prefix("pg_catalog."));
                let known = |call: &str| CALLS.iter().any(|known| call.starts_with(known));
                call.is_some_and(known) && calls(tokens) == 1
            }
            () if is(0, "copy") => is_copy_of_rows(tokens),
            () => tokens.is_empty() || VERBS.iter().any(|verb| is(0, verb)),
        };
        match known {
            true => Self::Inside,
            false => Self::Anywhere,
        }
    }

    /// Of the rows of a dump as INSERTs: constants, which have no parenthesis outside of quotes.
    fn of_rows(sql: &str) -> Self {
        let rows = InsertedRows::parse(sql.as_bytes()).map(|inserted| {
            let lists = inserted.rows.iter().filter(|row| row.starts_with(b"("));
            lists.count() + usize::from(!inserted.columns.is_empty())
        });
        match rows == Some(calls(&tokens(sql.as_bytes()))) {
            true => Self::Inside,
            false => Self::Anywhere,
        }
    }

    /// Of an entry of an archive: the farthest of what pg_restore would send for it.
    pub fn of_entry(entry: &TocEntry) -> Self {
        // Without --create pg_restore leaves these out itself.
        if entry.kind.starts_with("DATABASE") || entry.label.starts_with("DATABASE ") {
            return Self::Inside;
        }
        // From 17 on no statement, but a line with the number of each large object.
        let is_number = |byte: &u8| byte.is_ascii_digit() || *byte == b'\n';
        if entry.kind == "BLOB METADATA" && entry.definition.iter().all(is_number) {
            return Self::Inside;
        }
        if !entry.copy.is_empty() && !is_copy_of_rows(&tokens(&entry.copy)) {
            return Self::Anywhere;
        }
        Self::of_script(Script::new(entry.definition.as_slice()))
    }

    /// What of an archive would reach out of its database, by the number of its entry; on a server
    /// of our own only what would reach another one.
    pub fn beyond(toc: &Toc, on_own: bool) -> BTreeMap<i64, Refusal> {
        let entries = toc.in_order();
        let entries = entries.filter(|(_, entry)| !on_own || names_subscription(&entry.definition));
        let beyond = entries.filter_map(|(id, entry)| {
            let reach = Self::of_entry(entry);
            let statement = String::from_utf8_lossy(&entry.definition);
            let label = format!("{} {}", entry.kind, entry.label);
            (!reach.is_allowed(on_own)).then(|| (id, reach.refusal(label, &statement)))
        });
        beyond.collect()
    }

    /// Whether what has this reach is restored.
    pub fn is_allowed(self, on_own: bool) -> bool {
        match on_own {
            true => self != Self::Elsewhere,
            false => self == Self::Inside,
        }
    }

    /// That a statement was not run.
    pub fn refusal(self, object: impl Into<String>, statement: &str) -> Refusal {
        let mut refusal = Refusal::new(object, self.reason(), statement);
        refusal.blame = Some(Blame::Reach);
        refusal
    }

    /// The farthest of several statements, among which are no rows.
    pub fn of_script(mut script: Script<&[u8]>) -> Self {
        let mut farthest = Self::Inside;
        loop {
            farthest = match script.next() {
                Ok(None) => return farthest,
                Ok(Some(Event::Statement { sql, .. })) => {
                    farthest.max(Self::of(&String::from_utf8_lossy(sql)))
                }
                Ok(Some(_)) | Err(_) => return Self::Anywhere,
            };
        }
    }

    /// Why a statement is not run on a server that others use.
    fn reason(self) -> &'static str {
        match self {
            Self::Anywhere => {
                "no dump of pg_dump's has such a statement, which may do anything: not run on a \
                 server that others use"
            }
            Self::Database => "it is about a database, which may be a live one here: not run",
            Self::Elsewhere => "it would connect to another server, a publisher: not run",
            Self::Server | Self::Inside => {
                "it is about the whole server, which others use: not run"
            }
        }
    }

    /// One that would connect to a publisher is none of pg_dump's; nor is what pg_dump drops there
    /// when it is restored.
    fn of_subscription(tokens: &[Token<'_>]) -> Self {
        let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
        let unconnected = |window: &[Token<'_>]| match window {
            [word, Token::Symbol(b'='), value] => word.is("connect") && value.is("false"),
            _ => false,
        };
        let inside = match () {
            () if is(0, "create") => tokens.windows(3).any(unconnected),
            () if is(0, "alter") => ["owner", "rename", "disable"]
                .iter()
                .any(|word| is(3, word)),
            () => false,
        };
        match inside {
            true => Self::Inside,
            false => Self::Elsewhere,
        }
    }
}

/// The subscription that a statement drops. Its slot is at the publisher: the server would connect
/// to drop that, too.
pub fn dropped_subscription(sql: &str) -> Option<String> {
    if !is_about_subscription(sql) {
        return None;
    }
    let tokens = tokens(sql.as_bytes());
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let name = if is(2, "if") && is(3, "exists") { 4 } else { 2 };
    tokens.get(name).filter(|_| is(0, "drop"))?.identifier()
}

/// Looks at its first words only, however long it is.
pub fn is_about_subscription(sql: &str) -> bool {
    let mut words = spans(sql.as_bytes()).map(|(token, _)| token);
    let defines = |word: Token<'_>| ["create", "alter", "drop"].iter().any(|verb| word.is(verb));
    words.next().is_some_and(defines) && words.next().is_some_and(|word| word.is("subscription"))
}

fn names_subscription(definition: &[u8]) -> bool {
    let mut words = definition.windows(b"subscription".len());
    words.any(|word| word.eq_ignore_ascii_case(b"subscription"))
}

/// How many opening parentheses there are: those of calls, too.
fn calls(tokens: &[Token<'_>]) -> usize {
    let opens = |token: &&Token<'_>| **token == Token::Symbol(b'(');
    tokens.iter().filter(opens).count()
}

/// `COPY t (a, b) FROM stdin;`, and nothing behind it.
fn is_copy_of_rows(tokens: &[Token<'_>]) -> bool {
    let rest = match tokens {
        [rest @ .., Token::Symbol(b';')] => rest,
        all => all,
    };
    let is = |token: Option<&Token<'_>>, word: &str| token.is_some_and(|token| token.is(word));
    let of_rows = is(tokens.first(), "copy") && is(rest.last(), "stdin");
    of_rows && !rest.contains(&Token::Symbol(b';')) && calls(rest) <= 1
}

/// `CREATE TABLE … AS` and its kin, which run their query at once.
fn is_filled(tokens: &[Token<'_>]) -> bool {
    let is_relation = |token: &Token<'_>| token.is("table") || token.is("materialized");
    if !tokens.first().is_some_and(|token| token.is("create"))
        || !tokens.iter().take(4).any(is_relation)
    {
        return false;
    }
    let mut depth = 0;
    let queries = tokens.iter().any(|token| {
        match token {
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth -= 1,
            _ => {}
        }
        depth == 0 && token.is("as")
    });
    let is_empty = tokens
        .windows(3)
        .any(|words| words[0].is("with") && words[1].is("no") && words[2].is("data"));
    queries && !is_empty
}

/// The functions that a dump calls by itself.
const CALLS: [&str; 10] = [
    "set_config('search_path',",
    "setval(",
    "lo_create(",
    "lo_open(",
    "lo_close(",
    "lo_unlink(",
    "lowrite(",
    "pg_restore_relation_stats(",
    "pg_restore_attribute_stats(",
    "pg_clear_attribute_stats(",
];

/// What else a dump consists of, or somebody may have added without harm.
const VERBS: [&str; 8] = [
    "set", "reset", "begin", "start", "commit", "end", "refresh", "analyze",
];

/// What belongs to no database.
const SHARED: [&str; 5] = ["role", "user", "group", "tablespace", "system"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_large_objects_are_no_statement() {
        let entry = |definition: &str| TocEntry {
            kind: "BLOB METADATA".into(),
            definition: definition.into(),
            ..TocEntry::default()
        };
        assert_eq!(Reach::of_entry(&entry("4711\n4712\n")), Reach::Inside);
        let other = entry("4711\nDROP DATABASE app;\n");
        assert_ne!(Reach::of_entry(&other), Reach::Inside);
    }

    #[test]
    fn statements_and_what_they_are_about() {
        use Reach::{Anywhere, Database, Elsewhere, Inside, Server};
        for (sql, reach) in [
            ("CREATE TABLE database (a integer);", Inside),
            ("CREATE DATABASE app WITH TEMPLATE = template0;", Database),
            ("DROP DATABASE IF EXISTS app;", Database),
            ("ALTER DATABASE app OWNER TO app;", Database),
            ("ALTER ROLE app IN DATABASE app SET x TO '1';", Database),
            ("COMMENT ON DATABASE app IS 'on table x';", Database),
            ("COMMENT ON TABLE app IS 'on database x';", Inside),
            (
                "GRANT CONNECT,TEMPORARY ON DATABASE app TO PUBLIC;",
                Database,
            ),
            ("REVOKE ALL ON DATABASE app FROM PUBLIC;", Database),
            ("SECURITY LABEL FOR x ON DATABASE app IS 'y';", Database),
            ("GRANT SELECT(\"on\") ON TABLE \"database\" TO app;", Inside),
            ("GRANT admin TO app;", Server),
            ("ALTER ROLE app PASSWORD 'x';", Server),
            ("DROP ROLE app;", Server),
            ("CREATE USER MAPPING FOR app SERVER s;", Inside),
            ("ALTER SYSTEM SET x = 1;", Server),
            ("GRANT SET ON PARAMETER work_mem TO app;", Server),
            ("GRANT CREATE ON TABLESPACE fast TO app;", Server),
            ("INSERT INTO t VALUES ('DROP DATABASE app');", Inside),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (connect = false, slot_name = 's');",
                Inside,
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p;",
                Elsewhere,
            ),
            (
                "CREATE SUBSCRIPTION s CONNECTION 'connect = false' PUBLICATION p;",
                Elsewhere,
            ),
            ("ALTER SUBSCRIPTION s OWNER TO app;", Inside),
            ("ALTER SUBSCRIPTION s ENABLE;", Elsewhere),
            ("ALTER SUBSCRIPTION s REFRESH PUBLICATION;", Elsewhere),
            ("DROP SUBSCRIPTION IF EXISTS s;", Elsewhere),
            ("DROP OWNED BY app;", Anywhere),
            ("REASSIGN OWNED BY app TO x;", Anywhere),
            ("DO $$ BEGIN END $$;", Anywhere),
            ("CALL p();", Anywhere),
            ("COPY t (a) FROM PROGRAM 'id';", Anywhere),
            ("COPY t FROM '/etc/passwd';", Anywhere),
            ("COPY t TO stdout;", Anywhere),
            ("COPY s.t (a, \"from program\") FROM stdin;", Inside),
            ("COPY t FROM stdin WHERE f(a);", Anywhere),
            ("SELECT pg_catalog.pg_reload_conf();", Anywhere),
            (
                "SELECT pg_catalog.set_config('search_path', '', false);",
                Inside,
            ),
            ("SELECT pg_catalog.setval('s', 1, true);", Inside),
            (
                "SELECT pg_catalog.setval('s', lo_import('x'), true);",
                Anywhere,
            ),
            ("SELECT pg_catalog.setval('s', 1, true), f();", Anywhere),
            ("SELECT pg_catalog.lowrite(0, '\\x28');", Inside),
            (
                "SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\t'relname', 't'\n);",
                Inside,
            ),
            ("SELECT setval('s', 1, true);", Anywhere),
            ("WITH x AS (SELECT f()) SELECT 1;", Anywhere),
            ("CREATE TABLE t AS SELECT f();", Anywhere),
            (
                "CREATE TABLE t (a int GENERATED ALWAYS AS (b) STORED, b int);",
                Inside,
            ),
            (
                "CREATE MATERIALIZED VIEW v AS\n SELECT f()\n  WITH NO DATA;",
                Inside,
            ),
            ("CREATE MATERIALIZED VIEW v AS SELECT f();", Anywhere),
            ("CREATE VIEW v AS SELECT f();", Inside),
            ("INSERT INTO t VALUES (f());", Anywhere),
            ("INSERT INTO t (a, b) VALUES (1, 'f()'), (2, B'1');", Inside),
            ("INSERT INTO t DEFAULT VALUES;", Inside),
            ("INSERT INTO t SELECT f() FROM (VALUES (1)) x;", Anywhere),
            ("UPDATE t SET a = f();", Anywhere),
            ("REFRESH MATERIALIZED VIEW v;", Inside),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b;",
                Inside,
            ),
        ] {
            assert_eq!(Reach::of(sql), reach, "{sql}");
        }
    }

    #[test]
    fn entries_of_an_archive() {
        let reach = |kind: &str, definition: &str, copy: &str| {
            Reach::of_entry(&TocEntry {
                kind: kind.to_string(),
                definition: definition.into(),
                copy: copy.into(),
                ..TocEntry::default()
            })
        };
        let table = "CREATE TABLE t (a text DEFAULT '; DROP ROLE x;');\n";
        assert_eq!(reach("TABLE", table, ""), Reach::Inside);
        let two = format!("{table}ALTER ROLE app SUPERUSER;\n");
        assert_eq!(reach("TABLE", &two, ""), Reach::Server);
        assert_eq!(reach("TABLE", "DROP DATABASE app;", ""), Reach::Database);
        assert_eq!(reach("DATABASE", "CREATE DATABASE app;", ""), Reach::Inside);
        assert_eq!(reach("BLOB METADATA", "70001\n70002\n", ""), Reach::Inside);
        assert_eq!(
            reach("BLOB METADATA", "1; DROP ROLE x;", ""),
            Reach::Anywhere
        );
        let copy = "COPY s.t (a) FROM stdin;\n";
        assert_eq!(reach("TABLE DATA", "", copy), Reach::Inside);
        for copy in [
            "COPY s.t FROM PROGRAM 'x';\n",
            "DROP ROLE x; COPY s.t FROM stdin;\n",
        ] {
            assert_eq!(reach("TABLE DATA", "", copy), Reach::Anywhere);
        }
        assert_eq!(reach("TABLE", "\\! id\n", ""), Reach::Anywhere);
    }
}
