//! A dump of directory format: a file for each table's rows, one for each large object,
//! and a table of contents that names them.
//!
//! pg_dump writes the files itself, several at a time. We read them while they grow:
//! to hash what is on disk, and to count and digest what is in them, so that little is
//! left to do when pg_dump ends. The dump is good when its table of contents can be
//! read, when every file that it names is there and has its end, and when all is on disk.

mod content;
mod follow;
mod watch;

use std::collections::HashMap;

use shared::dump::{Tally, Toc, TocEntry};
use shared::{Error, Result, backup};

use super::{Dumped, Head};
use crate::compression::Compression;
use content::{Content, Found, stem};

pub use follow::Follower;

const CONTENTS: &str = "toc.dat";

/// What was found in the files of a dump.
#[derive(Default)]
pub struct Findings {
    contents: Vec<Content>,
    /// The large objects.
    tally: Tally,
    digested: bool,
}

impl Findings {
    /// The dump, to be called `name`; an error if something is missing.
    pub fn prove(mut self, name: &str, compression: Compression) -> Result<Dumped> {
        self.contents.sort_by(|a, b| a.name.cmp(&b.name));
        let toc = self.table_of_contents()?;
        let found: HashMap<&str, &Found> = self
            .contents
            .iter()
            .map(|content| (stem(&content.name), &content.found))
            .collect();
        let mut tally = self.tally;
        let mut large_objects = 0;
        for (_, entry) in toc.entries() {
            large_objects += check(entry, &found, self.digested, &mut tally)?;
        }
        let is_large_object = |content: &&Content| content::large_object(&content.name).is_some();
        if large_objects < self.contents.iter().filter(is_large_object).count() {
            return Err(missing("a large object's number"));
        }
        let file = |content: &Content| backup::File {
            name: format!("{name}/{}", content.name),
            bytes: content.bytes,
            sha256: content.sha256.clone(),
        };
        let files = self.contents.iter().map(file).collect();
        Ok(Dumped {
            files,
            compression,
            tables: tally.tables().filter(|_| self.digested),
            large_objects: self.digested.then(|| tally.large_objects()),
            head: Head::of(&toc),
        })
    }

    fn table_of_contents(&self) -> Result<Toc> {
        let text = self.contents.iter().find_map(|content| {
            let is_toc = content.name == CONTENTS;
            content.found.text().filter(|_| is_toc)
        });
        let mut text = text.ok_or_else(|| missing("the table of contents"))?;
        let unknown = || Error::new("its version is newer than any that is known here");
        let toc = Toc::read(&mut text)?.ok_or_else(unknown)?;
        match text.is_empty() {
            true => Ok(toc),
            false => Err(Error::new("the table of contents makes no sense")),
        }
    }
}

/// An error unless an entry has what it promises; adds its rows, tells how many large objects
/// it has.
fn check(
    entry: &TocEntry,
    found: &HashMap<&str, &Found>,
    digested: bool,
    tally: &mut Tally,
) -> Result<usize> {
    let Some(file) = &entry.file else {
        return Ok(0);
    };
    let named = || format!("the data of {} {}", entry.kind, entry.label);
    match found.get(file.as_str()) {
        None => Err(missing(&named())),
        Some(Found::Text(list)) => count(list, found).ok_or_else(|| missing(&named())),
        _ if !digested => Ok(0),
        _ if entry.copy.is_empty() => {
            tally.set_uncountable();
            Ok(0)
        }
        Some(Found::Rows(Some(rows))) => {
            tally.add_table(&entry.copy, *rows);
            Ok(0)
        }
        Some(_) => Err(Error::new(format!("{} has no end", named()))),
    }
}

/// How many large objects a list has, each line with a number and a file; `None` when a file is
/// missing.
fn count(list: &[u8], found: &HashMap<&str, &Found>) -> Option<usize> {
    let mut count = 0;
    for line in str::from_utf8(list).ok()?.lines() {
        let (_number, file) = line.split_once(' ')?;
        found.get(file)?;
        count += 1;
    }
    Some(count)
}

fn missing(what: &str) -> Error {
    Error::new(format!("{what} is missing"))
}
