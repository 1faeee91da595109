//! Manifests without what they say of tables, which is most of each: for lists of many.

use std::io::Read;

use memchr::memmem;

use super::{CLOSE, LONGEST, Manifest, Seal, found, seal};
use crate::backup::name;
use crate::backup::place::Place;
use crate::error::{Context, Result};

/// What is read at once: more than most manifests have.
const AT_ONCE: usize = 64 << 10;
/// Where tables begin, where they end, and what stands there where they are not known.
const TABLES: &[u8] = b"\n  \"tables\": [\n";
const END_OF_LIST: &[u8] = b"\n  ]";
const NO_TABLES: &[u8] = b"\n  \"tables\": null";

/// Reads one after another into the same memory.
#[derive(Default)]
pub(in crate::backup) struct Brief {
    text: Vec<u8>,
    shorter: Vec<u8>,
}

impl Brief {
    /// The manifest of the backup `file_name` in this place, and its seal; `None` when it has none.
    ///
    /// # Errors
    /// As [`Manifest::read`].
    pub(in crate::backup) fn read(
        &mut self,
        place: &Place,
        file_name: &str,
    ) -> Result<Option<(Manifest, Seal)>> {
        let name = name::manifest_of(file_name);
        let shown = || place.path(&name).display().to_string();
        let text = match self.read_at_once(place, &name) {
            Some(length) => &self.text[..length],
            None => {
                match found(place.read_all(&name, LONGEST)).context(shown)? {
                    Some(text) => self.text = text,
                    None => return Ok(None),
                }
                &self.text[..]
            }
        };
        let named = || format!("damaged manifest {}", shown());
        let seal = seal(text);
        let shorter = seal.and_then(|_| without_tables(text, &mut self.shorter));
        let manifest = shorter.and_then(|()| Manifest::understand(&self.shorter).ok());
        let manifest = match manifest {
            Some(manifest) => manifest.checked(file_name).context(named)?,
            None => Manifest::parse(text, file_name).context(named)?,
        };
        let manifest = Manifest {
            tables: None,
            ..manifest
        };
        // One without a seal is refused.
        Ok(seal.map(|seal| (manifest, seal)))
    }

    /// The length of one that comes whole at the first attempt. What doesn't end as a manifest does
    /// may be anything.
    fn read_at_once(&mut self, place: &Place, name: &str) -> Option<usize> {
        self.text.resize(AT_ONCE, 0);
        let length = place.read(name).ok()?.read(&mut self.text).ok()?;
        let is_whole = length < AT_ONCE && self.text[..length].ends_with(CLOSE.as_bytes());
        is_whole.then_some(length)
    }
}

/// A manifest's text without its tables, as far as we wrote it: each line of what is in a list
/// is further to the right than those of the list, and no text has a newline in it.
fn without_tables(text: &[u8], shorter: &mut Vec<u8>) -> Option<()> {
    let start = memmem::find(text, TABLES)?;
    let length = memmem::find(&text[start..], END_OF_LIST)? + END_OF_LIST.len();
    shorter.clear();
    shorter.extend_from_slice(&text[..start]);
    shorter.extend_from_slice(NO_TABLES);
    shorter.extend_from_slice(&text[start + length..]);
    Some(())
}
