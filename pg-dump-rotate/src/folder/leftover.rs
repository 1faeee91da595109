//! What is hidden in a folder because a backup is written or deleted, or was until somebody
//! was killed.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;

use shared::backup::{Kind, Manifest, Name, Place, unchecksums, unmanifest, unmark, unpartial};
use shared::{Context, Result};

/// The hidden files of one backup, by their names: at least one.
#[derive(Debug, Default)]
pub struct Leftover {
    /// The name that the backup was to get, or had.
    pub name: String,
    /// Its data: a file or a folder.
    pub data: Option<String>,
    /// What tells which part of the database it is of, where it is not of all.
    mark: Option<String>,
    /// Its manifest.
    pub manifest: Option<String>,
    /// Its file for `sha256sum -c`.
    pub checksums: Option<String>,
    /// A run is still at it.
    pub busy: bool,
    /// Who owns the data, by number, where we may not even open it: nobody can tell us whether a
    /// run is still at it.
    pub shut_by: Option<u32>,
}

impl Leftover {
    /// The data that is being written, if it is of the same.
    pub(super) fn busy_with(&self, name: &Name, mark: Option<&str>) -> Option<&str> {
        self.data
            .as_deref()
            .filter(|_| self.busy && self.is_like(name, mark))
    }

    /// Whether it is of the same part of the same database and label.
    pub(super) fn is_like(&self, name: &Name, mark: Option<&str>) -> bool {
        let is_like = |other: Name| other.stem() == name.stem();
        self.mark.as_deref() == mark && Name::parse(&self.name).is_some_and(is_like)
    }

    /// The name of what to show of it: the data, or what there is.
    pub fn shown(&self) -> &str {
        let all = [&self.data, &self.manifest, &self.checksums];
        let first = all.into_iter().flatten().next();
        first.unwrap_or(&self.name)
    }

    /// The same with where it is.
    pub fn path(&self, place: &Place) -> PathBuf {
        place.path(self.shown())
    }

    fn is_ours(&self, place: &Place) -> bool {
        let is_about = |manifest: &String| {
            let read = Manifest::read_from(place, manifest, &self.name);
            matches!(read, Ok(Some(_)))
        };
        Name::parse(&self.name).is_some() || self.manifest.as_ref().is_some_and(is_about)
    }
}

/// The hidden files with names that only we give, or with a manifest of ours: those of adopted
/// backups have names of others. Looks only.
pub fn leftovers(place: &Place) -> Result<Vec<Leftover>> {
    let mut found: BTreeMap<String, Leftover> = BTreeMap::new();
    let told = place.each(|file_name, kind| {
        let Some(file_name) = file_name.to_str() else {
            return;
        };
        let Some(target) = unpartial(file_name) else {
            return;
        };
        let beside = unmanifest(target).or(unchecksums(target));
        let (name, mark) = beside.map_or_else(|| unmark(target), |name| (name, None));
        let left = found.entry(name.to_string()).or_default();
        let hidden = Some(file_name.to_string());
        match kind {
            Kind::File | Kind::Folder if beside.is_none() => {
                left.data = hidden;
                left.mark = mark.map(str::to_string);
            }
            Kind::File if unmanifest(target).is_some() => left.manifest = hidden,
            Kind::File => left.checksums = hidden,
            _ => {}
        }
    });
    told.context(|| place.folder().display().to_string())?;
    let known = found.into_iter().filter_map(|(name, left)| {
        let data = left.data.as_deref();
        let (busy, shut_by) = data.map_or((false, None), |data| state_of(place, data));
        let left = Leftover {
            name,
            busy,
            shut_by,
            ..left
        };
        left.is_ours(place).then_some(left)
    });
    Ok(known.collect())
}

/// Whether somebody holds it, and who keeps us from seeing that.
fn state_of(place: &Place, data: &str) -> (bool, Option<u32>) {
    match place.is_held(data) {
        Ok(is_held) => (is_held, None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            let owner = place.find(data).map(|found| found.owner());
            (owner.is_err(), owner.ok())
        }
        Err(_) => (true, None),
    }
}
