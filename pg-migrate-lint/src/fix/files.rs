//! A fix of several transactions, written into the files of the framework that runs them.
//!
//! As text it is SQL as it was: what is no SQL for now (names, side files, ways back) stands in comments. As files it
//! is what the folder has to hold.

use std::fs;
use std::ops::Range;

use super::steps::{self, BESIDES, Step, Way};
use super::undo;
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
    statements: Vec<String>,
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
        let changes = undo::changes(&statement);
        let refuses = changes
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
    let changes: Vec<_> = statements(sql)
        .iter()
        .flat_map(|sql| undo::changes(sql))
        .collect();
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
fn statements(sql: &str) -> Vec<String> {
    let source = Source::new("", sql.as_bytes().to_vec());
    let mut start = 0;
    let mut all = Vec::new();
    for statement in &source.statements {
        let end = statement.end + usize::from(statement.is_ended);
        all.push(sql.get(start..end).unwrap_or_default().trim().to_string());
        start = end;
    }
    let rest = sql.get(start..).unwrap_or_default().trim();
    match all.last_mut() {
        Some(last) if !rest.is_empty() => *last = format!("{last}\n{rest}"),
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
        let statements = self.statements.iter().map(|sql| match cut {
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
                self.is_outside && self.statements.iter().any(|sql| is_needed(sql))
            }
            _ => self.is_outside,
        }
    }
}

/// The fix as it is put together.
struct Laying<'a> {
    place: &'a Place<'a>,
    writer: &'a mut Writer,
    text: Vec<String>,
    files: Vec<FixFile>,
    /// Whether the files are all that it takes.
    is_whole: bool,
}

impl<'a> Laying<'a> {
    fn new(place: &'a Place<'a>, writer: &'a mut Writer) -> Self {
        let is_whole =
            writer.manner.command.is_none() && !place.frame.is_part && !place.frame.is_nested;
        Self {
            place,
            writer,
            text: Vec::new(),
            files: Vec::new(),
            is_whole,
        }
    }

    fn add(&mut self, draft: Draft) {
        match draft {
            Draft::Edit(piece) => self.edit(piece.as_ref()),
            Draft::New(piece) => self.new_file(&piece),
            Draft::Words(words) => {
                self.is_whole &= !words.starts_with("-- by psql");
                self.text.push(words);
            }
        }
    }

    fn finish(self) -> Laid {
        Laid {
            text: self.text.join("\n"),
            files: match self.is_whole {
                true => self.files,
                false => Vec::new(),
            },
        }
    }

    /// The file of the statement.
    fn edit(&mut self, piece: Option<&Piece>) {
        let Place { path, frame, .. } = self.place;
        let whose = match (frame.is_nested, frame.is_part) {
            (true, _) => "this in its code",
            (_, true) => "this part of the statement",
            _ => "the statement",
        };
        let done = match piece {
            Some(_) => format!("in place of {whose}"),
            None => format!("without {whose}"),
        };
        let rest = match (frame.is_alone, piece.is_none() && self.writer.has_down()) {
            (true, _) => "",
            (false, true) => "; the rest stays, but for what undoes it",
            (false, false) => "; the rest stays",
        };
        self.text.push(format!("-- file: {path}, {done}{rest}"));
        if let Some(piece) = piece {
            self.show(piece, false);
        }
        match self.edited(piece) {
            Some(text) => self.files.push(FixFile {
                path: path.to_string(),
                text,
            }),
            None => self.is_whole = false,
        }
        if let Some(piece) = piece {
            self.beside(path, piece);
        }
    }

    /// The file of the statement with this in its place.
    fn edited(&self, piece: Option<&Piece>) -> Option<String> {
        let text = fs::read(self.place.path).ok()?;
        let text = String::from_utf8(text).ok()?;
        let Range { start, end } = self.place.range;
        let (before, after) = (text.get(..start)?, text.get(end..)?);
        let Some(piece) = piece else {
            let after = after.strip_prefix(';').unwrap_or(after);
            let after = after.strip_prefix('\n').unwrap_or(after);
            return Some(format!("{before}{after}"));
        };
        let sql = piece.sql(self.writer);
        let sql = match after.starts_with(';') {
            true => sql.strip_suffix(';').unwrap_or(&sql),
            false => &sql,
        };
        let text = format!("{before}{sql}{after}");
        Some(match piece.is_marked(self.writer.manner.outside) {
            true => self.marked(&text),
            false => text,
        })
    }

    /// A text that was in a transaction, kept out of it.
    fn marked(&self, text: &str) -> String {
        let manner = self.writer.manner;
        match manner.outside {
            Outside::Line(line) | Outside::LineOfOne(line) => format!("{line}\n{text}"),
            Outside::Words { words, .. } => {
                let down = match manner.down {
                    Down::Section(line) => line,
                    _ => manner.up,
                };
                let lines = text.split('\n').map(|line| {
                    let is_marker = line.starts_with(manner.up) || line.starts_with(down);
                    match is_marker {
                        true => format!("{line}{words}"),
                        false => line.to_string(),
                    }
                });
                lines.collect::<Vec<_>>().join("\n")
            }
            Outside::Beside { .. } | Outside::Alone | Outside::Never(_) => text.to_string(),
        }
    }

    /// A file after all others.
    fn new_file(&mut self, piece: &Piece) {
        let first = piece.statements.first().map(|sql| undo::changes(sql));
        let title = first.and_then(|changes| changes.first().and_then(undo::title));
        let title = title.unwrap_or_else(|| "next_step".to_string());
        let path = self.writer.next(&title);
        let shown = path.display().to_string();
        self.text.push(format!("-- file: {shown}"));
        if let Some(command) = self.writer.manner.command {
            let command = command.replace("{}", &title);
            self.text.push(format!("-- made by `{command}`"));
        }
        if self.writer.is_all_in_one {
            let runner = self.writer.runner;
            self.text.push(format!(
                "-- in a deployment of its own: {runner} runs all that is pending in one transaction"
            ));
        }
        self.text.extend(piece.comment.clone());
        self.show(piece, true);
        let down = self.writer.has_down().then(|| undone(piece));
        let section = match (self.writer.manner.down, &down) {
            (Down::Section(line), Some(down)) => Some((self.words(line, piece), down.clone())),
            _ => None,
        };
        let mut text = self.head(piece);
        text.extend(Some(self.words(self.writer.manner.up, piece)).filter(|line| !line.is_empty()));
        text.push(piece.sql(self.writer));
        if let Some((line, down)) = &section {
            self.text.extend([line.clone(), commented(down)]);
            text.extend([String::new(), line.clone(), down.clone()]);
        }
        self.files.push(FixFile {
            path: shown.clone(),
            text: format!("{}\n", text.join("\n")),
        });
        if let (Some(path), Some(down)) = (self.writer.down(&path), down) {
            let path = path.display().to_string();
            self.text
                .extend([format!("-- file: {path}"), commented(&down)]);
            let mut text = self.head(piece);
            text.push(down);
            self.files.push(FixFile {
                path,
                text: format!("{}\n", text.join("\n")),
            });
        }
        self.beside(&shown, piece);
    }

    /// The SQL of a file as it is read, after the line that keeps it out of a transaction.
    fn show(&mut self, piece: &Piece, is_new: bool) {
        let head = self.head(piece);
        self.text.extend(head);
        let up = self.words(self.writer.manner.up, piece);
        if is_new && !up.is_empty() || up != self.writer.manner.up {
            self.text.push(up);
        }
        if piece.is_outside && matches!(self.writer.manner.outside, Outside::Alone) {
            let runner = self.writer.runner;
            self.text.push(match self.writer.is_wrapped {
                true => format!(
                    "-- alone in its file: {runner} has no transaction around one statement"
                ),
                false => "-- outside of BEGIN and COMMIT".to_string(),
            });
        }
        self.text.push(piece.sql(self.writer));
    }

    /// The line at the head of a file.
    fn head(&self, piece: &Piece) -> Vec<String> {
        let line = match self.writer.manner.outside {
            Outside::Line(line) | Outside::LineOfOne(line) => Some(line.to_string()),
            _ => None,
        };
        line.into_iter().filter(|_| piece.is_outside).collect()
    }

    /// A marker with the words behind it.
    fn words(&self, marker: &str, piece: &Piece) -> String {
        match self.writer.manner.outside {
            Outside::Words { words, .. } if piece.is_outside && !marker.is_empty() => {
                format!("{marker}{words}")
            }
            _ => marker.to_string(),
        }
    }

    /// The file beside a script that keeps it out of a transaction.
    fn beside(&mut self, script: &str, piece: &Piece) {
        let Outside::Beside { name, text, .. } = self.writer.manner.outside else {
            return;
        };
        if !piece.is_marked(self.writer.manner.outside) {
            return;
        }
        let (folder, file) = script.rsplit_once('/').unwrap_or(("", script));
        let name = name.replace("{}", file);
        let path = match folder.is_empty() {
            true => name,
            false => format!("{folder}/{name}"),
        };
        self.text
            .extend([format!("-- file: {path}"), commented(text)]);
        self.files.push(FixFile {
            path,
            text: text.to_string(),
        });
    }
}

/// What undoes a file.
fn undone(piece: &Piece) -> String {
    match undo::undo(&piece.statements) {
        Some(statements) if statements.is_empty() => "-- nothing is to be undone".to_string(),
        Some(statements) => statements.join("\n"),
        None => "-- write here what undoes it".to_string(),
    }
}

/// As comments, line by line.
fn commented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.starts_with("--") {
        true => line.to_string(),
        false => format!("-- {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
