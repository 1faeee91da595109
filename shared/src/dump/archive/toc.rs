//! An archive's first bytes and its table of contents.
//!
//! An archive of custom format begins with them; in a directory or a tar file they
//! are the file `toc.dat`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use super::wire::{array, int, senseless, text, unreadable};
use crate::{Error, Result};

/// The oldest and the newest version of the format that is known: PostgreSQL 12 to 18.
const VERSIONS: std::ops::RangeInclusive<(u8, u8)> = (1, 13)..=(1, 16);
/// From here on the head names a method of compression; before, gzip's level.
const NAMES_METHOD: (u8, u8) = (1, 15);
/// What stands before the place of an entry's data: whoever wrote it could not know that, or could,
/// or there is none (`K_OFFSET_…`).
const PLACE_IS_UNKNOWN: u8 = 1;
const PLACE_IS_KNOWN: u8 = 2;
const NO_PLACE: u8 = 3;
/// The sections of a dump (`teSection`): pg_restore passes over what is in none of them.
const SECTIONS: std::ops::RangeInclusive<i64> = 1..=4;
/// The one with the data.
const DATA: i64 = 3;
/// The settings that every archive begins with: pg_restore guesses at those that are not there.
const SETTINGS: [&str; 3] = ["ENCODING", "STDSTRINGS", "SEARCHPATH"];
/// Where an archive's head says how it is compressed.
const COMPRESSION_AT: usize = 11;

/// How an archive is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// All in one file, of pg_dump's own making.
    Custom,
    /// A file for each entry's data: members of a tar file, or files of a directory.
    Files,
}

/// How the data of an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// Not at all.
    None,
    /// By gzip's method.
    Gzip,
    /// By LZ4, from pg_dump 16.
    Lz4,
    /// By Zstandard, from pg_dump 16.
    Zstd,
}

/// An archive's head and table of contents.
#[derive(Debug, Clone)]
pub struct Toc {
    /// How it is stored.
    pub storage: Storage,
    /// How its data is compressed; `None` for a way that only a newer pg_restore knows.
    pub packing: Option<Packing>,
    /// The database that was dumped.
    pub database: Option<String>,
    /// The version of the server, as it prints it.
    pub server_version: Option<String>,
    /// The version of pg_dump, as it prints it.
    pub pg_dump_version: Option<String>,
    /// How many bytes a number has, without its sign.
    pub int_bytes: usize,
    version: (u8, u8),
    offset_bytes: usize,
    entries: BTreeMap<i64, TocEntry>,
    /// The numbers of the entries as they stand there, which is the order of their data.
    order: Vec<i64>,
}

/// An entry of the table of contents, as far as its data needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TocEntry {
    /// What it is: `TABLE DATA`, `SEQUENCE SET`, `BLOBS`, …
    pub kind: String,
    /// Its schema and name, for people.
    pub label: String,
    /// Its schema; empty if it is in none.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Who owns it; empty if nobody does.
    pub owner: String,
    /// Its own statements, such as a sequence's `setval`.
    pub definition: Vec<u8>,
    /// The COPY statement before its rows; empty if they are INSERT statements.
    pub copy: Vec<u8>,
    /// Whether there is data that belongs to it.
    pub has_data: bool,
    /// Where that is, in a directory or a tar file: the name without what compression adds.
    pub file: Option<String>,
    /// Where that is in the one file of an archive, if whoever wrote it could say so.
    pub at: Option<u64>,
}

impl TocEntry {
    /// An error unless pg_restore would do with this entry what pg_dump meant it to; it says nothing
    /// of those that it passes over.
    fn check(&self, section: i64) -> Result<()> {
        let is_data = matches!(self.kind.as_str(), "TABLE DATA" | "BLOBS");
        let is_elsewhere = is_data && section != DATA || !SECTIONS.contains(&section);
        if is_data != self.has_data || is_elsewhere {
            return Err(self.is_senseless("is one that pg_restore would pass over"));
        }
        Ok(())
    }

    fn is_senseless(&self, how: &str) -> Error {
        let (kind, label) = (&self.kind, &self.label);
        Error::new(format!("the archive makes no sense: {kind} {label} {how}"))
    }

    fn is_but_for_its_place(&self, other: &Self) -> bool {
        let at = other.at;
        Self { at, ..self.clone() } == *other
    }
}

impl Toc {
    /// Reads head and table of contents, and not a byte more. `None`, after the first few bytes,
    /// for an archive of a version or kind that isn't known.
    ///
    /// # Errors
    /// When it can't be read or makes no sense.
    pub fn read(input: &mut impl Read) -> Result<Option<Self>> {
        let head: [u8; COMPRESSION_AT] = array(input)?;
        let version = (head[5], head[6]);
        let storage = match head[10] {
            1 => Storage::Custom,
            // A directory says that it is a tar file.
            3 => Storage::Files,
            _ => return Ok(None),
        };
        if !head.starts_with(b"PGDMP") || !VERSIONS.contains(&version) {
            return Ok(None);
        }
        let mut toc = Self::head(input, &head, storage)?;
        for _ in 0..toc.int(input)? {
            let id = toc.int(input)?;
            let entry = toc.entry(input)?;
            if toc.entries.insert(id, entry).is_some() {
                return Err(senseless());
            }
            toc.order.push(id);
        }
        toc.files_are_of_one_entry_each()?;
        toc.has_settings()?;
        Ok(Some(toc))
    }

    /// Whether these entries, without the head, are all that is left of `input`. From 16 on
    /// pg_dump's standard output appends: where that is a file, it writes them a second time behind
    /// the data, where it means to go back and fill in the places of the data.
    pub(super) fn is_all_of(&self, input: &mut impl Read) -> Result<bool> {
        if usize::try_from(self.int(input)?) != Ok(self.order.len()) {
            return Ok(false);
        }
        for id in &self.order {
            let again = (self.int(input)?, self.entry(input)?);
            let known = self.entries.get(id);
            if !known.is_some_and(|entry| again.0 == *id && again.1.is_but_for_its_place(entry)) {
                return Ok(false);
            }
        }
        let mut more = [0];
        Ok(input.read(&mut more).map_err(unreadable)? == 0)
    }

    fn int(&self, input: &mut impl Read) -> Result<i64> {
        int(input, self.int_bytes).map_err(unreadable)
    }

    fn head(input: &mut impl Read, head: &[u8; COMPRESSION_AT], storage: Storage) -> Result<Self> {
        let version = (head[5], head[6]);
        let int_bytes = usize::from(head[8]);
        if int_bytes > 8 {
            return Err(senseless());
        }
        let packing = packing(input, version, int_bytes)?;
        for _time in 0..7 {
            int(input, int_bytes).map_err(unreadable)?;
        }
        let mut words = || text(input, int_bytes).map(|words| words.map(lossy));
        Ok(Self {
            storage,
            packing,
            database: words()?,
            server_version: words()?,
            pg_dump_version: words()?,
            int_bytes,
            version,
            offset_bytes: usize::from(head[9]),
            entries: BTreeMap::new(),
            order: Vec::new(),
        })
    }

    fn entry(&self, input: &mut impl Read) -> Result<TocEntry> {
        let text = |input: &mut _| text(input, self.int_bytes);
        let has_data = self.int(input)? != 0;
        let _table_and_object = (text(input)?, text(input)?);
        let name = text(input)?;
        let kind = text(input)?;
        let section = self.int(input)?;
        let definition = text(input)?;
        let _drop = text(input)?;
        let copy = text(input)?;
        let schema = text(input)?;
        let _tablespace = text(input)?;
        if self.version >= (1, 14) {
            let _access_method = text(input)?;
        }
        if self.version >= (1, 16) {
            let _relation_kind = self.int(input)?;
        }
        let owner = text(input)?.map(lossy).unwrap_or_default();
        let _oids = text(input)?;
        while text(input)?.is_some() {}
        let (at, file) = self.place(input, has_data)?;
        let [schema, name] = [schema, name].map(|words| words.map(lossy).unwrap_or_default());
        let label = format!("{schema}.{name}");
        let entry = TocEntry {
            kind: kind.map(lossy).unwrap_or_default(),
            label: label.trim_start_matches('.').to_string(),
            schema,
            name,
            owner,
            definition: definition.unwrap_or_default(),
            copy: copy.unwrap_or_default(),
            has_data,
            file,
            at,
        };
        entry.check(section)?;
        Ok(entry)
    }

    /// Where an entry's data is: a place in the file, which a dump to a pipe can't know, or a file.
    fn place(
        &self,
        input: &mut impl Read,
        has_data: bool,
    ) -> Result<(Option<u64>, Option<String>)> {
        match self.storage {
            Storage::Custom => {
                let is_known = match (array::<1>(input)?[0], has_data) {
                    (PLACE_IS_UNKNOWN, _) => false,
                    (PLACE_IS_KNOWN, _) => true,
                    (NO_PLACE, false) => false,
                    // pg_restore would pass over the data, or end.
                    _ => return Err(senseless()),
                };
                let mut at = 0;
                for byte in 0..self.offset_bytes {
                    let part = u64::from(array::<1>(input)?[0]);
                    at |= if byte < 8 { part << (8 * byte) } else { 0 };
                }
                Ok((is_known.then_some(at), None))
            }
            Storage::Files => {
                let file = text(input, self.int_bytes)?.map(lossy);
                Ok((None, file.filter(|name| !name.is_empty())))
            }
        }
    }

    /// Two tables with the rows of one would come from a damaged name.
    fn files_are_of_one_entry_each(&self) -> Result<()> {
        let mut files = BTreeSet::new();
        let mut named = self.entries.values().filter(|entry| entry.has_data);
        match named.find(|entry| entry.file.as_ref().is_some_and(|file| !files.insert(file))) {
            Some(entry) => Err(entry.is_senseless("has the file of another one")),
            None => Ok(()),
        }
    }

    fn has_settings(&self) -> Result<()> {
        let is_there = |kind: &&str| {
            let mut entries = self.entries.values();
            entries.any(|entry| entry.kind == **kind && entry.definition.starts_with(b"S"))
        };
        match SETTINGS.iter().find(|kind| !is_there(kind)) {
            Some(kind) => Err(Error::new(format!(
                "the archive makes no sense: it has no entry {kind}"
            ))),
            None => Ok(()),
        }
    }

    /// The entries, each with its number.
    pub fn entries(&self) -> impl Iterator<Item = (i64, &TocEntry)> {
        self.entries.iter().map(|(id, entry)| (*id, entry))
    }

    /// The entries as they stand there, each with its number.
    pub fn in_order(&self) -> impl Iterator<Item = (i64, &TocEntry)> {
        let entries = self.order.iter();
        entries.filter_map(|id| Some((*id, self.entries.get(id)?)))
    }

    /// The entry with this number.
    pub fn entry_of(&self, id: i64) -> Option<&TocEntry> {
        self.entries.get(&id)
    }

    /// The encoding that names and rows are in.
    pub fn encoding(&self) -> Option<String> {
        let (_, entry) = self.entries().find(|(_, entry)| entry.kind == "ENCODING")?;
        let definition = String::from_utf8_lossy(&entry.definition);
        definition.split('\'').nth(1).map(str::to_string)
    }

    /// Whether names in it are text in no encoding, as a database in `SQL_ASCII` may have them.
    pub fn has_names_that_are_no_text(&self) -> bool {
        let is_no_text = |entry: &TocEntry| entry.label.contains(char::REPLACEMENT_CHARACTER);
        self.encoding().as_deref() == Some("SQL_ASCII")
            && self.entries().any(|(_, entry)| is_no_text(entry))
    }

    /// An error unless all the large objects that it names are among those `seen` in its data.
    pub fn check_large_objects(&self, seen: &BTreeSet<u32>) -> Result<()> {
        let with_data = |(_, entry): (i64, &TocEntry)| entry.kind == "BLOBS" && entry.has_data;
        if !self.entries().any(with_data) {
            return Ok(());
        }
        let named = self.entries().flat_map(|(_, entry)| {
            let numbers = match entry.kind.as_str() {
                "BLOB" => entry.label.clone(),
                // From pg_dump 17 several have one entry, which lists their numbers.
                "BLOB METADATA" => lossy(entry.definition.clone()),
                _ => String::new(),
            };
            let numbers = numbers.lines().filter_map(|line| line.trim().parse().ok());
            numbers.collect::<Vec<u32>>()
        });
        match named.filter(|oid| !seen.contains(oid)).min() {
            Some(oid) => Err(Error::new(format!(
                "the data of large object {oid} is missing"
            ))),
            None => Ok(()),
        }
    }

    /// Whether an archive of this version can say that its data is compressed like that.
    pub fn can_say(&self, packing: Packing) -> bool {
        self.version >= NAMES_METHOD || matches!(packing, Packing::None | Packing::Gzip)
    }

    /// Writes into an archive's first bytes how its data is compressed; `level` is gzip's.
    pub fn say(&self, head: &mut [u8], packing: Packing, level: u8) {
        if self.version >= NAMES_METHOD {
            head[COMPRESSION_AT] = match packing {
                Packing::None => 0,
                Packing::Gzip => 1,
                Packing::Lz4 => 2,
                Packing::Zstd => 3,
            };
        } else {
            head[COMPRESSION_AT..=COMPRESSION_AT + self.int_bytes].fill(0);
            head[COMPRESSION_AT + 1] = if packing == Packing::None { 0 } else { level };
        }
    }
}

fn packing(input: &mut impl Read, version: (u8, u8), int_bytes: usize) -> Result<Option<Packing>> {
    if version < NAMES_METHOD {
        return Ok(match int(input, int_bytes).map_err(unreadable)? {
            0 => Some(Packing::None),
            _ => Some(Packing::Gzip),
        });
    }
    Ok(match array::<1>(input)?[0] {
        0 => Some(Packing::None),
        1 => Some(Packing::Gzip),
        2 => Some(Packing::Lz4),
        3 => Some(Packing::Zstd),
        _ => None,
    })
}

/// The versions of the server and of the pg_dump that an archive's first bytes tell.
pub fn archive_versions(mut head: &[u8]) -> (Option<String>, Option<String>) {
    let input = &mut head;
    let toc = array(input).and_then(|first| Toc::head(input, &first, Storage::Custom));
    match toc {
        Ok(toc) => (toc.server_version, toc.pg_dump_version),
        Err(_) => (None, None),
    }
}

fn lossy(text: Vec<u8>) -> String {
    String::from_utf8(text)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn int_of(value: u32) -> Vec<u8> {
        [&[0][..], &value.to_le_bytes()].concat()
    }

    fn text_of(text: &str) -> Vec<u8> {
        [int_of(text.len() as u32), text.as_bytes().to_vec()].concat()
    }

    /// The first bytes of an archive of format 1.`minor`.
    pub fn head(minor: u8, storage: u8) -> Vec<u8> {
        let mut head = [&b"PGDMP"[..], &[1, minor, 0, 4, 8, storage]].concat();
        head.extend(if minor >= 15 { vec![1] } else { int_of(6) });
        head.extend((0..7).flat_map(int_of));
        head.extend(
            ["app", "15.18 (Debian)", "16.1"]
                .iter()
                .flat_map(|text| text_of(text)),
        );
        head
    }

    /// An entry with the rows of a table, before what says where they are.
    pub fn entry(minor: u8) -> Vec<u8> {
        let copy = "COPY public.t (a) FROM stdin;\n";
        entry_of(minor, (7, "TABLE DATA"), 3, ["", copy])
    }

    fn entry_of(minor: u8, (id, kind): (u32, &str), section: u32, sql: [&str; 2]) -> Vec<u8> {
        let none = [&[1][..], &1u32.to_le_bytes()].concat();
        let mut entry = [int_of(id), int_of(u32::from(section == 3))].concat();
        for text in ["0", "16386", "t", kind] {
            entry.extend(text_of(text));
        }
        entry.extend(int_of(section));
        for text in [sql[0], "", sql[1], "public", ""] {
            entry.extend(text_of(text));
        }
        entry.extend((minor >= 14).then(|| text_of("")).into_iter().flatten());
        entry.extend((minor >= 16).then(|| int_of(0)).into_iter().flatten());
        entry.extend([text_of("app"), text_of("false"), none].concat());
        entry
    }

    /// The entries of the settings that stand first, `but` for one.
    pub fn settings(minor: u8, storage: u8, but: &str) -> Vec<u8> {
        let place = match storage {
            1 => vec![3, 0, 0, 0, 0, 0, 0, 0, 0],
            _ => text_of(""),
        };
        let entries = SETTINGS.iter().filter(|kind| **kind != but).zip(20..);
        entries
            .flat_map(|(kind, id)| {
                let entry = entry_of(minor, (id, kind), 2, ["SET x = 'UTF8';\n", ""]);
                [entry, place.clone()].concat()
            })
            .collect()
    }

    #[test]
    fn settings_can_not_be_missing() {
        for but in SETTINGS {
            let archive = [head(16, 1), int_of(2), settings(16, 1, but)].concat();
            let error = Toc::read(&mut archive.as_slice()).unwrap_err();
            assert!(error.message().contains(but), "{error:?}");
        }
    }

    #[test]
    fn entries_of_every_version_and_storage() {
        for minor in 13..=16 {
            for (storage, place) in [(1, vec![2; 9]), (3, text_of("7.dat"))] {
                let settings = settings(minor, storage, "");
                let entry = [entry(minor), place].concat();
                let archive = [head(minor, storage), int_of(4), settings, entry].concat();
                let mut input = &[archive, b"rest".to_vec()].concat()[..];
                let toc = Toc::read(&mut input).unwrap().unwrap();
                assert_eq!(input, b"rest", "1.{minor}, {storage}");
                let (id, entry) = toc.entries().next().unwrap();
                assert_eq!((id, entry.label.as_str()), (7, "public.t"));
                assert!(entry.has_data);
                let file = (storage == 3).then(|| "7.dat".to_string());
                assert_eq!(entry.file, file);
                assert_eq!(entry.at, (storage == 1).then_some(0x0202_0202_0202_0202));
                assert_eq!(toc.database.as_deref(), Some("app"));
                assert_eq!(toc.packing, Some(Packing::Gzip));
            }
        }
    }

    #[test]
    fn what_is_written_of_compression_is_read() {
        for minor in [14, 16] {
            let mut archive = [head(minor, 1), int_of(3), settings(minor, 1, "")].concat();
            let toc = Toc::read(&mut archive.as_slice()).unwrap().unwrap();
            for packing in [Packing::Zstd, Packing::Lz4, Packing::None, Packing::Gzip] {
                assert_eq!(
                    toc.can_say(packing),
                    minor == 16 || matches!(packing, Packing::None | Packing::Gzip)
                );
                if toc.can_say(packing) {
                    toc.say(&mut archive, packing, 6);
                    let said = Toc::read(&mut archive.as_slice()).unwrap().unwrap();
                    assert_eq!(said.packing, Some(packing));
                }
            }
            assert_eq!(archive[..head(minor, 1).len()], head(minor, 1));
        }
    }

    #[test]
    fn versions_of_either_kind_of_head() {
        let expected = (Some("15.18 (Debian)".to_string()), Some("16.1".to_string()));
        assert_eq!(archive_versions(&head(14, 1)), expected);
        assert_eq!(archive_versions(&head(16, 1)), expected);
        assert_eq!(archive_versions(&head(14, 1)[..60]), (None, None));
    }

    #[test]
    fn later_versions_are_not_guessed_at() {
        for (minor, storage) in [(17, 1), (12, 1), (16, 4)] {
            let archive = [head(minor, storage), int_of(0)].concat();
            assert!(Toc::read(&mut archive.as_slice()).unwrap().is_none());
        }
    }
}
