//! One migration: its files, what of them runs in which direction, and in which transaction.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::{Context, Result};

use crate::source::MARK;

/// How a runner puts a transaction around what it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrapping {
    /// A transaction around each file.
    PerFile,
    /// One transaction around everything that is pending.
    AllInOne,
    /// The file goes to the server as one string: an implicit transaction as soon as it holds
    /// more than one statement, none if it holds one.
    ImplicitMultiStatement,
    /// Statement by statement, each for itself, as psql does it.
    None,
}

/// What sort of migration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Runs once, in its place.
    Versioned,
    /// Runs again whenever its text changes, after the versioned ones: Flyway's `R__`.
    Repeatable,
    /// Not a migration yet: graphile-migrate's `current`.
    Current,
    /// The schema as a whole, which no runner applies to a live database: Rails' `structure.sql`.
    Snapshot,
}

/// What a runner sends to the server at one go: a file, or a part of one.
#[derive(Debug, Clone)]
pub struct Part {
    /// The file.
    pub path: PathBuf,
    /// The bytes of the file that run; none where all of it does.
    pub section: Option<Range<usize>>,
    /// The transaction it runs in.
    pub wrapping: Wrapping,
    text: Option<Arc<[u8]>>,
}

impl Part {
    /// The whole of a file.
    pub fn whole(path: PathBuf, wrapping: Wrapping) -> Self {
        Self {
            path,
            section: None,
            wrapping,
            text: None,
        }
    }

    /// The same with the file's bytes, which had to be read anyway.
    #[must_use]
    pub fn with_text(mut self, text: &Arc<[u8]>) -> Self {
        self.text = Some(Arc::clone(text));
        self
    }

    /// The same, of which only these bytes run.
    #[must_use]
    pub fn only(mut self, section: Range<usize>) -> Self {
        self.section = Some(section);
        self
    }

    /// The bytes of the whole file: positions in it are those of `section`.
    pub fn read(&self) -> Result<Arc<[u8]>> {
        match &self.text {
            Some(text) => Ok(Arc::clone(text)),
            None => read(&self.path),
        }
    }

    /// What runs, at its place in the file: as long as the file, blanks for all that does not run,
    /// so that positions and lines stay what they are. Comments for us at the head of the file are
    /// for all of it.
    pub fn visible(&self) -> Result<Vec<u8>> {
        let mut text = match &self.text {
            Some(text) => text.to_vec(),
            None => read_whole(&self.path)?,
        };
        let Some(section) = self.section.clone() else {
            return Ok(text);
        };
        let head = comments_for_us(text.get(..section.start).unwrap_or_default());
        for (at, byte) in text.iter_mut().enumerate() {
            let is_seen = section.contains(&at) || head.iter().any(|line| line.contains(&at));
            if !is_seen && !matches!(*byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
        Ok(text)
    }
}

/// The comments for us among the lines of comments that a file begins with.
fn comments_for_us(text: &[u8]) -> Vec<Range<usize>> {
    let (mut at, mut found) = (0, Vec::new());
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let words = line.trim_ascii();
        if !words.is_empty() && !words.starts_with(b"--") {
            break;
        }
        if memchr::memmem::find(words, MARK.as_bytes()).is_some() {
            found.push(at..at + line.len());
        }
        at += line.len();
    }
    found
}

/// One step of a project's history.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The file that stands for it in what is said: the one that goes up, unless there is none.
    pub path: PathBuf,
    /// As the framework's own history table names it.
    pub version: String,
    /// What people call it.
    pub name: String,
    /// What sort it is.
    pub kind: Kind,
    /// What runs on the way up, in order. A file may say so in several parts (dbmate).
    pub up: Vec<Part>,
    /// What runs on the way back; empty where there is no way back.
    pub down: Vec<Part>,
    /// Whether an operand named it. The others are the history of those.
    pub asked: bool,
}

impl Migration {
    /// One that goes up only, by the whole of a file.
    pub fn of_file(version: &str, name: &str, up: Part) -> Self {
        Self {
            path: up.path.clone(),
            version: version.to_string(),
            name: name.to_string(),
            kind: Kind::Versioned,
            up: vec![up],
            down: Vec::new(),
            asked: true,
        }
    }

    /// The same without the bytes of its files.
    pub fn without_text(mut self) -> Self {
        let parts = self.up.iter_mut().chain(&mut self.down);
        parts.for_each(|part| part.text = None);
        self
    }

    /// All of its files.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        let parts = self.up.iter().chain(&self.down);
        parts.map(|part| part.path.as_path())
    }
}

/// Reads a file, and says which one it was that could not be read.
pub fn read(path: &Path) -> Result<Arc<[u8]>> {
    Ok(read_whole(path)?.into())
}

fn read_whole(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).context(|| format!("could not read {}", path.display()))
}
