//! A backup read to its end, without a server.

use std::collections::BTreeSet;

use shared::dump::{Event, QualifiedName, Toc, TocEntry};
use shared::programs::Program;
use shared::{Result, signals};

use crate::archive::{Archive, Kind};
use crate::contents::{Collector, Contents};
use crate::decoder::Decoder;
use crate::globals::Globals;
use crate::restriction::Restriction;
use crate::source::{self, Converted, Damage};

/// What a backup holds, as far as it can be read.
pub struct Reading {
    /// Its objects, by kind and name.
    pub objects: BTreeSet<Object>,
    /// Its data.
    pub contents: Contents,
    /// Why it could not be read to its end.
    pub damage: Option<String>,
}

/// An object that a backup defines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Object {
    /// `TABLE`, `INDEX`, …
    pub kind: String,
    /// Schema and name.
    pub name: String,
}

/// Entries of a table of contents that define nothing.
const NO_OBJECTS: [&str; 10] = [
    "ENCODING",
    "STDSTRINGS",
    "SEARCHPATH",
    "TABLE DATA",
    "MATERIALIZED VIEW DATA",
    "SEQUENCE SET",
    "STATISTICS DATA",
    "BLOB",
    "BLOBS",
    "BLOB METADATA",
];

impl Reading {
    /// Reads a backup, files of a folder on `jobs` threads.
    ///
    /// # Errors
    /// When it is of a kind that only pg_restore can read, and that is missing.
    pub fn of(archive: &Archive, jobs: usize) -> Result<Self> {
        let mut collector = Collector::new();
        let mut decoder = Decoder::without_server();
        let (objects, damage) = match archive.kind {
            Kind::Globals(_) => {
                let globals = Globals::read(archive)?;
                let others = globals.is_of_cluster.map(str::to_string);
                (Some(globals.objects()), globals.damage.or(others))
            }
            Kind::Plain(_) => (None, script(archive, &mut decoder, &mut collector)?),
            _ => match source::data(archive)? {
                Ok(Some(data)) => {
                    if let Some(encoding) = data.toc().encoding() {
                        decoder.declare(&encoding);
                    }
                    let objects = of_contents(data.toc());
                    collector.of_database(data.toc());
                    collector.refreshes(data.toc());
                    let read = source::collect_own(data, jobs, &mut decoder, &mut collector);
                    (Some(objects), read?)
                }
                Ok(None) => (None, converted(archive, &mut decoder, &mut collector)?),
                Err(error) => (None, Some(error.in_one_line())),
            },
        };
        let contents = collector.finish();
        Ok(Self {
            objects: objects.unwrap_or_else(|| of_script(&contents)),
            contents,
            damage,
        })
    }

    /// Whether anything is defined but, maybe, the database itself.
    pub fn defines(&self) -> bool {
        let of_database = |object: &Object| {
            object.kind.starts_with("DATABASE") || object.name.starts_with("DATABASE ")
        };
        !self.objects.iter().all(of_database)
    }

    /// How many rows there are in all tables.
    pub fn rows(&self) -> u64 {
        let tables = self.contents.tables.values();
        tables.map(|table| table.digest.rows).sum()
    }
}

/// A table's name as an object has it.
pub fn label(table: &QualifiedName) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

fn of_contents(toc: &Toc) -> BTreeSet<Object> {
    let entries = toc.entries().map(|(_, entry)| entry);
    // Neither the database itself, which is restored into another, nor what is data.
    let is_object = |entry: &&TocEntry| {
        let of_other = entry.label.starts_with("DATABASE ") || entry.kind.starts_with("DATABASE");
        let of_data = entry.label.starts_with("LARGE OBJECT");
        !(of_other || of_data || NO_OBJECTS.contains(&entry.kind.as_str()))
    };
    let objects = entries.filter(is_object);
    objects
        .map(|entry| Object {
            kind: entry.kind.clone(),
            name: entry.label.clone(),
        })
        .collect()
}

fn of_script(contents: &Contents) -> BTreeSet<Object> {
    let objects = contents.schema.objects();
    objects
        .map(|(kind, schema, name)| Object {
            kind: kind.to_string(),
            name: match schema {
                "-" | "" => name.to_string(),
                schema => format!("{schema}.{name}"),
            },
        })
        .collect()
}

fn converted(archive: &Archive, decoder: &mut Decoder, collector: &mut Collector) -> Damage {
    let pg_restore = Program::find("pg_restore", archive.pg_dump_major)?;
    Converted::start(&pg_restore, archive, &[])?.collect(decoder, collector)
}

/// Reads a script and notes what it holds: why it is not whole, if it is not.
fn script(archive: &Archive, decoder: &mut Decoder, collector: &mut Collector) -> Damage {
    let mut script = source::plain(archive)?;
    let mut restriction = Restriction::default();
    let read = loop {
        signals::check()?;
        match script.next() {
            Ok(None) => break restriction.incomplete(script.header()),
            Err(error) => break Some(error.message().to_string()),
            Ok(Some(Event::Command { text, line })) => {
                let text = String::from_utf8_lossy(text);
                let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
                if !restriction.command(word, rest) && word != "\\connect" {
                    break Some(format!(
                        "line {line}: {word} is a command of psql that no dump has"
                    ));
                }
            }
            Ok(Some(event)) => source::collect_event(event, decoder, collector)?,
        }
    };
    collector.bare(script.bare());
    Ok(read)
}
