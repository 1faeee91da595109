//! Statements parsed by the server's own grammar.
//!
//! Many are given to it at once, because each call of it has a price; where one of them is no SQL, each by itself.

pub mod plpgsql;

use std::cell::Cell;

use crate::decode;
use crate::model::Change;
use crate::source::{Source, Statement};
use crate::tree::{self, RawStmt, Refusal, Tree};

/// What became of a statement.
#[derive(Debug)]
pub enum Parsed {
    /// What it does.
    Changes(Vec<Change>),
    /// What the grammar says against it.
    Refused(String),
    /// It may be SQL, but nests too deeply for us, and why.
    Unseen(String),
}

/// Longer ones that only bring rows are not looked into.
const LONGEST_INSERT: usize = 1 << 16;

/// Parses those of a file that nobody asked about: what changes rows alone is passed over.
pub fn history(source: &Source, statements: &[Statement]) -> Vec<Parsed> {
    let matters = |statement: &&Statement| !changes_rows(source.parsable(statement));
    let statements: Vec<Statement> = statements.iter().filter(matters).copied().collect();
    parse(source, &statements)
}

/// Whether it leaves all definitions as they are, by its first word.
fn changes_rows(text: &str) -> bool {
    let words = ["INSERT", "UPDATE", "DELETE", "COMMENT", "GRANT", "REVOKE"];
    let word = text
        .split(|letter: char| !letter.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Parses them, in order.
pub fn parse(source: &Source, statements: &[Statement]) -> Vec<Parsed> {
    let mut text = String::new();
    let mut starts = Vec::with_capacity(statements.len());
    for statement in statements {
        starts.push(text.len());
        text.push_str(parsable(source, statement));
        // A comment without an end of line at the end of the statement would swallow the semicolon.
        text.push_str("\n;");
    }
    match together(text, &starts) {
        Some(parsed) => parsed,
        None => statements
            .iter()
            .map(|statement| by_itself(source, statement))
            .collect(),
    }
}

/// The whole statement is asked where its head is no SQL: what was cut may have been cut wrong.
fn by_itself(source: &Source, statement: &Statement) -> Parsed {
    let (head, whole) = (parsable(source, statement), source.parsable(statement));
    match one(head) {
        Parsed::Refused(_) if head.len() < whole.len() => one(whole),
        parsed => parsed,
    }
}

/// The statement, or as much of a great INSERT as matters.
fn parsable<'a>(source: &'a Source, statement: &Statement) -> &'a str {
    in_short(source.parsable(statement))
}

/// A statement; of a great INSERT the beginning, with its first row.
pub fn in_short(text: &str) -> &str {
    match text.len() > LONGEST_INSERT
        && text
            .get(..6)
            .is_some_and(|word| word.eq_ignore_ascii_case("insert"))
    {
        true => head(text).unwrap_or(text),
        false => text,
    }
}

/// `INSERT INTO t (…) VALUES (…)`, its first row.
fn head(text: &str) -> Option<&str> {
    let upper = text
        .get(..4096.min(text.len()))
        .unwrap_or_default()
        .to_ascii_uppercase();
    let values = upper.find("VALUES")?;
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut at = values;
    while at < bytes.len() {
        match bytes[at] {
            b'\'' => at += 1 + memchr::memchr(b'\'', &bytes[at + 1..])?,
            b'(' => depth += 1,
            b')' if depth == 1 => return text.get(..=at),
            b')' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    None
}

/// All at once, where there are as many as there should be.
fn together(text: String, starts: &[usize]) -> Option<Vec<Parsed>> {
    let tree = Tree::of(text).ok()?;
    let is_too_deep = Cell::new(false);
    let mut parsed = Vec::with_capacity(starts.len());
    for stmt in tree::statements(&tree, &is_too_deep) {
        let start = starts.get(parsed.len())?;
        parsed.push(changes(stmt, *start, &is_too_deep)?);
    }
    (parsed.len() == starts.len()).then_some(parsed)
}

/// One by itself.
pub fn one(text: &str) -> Parsed {
    let tree = match Tree::of(text) {
        Ok(tree) => tree,
        Err(Refusal::Grammar(message)) => return Parsed::Refused(message),
        Err(Refusal::Nul) => return unseen("it contains a NUL"),
    };
    let is_too_deep = Cell::new(false);
    let mut all = Vec::new();
    for stmt in tree::statements(&tree, &is_too_deep) {
        match changes(stmt, 0, &is_too_deep) {
            Some(Parsed::Changes(changes)) => all.extend(changes),
            Some(parsed) => return parsed,
            None => {}
        }
    }
    Parsed::Changes(all)
}

fn changes(stmt: RawStmt, start: usize, is_too_deep: &Cell<bool>) -> Option<Parsed> {
    let changes = decode::changes(&stmt.stmt?.read()?, start);
    Some(match is_too_deep.replace(false) {
        true => too_deep(),
        false => Parsed::Changes(changes),
    })
}

fn too_deep() -> Parsed {
    unseen("it nests too deeply to be looked into")
}

fn unseen(why: &str) -> Parsed {
    Parsed::Unseen(format!("{why}: no rule has seen it"))
}
