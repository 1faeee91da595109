//! Statements by which a throw-away server would reach the machine that it runs on: programs that it starts, files that
//! it writes. They are known by their words; what code of an untrusted language does is not.

use shared::dump::{Token, tokens};
use shared::{Error, Result};

use super::script::Script;

/// Functions that write files where the server can.
const FUNCTIONS: &[&str] = &[
    "lo_export",
    "pg_file_write",
    "pg_file_rename",
    "pg_file_unlink",
];

/// Refuses scripts that have one.
///
/// # Errors
/// Names the first.
pub fn refuse(scripts: &[Script]) -> Result<()> {
    for script in scripts {
        for step in &script.steps {
            let Some(what) = reach(step.text.as_bytes(), false) else {
                continue;
            };
            let path = &script.source.path;
            let line = script.source.lines().line(step.place.start);
            let error = Error::new(format!(
                "{path}:{line}: {what} reaches beyond the throw-away server, to this machine: it is not run"
            ));
            return Err(error.with_hint(
                "--rehearse -d runs it, on a server that is declared disposable as a whole",
            ));
        }
    }
    Ok(())
}

/// What in a statement, or anywhere in code, reaches out.
fn reach(sql: &[u8], is_code: bool) -> Option<String> {
    let tokens = tokens(sql);
    let word = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.is(word));
    let is_body = is_code || word(0, "do") || word(0, "create") && has_body(&tokens);
    for (at, token) in tokens.iter().enumerate() {
        let begins = is_code || at == 0;
        let found = match token {
            Token::Text(text) if is_body => reach(text, true),
            token if begins && token.is("copy") => copied(&tokens[at..]),
            token if begins && token.is("create") && word(at + 1, "tablespace") => {
                let of = &tokens[at..];
                let is_place = |pair: &[Token]| {
                    pair[0].is("location")
                        && matches!(&pair[1], Token::Text(place) if !place.is_empty())
                };
                let has_place = of.windows(2).any(is_place);
                has_place.then(|| "CREATE TABLESPACE".to_string())
            }
            _ => FUNCTIONS
                .iter()
                .find(|name| token.is(name) && tokens.get(at + 1) == Some(&Token::Symbol(b'(')))
                .map(|name| format!("{name}()")),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Whether it makes code.
fn has_body(tokens: &[Token]) -> bool {
    let mut first = tokens.iter().take(4);
    first.any(|token| token.is("function") || token.is("procedure"))
}

/// Where a COPY goes that neither a session nor a file to be read is.
fn copied(tokens: &[Token]) -> Option<String> {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Symbol(b'(') => depth += 1,
            Token::Symbol(b')') => depth = depth.saturating_sub(1),
            Token::Symbol(b';') => return None,
            token if depth == 0 && (token.is("to") || token.is("from")) => {
                return match tokens.get(at + 1) {
                    Some(next) if next.is("program") => Some("COPY … PROGRAM".to_string()),
                    Some(Token::Text(_)) if token.is("to") => Some("COPY … TO a file".to_string()),
                    _ => None,
                };
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_the_machine_is_known_by_its_words() {
        let of = |sql: &str| reach(sql.as_bytes(), false);
        for (sql, what) in [
            ("COPY t TO PROGRAM 'rm x'", "COPY … PROGRAM"),
            ("copy (select 'to', (1)) to program 'cat'", "COPY … PROGRAM"),
            ("copy t from program 'curl x'", "COPY … PROGRAM"),
            ("copy t (a) to '/tmp/x' csv", "COPY … TO a file"),
            ("select lo_export(5, '/tmp/x')", "lo_export()"),
            ("create tablespace x location '/data'", "CREATE TABLESPACE"),
            (
                "do $$ begin copy t to program 'x'; end $$",
                "COPY … PROGRAM",
            ),
            (
                "create function f() returns void language plpgsql as $$ begin execute 'copy t to program ''x'''; end $$",
                "COPY … PROGRAM",
            ),
        ] {
            assert_eq!(of(sql).as_deref(), Some(what), "{sql}");
        }
        for sql in [
            "copy t from stdin",
            "copy t to stdout",
            "copy t from '/data/rows.csv'",
            "insert into t values ('copy t to program x', 'do')",
            "create tablespace x location ''",
            "create table copy (\"to\" int, program text)",
            "do $$ begin copy t from stdin; perform 'copy a to b'; end $$",
            "select lo_export from t",
        ] {
            assert_eq!(of(sql), None, "{sql}");
        }
    }
}
