//! A fix of several transactions, written into the files of the framework that runs them.
//!
//! As text it is SQL as it was: what is no SQL for now (names, side files, ways back) stands in comments. As files it
//! is what the folder has to hold.

mod laying;

use std::ops::Range;

use laying::Laying;

use super::steps::{self, BESIDES, Step, Way};
use super::undo::Statement;
use crate::finding::Frame;
use crate::layout::{Outside, Writer};
use crate::record::FixFile;
use crate::rules::refuses_transaction;
use crate::source::Source;

/// A fix in files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Laid {
    /// As it is read, and as psql takes it.
    pub text: String,
    /// What the files hold; empty where people have to do something that writing files does not.
    pub files: Vec<FixFile>,
}

/// The statement that a fix is of.
#[derive(Debug, Clone)]
pub struct Place<'a> {
    /// The file, as it was named.
    pub path: &'a str,
    /// Where the statement is in it, without its semicolon.
    pub range: Range<usize>,
    /// How it stands there.
    pub frame: Frame,
}

/// A file of the fix.
#[derive(Debug)]
enum Draft {
    /// The one of the statement, with this in its place, or nothing.
    Edit(Option<Piece>),
    /// One after all others.
    New(Piece),
    /// None: something to be done, in comments and SQL.
    Words(String),
}

/// What goes into a file.
#[derive(Debug)]
struct Piece {
    comment: Option<String>,
    statements: Vec<Statement>,
    is_outside: bool,
    is_together: bool,
}

/// The fix in files. None where it has to be in one, or in none.
pub fn lay_out(fix: &str, place: &Place, writer: &mut Writer) -> Option<Laid> {
    if !place.frame.is_shared {
        return None;
    }
    let steps = steps::of(fix);
    if steps.iter().all(|step| step.way == Way::Here) {
        return None;
    }
    let drafts = drafts(steps, fix.starts_with(BESIDES), place, writer);
    let mut laid = Laying::new(place, writer);
    drafts.into_iter().for_each(|draft| laid.add(draft));
    Some(laid.finish())
}

/// A fix without a transaction of its own: the runner's, or that of the file, is around it.
pub fn within_transaction(fix: &str) -> String {
    let lines = fix
        .lines()
        .filter(|line| !matches!(*line, "BEGIN;" | "COMMIT;"));
    lines.collect::<Vec<_>>().join("\n")
}

fn drafts(steps: Vec<Step>, is_beside: bool, place: &Place, writer: &Writer) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for step in steps {
        match step.way {
            Way::Here => drafts.push(Draft::Edit(Some(Piece::of(&step)))),
            Way::ByHand => {
                let done = words(&step).replacen("-- ", "-- in no migration: ", 1);
                drafts.push(Draft::Words(done));
            }
            Way::Outside => outside(&step, place, writer, &mut drafts),
            Way::Later | Way::Together => {
                let piece = Piece::of(&step);
                drafts.push(match piece.is_empty() {
                    true => Draft::Words(words(&step)),
                    false => Draft::New(piece),
                });
            }
        }
    }
    let stands_for_all =
        place.frame.is_alone && !place.frame.is_part && !place.frame.is_nested && !is_beside;
    match drafts.first_mut() {
        Some(Draft::New(_)) if !stands_for_all && !is_beside => drafts.insert(0, Draft::Edit(None)),
        Some(first) if stands_for_all && matches!(first, Draft::New(_)) => {
            if let Draft::New(piece) = std::mem::replace(first, Draft::Edit(None)) {
                *first = Draft::Edit(Some(piece));
            }
        }
        _ => {}
    }
    drafts
}

/// The statements of a step that a transaction must not be around, and those among them which do not mind.
fn outside(step: &Step, place: &Place, writer: &Writer, drafts: &mut Vec<Draft>) {
    if let Outside::Never(why) = writer.manner.outside {
        let when = match drafts.is_empty() {
            true => format!("before {} is run", place.path),
            false => "once that is run".to_string(),
        };
        let then = match drafts.is_empty() {
            true => instead(&step.sql),
            false => "",
        };
        let words = format!("-- by psql {when}, since {why}{then}\n{}", step.sql);
        return drafts.push(Draft::Words(words));
    }
    let is_of_one = writer.manner.outside.is_of_one();
    let from = drafts.len();
    for statement in statements(&step.sql) {
        let refuses = statement
            .changes()
            .iter()
            .any(|change| refuses_transaction(change).is_some());
        match drafts[from..].last_mut() {
            Some(Draft::New(piece)) if !is_of_one || !(refuses || piece.is_outside) => {
                piece.is_outside |= refuses;
                piece.statements.push(statement);
            }
            _ => drafts.push(Draft::New(Piece {
                comment: None,
                statements: vec![statement],
                is_outside: refuses,
                is_together: false,
            })),
        }
    }
}

/// What the migration says when it finds the work done.
fn instead(sql: &str) -> &'static str {
    let statements = statements(sql);
    let changes: Vec<_> = statements.iter().flat_map(Statement::changes).collect();
    match changes.as_slice() {
        [crate::model::Change::CreateIndex(_)] => "; the file then says IF NOT EXISTS",
        [crate::model::Change::Drop(_)] => "; the file then says IF EXISTS",
        _ => "; the statement then goes from the file",
    }
}

/// A step as it was.
fn words(step: &Step) -> String {
    let lines = [step.comment.as_str(), step.sql.trim_end()];
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines.copied().collect::<Vec<_>>().join("\n")
}

/// Statements with their semicolons, and the comments before each.
fn statements(sql: &str) -> Vec<Statement> {
    let source = Source::new("", sql.as_bytes().to_vec());
    let mut start = 0;
    let mut all = Vec::new();
    for statement in &source.statements {
        let end = statement.end() + usize::from(statement.is_ended);
        all.push(Statement::new(
            sql.get(start..end).unwrap_or_default().trim(),
        ));
        start = end;
    }
    let rest = sql.get(start..).unwrap_or_default().trim();
    match all.last_mut() {
        Some(last) if !rest.is_empty() => *last = Statement::new(format!("{}\n{rest}", last.sql)),
        _ => {}
    }
    all
}

impl Piece {
    fn of(step: &Step) -> Self {
        let is_said = matches!(step.way, Way::Together) || step.comment.starts_with("-- a release");
        Self {
            comment: is_said.then(|| step.comment.clone()),
            statements: statements(&step.sql),
            is_outside: false,
            is_together: step.way == Way::Together,
        }
    }

    fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// Its SQL in a file of this sort.
    fn sql(&self, writer: &Writer) -> String {
        let cut = writer.manner.bodies;
        let statements = self
            .statements
            .iter()
            .map(|Statement { sql, .. }| match cut {
                Some((begin, end)) if sql.contains("$$") => format!("{begin}\n{sql}\n{end}"),
                _ => sql.clone(),
            });
        let sql = statements.collect::<Vec<_>>().join("\n");
        match self.is_together && !writer.is_wrapped && self.statements.len() > 1 {
            true => format!("BEGIN;\n{sql}\nCOMMIT;"),
            false => sql,
        }
    }

    /// Whether the file needs to be told that there is no transaction.
    fn is_marked(&self, outside: Outside) -> bool {
        match outside {
            Outside::Beside { is_needed, .. } => {
                self.is_outside && self.statements.iter().any(|one| is_needed(&one.sql))
            }
            _ => self.is_outside,
        }
    }
}
