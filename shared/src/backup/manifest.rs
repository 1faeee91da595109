//! What is known about a backup, in `NAME.manifest.json` beside it.
//!
//! Everything in it can be shown to anyone who may see the folder: it holds no
//! address, no secret, and no name of a role but one that pg_dump was given (`--role`). Its last field is the SHA-256 of the text up to
//! there, so that a change of anything in it is noticed.

mod brief;

use std::io;
use std::path::Path;

use ::time::OffsetDateTime;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use sha2::{Digest, Sha256};

use super::name;
use super::place::Place;
use crate::error::{Context, Error, Result};
use crate::time::rfc3339;
use crate::units::human_bytes;
pub(super) use brief::Brief;

/// The version of the manifest that is written; a reader refuses newer ones.
pub const VERSION: u32 = 1;
/// A KiB, and a line or two for each table.
const LONGEST: u64 = 256 << 20;
/// The last field: before it the text that is hashed, after it what closes the text.
const OWN_HASH: &str = ",\n  \"manifest_sha256\": \"";
const CLOSE: &str = "\"\n}\n";
/// How long a hash is in hexadecimal.
pub(super) const HASH: usize = 64;

/// The hash of a manifest's text, which its last field says.
pub(super) type Seal = [u8; HASH / 2];

/// What pg_dump was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// An archive for pg_restore.
    Custom,
    /// An SQL script for psql.
    Plain,
    /// A folder with an archive for pg_restore, a file for each table's rows.
    Directory,
    /// A tar file with an archive for pg_restore.
    Tar,
}

impl Format {
    /// The word in manifests, records and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Plain => "plain",
            Self::Directory => "directory",
            Self::Tar => "tar",
        }
    }
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name, relative to the manifest: the backup's own, or in a directory what is below it.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// The SHA-256 of its content, in hexadecimal.
    pub sha256: String,
}

/// The rows of one table as the dump has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The columns that make up a row, in order.
    pub columns: Vec<String>,
    /// How many rows.
    pub rows: u64,
    /// The sum modulo 2^128 of the XXH3-128 of each row's COPY text line, in hexadecimal.
    pub digest: String,
}

/// The large objects of a dump.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LargeObjects {
    /// How many.
    pub count: u64,
    /// The sum modulo 2^128, in hexadecimal, of the XXH3-128 of each one's number (4 bytes), length
    /// (8 bytes) and XXH3-128 of its content (16 bytes), the most significant byte first.
    pub digest: String,
}

/// An extension of the dumped database. The dump says its name alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// Its name.
    pub name: String,
    /// Which version of it the server had.
    pub version: String,
}

/// What is known about a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this form.
    pub version: u32,
    /// The database that was dumped; `None`: the roles and tablespaces of the whole server, or of an
    /// adopted backup, that it is not known.
    pub database: Option<String>,
    /// The user's own mark, if any; part of what retention goes by.
    #[serde(default)]
    pub label: Option<String>,
    /// What pg_dump was told to pick (`--schema-only`, `--table=x`); empty means everything.
    #[serde(default)]
    pub selection: Vec<String>,
    /// The run that it was taken in, with the backups of other databases: the time in their names.
    #[serde(default)]
    pub set: Option<String>,
    /// True when another program made the file and we only described it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub adopted: bool,
    /// What the names of adopted backups of one series share, `backup_*`: `*` stands for the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<String>,
    /// When the data of an adopted backup was last changed; a later one is other data.
    #[serde(
        default,
        with = "rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    pub modified_at: Option<OffsetDateTime>,
    /// When it was begun. The snapshot that it holds is taken a moment later.
    #[serde(with = "rfc3339")]
    pub taken_at: OffsetDateTime,
    /// How far local time was ahead of UTC when it was begun; days and weeks of retention are
    /// those of that time. 0 where nobody said.
    #[serde(default)]
    pub utc_offset_seconds: i32,
    /// The zone's name, `Europe/Berlin`, where it has one.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// When the last byte was on disk.
    #[serde(with = "rfc3339")]
    pub finished_at: OffsetDateTime,
    /// What pg_dump wrote.
    pub format: Format,
    /// `none`, or method and level: `gzip:6`, `zstd:3`.
    pub compression: String,
    /// The files: one, or those of a directory.
    pub files: Vec<File>,
    /// The version of the server, `15.18`; unknown in some that were adopted.
    #[serde(default)]
    pub server_version: Option<String>,
    /// The version of pg_dump; unknown in some that were adopted.
    #[serde(default)]
    pub pg_dump_version: Option<String>,
    /// The database's encoding, `UTF8`.
    #[serde(default)]
    pub encoding: Option<String>,
    /// The database's LC_COLLATE.
    #[serde(default)]
    pub collate: Option<String>,
    /// The database's LC_CTYPE.
    #[serde(default)]
    pub ctype: Option<String>,
    /// `libc`, `icu` or `builtin`; unknown before PostgreSQL 15.
    #[serde(default)]
    pub locale_provider: Option<String>,
    /// The locale of the `icu` or `builtin` provider.
    #[serde(default)]
    pub locale: Option<String>,
    /// Which server it was, however it was reached; null where the role may not ask.
    #[serde(default)]
    pub system_identifier: Option<String>,
    /// A mark of how it was reached: a hash of the command that ran pg_dump, of host and port. It
    /// stands for the identifier where that is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// The extensions of the database, but what every new one has; null where nobody asked.
    #[serde(default)]
    pub extensions: Option<Vec<Extension>>,
    /// Options of a session (`PGOPTIONS`) in which the database's own settings don't spoil a restore
    /// that makes it; null where they don't anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_options: Option<String>,
    /// How much its tables took on the server, without their indexes; null where nobody asked.
    /// What this makes of the backup's own size tells how much room the next one needs.
    #[serde(default)]
    pub source_bytes: Option<u64>,
    /// What pg_dump leaves out by itself and somebody might miss, in words.
    #[serde(default)]
    pub omissions: Vec<String>,
    /// `counts` or `digest`: what of the server's rows was compared with the dump's, and equal.
    #[serde(default)]
    pub source_check: Option<String>,
    /// The rows of each table; `None` when they were not digested.
    #[serde(default)]
    pub tables: Option<Vec<Table>>,
    /// The large objects; `None` when they were not digested.
    #[serde(default)]
    pub large_objects: Option<LargeObjects>,
}

impl Manifest {
    /// A manifest of which only that is known: what else there is to say is filled in.
    pub fn begun(database: Option<String>, taken_at: OffsetDateTime) -> Self {
        Self {
            version: VERSION,
            database,
            label: None,
            selection: Vec::new(),
            set: None,
            adopted: false,
            names: None,
            modified_at: None,
            taken_at,
            utc_offset_seconds: 0,
            time_zone: None,
            finished_at: taken_at,
            format: Format::Plain,
            compression: "none".into(),
            files: Vec::new(),
            server_version: None,
            pg_dump_version: None,
            encoding: None,
            collate: None,
            ctype: None,
            locale_provider: None,
            locale: None,
            system_identifier: None,
            origin: None,
            extensions: None,
            restore_options: None,
            source_bytes: None,
            omissions: Vec::new(),
            source_check: None,
            tables: None,
            large_objects: None,
        }
    }

    /// Reads the manifest of a backup's data file; `None` when it has none.
    ///
    /// One that can't be read, makes no sense, is newer than this program or speaks
    /// of another file is an error that names it.
    pub fn read(backup: &Path) -> Result<Option<Self>> {
        match Place::of(backup) {
            Some((place, name)) => Self::read_from(&place, &name::manifest_of(name), name),
            None => Ok(None),
        }
    }

    /// The same without what it says of tables, which is most of it: for lists of many.
    pub fn read_without_tables(backup: &Path) -> Result<Option<Self>> {
        match Place::of(backup) {
            Some((place, file_name)) => {
                let read = Brief::default().read(&place, file_name)?;
                Ok(read.map(|(manifest, _)| manifest))
            }
            None => Ok(None),
        }
    }

    /// The same of a manifest that has another name, about a backup of this one.
    pub fn read_from(place: &Place, manifest: &str, file_name: &str) -> Result<Option<Self>> {
        let path = || place.path(manifest).display().to_string();
        let Some(text) = found(place.read_all(manifest, LONGEST)).context(path)? else {
            return Ok(None);
        };
        Self::parse(&text, file_name)
            .context(|| format!("damaged manifest {}", path()))
            .map(Some)
    }

    fn parse(text: &[u8], file_name: &str) -> Result<Self> {
        let manifest = Self::understand(text)?;
        match seal(text) {
            Some(_) => manifest.checked(file_name),
            None => Err(Error::new("it was changed after it was written")),
        }
    }

    /// What a text says, whatever its hash.
    fn understand(text: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(text).map_err(|error| newer(text, error))?;
        match manifest.version > VERSION {
            true => Err(too_new(manifest.version)),
            false => Ok(manifest),
        }
    }

    fn checked(self, file_name: &str) -> Result<Self> {
        let is_about = |file: &File| is_part_of(&file.name, file_name);
        match !self.files.is_empty() && self.files.iter().all(is_about) {
            true => Ok(self),
            false => Err(Error::new(format!("it is not about {file_name}"))),
        }
    }

    /// The text to store, with a newline at its end.
    pub fn to_json(&self) -> Result<String> {
        let text = serde_json::to_string_pretty(self);
        let mut text = text.map_err(|error| Error::new(error.to_string()))?;
        let open = text.strip_suffix("\n}").map_or(text.len(), str::len);
        text.truncate(open);
        let hash = sha256(text.as_bytes());
        text.push_str(OWN_HASH);
        text.push_str(&hash);
        text.push_str(CLOSE);
        Ok(text)
    }

    /// The same, of a length that will be read again: where it would be too long with what it says
    /// of tables, without that, and true.
    ///
    /// # Errors
    /// When it is too long whatever is left out.
    pub fn to_json_that_fits(&self) -> Result<(String, bool)> {
        self.text_within(LONGEST)
    }

    fn text_within(&self, longest: u64) -> Result<(String, bool)> {
        let text = self.to_json()?;
        if text.len() as u64 <= longest {
            return Ok((text, false));
        }
        let tables = None;
        let text = Self {
            tables,
            ..self.clone()
        }
        .to_json()?;
        match text.len() as u64 <= longest {
            true => Ok((text, true)),
            false => Err(Error::new(format!(
                "the manifest would be longer than {}, with {} files",
                human_bytes(longest),
                self.files.len()
            ))),
        }
    }

    /// The size of the data, over all files.
    pub fn bytes(&self) -> u64 {
        // A manifest may say anything.
        let add = |sum: u64, file: &File| sum.saturating_add(file.bytes);
        self.files.iter().fold(0, add)
    }

    /// The SHA-256 of the data file; `None` where there are several.
    pub fn sha256(&self) -> Option<&str> {
        match self.files.as_slice() {
            [file] if self.format != Format::Directory => Some(&file.sha256),
            _ => None,
        }
    }

    /// The text for `sha256sum -c`: every file, and the manifest, whose own text is `text`.
    pub fn checksums(&self, file_name: &str, text: &str) -> String {
        let mut lines = String::new();
        for file in &self.files {
            lines.push_str(&format!("{}  {}\n", file.sha256, file.name));
        }
        let manifest = name::manifest_of(file_name);
        lines.push_str(&format!("{}  {manifest}\n", sha256(text.as_bytes())));
        lines
    }
}

/// That there is none is no error.
fn found(text: io::Result<Vec<u8>>) -> io::Result<Option<Vec<u8>>> {
    match text {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        text => text.map(Some),
    }
}

/// The hash that the text has of itself, where it is what it was when that was written.
fn seal(text: &[u8]) -> Option<Seal> {
    let before = text
        .len()
        .checked_sub(OWN_HASH.len() + HASH + CLOSE.len())?;
    let (hashed, end) = text.split_at(before);
    let end = end.strip_prefix(OWN_HASH.as_bytes())?;
    let written = bytes_of_hexadecimal(end.strip_suffix(CLOSE.as_bytes())?)?;
    (Seal::from(Sha256::digest(hashed)) == written).then_some(written)
}

pub(super) fn sha256(text: &[u8]) -> String {
    hexadecimal(&Sha256::digest(text))
}

/// A hash as manifests and `sha256sum` write it.
pub fn hexadecimal(hash: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    hash.iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// The hash that is written so; `None` for anything that [`hexadecimal`] would not write.
pub(super) fn bytes_of_hexadecimal(text: &[u8]) -> Option<[u8; HASH / 2]> {
    let digit = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; HASH / 2];
    let (pairs, rest) = text.as_chunks();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

/// Whether a manifest of the backup `backup` may speak of this file: of itself, or of one below
/// it and nowhere else.
fn is_part_of(name: &str, backup: &str) -> bool {
    let below = |rest: &str| {
        rest.strip_prefix('/')
            .is_some_and(|rest| rest.split('/').all(|part| !matches!(part, "" | "." | "..")))
    };
    name.strip_prefix(backup)
        .is_some_and(|rest| rest.is_empty() || below(rest))
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A manifest that makes no sense may just be newer than we are.
fn newer(text: &[u8], error: serde_json::Error) -> Error {
    #[derive(Deserialize)]
    struct Versioned {
        version: u32,
    }
    match serde_json::from_slice(text) {
        Ok(Versioned { version }) if version > VERSION => too_new(version),
        _ => words(error),
    }
}

fn too_new(version: u32) -> Error {
    Error::new(format!("its version {version} is newer than this program"))
}

/// What is wrong with a text that is no manifest of ours.
fn words(error: serde_json::Error) -> Error {
    let place = format!("line {}, column {}", error.line(), error.column());
    Error::new(match error.classify() {
        Category::Eof => "it is cut short".into(),
        Category::Syntax => format!("it is no JSON: {place} makes no sense"),
        Category::Data | Category::Io => match missing_field(&error.to_string()) {
            Some(field) => format!("it does not say {field}"),
            None => format!("what it says at {place} makes no sense there"),
        },
    })
}

fn missing_field(words: &str) -> Option<&str> {
    let (field, _) = words.strip_prefix("missing field `")?.split_once('`')?;
    Some(field)
}

#[cfg(test)]
pub(super) mod tests;
