//! A folder of others that may be a dump of directory format.

use std::collections::BTreeSet;
use std::io::{BufReader, Read};

use shared::backup::{self, File, Format};
use shared::dump::{Compression, Script, Storage, Toc, TocEntry};
use shared::{Error, Result};

use super::content::{Content, Kind, selection, unknown_version, unreadable, word};
use super::reading::{BUFFER_BYTES, Hashing, Reading, drain};
use crate::dump::Head;

const TOC: &str = "toc.dat";

/// Whether it is one, and every file that its contents name is there and has its end.
pub fn examine(reading: &Reading, name: &str) -> Result<Kind> {
    let folder = &reading.within(name);
    if !folder.has(TOC) {
        return Ok(Kind::Foreign);
    }
    let toc = folder.open(TOC)?;
    let toc = Toc::read(&mut BufReader::new(toc))?.filter(|toc| toc.storage == Storage::Files);
    let toc = toc.ok_or_else(unknown_version)?;
    let there = names(folder)?;
    let mut promised: BTreeSet<String> = BTreeSet::new();
    let mut files = Vec::new();
    for file in &there {
        let entry = entry_of(&toc, file);
        let (hashed, listed) = read(folder, name, file, entry)?;
        promised.extend(listed);
        files.push(hashed);
    }
    let of_entries = toc.entries().map(|(_, entry)| entry);
    let of_entries = of_entries.filter(|entry| entry.has_data && entry.kind != "BLOBS");
    promised.extend(of_entries.filter_map(|entry| entry.file.clone()));
    let has = |promised: &&String| {
        !there
            .iter()
            .any(|file| plain_name(file) == promised.as_str())
    };
    if let Some(missing) = promised.iter().find(has) {
        return Err(Error::new(format!("its file {missing} is missing")));
    }
    let large_objects = toc.entries().any(|(_, entry)| entry.kind == "BLOBS");
    if large_objects && !there.iter().any(|file| is_list(file)) {
        return Err(Error::new("its list of large objects is missing"));
    }
    Ok(Kind::Whole(Box::new(Content {
        format: Format::Directory,
        compression: word(&toc)?,
        head: Head::of(&toc),
        files,
        selection: selection(&toc),
        is_of_cluster: false,
    })))
}

/// Only files lie in such a folder.
fn names(folder: &Reading) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut is_foreign = false;
    folder.each(|name, kind| match name.to_str() {
        Some(name) if kind == backup::Kind::File => drop(names.insert(name.to_string())),
        _ => is_foreign = true,
    })?;
    match is_foreign {
        false => Ok(names),
        true => Err(Error::new(
            "there is something in it that pg_dump never makes",
        )),
    }
}

/// The name in the table of contents, which lacks what compression adds.
fn plain_name(file: &str) -> &str {
    let added = [".gz", ".lz4", ".zst"];
    let plain = added.iter().find_map(|added| file.strip_suffix(added));
    plain.unwrap_or(file)
}

fn compression_of(file: &str) -> Compression {
    match file.rsplit_once('.').map(|(_, last)| last) {
        Some("gz") => Compression::Gzip,
        Some("lz4") => Compression::Lz4,
        Some("zst") => Compression::Zstd,
        _ => Compression::None,
    }
}

fn entry_of<'a>(toc: &'a Toc, file: &str) -> Option<&'a TocEntry> {
    let is_its = |entry: &&TocEntry| entry.file.as_deref() == Some(plain_name(file));
    toc.entries().map(|(_, entry)| entry).find(is_its)
}

/// `blobs.toc`, `blobs_123.toc`: a line with number and name for each large object.
fn is_list(file: &str) -> bool {
    let plain = plain_name(file);
    plain.starts_with("blobs") && plain.ends_with(".toc")
}

/// Reads one file to its end; what it names, if it is a list.
fn read(
    folder: &Reading,
    name: &str,
    file: &str,
    entry: Option<&TocEntry>,
) -> Result<(File, Vec<String>)> {
    let named = |error: Error| Error::new(format!("{file}: {}", error.message()));
    let mut hashing = Hashing::open(folder, file).map_err(named)?;
    let mut list = Vec::new();
    let has_rows = |entry: &&TocEntry| entry.kind == "TABLE DATA" && !entry.copy.is_empty();
    if plain_name(file) != TOC {
        let input = BufReader::with_capacity(BUFFER_BYTES, &mut hashing);
        let mut input = compression_of(file).unpack(input)?;
        match entry.filter(has_rows) {
            Some(entry) => {
                let rows = Script::in_pieces(entry.copy.as_slice().chain(input));
                rows.pass().map_err(named)?;
            }
            None if is_list(file) => {
                let read = input.read_to_end(&mut list);
                read.map_err(unreadable).map_err(named)?;
            }
            None => drain(&mut input).map_err(named)?,
        }
    }
    let list = String::from_utf8_lossy(&list);
    let listed = list.lines().filter_map(|line| line.split_once(' '));
    let listed = listed.map(|(_, file)| file.to_string()).collect();
    Ok((
        hashing.finish(&format!("{name}/{file}")).map_err(named)?,
        listed,
    ))
}
