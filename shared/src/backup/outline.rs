//! What a list keeps of a manifest: what rotation weighs and what is told of a backup, in as little
//! memory as can be. A folder may hold a hundred thousand.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use ::time::OffsetDateTime;

use super::manifest::{Format, HASH, Manifest, Seal, bytes_of_hexadecimal, hexadecimal};
use super::proof::Proof;

/// What is kept of a seal: no two texts of which anybody heard are alike in it.
const KEPT: usize = 16;

/// How many characters tell servers apart well enough.
const SHOWN: usize = 6;

/// What is known of one backup by its manifest.
#[derive(Debug, Clone)]
pub struct Outline {
    common: Arc<Common>,
    /// The run that it was taken in.
    pub set: Option<Box<str>>,
    /// From its beginning until its last byte was on disk; less than zero where a clock was wrong.
    pub duration_ms: i64,
    bytes: u64,
    sha256: Sha256,
    /// The beginning of its seal, by which it is known again.
    seal: [u8; KEPT],
}

/// What the manifests of one job say alike: it is in memory once for all of them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "each is what the manifest calls so")]
pub struct Common {
    pub database: Option<String>,
    pub label: Option<String>,
    pub selection: Vec<String>,
    pub adopted: bool,
    pub names: Option<String>,
    pub utc_offset_seconds: i32,
    pub format: Format,
    pub compression: String,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    pub system_identifier: Option<String>,
    pub origin: Option<String>,
    pub restore_options: Option<String>,
}

/// A hash as a manifest says it, which may say anything.
#[derive(Debug, Clone)]
enum Sha256 {
    /// There are several files.
    None,
    Bytes([u8; HASH / 2]),
    Other(Box<str>),
}

impl Sha256 {
    fn of(text: Option<&str>) -> Self {
        match text {
            None => Self::None,
            Some(text) => match bytes_of_hexadecimal(text.as_bytes()) {
                Some(bytes) => Self::Bytes(bytes),
                None => Self::Other(text.into()),
            },
        }
    }
}

impl Outline {
    /// Of a manifest whose text has this seal; what others say alike is taken from them.
    pub(super) fn new(manifest: Manifest, seal: Seal, known: &mut Known<'_>) -> Self {
        let duration = manifest.finished_at - manifest.taken_at;
        Self {
            set: manifest.set.as_deref().map(Box::from),
            duration_ms: i64::try_from(duration.whole_milliseconds()).unwrap_or(-1),
            bytes: manifest.bytes(),
            sha256: Sha256::of(manifest.sha256()),
            seal: beginning(&seal),
            common: known.common(Common::from(manifest)),
        }
    }

    /// Of these parts, as [`Self::common`] and [`Self::hashes`] gave them.
    pub(super) fn whole(
        common: &Arc<Common>,
        set: Option<Box<str>>,
        duration_ms: i64,
        bytes: u64,
        hashes: Hashes,
    ) -> Self {
        Self {
            common: Arc::clone(common),
            set,
            duration_ms,
            bytes,
            sha256: match hashes.is_of_one_file {
                true => Sha256::Bytes(hashes.sha256),
                false => Sha256::None,
            },
            seal: hashes.seal,
        }
    }

    /// What others say, too.
    pub(super) fn common(&self) -> &Arc<Common> {
        &self.common
    }

    /// Its hashes; `None` where one is none.
    pub(super) fn hashes(&self) -> Option<Hashes> {
        let sha256 = match &self.sha256 {
            Sha256::None => None,
            Sha256::Bytes(bytes) => Some(*bytes),
            Sha256::Other(_) => return None,
        };
        Some(Hashes {
            seal: self.seal,
            is_of_one_file: sha256.is_some(),
            sha256: sha256.unwrap_or_default(),
        })
    }

    /// The size of the data, over all files.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The SHA-256 of the data file, in hexadecimal; `None` where there are several.
    pub fn sha256(&self) -> Option<String> {
        match &self.sha256 {
            Sha256::None => None,
            Sha256::Bytes(bytes) => Some(hexadecimal(bytes)),
            Sha256::Other(text) => Some(text.to_string()),
        }
    }

    /// Whether both are of the same text, to the last byte.
    pub fn is_same_text(&self, other: &Self) -> bool {
        self.seal == other.seal
    }

    /// The same of the server with this identifier.
    pub(super) fn set_server(&mut self, identifier: &str, known: &mut Known<'_>) {
        self.common = known.common(Common {
            system_identifier: Some(identifier.to_string()),
            ..Common::clone(&self.common)
        });
    }

    /// Whether it is of the text with this seal.
    pub(super) fn has_seal(&self, seal: &Seal) -> bool {
        self.seal == beginning(seal)
    }
}

/// What is the same of no two backups.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashes {
    seal: [u8; KEPT],
    is_of_one_file: bool,
    sha256: [u8; HASH / 2],
}

impl Hashes {
    /// Of one without a manifest.
    pub(super) const NONE: Self = Self {
        seal: [0; KEPT],
        is_of_one_file: false,
        sha256: [0; HASH / 2],
    };
}

fn beginning(seal: &Seal) -> [u8; KEPT] {
    *seal.first_chunk().unwrap_or(&[0; KEPT])
}

/// Of a manifest that is not on disk.
impl From<Manifest> for Outline {
    fn from(manifest: Manifest) -> Self {
        Self::new(manifest, Seal::default(), &mut Commons::default().known())
    }
}

impl Deref for Outline {
    type Target = Common;

    fn deref(&self) -> &Common {
        &self.common
    }
}

impl Common {
    /// True when it is of roles and tablespaces, which belong to no database.
    pub fn is_of_globals(&self) -> bool {
        self.database.is_none() && !self.adopted
    }

    /// True when both are of one server, as far as it is known.
    pub fn same_server(&self, other: &Self) -> bool {
        match (&self.system_identifier, &other.system_identifier) {
            (Some(one), Some(other)) => one == other,
            _ => self.origin == other.origin,
        }
    }

    /// Which server it is of, in so few characters that people can tell two apart: the end of its
    /// identifier, or else of the mark of how it was reached. `None` where nobody knows.
    pub fn server(&self) -> Option<&str> {
        let mark = self
            .system_identifier
            .as_deref()
            .or(self.origin.as_deref())?;
        let start = mark.char_indices().rev().nth(SHOWN - 1);
        Some(&mark[start.map_or(0, |(at, _)| at)..])
    }
}

impl From<Manifest> for Common {
    fn from(manifest: Manifest) -> Self {
        Self {
            database: manifest.database,
            label: manifest.label,
            selection: manifest.selection,
            adopted: manifest.adopted,
            names: manifest.names,
            utc_offset_seconds: manifest.utc_offset_seconds,
            format: manifest.format,
            compression: manifest.compression,
            server_version: manifest.server_version,
            pg_dump_version: manifest.pg_dump_version,
            system_identifier: manifest.system_identifier,
            origin: manifest.origin,
            restore_options: manifest.restore_options,
        }
    }
}

/// What the manifests of a folder say alike, for all who read them.
#[derive(Debug, Default)]
pub(super) struct Commons(Mutex<HashSet<Arc<Common>>>);

impl Commons {
    /// For one who reads.
    pub(super) fn known(&self) -> Known<'_> {
        Known {
            all: self,
            last: None,
        }
    }
}

/// The same, and what was read last: the next is mostly like it.
#[derive(Debug)]
pub(super) struct Known<'a> {
    all: &'a Commons,
    last: Option<Arc<Common>>,
}

impl Known<'_> {
    fn common(&mut self, new: Common) -> Arc<Common> {
        if let Some(last) = self.last.as_ref().filter(|last| ***last == new) {
            return Arc::clone(last);
        }
        let mut all = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        let common = match all.get(&new) {
            Some(known) => Arc::clone(known),
            None => {
                let new = Arc::new(new);
                all.insert(Arc::clone(&new));
                new
            }
        };
        drop(all);
        Arc::clone(self.last.insert(common))
    }
}

/// What a list keeps of what pg-restore-verify found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// When it was seen.
    pub verified_at: OffsetDateTime,
    /// True when everything was restored and proved.
    pub proved: bool,
    /// The verdict in words, where it was not.
    pub message: Box<str>,
}

impl From<Proof> for Tried {
    fn from(proof: Proof) -> Self {
        Self {
            verified_at: proof.verified_at,
            proved: proof.proved,
            message: match proof.proved {
                true => "".into(),
                false => proof.message.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::manifest::tests::manifest;

    #[test]
    fn says_what_the_manifest_says() {
        let commons = Commons::default();
        let mut known = commons.known();
        let mut outlines = Vec::new();
        for hash in ["00", &"0f".repeat(32), &"0F".repeat(32), &"é".repeat(32)] {
            let mut manifest = manifest("a.dump", 7);
            manifest.files[0].sha256 = hash.into();
            manifest.set = Some(hash.into());
            let outline = Outline::new(manifest.clone(), [1; 32], &mut known);
            assert_eq!(outline.sha256().as_deref(), Some(hash));
            assert_eq!(outline.set.as_deref(), Some(hash));
            assert_eq!((outline.bytes(), outline.duration_ms), (7, 1500));
            assert_eq!(*outline, Common::from(manifest));
            outlines.push(outline);
        }
        assert!(!outlines[0].is_same_text(&Outline::from(manifest("a.dump", 7))));
    }

    /// A hundred thousand of them must fit into little.
    #[test]
    fn what_many_say_alike_is_there_once() {
        let commons = Commons::default();
        let mut one = commons.known();
        let mut other = commons.known();
        let mut outline = |label: &str| {
            let mut manifest = manifest(&format!("{label}.dump"), 7);
            manifest.label = Some(label.into());
            std::mem::swap(&mut one, &mut other);
            Outline::new(manifest, Seal::default(), &mut one)
        };
        let of_two_jobs = ["x", "y", "x", "y", "y", "x"].map(&mut outline);
        let [x, y, rest @ ..] = &of_two_jobs;
        assert!(!Arc::ptr_eq(&x.common, &y.common));
        for outline in rest {
            let like = if outline.label == x.label { x } else { y };
            assert!(Arc::ptr_eq(&outline.common, &like.common));
        }
    }
}
