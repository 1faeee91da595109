//! A fix of several transactions, written into the files of the framework that runs them.
//!
//! As text it is SQL as it was: what is no SQL for now (names, side files, ways back) stands in comments. As files it
//! is what the folder has to hold. These are there only where all of them, run at once, end where the statement would
//! have ended, and lead back to where its own way back leads; else the text says what is left to people, and why.

mod laying;

use std::ops::Range;
use std::sync::Arc;

use laying::Laying;

use super::around::{Around, Back, There};
use super::back::{Division, NOTHING, WayBack, undone};
use super::moved::{Moved, sets_nothing};
use super::steps::{Fix, Step, Way};
use super::undo::Statement;
use crate::finding::Frame;
use crate::layout::{Down, Outside, Writer};
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
pub struct Place {
    /// The file, as it was named.
    pub path: String,
    /// Where the statement is in it, without its semicolon.
    pub range: Range<usize>,
    /// How it stands there.
    pub frame: Frame,
}

/// The file that was looked into last, with what stands around.
pub type Looked = Option<(String, Arc<Result<Around, String>>)>;

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

/// How the files come to be what they are.
#[derive(Debug)]
struct Plan<'a> {
    around: &'a Around,
    back: WayBack,
    /// What goes from the file besides the statement.
    others: Vec<&'a Range<usize>>,
}

/// The fix in files. None where it has to be in one, or in none.
pub fn lay_out(fix: &Fix, place: &Place, writer: &Writer, looked: &mut Looked) -> Option<Laid> {
    if !place.frame.is_shared || fix.is_here() {
        return None;
    }
    let drafts = drafts(fix, place, writer);
    let is_whole = !drafts.iter().any(|draft| matches!(draft, Draft::Words(_)));
    let is_its_own =
        writer.manner.command.is_none() && !place.frame.is_part && !place.frame.is_nested;
    let around = (is_whole && is_its_own).then(|| look(place, writer, looked));
    let plan = match &around {
        None => Err(None),
        Some(around) => match &**around {
            Ok(around) => plan(&drafts, fix, place, writer, around).map_err(Some),
            Err(why) => Err(Some(why.clone())),
        },
    };
    let downs = match &plan {
        Ok(plan) => plan.back.downs.clone(),
        Err(_) => {
            let pieces = drafts.iter().filter_map(|draft| match draft {
                Draft::Edit(piece) => piece.as_ref().map(|piece| (piece, false)),
                Draft::New(piece) => Some((piece, true)),
                Draft::Words(_) => None,
            });
            let pieces: Vec<_> = pieces
                .map(|(piece, is_new)| (piece.statements.as_slice(), is_new))
                .collect();
            undone(&pieces).into_iter().map(Some).collect()
        }
    };
    let mut laying = Laying::new(place, writer, plan.as_ref().ok(), downs);
    laying.has_others = !others(fix, place).is_empty();
    match &plan {
        Err(Some(why)) => laying.say(&format!("-- written by hand, since {why}")),
        Err(None)
            if fix
                .steps
                .iter()
                .any(|step| matches!(step.way, Way::Batches | Way::Release)) =>
        {
            laying.say("-- written by hand, one file after the other: what is in no migration comes between them, and a run of all files waits for neither batches nor a release");
        }
        _ => {}
    }
    drafts.iter().for_each(|draft| laying.add(draft));
    Some(laying.finish())
}

fn look(place: &Place, writer: &Writer, looked: &mut Looked) -> Arc<Result<Around, String>> {
    match looked {
        Some((path, around)) if *path == place.path => Arc::clone(around),
        _ => {
            let around = Arc::new(Around::read(&place.path, writer));
            *looked = Some((place.path.clone(), Arc::clone(&around)));
            around
        }
    }
}

/// What the files have to be to end, and to lead back, where the statement did. Fails, saying why they can't be known
/// to do so, in words that go after "since".
fn plan<'a>(
    drafts: &[Draft],
    fix: &'a Fix,
    place: &Place,
    writer: &Writer,
    around: &'a Around,
) -> Result<Plan<'a>, String> {
    if writer.is_all_in_one {
        return Err(format!(
            "{} runs all that is pending in one transaction",
            writer.runner
        ));
    }
    let number = around
        .up
        .iter()
        .position(|there| there.range == place.range);
    let number = number.ok_or_else(|| format!("{} is not as it was read", place.path))?;
    let (before, rest) = around.up.split_at(number);
    let Some((own, after)) = rest.split_first() else {
        return Err(format!("{} is not as it was read", place.path));
    };
    let others = others(fix, place);
    let goes_along = |there: &&There| others.contains(&&there.range);
    if before.iter().filter(goes_along).count() < others.len() {
        return Err(format!("{} is not as it was read", place.path));
    }
    let first = before.iter().position(|there| goes_along(&there));
    let kept = drafts.iter().find_map(|draft| match draft {
        Draft::Edit(piece) => piece.as_ref(),
        _ => None,
    });
    let files = drafts.iter().filter_map(|draft| match draft {
        Draft::New(piece) => Some(piece.statements.as_slice()),
        _ => None,
    });
    let files: Vec<_> = files.collect();
    let statements = || {
        kept.iter()
            .flat_map(|piece| &piece.statements)
            .chain(files.iter().copied().flatten())
    };
    if statements().any(has_long_name) {
        return Err("a name of it is cut, and another one then than it would be".to_string());
    }
    let down = around.down.as_ref();
    if kept.is_some_and(|piece| piece.is_outside) && down.is_some_and(Back::needs_transaction) {
        return Err("its way back needs the transaction".to_string());
    }
    if files.is_empty() {
        // It stays where it is, and does what it did.
        let back = WayBack::default();
        return Ok(Plan {
            around,
            back,
            others,
        });
    }
    let moved =
        Moved::of(statements()).map_err(|sql| format!("what this is of can't be seen: {sql}"))?;
    let mut stays = before.iter().filter(|there| !goes_along(there));
    if let Some(there) = stays.find(|there| !sets_nothing(there)) {
        return Err(format!(
            "line {} may decide what it means, and would have to go with it",
            there.line
        ));
    }
    let between = before.iter().skip(first.unwrap_or(number));
    let mut passed = between.filter(|there| !goes_along(there)).chain(after);
    if let Some(there) = passed.find(|there| !moved.passes(there)) {
        return Err(format!(
            "line {} may need what it does, or change what it is of, and would have to go along behind it",
            there.line
        ));
    }
    let mut meanwhile = before
        .iter()
        .filter(|there| !goes_along(there))
        .chain(after);
    if let Some(there) = meanwhile.find(|there| moved.is_awaited_by(there)) {
        return Err(format!(
            "line {} may take away what keeps duplicates out until it does, and would have to wait for it",
            there.line
        ));
    }
    let mut later = around
        .later
        .iter()
        .flat_map(|(path, all)| all.iter().map(move |there| (path, there)));
    let is_behind = |there: &There| moved.passes(there) && !moved.is_awaited_by(there);
    if let Some((path, there)) = later.find(|(_, there)| !is_behind(there)) {
        return Err(format!(
            "line {} of {path}, which would come before it, may need what it does, or change what it is of",
            there.line
        ));
    }
    if writer.manner.down == Down::None && down.is_some() {
        return Err(format!(
            "{} is taken back by a file of which nothing is known here",
            place.path
        ));
    }
    if fix.exchange.is_some() {
        // What leads back from the new to the old one, in one piece, still does.
        let back = WayBack {
            downs: files
                .iter()
                .map(|_| down.map(|_| NOTHING.to_string()))
                .collect(),
            edit: None,
        };
        return Ok(Plan {
            around,
            back,
            others,
        });
    }
    let division = Division {
        changes: own.changes.as_deref().unwrap_or_default(),
        kept: kept.map(|piece| piece.statements.as_slice()),
        files,
        is_beside: fix.is_beside,
    };
    let back = division.way_back(down, &moved)?;
    Ok(Plan {
        around,
        back,
        others,
    })
}

/// The other statements of the file that it comes in the place of.
fn others<'a>(fix: &'a Fix, place: &Place) -> Vec<&'a Range<usize>> {
    let all = fix.exchange.iter().flat_map(|exchange| &exchange.others);
    all.filter(|range| **range != place.range).collect()
}

/// Whether a name in it is longer than PostgreSQL's names are.
fn has_long_name(statement: &Statement) -> bool {
    const KEPT: usize = 63;
    let parts = statement
        .sql
        .split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    let mut quoted = statement.sql.split('"').skip(1).step_by(2);
    parts.into_iter().any(|part| part.len() > KEPT) || quoted.any(|part| part.len() > KEPT)
}

fn drafts(fix: &Fix, place: &Place, writer: &Writer) -> Vec<Draft> {
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
