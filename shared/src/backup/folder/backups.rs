//! Many backups in little memory: what most of them say is packed, and a name is a part of one long
//! text. Who looks at one gets it whole.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::time::{OffsetDateTime, UtcDateTime, UtcOffset};

use super::{Backup, State, list};
use crate::backup::outline::{Common, Commons, Hashes, Outline, Tried};
use crate::error::Result;

/// So many at a time.
const GIVEN_BACK: usize = 4096;

/// The backups of one folder, newest first, each with a place from 0.
#[derive(Debug, Clone, Default)]
pub struct Backups {
    folder: PathBuf,
    /// The names of those that are packed, and their sets.
    text: String,
    entries: Vec<Entry>,
}

/// What is seen of a backup without making it.
#[derive(Debug, Clone, Copy)]
pub struct Glimpse<'a> {
    /// As that of the backup.
    pub taken_at: OffsetDateTime,
    /// The name of its file, where it has one that is text.
    pub file_name: Option<&'a str>,
    /// What its manifest says that others say, too.
    pub manifest: Option<&'a Common>,
    /// As that of the backup.
    pub state: &'a State,
    /// Whether it was proved to restore; `None` where nobody tried.
    pub proved: Option<bool>,
}

#[derive(Debug, Clone)]
enum Entry {
    Usual(Usual),
    /// One of which there is more to say than is packed.
    Whole(Box<Backup>),
}

/// One that is as its manifest says, or has none.
#[derive(Debug, Clone)]
struct Usual {
    taken_at: UtcDateTime,
    text_at: u32,
    name_length: u8,
    set_length: Option<u8>,
    /// Its size, which is that in its manifest.
    bytes: u64,
    /// `None` where it has no manifest.
    common: Option<Arc<Common>>,
    duration_ms: u32,
    hashes: Hashes,
    proof: Option<Box<Tried>>,
}

impl Backups {
    /// Every backup in a folder: data with a manifest, manifests without their data, and what is
    /// named like a backup. Other files are passed over, folders of others not entered.
    ///
    /// # Errors
    /// When the folder can't be read.
    pub fn of(folder: &Path) -> Result<Self> {
        list::list(folder)
    }

    /// None yet, of this folder.
    pub fn none(folder: &Path) -> Self {
        Self {
            folder: folder.to_path_buf(),
            ..Self::default()
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The one at this place.
    pub fn get(&self, place: usize) -> Backup {
        match &self.entries[place] {
            Entry::Whole(backup) => Backup::clone(backup),
            Entry::Usual(usual) => self.unpacked(usual),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Backup> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// All of them, each whole; what is packed is given back on the way.
    pub(super) fn into_all(mut self) -> Vec<Backup> {
        let mut all = Vec::with_capacity(self.len());
        while let Some(entry) = self.entries.pop() {
            all.push(match entry {
                Entry::Whole(backup) => *backup,
                Entry::Usual(usual) => self.unpacked(&usual),
            });
            if self.entries.len().is_multiple_of(GIVEN_BACK) {
                self.entries.shrink_to_fit();
            }
        }
        all.reverse();
        all
    }

    /// What is seen at once of the one at this place.
    pub fn glimpse(&self, place: usize) -> Glimpse<'_> {
        self.glimpse_of(&self.entries[place])
    }

    /// The same of all of them.
    pub fn glimpses(&self) -> impl Iterator<Item = Glimpse<'_>> {
        self.entries.iter().map(|entry| self.glimpse_of(entry))
    }

    /// Where the one is of which the data is at this path.
    pub fn position(&self, path: &Path) -> Option<usize> {
        let name = self.name_in_folder(path);
        self.entries.iter().position(|entry| match entry {
            Entry::Usual(usual) => Some(self.name(usual)) == name,
            Entry::Whole(backup) => backup.path.as_os_str() == path.as_os_str(),
        })
    }

    /// Keeps only those of which that is true.
    pub fn retain(&mut self, mut is_kept: impl FnMut(Glimpse<'_>) -> bool) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|entry| is_kept(self.glimpse_of(entry)));
        self.entries = entries;
    }

    /// Changes those of which that is true, or takes them out where `change` says no.
    pub fn change(
        &mut self,
        is_meant: impl Fn(Glimpse<'_>) -> bool,
        mut change: impl FnMut(&mut Backup) -> bool,
    ) {
        let entries = std::mem::take(&mut self.entries);
        let mut changed = Self {
            folder: std::mem::take(&mut self.folder),
            text: std::mem::take(&mut self.text),
            entries: Vec::new(),
        };
        let entries = entries.into_iter().filter_map(|entry| {
            if !is_meant(changed.glimpse_of(&entry)) {
                return Some(entry);
            }
            let mut backup = match entry {
                Entry::Whole(backup) => *backup,
                Entry::Usual(usual) => changed.unpacked(&usual),
            };
            change(&mut backup).then(|| changed.packed(backup))
        });
        let entries: Vec<Entry> = entries.collect();
        *self = Self { entries, ..changed };
    }

    /// Takes out those of which the data is where that of one of these is.
    pub fn take_out<'a>(&mut self, others: impl Iterator<Item = &'a Backup>) {
        let paths: HashSet<&Path> = others.map(|backup| &*backup.path).collect();
        if paths.is_empty() {
            return;
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.retain(|entry| match entry {
            Entry::Usual(usual) => !paths.contains(&*self.folder.join(self.name(usual))),
            Entry::Whole(backup) => !paths.contains(&*backup.path),
        });
        self.entries = entries;
    }

    /// Puts others between them, each where its time is: in front of those of the same.
    pub fn add(&mut self, others: impl IntoIterator<Item = Backup>) {
        for backup in others {
            self.push(backup);
        }
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by_key(|entry| std::cmp::Reverse(self.glimpse_of(entry).taken_at));
        self.entries = entries;
    }

    /// Has those of which the server's identifier is not known, as nobody could ask for it that
    /// night, be of the server that was reached in the same way, where that was always the same one.
    pub fn join_servers(&mut self) {
        let servers = self.servers_by_origin();
        let server_of = |manifest: &Common| match manifest.system_identifier {
            None => servers.get(manifest.origin.as_ref()?),
            Some(_) => None,
        };
        if servers.is_empty() {
            return;
        }
        let commons = Commons::default();
        let mut known = commons.known();
        self.change(
            |backup| backup.manifest.is_some_and(|of| server_of(of).is_some()),
            |backup| {
                if let Some(manifest) = &mut backup.manifest
                    && let Some(identifier) = server_of(manifest)
                {
                    manifest.set_server(identifier, &mut known);
                }
                true
            },
        );
    }

    /// By each mark of how servers were reached the identifier of the one that was, if it is one.
    fn servers_by_origin(&self) -> HashMap<String, String> {
        let mut servers: HashMap<&str, Option<&str>> = HashMap::new();
        let mut is_any_unknown = false;
        let mut last = None;
        for manifest in self.glimpses().filter_map(|backup| backup.manifest) {
            if last.replace(std::ptr::from_ref(manifest)) == Some(std::ptr::from_ref(manifest)) {
                continue;
            }
            let Some(origin) = manifest.origin.as_deref() else {
                continue;
            };
            let identifier = manifest.system_identifier.as_deref();
            is_any_unknown |= identifier.is_none();
            if identifier.is_some() {
                let one = servers.entry(origin).or_insert(identifier);
                *one = one.filter(|one| Some(*one) == identifier);
            }
        }
        if !is_any_unknown {
            return HashMap::new();
        }
        let servers = servers.into_iter();
        let one = servers.filter_map(|(origin, one)| Some((origin.to_string(), one?.to_string())));
        one.collect()
    }

    pub(super) fn push(&mut self, backup: Backup) {
        let entry = self.packed(backup);
        self.entries.push(entry);
    }

    /// In the order of a list: the newest first, and of one moment the last by name.
    pub(super) fn sort(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_unstable_by(|a, b| {
            let [a_at, b_at] = [a, b].map(|entry| self.glimpse_of(entry).taken_at);
            let by_time = b_at.cmp(&a_at);
            by_time.then_with(|| self.file_name(b).cmp(self.file_name(a)))
        });
        self.entries = entries;
    }

    /// Takes out what is there twice by its name.
    pub(super) fn dedup(&mut self) {
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by(|a, b| self.file_name(a).cmp(self.file_name(b)));
        entries.dedup_by(|a, b| self.file_name(a) == self.file_name(b));
        self.entries = entries;
    }

    /// The names of the files, in this order.
    pub(super) fn file_names(&self) -> impl Iterator<Item = &OsStr> {
        self.entries.iter().map(|entry| self.file_name(entry))
    }

    fn file_name<'a>(&'a self, entry: &'a Entry) -> &'a OsStr {
        match entry {
            Entry::Usual(usual) => OsStr::new(self.name(usual)),
            Entry::Whole(backup) => backup.path.file_name().unwrap_or_default(),
        }
    }

    fn name(&self, usual: &Usual) -> &str {
        &self.text[usual.name()]
    }

    /// Of a file in this folder that can be packed.
    fn name_in_folder<'a>(&self, path: &'a Path) -> Option<&'a str> {
        let name = path.file_name()?.to_str()?;
        (path.parent()? == self.folder).then_some(name)
    }

    fn glimpse_of<'a>(&'a self, entry: &'a Entry) -> Glimpse<'a> {
        match entry {
            Entry::Usual(usual) => Glimpse {
                taken_at: usual.taken_at.into(),
                file_name: Some(self.name(usual)),
                manifest: usual.common.as_deref(),
                state: usual.state(),
                proved: usual.proof.as_ref().map(|proof| proof.proved),
            },
            Entry::Whole(backup) => backup.glimpse(),
        }
    }

    fn packed(&mut self, backup: Backup) -> Entry {
        match self.try_to_pack(&backup) {
            Some(usual) => Entry::Usual(usual),
            None => Entry::Whole(Box::new(backup)),
        }
    }

    /// `None` where there is more to be said than fits.
    fn try_to_pack(&mut self, backup: &Backup) -> Option<Usual> {
        let bytes = backup.bytes?;
        let manifest = backup.manifest.as_ref();
        match (manifest, &backup.state) {
            (Some(manifest), State::Ok) if manifest.bytes() == bytes => {}
            (None, State::NoManifest) => {}
            _ => return None,
        }
        let duration_ms = manifest.map_or(0, |manifest| manifest.duration_ms);
        let hashes = manifest.map(Outline::hashes);
        let taken_at = backup.taken_at.checked_to_offset(UtcOffset::UTC)?;
        let set = manifest.and_then(|manifest| manifest.set.as_deref());
        let set_length = set.map(|set| u8::try_from(set.len())).transpose().ok()?;
        let name = self.name_in_folder(&backup.path)?;
        let usual = Usual {
            taken_at: taken_at.into(),
            text_at: u32::try_from(self.text.len()).ok()?,
            name_length: u8::try_from(name.len()).ok()?,
            set_length,
            bytes,
            common: manifest.map(|manifest| Arc::clone(manifest.common())),
            duration_ms: u32::try_from(duration_ms).ok()?,
            hashes: hashes.unwrap_or(Some(Hashes::NONE))?,
            proof: backup.proof.clone(),
        };
        self.text.push_str(name);
        self.text.push_str(set.unwrap_or_default());
        Some(usual)
    }

    fn unpacked(&self, usual: &Usual) -> Backup {
        let set = usual.set().map(|set| self.text[set].into());
        let outline = |common: &Arc<Common>| {
            let duration_ms = usual.duration_ms.into();
            Outline::whole(common, set, duration_ms, usual.bytes, usual.hashes)
        };
        let manifest = usual.common.as_ref().map(outline);
        Backup {
            path: self.folder.join(self.name(usual)).into(),
            taken_at: usual.taken_at.into(),
            bytes: Some(usual.bytes),
            state: usual.state().clone(),
            manifest,
            proof: usual.proof.clone(),
        }
    }
}

impl Backup {
    /// What is seen of it at once.
    pub fn glimpse(&self) -> Glimpse<'_> {
        Glimpse {
            taken_at: self.taken_at,
            file_name: self.path.file_name().and_then(OsStr::to_str),
            manifest: self.manifest.as_deref(),
            state: &self.state,
            proved: self.proof.as_ref().map(|proof| proof.proved),
        }
    }
}

impl Glimpse<'_> {
    /// As that of the backup.
    pub fn is_ok(&self) -> bool {
        *self.state == State::Ok
    }

    /// As that of the backup.
    pub fn is_damaged(&self) -> bool {
        self.state.is_damage()
    }
}

impl Usual {
    fn state(&self) -> &'static State {
        static STATES: [State; 2] = [State::NoManifest, State::Ok];
        &STATES[usize::from(self.common.is_some())]
    }

    fn name(&self) -> Range<usize> {
        let start = self.text_at as usize;
        start..start + usize::from(self.name_length)
    }

    fn set(&self) -> Option<Range<usize>> {
        let start = self.name().end;
        let length = self.set_length?;
        Some(start..start + usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use ::time::macros::datetime;

    use super::*;
    use crate::backup::manifest::tests::manifest;
    use crate::backup::{Format, Manifest, Proof};

    fn described(name: &str, change: impl FnOnce(&mut Manifest)) -> Option<Outline> {
        let mut manifest = manifest(name, 7);
        manifest.files[0].sha256 = "0f".repeat(32);
        change(&mut manifest);
        Some(manifest.into())
    }

    fn backup(folder: &Path, name: &str, change: impl FnOnce(&mut Backup)) -> Backup {
        let mut backup = Backup {
            path: folder.join(name).into(),
            taken_at: datetime!(2026-11-20 10:39:30 UTC),
            bytes: Some(7),
            manifest: described(name, |_| {}),
            state: State::Ok,
            proof: None,
        };
        change(&mut backup);
        backup
    }

    /// Whatever there is to say of one, packed or not.
    #[test]
    fn each_comes_out_as_it_went_in() {
        let folder = Path::new("/backups");
        let saying = |change: &dyn Fn(&mut Manifest)| {
            let manifest = described("a.dump", change);
            backup(folder, "a.dump", |backup| backup.manifest = manifest)
        };
        let with_set = |set: &str| saying(&|manifest| manifest.set = Some(set.into()));
        let with_hash = |hash: &str| saying(&|manifest| manifest.files[0].sha256 = hash.into());
        let lasting = |duration_ms: i64| {
            backup(folder, "a.dump", |backup| {
                backup.manifest.as_mut().unwrap().duration_ms = duration_ms;
            })
        };
        let with = |change: fn(&mut Backup)| backup(folder, "a.dump", change);
        let proof = || Proof {
            verified_at: OffsetDateTime::UNIX_EPOCH,
            proved: true,
            message: String::new(),
            sha256: None,
            bytes: 7,
            restore_ms: None,
            server_version: None,
            tool_version: "0.1.0".into(),
        };
        let all = [
            with(|_| {}),
            with_set(""),
            with_set("20261120T103930Z"),
            with_set(&"x".repeat(300)),
            saying(&|manifest| manifest.format = Format::Directory),
            with_hash("00"),
            with_hash("é"),
            lasting(-1),
            lasting(1 << 40),
            with(|backup| backup.bytes = None),
            with(|backup| {
                backup.bytes = Some(8);
                backup.state = State::SizeDiffers;
            }),
            with(|backup| {
                backup.manifest = None;
                backup.state = State::NoManifest;
            }),
            with(|backup| backup.state = State::Unreadable("why".into())),
            with(|backup| backup.path = Path::new("/elsewhere/a.dump").into()),
            backup(folder, "a.dump", |backup| {
                backup.proof = Some(Box::new(proof().into()))
            }),
        ];
        let mut backups = Backups::none(folder);
        all.iter().for_each(|backup| backups.push(backup.clone()));
        backups.change(|_| true, |_| true);
        let is_packed = |entry: &&Entry| matches!(entry, Entry::Usual(_));
        assert_eq!(backups.entries.iter().filter(is_packed).count(), 6);
        for (place, backup) in all.iter().enumerate() {
            let got = backups.get(place);
            assert_eq!(format!("{got:?}"), format!("{backup:?}"));
            let glimpse = backups.glimpse(place);
            assert_eq!(*glimpse.state, backup.state);
            assert_eq!(glimpse.taken_at, backup.taken_at);
            assert_eq!(glimpse.manifest, backup.manifest.as_deref());
            assert_eq!(glimpse.file_name, Some("a.dump"));
        }
        assert_eq!(backups.position(Path::new("/elsewhere/a.dump")), Some(13));
        assert_eq!(backups.position(Path::new("/backups/b.dump")), None);
    }

    /// A hundred thousand of them must fit into little.
    #[test]
    fn the_usual_one_is_small() {
        assert!(size_of::<Entry>() <= 96, "{}", size_of::<Entry>());
        let folder = Path::new("/backups");
        let mut backups = Backups::none(folder);
        backups.push(backup(folder, "a.dump", |_| {}));
        assert!(matches!(backups.entries[..], [Entry::Usual(_)]));
    }

    /// A server that could not be asked is the one that was reached in the same way, and where that
    /// was now one and now another, nobody knows.
    #[test]
    fn who_could_not_be_asked_is_known_by_how_it_was_reached() {
        let folder = Path::new("/backups");
        let mut backups = Backups::none(folder);
        let all = [
            ("a", Some("1"), Some("x")),
            ("b", None, Some("x")),
            ("c", Some("1"), Some("y")),
            ("d", Some("2"), Some("y")),
            ("e", None, Some("y")),
            ("f", None, None),
            ("g", Some("1"), Some("x")),
            ("h", None, Some("z")),
            ("i", None, Some("x")),
        ];
        for (name, identifier, origin) in all {
            let manifest = described(name, |manifest| {
                manifest.system_identifier = identifier.map(str::to_string);
                manifest.origin = origin.map(str::to_string);
            });
            backups.push(backup(folder, name, |backup| backup.manifest = manifest));
        }
        backups.join_servers();
        let servers = backups.glimpses().map(|backup| {
            let manifest = backup.manifest.unwrap();
            manifest.system_identifier.as_deref()
        });
        let one = Some("1");
        let joined = [one, one, one, Some("2"), None, None, one, None, one];
        assert_eq!(servers.collect::<Vec<_>>(), joined);
    }

    #[test]
    fn some_are_changed_and_others_come_between() {
        let folder = Path::new("/backups");
        let at = |name: &str, seconds: i64| {
            backup(folder, name, |backup| {
                backup.taken_at = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
            })
        };
        let mut backups = Backups::none(folder);
        for (name, seconds) in [("a", 1), ("c", 3), ("b", 3), ("e", 5)] {
            backups.push(at(name, seconds));
        }
        backups.sort();
        let names = |backups: &Backups| {
            let names = backups.file_names().map(|name| name.to_str().unwrap());
            names.collect::<String>()
        };
        assert_eq!(names(&backups), "ecba");
        backups.add([at("d", 4), at("f", 6)]);
        assert_eq!(names(&backups), "fedcba");
        backups.change(
            |glimpse| glimpse.file_name > Some("c"),
            |backup| {
                backup.state = State::NotAFile;
                !backup.path.ends_with("e")
            },
        );
        assert_eq!(names(&backups), "fdcba");
        backups.retain(|glimpse| glimpse.is_ok());
        assert_eq!(names(&backups), "cba");
    }
}
