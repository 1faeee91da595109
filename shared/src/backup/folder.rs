//! What a folder holds. Reads names, sizes and manifests; never opens the data.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use ::time::OffsetDateTime;

use super::manifest::Manifest;
use super::name::{self, Name};
use crate::error::{Context, Result};

/// A backup, or what looks like one, in a folder.
#[derive(Debug, Clone)]
pub struct Backup {
    /// The data file.
    pub path: PathBuf,
    /// When it was begun, by its manifest, or else by its name.
    pub taken_at: OffsetDateTime,
    /// The size of the data file as it is now; `None` when there is no such file.
    pub bytes: Option<u64>,
    /// What its manifest says; `None` when it has none that can be read.
    pub manifest: Option<Manifest>,
    /// Whether it can be relied on.
    pub state: State,
}

/// Whether a backup can be relied on, as far as can be told without reading its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// The manifest is there and the file has the size that it says.
    Ok,
    /// The file is not as long as its manifest says.
    SizeDiffers,
    /// There is a manifest but no file.
    DataMissing,
    /// It is a symbolic link, a folder or a device.
    NotAFile,
    /// Named like a backup, without a manifest: unfinished, or another's.
    NoManifest,
    /// The manifest makes no sense, for this reason.
    Damaged(String),
}

impl State {
    /// The word in records.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::SizeDiffers => "size differs",
            Self::DataMissing => "data missing",
            Self::NotAFile => "not a file",
            Self::NoManifest => "no manifest",
            Self::Damaged(_) => "manifest damaged",
        }
    }
}

impl Backup {
    /// Looks at one data file and its manifest; `None` when it has neither a manifest nor the
    /// name of a backup.
    pub fn at(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str().and_then(Name::parse);
        let (manifest, damage) = match Manifest::read(path) {
            Ok(manifest) => (manifest, None),
            Err(error) => (None, Some(error)),
        };
        let taken_at = manifest
            .as_ref()
            .map(|manifest| manifest.taken_at)
            .or(name.as_ref().map(Name::taken_at))?;
        let metadata = fs::symlink_metadata(path).ok();
        let bytes = metadata.as_ref().map(fs::Metadata::len);
        let state = match (damage, &manifest, metadata) {
            (Some(error), _, _) => State::Damaged(error.to_string()),
            (_, _, None) => State::DataMissing,
            (_, _, Some(metadata)) if !metadata.is_file() => State::NotAFile,
            (_, None, _) => State::NoManifest,
            (_, Some(manifest), _) if Some(manifest.bytes()) != bytes => State::SizeDiffers,
            _ => State::Ok,
        };
        Some(Self {
            path: path.to_path_buf(),
            taken_at,
            bytes,
            manifest,
            state,
        })
    }

    /// True when it has a manifest and the size that it says.
    pub fn is_ok(&self) -> bool {
        self.state == State::Ok
    }
}

/// Every backup in a folder, newest first: files with a manifest, manifests without their file,
/// and files that are named like backups. Other files are passed over, folders are not entered.
pub fn list(folder: &Path) -> Result<Vec<Backup>> {
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
        let entry = entry.context(|| folder.display().to_string())?;
        let Ok(file_name) = entry.file_name().into_string() else {
            continue;
        };
        match name::unmanifest(&file_name) {
            Some(data) => names.insert(data.to_string()),
            None => Name::parse(&file_name).is_some() && names.insert(file_name),
        };
    }
    let mut backups: Vec<Backup> = names
        .iter()
        .filter_map(|name| Backup::at(&folder.join(name)))
        .collect();
    backups.sort_by(|a, b| (b.taken_at, &b.path).cmp(&(a.taken_at, &a.path)));
    Ok(backups)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::super::manifest::tests::manifest;
    use super::*;

    fn write(folder: &Path, name: &str, bytes: u64) {
        fs::write(folder.join(name), "1234567").unwrap();
        let text = manifest(name, bytes).to_json().unwrap();
        fs::write(folder.join(name::manifest_of(name)), text).unwrap();
    }

    fn states(folder: &Path) -> Vec<(String, &'static str)> {
        let name = |backup: &Backup| {
            backup
                .path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .to_string()
        };
        let backups = list(folder).unwrap();
        backups
            .iter()
            .map(|b| (name(b), b.state.as_str()))
            .collect()
    }

    #[test]
    fn says_what_can_be_relied_on() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(folder, "e_20261120T103930Z.dump", 7);
        write(folder, "d_20261120T103930Z.dump", 8);
        write(folder, "c_20261120T103930Z.dump", 7);
        fs::remove_file(folder.join("c_20261120T103930Z.dump")).unwrap();
        fs::write(folder.join("b_20261120T103929Z.dump"), "x").unwrap();
        write(folder, "a_20261120T103930Z.dump", 7);
        fs::write(folder.join("a_20261120T103930Z.dump.manifest.json"), "{").unwrap();
        write(folder, "S_20261120T103930Z.dump", 7);
        fs::remove_file(folder.join("S_20261120T103930Z.dump")).unwrap();
        symlink(
            "e_20261120T103930Z.dump",
            folder.join("S_20261120T103930Z.dump"),
        )
        .unwrap();
        let expected = [
            ("e_20261120T103930Z.dump", "ok"),
            ("d_20261120T103930Z.dump", "size differs"),
            ("c_20261120T103930Z.dump", "data missing"),
            ("a_20261120T103930Z.dump", "manifest damaged"),
            ("S_20261120T103930Z.dump", "not a file"),
            ("b_20261120T103929Z.dump", "no manifest"),
        ];
        let expected = expected.map(|(name, state)| (name.to_string(), state));
        assert_eq!(states(folder), expected);
    }

    #[test]
    fn passes_over_what_is_not_a_backup() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        for foreign in [
            "notes.txt",
            ".app_20261120T103930Z.dump.partial",
            "app.sql",
            "x.manifest.json",
        ] {
            fs::write(folder.join(foreign), "x").unwrap();
        }
        fs::create_dir(folder.join("old")).unwrap();
        write(&folder.join("old"), "e_20261120T103930Z.dump", 7);
        assert_eq!(states(folder), []);
    }

    #[test]
    fn a_renamed_backup_is_found_by_its_manifest_only_if_that_was_renamed_too() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(folder, "before the upgrade.dump", 7);
        assert_eq!(
            states(folder),
            [("before the upgrade.dump".to_string(), "ok")]
        );
    }

    #[test]
    fn a_missing_folder_is_named() {
        let error = list(Path::new("/nonexistent/folder")).unwrap_err();
        assert!(
            error.to_string().starts_with("/nonexistent/folder: "),
            "{error}"
        );
    }
}
