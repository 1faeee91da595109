//! What a backup may do on a server that others use: nothing outside its own database.

use shared::dump::{Token, tokens};

/// What a statement is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// What is in the database.
    Inside,
    /// The database itself, which a backup made with `--create` names as it was called where it
    /// came from. Here that may be the live one.
    Database,
    /// Something of the whole server.
    Server,
}

impl Reach {
    /// Of a statement.
    pub fn of(sql: &str) -> Self {
        // Saves cutting rows into tokens.
        if sql.starts_with("INSERT ") {
            return Self::Inside;
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
                () if SHARED.iter().any(|kind| is(1, kind)) => Self::Server,
                () => Self::Inside,
            };
        }
        let on = tokens.iter().position(|token| token.is("on"));
        let object = on.and_then(|on| tokens.get(on + 1));
        let object_is = |word: &str| object.is_some_and(|token| token.is(word));
        if verb(&["comment", "security", "grant", "revoke"]) && object_is("database") {
            return Self::Database;
        }
        let is_shared = SHARED.iter().any(|kind| object_is(kind)) || object_is("parameter");
        let is_membership = verb(&["grant", "revoke"]) && on.is_none();
        match verb(&["comment", "security", "grant", "revoke"]) && (is_shared || is_membership) {
            true => Self::Server,
            false => Self::Inside,
        }
    }

    /// One that would connect to a publisher is none of pg_dump's.
    fn of_subscription(tokens: &[Token<'_>]) -> Self {
        let has = |words: &[&str]| {
            tokens.windows(words.len()).any(|window| {
                window.iter().zip(words).all(|(token, word)| match word {
                    &"=" => *token == Token::Symbol(b'='),
                    word => token.is(word),
                })
            })
        };
        let creates = tokens.first().is_some_and(|token| token.is("create"));
        match (creates, has(&["connect", "=", "false"]), has(&["enable"])) {
            (true, false, _) | (false, _, true) => Self::Server,
            _ => Self::Inside,
        }
    }
}

/// What belongs to no database.
const SHARED: [&str; 5] = ["role", "user", "group", "tablespace", "system"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_and_what_they_are_about() {
        use Reach::{Database, Inside, Server};
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
                Server,
            ),
            ("ALTER SUBSCRIPTION s OWNER TO app;", Inside),
            ("ALTER SUBSCRIPTION s ENABLE;", Server),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE a GRANT SELECT ON TABLES TO b;",
                Inside,
            ),
        ] {
            assert_eq!(Reach::of(sql), reach, "{sql}");
        }
    }
}
