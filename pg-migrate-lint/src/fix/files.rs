//! A fix of several transactions, written into the files of the framework that runs them.
//!
//! As text it is SQL as it was: what is no SQL for now (names, side files, ways back) stands in comments. As files it
//! is what the folder has to hold. These are there only where all of them, run at once, end where the statement would
//! have ended, and lead back to where its own way back leads; else the text says what is left to people, and why.

mod draft;
mod laying;

use std::ops::Range;
use std::sync::Arc;

use draft::{Draft, Piece, drafts};
use laying::Laying;

use super::around::{Around, Back, There};
use super::back::{Division, NOTHING, WayBack, undone};
use super::moved::{Moved, sets_nothing};
use super::steps::{Fix, Way};
use super::undo::Statement;
use crate::finding::Frame;
use crate::layout::{Down, Writer};
use crate::record::FixFile;

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
