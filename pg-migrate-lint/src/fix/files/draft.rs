//! What a fix writes: which of its steps go into the file of the statement, which into new ones, which into none.

use super::Place;
use crate::fix::steps::{Fix, Step, Way};
use crate::fix::undo::Statement;
use crate::layout::{Outside, Writer};
use crate::rules::refuses_transaction;
use crate::source::Source;

/// A file of the fix.
#[derive(Debug)]
pub enum Draft {
    /// The one of the statement, with this in its place, or nothing.
    Edit(Option<Piece>),
    /// One after all others.
    New(Piece),
    /// None: something to be done, in comments and SQL.
    Words(String),
}

/// What goes into a file.
#[derive(Debug)]
pub struct Piece {
    /// What introduces it.
    pub comment: Option<String>,
    /// What it runs.
    pub statements: Vec<Statement>,
    /// Whether no transaction may be around it.
    pub is_outside: bool,
    /// Whether all of it has to be in one transaction.
    pub is_together: bool,
}

/// The drafts of a fix, in order.
pub fn drafts(fix: &Fix, place: &Place, writer: &Writer) -> Vec<Draft> {
    let mut drafts = Vec::new();
    for step in &fix.steps {
        match step.way {
            Way::Here => drafts.push(Draft::Edit(Some(Piece::of(step)))),
            Way::Words => drafts.extend(step.comment().map(Draft::Words)),
            Way::Batches => {
                let done = words(step).replacen("-- ", "-- in no migration: ", 1);
                drafts.push(Draft::Words(done));
            }
            Way::Release => {
                let done = step.comment().unwrap_or_default();
                drafts.push(Draft::Words(done.replacen(
                    "-- ",
                    "-- in no migration: ",
                    1,
                )));
                drafts.push(Draft::New(Piece::of(step)));
            }
            Way::Outside => outside(step, place, writer, &mut drafts),
            Way::Later => drafts.push(Draft::New(Piece::of(step))),
        }
    }
    if fix.is_beside {
        return drafts;
    }
    // An old way back that is left as it is needs the transaction that it was in.
    let keeps_back = fix.exchange.is_some() && writer.has_down();
    let stands_for_all =
        place.frame.is_alone && !place.frame.is_part && !place.frame.is_nested && !keeps_back;
    let first = drafts
        .iter_mut()
        .find(|draft| !matches!(draft, Draft::Words(_)));
    match first {
        Some(first @ Draft::New(_)) if stands_for_all => {
            if let Draft::New(piece) = std::mem::replace(first, Draft::Edit(None)) {
                *first = Draft::Edit(Some(piece));
            }
        }
        Some(Draft::New(_)) => drafts.insert(0, Draft::Edit(None)),
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
    let sql = Some(step.sql.clone()).filter(|sql| !sql.is_empty());
    let lines = step.comment().into_iter().chain(sql);
    lines.collect::<Vec<_>>().join("\n")
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
        Self {
            comment: step.comment().filter(|_| step.is_together),
            statements: statements(&step.sql),
            is_outside: false,
            is_together: step.is_together,
        }
    }

    /// Its SQL in a file of this sort.
    pub fn sql(&self, writer: &Writer) -> String {
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
    pub fn is_marked(&self, outside: Outside) -> bool {
        match outside {
            Outside::Beside { is_needed, .. } => {
                self.is_outside && self.statements.iter().any(|one| is_needed(&one.sql))
            }
            _ => self.is_outside,
        }
    }
}
