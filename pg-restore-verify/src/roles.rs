//! The roles and tablespaces that a dump takes for granted.

use std::collections::BTreeSet;

use shared::dump::{DEFAULT_TABLESPACE, Token, tokens};

/// What a dump needs from its cluster and does not carry.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Roles that own something, are granted something, stand in a policy, or have settings in
    /// the database.
    pub roles: BTreeSet<String>,
    /// Tablespaces that something is put in.
    pub tablespaces: BTreeSet<String>,
}

impl Needs {
    /// Notes what one statement needs.
    pub fn read(&mut self, statement: &[u8]) {
        if !may_name_a_role(statement) {
            return;
        }
        let tokens = tokens(statement);
        let Some(first) = tokens.first() else { return };
        if first.is("set") {
            self.setting(&tokens);
        } else if first.is("grant") {
            self.list_after(&tokens, "to");
        } else if first.is("revoke") {
            self.list_after(&tokens, "from");
        } else if first.is("create") {
            self.creation(&tokens);
        } else {
            self.alteration(&tokens);
        }
    }

    fn setting(&mut self, tokens: &[Token<'_>]) {
        match tokens {
            [_, session, authorization, role, ..]
                if session.is("session") && authorization.is("authorization") =>
            {
                self.role(role);
            }
            [_, name, Token::Symbol(b'='), tablespace, ..] if name.is("default_tablespace") => {
                // Every server has one of that name.
                let name = tablespace.identifier();
                self.tablespaces
                    .extend(name.filter(|name| name != DEFAULT_TABLESPACE));
            }
            _ => {}
        }
    }

    fn creation(&mut self, tokens: &[Token<'_>]) {
        if tokens.get(1).is_some_and(|token| token.is("policy")) {
            let end = tokens
                .iter()
                .position(|token| token.is("using") || token.is("with"))
                .unwrap_or(tokens.len());
            self.list_after(&tokens[..end], "to");
        } else if tokens.get(1).is_some_and(|token| token.is("user")) {
            self.after(tokens, "for");
        }
    }

    fn alteration(&mut self, tokens: &[Token<'_>]) {
        let starts = |words: &[&str]| {
            words
                .iter()
                .zip(tokens)
                .filter(|(word, token)| token.is(word))
                .count()
                == words.len()
        };
        if let [_, role, name, in_, database, ..] = tokens
            && role.is("role")
            && in_.is("in")
            && database.is("database")
        {
            self.role(name);
        } else if starts(&["alter", "default", "privileges"]) {
            self.after(tokens, "role");
            self.list_after(tokens, "to");
            self.list_after(tokens, "from");
        } else if let [.., owner, to, role, Token::Symbol(b';')] = tokens
            && owner.is("owner")
            && to.is("to")
        {
            self.role(role);
        }
    }

    fn after(&mut self, tokens: &[Token<'_>], keyword: &str) {
        let place = tokens.iter().position(|token| token.is(keyword));
        if let Some(role) = place.and_then(|place| tokens.get(place + 1)) {
            self.role(role);
        }
    }

    /// The names behind the last `keyword`, up to the next word that is not one of them.
    fn list_after(&mut self, tokens: &[Token<'_>], keyword: &str) {
        let Some(place) = tokens.iter().rposition(|token| token.is(keyword)) else {
            return;
        };
        for pair in tokens[place + 1..].chunks(2) {
            self.role(&pair[0]);
            if pair.get(1) != Some(&Token::Symbol(b',')) {
                break;
            }
        }
    }

    fn role(&mut self, token: &Token<'_>) {
        const NO_ROLES: [&str; 3] = ["current_user", "session_user", "current_role"];
        if NO_ROLES.iter().any(|word| token.is(word)) {
            return;
        }
        let name = match token {
            Token::Text(text) => Some(String::from_utf8_lossy(text).into_owned()),
            name => name.identifier(),
        };
        // Which everybody is, in quotes as well.
        self.roles.extend(name.filter(|name| name != "public"));
    }
}

/// Saves cutting every statement (a whole table in INSERTs, say) into tokens.
fn may_name_a_role(statement: &[u8]) -> bool {
    [
        "ALTER ",
        "GRANT ",
        "REVOKE ",
        "SET ",
        "CREATE POLICY ",
        "CREATE USER ",
    ]
    .iter()
    .any(|start| statement.starts_with(start.as_bytes()))
}

#[cfg(test)]
mod test {
    use super::*;

    fn roles(statement: &str) -> Vec<String> {
        let mut needs = Needs::default();
        needs.read(statement.as_bytes());
        needs.roles.into_iter().collect()
    }

    #[test]
    fn wherever_a_dump_names_them() {
        for (statement, expected) in [
            ("ALTER TABLE public.t OWNER TO app;", vec!["app"]),
            (
                "ALTER TABLE \"owner to x\" OWNER TO \"App User\";",
                vec!["App User"],
            ),
            ("ALTER FUNCTION f(\"to\" integer) OWNER TO a;", vec!["a"]),
            (
                "GRANT SELECT(a),INSERT(b) ON TABLE public.t TO r1;",
                vec!["r1"],
            ),
            (
                "GRANT ALL ON TABLE \"to\" TO r1 WITH GRANT OPTION;",
                vec!["r1"],
            ),
            ("REVOKE ALL ON SCHEMA public FROM PUBLIC;", vec![]),
            ("REVOKE ALL ON TABLE t FROM \"public\";", vec![]),
            ("CREATE USER MAPPING FOR \"public\" SERVER s;", vec![]),
            (
                "ALTER ROLE \"A b\" IN DATABASE app SET work_mem TO '1MB';",
                vec!["A b"],
            ),
            ("SET SESSION AUTHORIZATION 'Bob';", vec!["Bob"]),
            (
                "ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;",
                vec!["a", "b"],
            ),
            (
                "CREATE POLICY p ON t FOR SELECT TO a, \"B\" USING ((x = 'TO c'::text));",
                vec!["B", "a"],
            ),
            (
                "CREATE USER MAPPING FOR m SERVER s OPTIONS (\n    \"user\" 'u'\n);",
                vec!["m"],
            ),
            (
                "ALTER TABLE t ALTER COLUMN a SET DEFAULT 'OWNER TO x';",
                vec![],
            ),
        ] {
            assert_eq!(roles(statement), expected, "{statement}");
        }
    }

    #[test]
    fn tablespaces() {
        let mut needs = Needs::default();
        needs.read(b"SET default_tablespace = '';");
        needs.read(b"SET default_tablespace = pg_default;");
        needs.read(b"SET default_tablespace = \"Fast\";");
        assert_eq!(needs.tablespaces.into_iter().collect::<Vec<_>>(), ["Fast"]);
    }
}
