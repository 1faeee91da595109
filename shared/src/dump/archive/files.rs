//! An archive whose data is in files of its own: a directory, or the members of a tar file.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::tar::Tar;
use super::toc::{Storage, Toc, TocEntry};
use super::wire::senseless;
use crate::dump::unpack::Compression;
use crate::{Context, Error, Result};

/// The table of contents.
pub const CONTENTS: &str = "toc.dat";
const BUFFER_BYTES: usize = 1 << 18;
/// What pg_dump may have added to a name, in the order in which pg_restore looks.
const SUFFIXES: [(&str, Compression); 4] = [
    ("", Compression::None),
    (".gz", Compression::Gzip),
    (".lz4", Compression::Lz4),
    (".zst", Compression::Zstd),
];

/// An archive of directory or tar format, known by its table of contents.
#[derive(Debug)]
pub struct Files {
    toc: Toc,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Tar(Tar),
}

/// One file of data.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it holds.
    pub content: Content,
    /// How long it is, as it is stored.
    pub bytes: u64,
    name: String,
    compression: Compression,
}

/// What a file of data holds.
#[derive(Debug, Clone)]
pub enum Content {
    /// The rows of a table.
    Rows {
        /// The table, for people.
        label: String,
        /// The COPY statement before them; empty if they are INSERT statements.
        copy: Vec<u8>,
    },
    /// The bytes of this large object.
    LargeObject(u32),
}

/// A file beside those of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its name.
    pub name: String,
    /// The file of the archive by the same name, otherwise compressed, that is read and not this.
    pub instead: Option<String>,
}

impl Files {
    /// Reads the table of contents; `None` if it is of a kind that only pg_restore can read.
    ///
    /// # Errors
    /// When it can't be read or makes no sense, and when a tar file is not whole.
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let (place, bytes) = match path.is_dir() {
            true => {
                let toc = path.join(CONTENTS);
                let bytes = std::fs::read(&toc).context(|| toc.display().to_string())?;
                (Place::Folder(path.to_path_buf()), bytes)
            }
            false => {
                let tar = Tar::open(path)?;
                let mut bytes = Vec::new();
                let toc = tar.read(CONTENTS);
                let toc = toc.ok_or_else(|| Error::new("toc.dat is missing in the tar file"));
                toc?.read_to_end(&mut bytes)?;
                (Place::Tar(tar), bytes)
            }
        };
        let mut rest = bytes.as_slice();
        let Some(toc) = Toc::read(&mut rest)? else {
            return Ok(None);
        };
        match toc.storage == Storage::Files && rest.is_empty() {
            true => Ok(Some(Self { toc, place })),
            false => Err(senseless()),
        }
    }

    /// The table of contents.
    pub fn toc(&self) -> &Toc {
        &self.toc
    }

    /// Every file of data.
    ///
    /// # Errors
    /// When one that the table of contents promises is not there.
    pub fn parts(&self) -> Result<Vec<Part>> {
        let mut parts = Vec::new();
        let mut large_objects = BTreeSet::new();
        for (id, entry) in self.toc.in_order() {
            if !entry.has_data {
                continue;
            }
            if entry.kind == "BLOBS" {
                self.large_objects(id, entry, &mut large_objects, &mut parts)?;
            } else if let Some(file) = &entry.file {
                let content = Content::Rows {
                    label: entry.label.clone(),
                    copy: entry.copy.clone(),
                };
                let part = self.find(file, content)?;
                parts.push(part.ok_or_else(|| missing(entry))?);
            } else {
                return Err(missing(entry));
            }
        }
        self.toc.check_large_objects(&large_objects)?;
        Ok(parts)
    }

    /// The bytes of a file of data, decompressed.
    ///
    /// # Errors
    /// When it can't be opened.
    pub fn read(&self, part: &Part) -> Result<Box<dyn Read + Send>> {
        let input: Box<dyn Read + Send> = match &self.place {
            Place::Folder(folder) => {
                let path = folder.join(&part.name);
                Box::new(File::open(&path).context(|| path.display().to_string())?)
            }
            Place::Tar(tar) => Box::new(tar.read(&part.name).ok_or_else(senseless)?),
        };
        let input = BufReader::with_capacity(BUFFER_BYTES, input);
        Ok(part.compression.unpack(input)?)
    }

    /// The large objects of one entry, from the list that it has a file of.
    fn large_objects(
        &self,
        id: i64,
        entry: &TocEntry,
        seen: &mut BTreeSet<u32>,
        parts: &mut Vec<Part>,
    ) -> Result<()> {
        let mut text = String::new();
        let list = self.list(id, entry)?.ok_or_else(|| missing(entry))?;
        self.read(&list)?.read_to_string(&mut text)?;
        for line in text.lines() {
            let (oid, file) = line.split_once(' ').ok_or_else(senseless)?;
            let oid = oid.parse().map_err(|_| senseless())?;
            let part = self.find(file, Content::LargeObject(oid))?;
            let gone = || Error::new(format!("the data of large object {oid} is missing"));
            parts.push(part.ok_or_else(gone)?);
            seen.insert(oid);
        }
        Ok(())
    }

    /// The list of the large objects of one entry.
    fn list(&self, id: i64, entry: &TocEntry) -> Result<Option<Part>> {
        // A tar file's table of contents names a file that isn't there.
        let of_entry = format!("blobs_{id}.toc");
        let names = [entry.file.as_deref(), Some(&of_entry), Some("blobs.toc")];
        let mut list = None;
        for name in names.into_iter().flatten() {
            list = list.or(self.find(name, Content::LargeObject(0))?);
        }
        Ok(list)
    }

    /// What else is in the folder, which pg_restore does not read, by name; nothing of a tar file.
    ///
    /// # Errors
    /// When the folder can't be read, or is not whole.
    pub fn others(&self) -> Result<Vec<Other>> {
        let Place::Folder(folder) = &self.place else {
            return Ok(Vec::new());
        };
        let mut own = BTreeSet::from([CONTENTS.to_string()]);
        own.extend(self.parts()?.into_iter().map(|part| part.name));
        for (id, entry) in self.toc.in_order() {
            if entry.has_data && entry.kind == "BLOBS" {
                own.extend(self.list(id, entry)?.map(|list| list.name));
            }
        }
        let mut others = Vec::new();
        for entry in folder.read_dir().context(|| folder.display().to_string())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if !own.contains(&name) {
                let plain = SUFFIXES
                    .iter()
                    .rev()
                    .find_map(|(end, _)| name.strip_suffix(end));
                let instead = SUFFIXES.map(|(end, _)| format!("{}{end}", plain.unwrap_or(&name)));
                let instead = instead.into_iter().find(|name| own.contains(name));
                others.push(Other { name, instead });
            }
        }
        others.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(others)
    }

    /// A file by its name without what compression adds.
    fn find(&self, name: &str, content: Content) -> Result<Option<Part>> {
        if name.is_empty() || name.contains('/') || name.starts_with("..") {
            return Err(senseless());
        }
        for (suffix, compression) in SUFFIXES {
            let name = format!("{name}{suffix}");
            if let Some(bytes) = self.length(&name) {
                return Ok(Some(Part {
                    content,
                    bytes,
                    name,
                    compression: if bytes == 0 && compression != Compression::Gzip {
                        // Of an empty large object nothing is written.
                        Compression::None
                    } else {
                        compression
                    },
                }));
            }
        }
        Ok(None)
    }

    fn length(&self, name: &str) -> Option<u64> {
        match &self.place {
            Place::Folder(folder) => {
                let metadata = folder.join(name).metadata().ok()?;
                metadata.is_file().then_some(metadata.len())
            }
            Place::Tar(tar) => tar.length(name),
        }
    }
}

fn missing(entry: &TocEntry) -> Error {
    Error::new(format!(
        "the data of {} {} is missing",
        entry.kind, entry.label
    ))
}
