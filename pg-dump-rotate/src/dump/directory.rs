//! A dump of directory format: a file for each table's rows, one for each large object,
//! and a table of contents that names them.
//!
//! pg_dump writes the files itself, several at a time. We read them while they grow:
//! to count and digest what is in them, and to compress them, or where that had better be
//! pg_dump's work, to hash what is on disk; so that little is left to do when pg_dump ends.
//! The dump is good when its table of contents can be read, when every file that it names
//! is there and has its end, and when all is on disk.

mod content;
mod failure;
mod follow;
mod growing;
mod pace;
mod packers;
mod punch;
mod scratch;
mod watch;

use std::collections::HashMap;

use shared::backup::Place;
use shared::dump::{Tally, Toc, TocEntry};
use shared::programs::{Child, Finished};
use shared::{Context, Error, Result, backup, cli, signals};

use super::{Dump, Dumped, Head, Reader, Trouble};
use crate::compression::Compression;
use crate::partial::Partial;
use crate::watch::growth;
use content::{Content, Found, stem};
use failure::Failure;
use follow::{Followed, Follower};
use pace::Whole;
use scratch::Scratch;

const CONTENTS: &str = "toc.dat";

impl Dump<'_> {
    /// Dumps into the folder.
    pub(super) fn follow(&self, partial: &Partial, context: &cli::Context) -> Result<Dumped> {
        let files = partial.files();
        if let Some(scratch) = Scratch::make(self, &files)? {
            if let Some(dumped) = self.follow_into(partial, Some(&scratch), context)? {
                return Ok(dumped);
            }
            drop(scratch);
            empty(&files)?;
            context.warn(
                "the dump takes more room than was foreseen before it is compressed: it is begun \
                 again, and compressed by pg_dump",
            );
        }
        let dumped = self.follow_into(partial, None, context)?;
        dumped.ok_or_else(|| Error::new("there is no room for the dump"))
    }

    /// `None` when there is no room for what waits to be compressed.
    fn follow_into(
        &self,
        partial: &Partial,
        scratch: Option<&Scratch>,
        context: &cli::Context,
    ) -> Result<Option<Dumped>> {
        let written = || format!("could not write {}", partial.path().display());
        let files = partial.files();
        let place = scratch.map_or(&files, Scratch::place).folder();
        let mut command = self.command(scratch.map(|_| Compression::None));
        // We wait for the disk ourselves, of each file as soon as it is whole.
        command.arg("--no-sync").arg("--file").arg(place);
        command.arg(format!("--jobs={}", self.jobs));
        let is_uncompressed = scratch.is_some() || self.compression == Compression::None;
        let followed = Followed {
            folder: &files,
            scratch,
            writers: self.jobs,
            digest: self.digest,
            name: self.conninfo.database(),
            whole: Whole {
                // What pg_dump has compressed is no measure of the tables.
                bytes: self.estimate.filter(|_| is_uncompressed),
                tables: self.tables,
            },
        };
        let follower = Follower::start(&followed, context.progress()).context(written)?;
        let child = Child::spawn(command, "pg_dump")?;
        follower.may_end(child.ender());
        let watch = self.watch(&child, growth(place))?;
        let finished = self.ended(child, watch.as_ref())?;
        if scratch.is_some_and(|scratch| ran_out_of_room(&finished, scratch)) {
            return Ok(None);
        }
        match follower.failure() {
            Some(Failure::Room) => return Ok(None),
            Some(Failure::Trouble(Trouble::Output(error))) => return Err(error).context(written),
            // What pg_dump says itself is better than what its files show.
            Some(Failure::Trouble(Trouble::Input(error))) if was_ended(&finished) => {
                return Err(self.damaged(error));
            }
            Some(Failure::Trouble(Trouble::Input(error))) => {
                self.succeeded(finished, context)?;
                return Err(self.damaged(error));
            }
            None => self.succeeded(finished, context)?,
        }
        let findings = follower.finish();
        signals::check()?;
        let findings = match findings {
            Err(Failure::Room) => return Ok(None),
            Err(Failure::Trouble(Trouble::Output(error))) => return Err(error).context(written),
            Err(Failure::Trouble(Trouble::Input(error))) => return Err(self.damaged(error)),
            Ok(findings) => findings,
        };
        if let Some(scratch) = scratch {
            scratch.end().context(written)?;
        }
        let dumped = findings.prove(&partial.name(), self.compression, self.reader);
        files.sync().context(written)?;
        dumped.map(Some).map_err(|error| self.damaged(error))
    }
}

/// Whether it has nothing to say of its end, but that we wanted it.
fn was_ended(finished: &Finished) -> bool {
    let words = finished.stderr.trim_end();
    !finished.status.success() && (words.is_empty() || words.ends_with("terminated by user"))
}

/// Whether pg_dump failed for want of room, whatever language it says so in.
fn ran_out_of_room(finished: &Finished, scratch: &Scratch) -> bool {
    let says = |words| finished.stderr.contains(words);
    let said = says("No space left on device") || says("Disk quota exceeded");
    !finished.status.success() && (said || scratch.room().is_short())
}

/// Removes what is in a folder.
fn empty(folder: &Place) -> Result<()> {
    let mut names = Vec::new();
    folder.each(|name, _| names.extend(name.to_str().map(str::to_string)))?;
    Ok(names.iter().try_for_each(|name| folder.remove(name))?)
}

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
    pub fn prove(
        mut self,
        name: &str,
        compression: Compression,
        reader: Option<&Reader<'_>>,
    ) -> Result<Dumped> {
        self.contents.sort_by(|a, b| a.file.name.cmp(&b.file.name));
        let toc = self.table_of_contents()?;
        let found: HashMap<&str, &Found> = self
            .contents
            .iter()
            .map(|content| (stem(&content.file.name), &content.found))
            .collect();
        let mut tally = self.tally;
        let mut large_objects = 0;
        for (_, entry) in toc.entries() {
            large_objects += check(entry, &found, self.digested, &mut tally)?;
        }
        let is_large_object =
            |content: &&Content| content::large_object(&content.file.name).is_some();
        if large_objects < self.contents.iter().filter(is_large_object).count() {
            return Err(missing("a large object's number"));
        }
        let file = |content: &Content| backup::File {
            name: format!("{name}/{}", content.file.name),
            ..content.file.clone()
        };
        let files = self.contents.iter().map(file).collect();
        let tally = self.digested.then_some(&tally);
        Ok(Dumped::new(
            files,
            compression,
            tally,
            Head::of(&toc),
            reader,
        ))
    }

    fn table_of_contents(&self) -> Result<Toc> {
        let text = self.contents.iter().find_map(|content| {
            let is_toc = content.file.name == CONTENTS;
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
