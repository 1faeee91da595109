//! The code of `DO` and of functions, taken apart into the SQL that it has.

use pg_query::ParserOptions;
use serde_json::Value;

use super::bounds::Bounds;
use super::said::{Said, last_word, word};
use super::{strings, words};
use crate::parse::plpgsql;

/// How PL/pgSQL has what it runs read: as statements, expressions, and assignments to names of up to three words.
const MODES: [ParserOptions; 5] = [
    ParserOptions::DEFAULT,
    ParserOptions::PLPGSQL_EXPR,
    ParserOptions::PLPGSQL_ASSIGN1,
    ParserOptions::PLPGSQL_ASSIGN2,
    ParserOptions::PLPGSQL_ASSIGN3,
];

/// The code of a block or of a function.
#[derive(Debug, Clone)]
pub struct Code {
    language: String,
    /// As it stands in a string.
    text: String,
    /// `BEGIN ATOMIC` and its like: what the statement has of it.
    body: Value,
    /// The statement that has it.
    statement: String,
}

impl Code {
    /// Of a `CREATE FUNCTION` or `DO` in this text.
    pub fn of(node: &Value, text: &str) -> Self {
        let lists = ["options", "args"].map(|field| node[field].as_array());
        let elements = lists.into_iter().flatten().flatten();
        let mut code = Self {
            language: if node["sql_body"].is_null() {
                "plpgsql"
            } else {
                "sql"
            }
            .to_string(),
            text: String::new(),
            body: node["sql_body"].clone(),
            statement: text.to_string(),
        };
        for element in elements.map(|element| &element["node"]["DefElem"]) {
            let one = element["arg"]["node"]["String"]["sval"].as_str();
            let list = last_word(&element["arg"]["node"]["List"]["items"]);
            let value = one.or(list).unwrap_or_default().to_string();
            match word(element, "defname") {
                "language" => code.language = value,
                "as" => code.text = value,
                _ => {}
            }
        }
        code
    }

    /// SQL that is run as it stands.
    pub fn sql(text: &str) -> Self {
        Self {
            language: "sql".to_string(),
            text: text.to_string(),
            body: Value::Null,
            statement: text.to_string(),
        }
    }

    /// What it says, all that it has together.
    pub fn said(&self, bounds: &Bounds) -> Vec<Said> {
        match self.language.as_str() {
            language if bounds.untrusted.contains(language) => {
                vec![Said::reaching(Some(format!("code in {language}")))]
            }
            // It names a function of the server.
            "internal" if bounds.is_outward(&self.text) => {
                vec![Said::reaching(Some(format!("{}()", self.text)))]
            }
            "sql" if !self.body.is_null() => vec![Said::of_tree(&self.body, "", bounds)],
            "sql" => vec![Said::of(&self.text, bounds)],
            "plpgsql" => self.plpgsql(bounds),
            _ => vec![Said::reaching(words::reach(&self.text, bounds))],
        }
    }

    fn plpgsql(&self, bounds: &Bounds) -> Vec<Said> {
        let Some(pieces) = plpgsql::pieces(&self.statement) else {
            return vec![Said::reaching(words::reach(&self.text, bounds))];
        };
        let mut all = Vec::new();
        // What it writes there can't be taken back after it.
        if pieces.is_dynamic
            && pieces.ends_transactions
            && let Some((_, table)) = bounds.foreign.iter().min()
        {
            let words =
                format!("what EXECUTE may write to the foreign table {table} before a COMMIT");
            all.push(Said::reaching(Some(words)));
        }
        for text in &pieces.texts {
            let Some(tree) = tree(text) else {
                all.push(Said::reaching(words::reach(text, bounds)));
                continue;
            };
            all.push(Said::of_tree(&tree, text, bounds));
            if pieces.is_dynamic {
                let strings = strings::of(&tree);
                all.extend(strings.iter().map(|string| Said::of(string, bounds)));
            }
        }
        all
    }
}

fn tree(text: &str) -> Option<Value> {
    let mut parsed = MODES.iter().map(|mode| pg_query::parse(text, *mode));
    let parsed = parsed.find_map(Result::ok)?;
    serde_json::to_value(&parsed.protobuf).ok()
}
