//! What was found not to be whole, so that it is read once and not every night.
//!
//! It is a file of the folder, for as long as those are as they were when they were read, and read by
//! this version of the program: another may know more. Without it they are read again.

use std::collections::BTreeMap;
use std::io::Write;

use serde::{Deserialize, Serialize};
use shared::backup::{Place, partial_of};
use shared::{Context, Error, Result};

use super::Seen;
use crate::cli::TOOL;
use crate::folder::Locked;

/// Where it is kept.
pub const FILE: &str = ".pg-dump-rotate.broken.json";
/// Nobody has so many that it is longer.
const LONGEST: u64 = 64 << 20;

/// What is known to be broken, by its name.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Broken {
    version: String,
    files: BTreeMap<String, Known>,
    /// What was found that is not on disk yet.
    #[serde(skip)]
    new: BTreeMap<String, Known>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// What it was when it was read.
    seen: String,
    why: String,
}

impl Broken {
    /// What is known of this folder; nothing where that can't be read.
    pub fn read(place: &Place) -> Self {
        let text = place.read_all(FILE, LONGEST).unwrap_or_default();
        let known: Self = serde_json::from_slice(&text).unwrap_or_default();
        match known.version == TOOL.version {
            true => known,
            false => Self::default(),
        }
    }

    /// Why that one is broken, if it is still what it was.
    pub fn why(&self, name: &str, seen: &Seen) -> Option<&str> {
        let known = self.files.get(name)?;
        (known.seen == seen.mark()).then_some(&known.why)
    }

    /// It was read, and is.
    pub fn add(&mut self, name: &str, seen: &Seen, why: &str) {
        let known = Known {
            seen: seen.mark(),
            why: why.to_string(),
        };
        self.new.insert(name.to_string(), known);
    }

    /// Whether there is anything to write.
    pub fn is_new(&self) -> bool {
        !self.new.is_empty()
    }

    /// Adds what is new to what is on disk, and forgets what is there no more.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(self, folder: &Locked<'_>) -> Result<()> {
        let place = folder.place();
        let mut all = Self::read(place);
        all.version = TOOL.version.into();
        all.files.extend(self.new);
        all.files.retain(|name, _| place.has(name));
        let text = serde_json::to_vec(&all).map_err(|error| Error::new(error.to_string()))?;
        let hidden = partial_of(FILE.trim_start_matches('.'));
        let named = || format!("could not write {}", place.path(FILE).display());
        let written = place.remove(&hidden).and_then(|()| {
            place.create(&hidden)?.write_all(&text)?;
            place.rename(&hidden, FILE)
        });
        written.context(named)
    }
}
