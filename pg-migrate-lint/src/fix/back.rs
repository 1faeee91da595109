//! The way back of what a fix divides: each of its files undoes what it does, and the file of the statement no longer
//! undoes what is not its own any more.

use std::mem::discriminant;
use std::ops::Range;
use std::path::PathBuf;

use super::around::{Back, There};
use super::keyword;
use super::moved::{Moved, sets_nothing};
use super::undo::{Statement, Undo};
use crate::model::{Action, Alter, Change, ConstraintKind, Kind};

/// What stands in a way back that undoes nothing: an empty one is refused by some runners.
pub const NOTHING: &str = "-- nothing is to be undone";

/// What a statement is about, which is what has to be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An index that it makes on a table.
    Index(String, String),
    /// A constraint that it adds to a table, and whether that is a primary key.
    Constraint(String, String, bool),
    /// A column of a table that it makes NOT NULL.
    NotNull(String, String),
    /// A column that it adds to a table.
    Column(String, String),
    /// An index that it drops.
    Dropped(String),
    /// Nothing that has to be undone.
    Nothing,
}

impl Target {
    fn of(change: &Change) -> Option<Self> {
        Some(match change {
            Change::CreateIndex(index) => {
                Self::Index(index.table.name.clone(), index.name.clone()?)
            }
            Change::Reindex { .. } => Self::Nothing,
            Change::Drop(drop) => match (drop.kind, drop.names.as_slice()) {
                (Kind::Index, [name]) => Self::Dropped(name.name.clone()),
                _ => return None,
            },
            Change::Alter(Alter { table, action, .. }) => {
                let table = table.name.clone();
                match action {
                    Action::AddConstraint(constraint) => match &constraint.kind {
                        ConstraintKind::NotNull(column) => Self::NotNull(table, column.clone()),
                        kind => {
                            let is_primary = matches!(kind, ConstraintKind::Primary(_));
                            Self::Constraint(table, constraint.name.clone()?, is_primary)
                        }
                    },
                    Action::SetNotNull(column) => Self::NotNull(table, column.clone()),
                    Action::AddColumn { column, .. } => Self::Column(table, column.name.clone()),
                    Action::Validate(_) => Self::Nothing,
                    _ => return None,
                }
            }
            _ => return None,
        })
    }

    /// That of a statement; the name that PostgreSQL would choose is the one which the fix says.
    pub fn of_statement(changes: &[Change], fix: &[&Change]) -> Option<Self> {
        let known = changes.iter().find_map(Self::of);
        known.or_else(|| {
            let is_like = |change: &&&Change| changes.iter().any(|own| is_same_sort(own, change));
            fix.iter().find(is_like).and_then(|change| Self::of(change))
        })
    }

    /// Whether this change, alone in its statement, is what undoes it.
    fn is_undone_by(&self, change: &Change) -> bool {
        match (self, change) {
            (Self::Index(_, index), Change::Drop(drop)) => {
                let mut own = drop.names.iter().filter(|name| name.name == *index);
                let is_once = own.next().is_some() && own.next().is_none();
                drop.kind == Kind::Index && is_once && (drop.names.len() == 1 || !drop.cascade)
            }
            (Self::Dropped(index), Change::CreateIndex(created)) => {
                created.name.as_ref() == Some(index)
            }
            (_, Change::Alter(Alter { table, action, .. })) => match (self, action) {
                (Self::Constraint(of, name, _), Action::DropConstraint { constraint, .. }) => {
                    *of == table.name && name == constraint
                }
                (Self::NotNull(of, name), Action::DropNotNull(column))
                | (Self::Column(of, name), Action::DropColumn { column, .. }) => {
                    *of == table.name && name == column
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// What a statement that undoes it drops besides.
    fn rest(&self, there: &There) -> Option<String> {
        let (Self::Index(_, index), Some([Change::Drop(drop)])) = (self, there.changes.as_deref())
        else {
            return None;
        };
        let others = drop.names.iter().filter(|name| name.name != *index);
        let others: Vec<_> = others.map(ToString::to_string).collect();
        let exists = if drop.if_exists { "IF EXISTS " } else { "" };
        let words = format!("DROP INDEX {exists}{};", others.join(", "));
        (!others.is_empty()).then_some(words)
    }

    /// Whether it goes with its table.
    fn goes_with(&self, change: &Change) -> bool {
        let table = match self {
            Self::Index(table, _)
            | Self::Constraint(table, ..)
            | Self::NotNull(table, _)
            | Self::Column(table, _) => table,
            Self::Dropped(_) | Self::Nothing => return false,
        };
        matches!(change, Change::Drop(drop)
            if drop.kind == Kind::Table && drop.names.iter().any(|name| name.name == *table))
    }
}

fn is_same_sort(one: &Change, other: &Change) -> bool {
    let constraint = |change: &Change| match change {
        Change::Alter(Alter {
            action: Action::AddConstraint(constraint),
            ..
        }) => Some(discriminant(&constraint.kind)),
        _ => None,
    };
    match (one, other) {
        (Change::CreateIndex(_), Change::CreateIndex(_)) => true,
        _ => constraint(one).is_some() && constraint(one) == constraint(other),
    }
}

/// Another text in the file that takes a migration back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub path: PathBuf,
    /// What goes from it, without its semicolon.
    pub range: Range<usize>,
    /// What comes in its place; nothing: the semicolon goes, too.
    pub text: String,
}

/// How a divided migration is taken back.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WayBack {
    /// What each new file says; none: nothing, as the file of the statement.
    pub downs: Vec<Option<String>>,
    /// What becomes of the old way back.
    pub edit: Option<Edit>,
}

/// What is divided.
pub struct Division<'a> {
    /// What the statement does.
    pub changes: &'a [Change],
    /// What stands in its place.
    pub kept: Option<&'a [Statement]>,
    /// What is in files of its own, in order.
    pub files: Vec<&'a [Statement]>,
    /// Whether the statement stays, and the rest comes to it.
    pub is_beside: bool,
}

impl Division<'_> {
    /// The way back through all of its files. Fails, saying why, where it can't be known for sure.
    pub fn way_back(&self, down: Option<&Back>, moved: &Moved) -> Result<WayBack, String> {
        let Some(down) = down.filter(|_| !self.is_beside) else {
            return self.by_itself();
        };
        let path = down.path.display();
        if down.statements.is_empty() {
            let downs = self.files.iter().map(|_| Some(NOTHING.to_string()));
            return Ok(WayBack {
                downs: downs.collect(),
                edit: None,
            });
        }
        let all = self.all();
        let target = Target::of_statement(self.changes, &all);
        let kept = self.kept.map(changes);
        let kept_target = kept.as_ref().and_then(|kept| {
            let targets = kept.iter().map(|change| Target::of(change));
            targets.flatten().find(|target| *target != Target::Nothing)
        });
        let is_kept = self.kept.is_some() && kept_target == target;
        let undo = Undo {
            fix: &all,
            texts: self.texts(),
            is_primary: matches!(target, Some(Target::Constraint(_, _, true))),
        };
        let own: Vec<_> = self.files.iter().map(|file| undo.of(file, true)).collect();
        let is_nothing = |undone: &Option<Vec<String>>| undone.as_ref().is_some_and(Vec::is_empty);
        if (is_kept || target == Some(Target::Nothing)) && own.iter().all(is_nothing) {
            return Ok(WayBack {
                downs: own.iter().map(|_| Some(NOTHING.to_string())).collect(),
                edit: None,
            });
        }
        let unclear = || format!("{path} does not undo it by a statement of its own");
        let target = target.ok_or_else(unclear)?;
        let (place, undoing) = undoing(down, &target, moved).ok_or_else(unclear)?;
        let mut downs: Vec<_> = own.into_iter().map(|undone| undone.map(said)).collect();
        if let (Target::Dropped(_), Some(last), Some(there)) = (&target, downs.last_mut(), undoing)
        {
            *last = Some(concurrently(&there.text));
        }
        if downs.iter().any(Option::is_none) {
            return Err(unclear());
        }
        let text = match self.kept.filter(|_| !is_kept) {
            Some(kept) => undo.of(kept, false).ok_or_else(unclear)?.join("\n"),
            None => String::new(),
        };
        let edit = undoing.filter(|_| !is_kept).map(|there| {
            let rest = target.rest(there);
            let text = rest
                .into_iter()
                .chain(Some(text).filter(|text| !text.is_empty()));
            let text = text.collect::<Vec<_>>().join("\n");
            Edit {
                path: down.path.clone(),
                range: there.range.clone(),
                text: match text.is_empty() && down.statements.len() == 1 && place == 0 {
                    true => NOTHING.to_string(),
                    false => text,
                },
            }
        });
        Ok(WayBack { downs, edit })
    }

    /// Where the file of the statement has no way back, or its own is none of this: new files have what undoes them, or
    /// nothing, as that.
    fn by_itself(&self) -> Result<WayBack, String> {
        let all = self.all();
        let undo = Undo {
            fix: &all,
            texts: self.texts(),
            is_primary: false,
        };
        let downs = self.files.iter().map(|file| match self.is_beside {
            true => undo.of(file, true).map(said),
            false => None,
        });
        Ok(WayBack {
            downs: downs.collect(),
            edit: None,
        })
    }

    fn all(&self) -> Vec<&Change> {
        let files = self.kept.into_iter().chain(self.files.iter().copied());
        files.flat_map(changes).collect()
    }

    fn texts(&self) -> Vec<&Statement> {
        let files = self.kept.into_iter().chain(self.files.iter().copied());
        files.flatten().collect()
    }
}

/// What undoes each of the new files by itself, for people to go by; of those that are not new only what they do counts.
pub fn undone(files: &[(&[Statement], bool)]) -> Vec<String> {
    let all: Vec<_> = files.iter().flat_map(|(file, _)| changes(file)).collect();
    let undo = Undo {
        fix: &all,
        texts: files.iter().flat_map(|(file, _)| file.iter()).collect(),
        is_primary: false,
    };
    let new = files.iter().filter(|(_, is_new)| *is_new);
    new.map(|(file, _)| match undo.of(file, true) {
        Some(statements) => said(statements),
        None => "-- write here what undoes it".to_string(),
    })
    .collect()
}

fn changes(statements: &[Statement]) -> Vec<&Change> {
    statements.iter().flat_map(Statement::changes).collect()
}

/// What of a way back undoes it, with its number: one statement alone, or none where its table goes. None where neither
/// is sure, or something before it would not be the same behind it.
fn undoing<'a>(
    down: &'a Back,
    target: &Target,
    moved: &Moved,
) -> Option<(usize, Option<&'a There>)> {
    let is_of = |there: &There, test: &dyn Fn(&Change) -> bool| {
        let changes = there.changes.as_deref().unwrap_or_default();
        matches!(changes, [change] if test(change))
    };
    let places = |test: &dyn Fn(&Change) -> bool| {
        let all = down.statements.iter().enumerate();
        all.filter(|(_, there)| is_of(there, test))
            .map(|(place, _)| place)
            .collect::<Vec<_>>()
    };
    let found = places(&|change| target.is_undone_by(change));
    let (place, is_statement) = match found.as_slice() {
        [place] => (*place, true),
        [] => (*places(&|change| target.goes_with(change)).first()?, false),
        _ => return None,
    };
    let (before, rest) = down.statements.split_at(place);
    let is_free = |there: &There| sets_nothing(there) && moved.passes(there);
    let is_seen = rest.iter().all(|there| there.changes.is_some());
    (is_seen && before.iter().all(is_free)).then(|| (place, rest.first().filter(|_| is_statement)))
}

fn said(statements: Vec<String>) -> String {
    match statements.is_empty() {
        true => NOTHING.to_string(),
        false => statements.join("\n"),
    }
}

/// CREATE INDEX so that nobody waits.
fn concurrently(sql: &str) -> String {
    match keyword(sql, "INDEX").map(|at| sql.split_at(at + "INDEX".len())) {
        Some((before, after)) if keyword(after, "CONCURRENTLY").is_none() => {
            format!("{before} CONCURRENTLY{after};")
        }
        _ => format!("{sql};"),
    }
}
