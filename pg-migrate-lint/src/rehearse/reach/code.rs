//! The code of `DO` and of functions, taken apart into the SQL that it has.

use std::panic::catch_unwind;

use pg_query::ParserOptions;
use serde_json::Value;

use super::bounds::Bounds;
use super::said::{Said, by_words, last_word, word};
use super::strings;

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

    /// What it says, all that it has together.
    pub fn said(&self, bounds: &Bounds) -> Vec<Said> {
        match self.language.as_str() {
            language if bounds.untrusted.contains(language) => {
                vec![reaching(Some(format!("code in {language}")))]
            }
            // It names a function of the server.
            "internal" if bounds.is_outward(&self.text) => {
                vec![reaching(Some(format!("{}()", self.text)))]
            }
            "sql" if !self.body.is_null() => vec![Said::of_tree(&self.body, "", bounds)],
            "sql" => vec![Said::of(&self.text, bounds)],
            "plpgsql" => self.plpgsql(bounds),
            _ => vec![reaching(None)],
        }
    }

    fn plpgsql(&self, bounds: &Bounds) -> Vec<Said> {
        let parsed = catch_unwind(|| pg_query::parse_plpgsql(&self.statement));
        let Ok(Ok(parsed)) = parsed else {
            return vec![reaching(by_words(&self.text, bounds))];
        };
        let mut pieces = Pieces::default();
        pieces.walk(&parsed);
        let mut all = vec![Said {
            is_hidden: pieces.is_dynamic,
            ..Said::default()
        }];
        for text in &pieces.texts {
            let Some(tree) = tree(text) else {
                all.push(reaching(by_words(text, bounds)));
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

/// Of code that can't be read.
fn reaching(reaches: Option<String>) -> Said {
    Said {
        reaches,
        is_hidden: true,
        ..Said::default()
    }
}

fn tree(text: &str) -> Option<Value> {
    let mut parsed = MODES.iter().map(|mode| pg_query::parse(text, *mode));
    let parsed = parsed.find_map(Result::ok)?;
    serde_json::to_value(&parsed.protobuf).ok()
}

/// The SQL of PL/pgSQL.
#[derive(Default)]
struct Pieces {
    texts: Vec<String>,
    /// Whether some of it is put together only when it runs.
    is_dynamic: bool,
}

impl Pieces {
    fn walk(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.walk(item)),
            Value::Object(fields) => {
                for (name, inner) in fields {
                    self.is_dynamic |= matches!(
                        name.as_str(),
                        "PLpgSQL_stmt_dynexecute" | "PLpgSQL_stmt_dynfors" | "dynquery"
                    );
                    match (name.as_str(), inner["query"].as_str()) {
                        ("PLpgSQL_expr", Some(text)) => self.texts.push(text.to_string()),
                        _ => self.walk(inner),
                    }
                }
            }
            _ => {}
        }
    }
}
