//! The files of a fix put together: their names, what keeps them out of a transaction, their ways back.

use std::fs;
use std::ops::Range;
use std::path::Path;

use super::{Draft, Laid, Piece, Place};
use crate::fix::undo::{self, Statement};
use crate::layout::{Down, Outside, Writer};
use crate::record::FixFile;

/// Longer files are not written out: each fix would repeat the whole of it.
const LONGEST: u64 = 8 << 10;

/// The fix as it is put together.
pub struct Laying<'a> {
    place: &'a Place<'a>,
    writer: &'a mut Writer,
    text: Vec<String>,
    files: Vec<FixFile>,
    /// Whether the files are all that it takes.
    is_whole: bool,
}

impl<'a> Laying<'a> {
    /// Nothing yet.
    pub fn new(place: &'a Place<'a>, writer: &'a mut Writer) -> Self {
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

    /// What comes next.
    pub fn add(&mut self, draft: Draft) {
        match draft {
            Draft::Edit(piece) => self.edit(piece.as_ref()),
            Draft::New(piece) => self.new_file(&piece),
            Draft::Words(words) => {
                self.is_whole &= !words.starts_with("-- by psql");
                self.text.push(words);
            }
        }
    }

    /// All of it.
    pub fn finish(self) -> Laid {
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
        let path = Path::new(self.place.path);
        let length = fs::metadata(path).ok()?.len();
        if length > LONGEST {
            return None;
        }
        let text = fs::read(path).ok()?;
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
        let title = piece.statements.first().and_then(Statement::title);
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
