//! The files of a fix put together: their names, what keeps them out of a transaction, their ways back.

use std::ops::Range;
use std::path::Path;
use std::vec;

use super::{Draft, Laid, Piece, Place, Plan};
use crate::fix::back::NOTHING;
use crate::fix::undo::Statement;
use crate::layout::{Down, Names, Outside, Writer};
use crate::record::FixFile;

/// The fix as it is put together.
pub struct Laying<'a> {
    place: &'a Place,
    writer: &'a Writer,
    /// None where the files are not all that it takes.
    plan: Option<&'a Plan<'a>>,
    names: Names,
    text: Vec<String>,
    files: Vec<FixFile>,
    /// What takes the next new files back, in order; none where nothing has to say so.
    downs: vec::IntoIter<Option<String>>,
    /// Whether other statements go from the file as well.
    pub has_others: bool,
}

/// What stands in a file of which everything has gone elsewhere.
const MOVED: &str = "-- what was here is in later files";

impl<'a> Laying<'a> {
    /// Nothing yet.
    pub fn new(
        place: &'a Place,
        writer: &'a Writer,
        plan: Option<&'a Plan<'a>>,
        downs: Vec<Option<String>>,
    ) -> Self {
        Self {
            place,
            writer,
            plan,
            names: writer.names(),
            text: Vec::new(),
            files: Vec::new(),
            downs: downs.into_iter(),
            has_others: false,
        }
    }

    /// A line of the text.
    pub fn say(&mut self, line: &str) {
        self.text.push(line.to_string());
    }

    /// What comes next.
    pub fn add(&mut self, draft: &Draft) {
        match draft {
            Draft::Edit(piece) => self.edit(piece.as_ref()),
            Draft::New(piece) => self.new_file(piece),
            Draft::Words(words) => self.say(words),
        }
    }

    /// All of it.
    pub fn finish(mut self) -> Laid {
        if let Some(edit) = self.plan.and_then(|plan| plan.back.edit.as_ref())
            && edit.path != Path::new(&self.place.path)
        {
            let path = edit.path.display().to_string();
            let done = if edit.text.is_empty() {
                "without"
            } else {
                "with this in place of"
            };
            self.text
                .push(format!("-- file: {path}, {done} what undoes the statement"));
            self.text
                .extend(Some(commented(&edit.text)).filter(|text| !text.is_empty()));
            let text = std::fs::read_to_string(&edit.path).ok();
            match text.and_then(|text| replaced(&text, &edit.range, &edit.text)) {
                Some(text) => self.files.push(FixFile { path, text }),
                None => self.plan = None,
            }
        }
        Laid {
            text: self.text.join("\n"),
            files: match self.plan {
                Some(_) => self.files,
                None => Vec::new(),
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
            None if self.has_others => {
                format!("without {whose}, and without what drops the old one before it")
            }
            None => format!("without {whose}"),
        };
        let is_undone = match self.plan {
            Some(plan) => plan
                .back
                .edit
                .as_ref()
                .is_some_and(|edit| edit.path == Path::new(path)),
            None => piece.is_none() && self.writer.has_down(),
        };
        let rest = match (frame.is_alone, is_undone) {
            (true, _) => "",
            (false, true) => "; the rest stays, but for what undoes it",
            (false, false) => "; the rest stays",
        };
        self.text.push(format!("-- file: {path}, {done}{rest}"));
        if let Some(piece) = piece {
            self.show(piece, false);
        }
        match self.plan.map(|plan| self.edited(plan, piece)) {
            Some(Some(text)) => self.files.push(FixFile {
                path: path.to_string(),
                text,
            }),
            Some(None) => self.plan = None,
            None => {}
        }
        if let Some(piece) = piece {
            self.beside(path, piece);
        }
    }

    /// The file of the statement with this in its place, and without what undid it.
    fn edited(&self, plan: &Plan, piece: Option<&Piece>) -> Option<String> {
        let is_all = plan.around.up.len() == plan.others.len() + 1;
        let own = match piece {
            Some(piece) => piece.sql(self.writer),
            None if is_all => MOVED.to_string(),
            None => String::new(),
        };
        let back = plan.back.edit.as_ref();
        let back = back.filter(|edit| edit.path == Path::new(&self.place.path));
        let back = back.map(|edit| (&edit.range, edit.text.as_str()));
        let others = plan.others.iter().map(|range| (*range, ""));
        let mut edits: Vec<_> = back
            .into_iter()
            .chain([(&self.place.range, own.as_str())])
            .chain(others)
            .collect();
        edits.sort_by_key(|(range, _)| range.start);
        let mut text = plan.around.text.clone();
        // The last one first: places are those of the file as it is.
        for (range, new) in edits.into_iter().rev() {
            text = replaced(&text, range, new)?;
        }
        Some(match piece {
            Some(piece) if piece.is_marked(self.writer.manner.outside) => self.marked(&text),
            _ => text,
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
                    match is_marker && !line.contains(words) {
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
        let title = piece.statements.first().and_then(Statement::title);
        let title = title.unwrap_or_else(|| "next_step".to_string());
        let path = self.names.next(&title);
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
        let down = self.downs.next().flatten();
        let down = down.filter(|_| self.writer.has_down());
        let down = down.or_else(|| self.has_empty_back().then(|| NOTHING.to_string()));
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

    /// Whether the file of the statement says where its way back would stand, and has none.
    fn has_empty_back(&self) -> bool {
        let Down::Section(line) = self.writer.manner.down else {
            return false;
        };
        let text = self.plan.map(|plan| plan.around.text.as_str());
        let mut lines = text.into_iter().flat_map(str::lines);
        self.plan.is_some_and(|plan| plan.around.down.is_none())
            && lines.any(|own| own.starts_with(line))
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

/// A text with this in place of a statement, and without its semicolon where that is nothing.
fn replaced(text: &str, range: &Range<usize>, new: &str) -> Option<String> {
    let (before, after) = (text.get(..range.start)?, text.get(range.end..)?);
    let is_ended = after.starts_with(';');
    if new.is_empty() {
        let after = after.strip_prefix(';').unwrap_or(after);
        let after = after.strip_prefix('\n').unwrap_or(after);
        return Some(format!("{before}{after}"));
    }
    let is_comment = new
        .lines()
        .last()
        .is_some_and(|line| line.starts_with("--"));
    let after = match is_ended && is_comment {
        true => &after[1..],
        false => after,
    };
    let new = match is_ended && !is_comment {
        true => new.strip_suffix(';').unwrap_or(new),
        false => new,
    };
    Some(format!("{before}{new}{after}"))
}

/// As comments, line by line.
fn commented(text: &str) -> String {
    let lines = text.lines().map(|line| match line.starts_with("--") {
        true => line.to_string(),
        false => format!("-- {line}"),
    });
    lines.collect::<Vec<_>>().join("\n")
}
