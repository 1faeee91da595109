//! The code of DO and of functions, as far as it can be looked into.

use crate::model::Body;
use crate::parse::plpgsql::{self, Code, Step};
use crate::source::Source;

/// What it runs; none where that can't be told. That of a function needs the statement that makes it, for the names
/// of its arguments and what it returns.
pub fn look(body: &Body, made: Option<&str>) -> Option<Code> {
    match body.language.as_str() {
        "plpgsql" => match made {
            Some(function) => plpgsql::look(function),
            None => plpgsql::look(&format!(
                "DO $pg_migrate_lint${}$pg_migrate_lint$",
                body.code
            )),
        },
        "sql" => Some(sql_code(&body.code)),
        _ => None,
    }
}

/// That code is not seen, in words: a statement of it that is put together, or all of it.
pub fn unseen_words(language: &str, is_read: bool) -> String {
    match is_read {
        true => "what this EXECUTE runs is put together only when it runs: no rule has seen it"
            .to_string(),
        false => format!("this code is {language} that no rule can look into"),
    }
}

/// The statements of a body in SQL, each with its line.
fn sql_code(code: &str) -> Code {
    let source = Source::new("", code.as_bytes().to_vec());
    let statements = source.statements.iter().map(|statement| {
        let line = code
            .get(..statement.start())
            .map_or(0, |before| before.matches('\n').count());
        Step {
            line: line + 1,
            sql: source.parsable(statement).to_string(),
            is_sure: false,
            is_plain: true,
        }
    });
    Code::of(statements.collect())
}
