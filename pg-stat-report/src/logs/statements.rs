//! What the server says of statements: log_min_duration_statement, log_duration, log_statement
//! and auto_explain.

use super::numbers::{split, thousandths};

/// A message that tells of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told<'a> {
    /// What was done.
    pub step: Step,
    /// The statement; nothing where only a duration is logged.
    pub sql: Option<&'a [u8]>,
    /// How long it took, in microseconds.
    pub micros: Option<u64>,
}

/// What was done with a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It ran.
    Execute,
    /// It was parsed.
    Parse,
    /// It was planned, with its parameters.
    Bind,
    /// auto_explain shows its plan.
    Plan,
}

/// Reads a message of the LOG level; nothing if it is of something else.
pub fn read(message: &[u8]) -> Option<Told<'_>> {
    let Some(rest) = message.strip_prefix(b"duration: ") else {
        let (step, sql) = statement(message)?;
        let is_run = step == Step::Execute;
        return is_run.then_some(Told {
            step,
            sql: Some(sql),
            micros: None,
        });
    };
    let (micros, length) = thousandths(rest)?;
    let rest = rest[length..].strip_prefix(b" ms")?;
    let micros = Some(micros);
    if rest.trim_ascii().is_empty() {
        return Some(Told {
            step: Step::Execute,
            sql: None,
            micros,
        });
    }
    let rest = rest.trim_ascii_start();
    if let Some(plan) = rest.strip_prefix(b"plan:") {
        return Some(Told {
            step: Step::Plan,
            sql: Some(of_plan(plan)),
            micros,
        });
    }
    let (step, sql) = statement(rest)?;
    Some(Told {
        step,
        sql: Some(sql),
        micros,
    })
}

/// `statement: …`, `execute NAME: …`, `parse NAME: …`, `bind NAME: …`, and a fastpath call.
fn statement(text: &[u8]) -> Option<(Step, &[u8])> {
    let named = |rest| split(rest, b": ").map(|(_, sql)| sql);
    match text.first()? {
        b's' => Some((Step::Execute, text.strip_prefix(b"statement: ")?)),
        b'e' => Some((Step::Execute, named(text.strip_prefix(b"execute ")?)?)),
        b'p' => Some((Step::Parse, named(text.strip_prefix(b"parse ")?)?)),
        b'b' => Some((Step::Bind, named(text.strip_prefix(b"bind ")?)?)),
        b'f' if text.starts_with(b"fastpath function call: ") => Some((Step::Execute, text)),
        _ => None,
    }
}

/// The statement of auto_explain's text, JSON, YAML or XML.
fn of_plan(plan: &[u8]) -> &[u8] {
    if let Some((_, rest)) = split(plan, b"\"Query Text\": \"") {
        let end = memchr::memmem::find(rest, b"\",\n").unwrap_or(rest.len());
        return &rest[..end];
    }
    if let Some((_, rest)) = split(plan, b"<Query-Text>") {
        return split(rest, b"</Query-Text>").map_or(rest, |(sql, _)| sql);
    }
    let Some((_, rest)) = split(plan, b"Query Text: ") else {
        return plan.trim_ascii();
    };
    // The plan begins with the first line that has costs, or another text of EXPLAIN's.
    let mut end = 0;
    for line in rest.split_inclusive(|byte| *byte == b'\n') {
        let begins = memchr::memmem::find(line, b"  (cost=").is_some()
            || [&b"Query Parameters: "[..], b"Query Identifier: "]
                .iter()
                .any(|word| line.trim_ascii_start().starts_with(word));
        if begins && end > 0 {
            break;
        }
        end += line.len();
    }
    rest[..end].trim_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(message: &str) -> Option<(Step, Option<&str>, Option<u64>)> {
        let told = read(message.as_bytes())?;
        Some((
            told.step,
            told.sql.map(|sql| std::str::from_utf8(sql).unwrap()),
            told.micros,
        ))
    }

    #[test]
    fn every_form_is_read() {
        assert_eq!(
            told("duration: 0.823 ms"),
            Some((Step::Execute, None, Some(823)))
        );
        assert_eq!(
            told("duration: 1.5 ms  statement: select 1"),
            Some((Step::Execute, Some("select 1"), Some(1500)))
        );
        assert_eq!(
            told("duration: 1 ms  execute S_1/c: select 1"),
            Some((Step::Execute, Some("select 1"), Some(1000)))
        );
        assert_eq!(
            told("duration: 1 ms  execute fetch from S_1/c: select 1"),
            Some((Step::Execute, Some("select 1"), Some(1000)))
        );
        assert_eq!(
            told("duration: 1 ms  parse <unnamed>: select 1"),
            Some((Step::Parse, Some("select 1"), Some(1000)))
        );
        assert_eq!(
            told("duration: 1 ms  bind a: select 1"),
            Some((Step::Bind, Some("select 1"), Some(1000)))
        );
        assert_eq!(
            told("statement: select 1"),
            Some((Step::Execute, Some("select 1"), None))
        );
        assert_eq!(
            told("execute <unnamed>: select 1"),
            Some((Step::Execute, Some("select 1"), None))
        );
    }

    #[test]
    fn a_plan_has_its_statement() {
        let plan = "duration: 2 ms  plan:\n\tQuery Text: select *\n\t from t;\n\tSeq Scan on t  (cost=0.00..1.00 rows=1 width=4)\n\t  Filter: x";
        assert_eq!(
            told(plan),
            Some((Step::Plan, Some("select *\n\t from t;"), Some(2000)))
        );
        let json = "duration: 2 ms  plan:\n\t{\n\t  \"Query Text\": \"select 1\",\n\t  \"Plan\": {";
        assert_eq!(told(json), Some((Step::Plan, Some("select 1"), Some(2000))));
    }

    #[test]
    fn another_message_is_none() {
        for message in [
            "",
            "duration",
            "duration: x ms",
            "parse x",
            "said 7",
            "statement",
            "duration: 1 ms  what: x",
        ] {
            assert_eq!(told(message), None, "{message}");
        }
    }
}
