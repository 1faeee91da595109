//! A physical backup as it lies there: only ever read.

use std::fs;
use std::path::{Path, PathBuf};

use shared::{Context, Error, Result};

/// What is wrong with the backup, in words.
pub type Damage = String;

/// How pg_basebackup, or who came after it, may have called what it compressed.
const SUFFIXES: &[&str] = &["", ".gz", ".zst", ".lz4", ".bz2", ".xz"];
/// A physical backup.
#[derive(Debug)]
pub enum Base {
    /// A copy of the data folder.
    Folder(PathBuf),
    /// What `pg_basebackup --format=tar` writes.
    Tars {
        base: PathBuf,
        wal: Option<PathBuf>,
        /// Tablespaces: the number and the file of each.
        spaces: Vec<(String, PathBuf)>,
        manifest: Option<PathBuf>,
    },
    /// A data folder in one tar file.
    Tar(PathBuf),
}

impl Base {
    /// What lies at `path`.
    ///
    /// # Errors
    /// When it can't be read, or is nothing of the kind.
    pub fn open(path: &Path) -> Result<Self> {
        let named = || path.display().to_string();
        let metadata = fs::metadata(path).context(named)?;
        if !metadata.is_dir() {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let folder = path.parent().filter(|_| name.starts_with("base.tar"));
            let set = folder.map(|folder| match folder.as_os_str().is_empty() {
                true => Path::new("."),
                false => folder,
            });
            return Ok(match set {
                Some(folder) => Self::set(folder, path.to_path_buf())?,
                None => Self::Tar(path.to_path_buf()),
            });
        }
        if path.join("PG_VERSION").exists() {
            return Ok(Self::Folder(path.to_path_buf()));
        }
        match beside(path, "base.tar") {
            Some(base) => Self::set(path, base),
            None => Err(Error::new(format!(
                "{}: neither a data folder nor a base.tar",
                path.display()
            ))
            .with_hint("name what pg_basebackup wrote: its folder, or a tar file")),
        }
    }

    fn set(folder: &Path, base: PathBuf) -> Result<Self> {
        let mut spaces = Vec::new();
        for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let number = name
                .split_once(".tar")
                .map(|(number, _)| number.to_string());
            if let Some(number) = number.filter(|number| is_number(number)) {
                spaces.push((number, folder.join(name)));
            }
        }
        spaces.sort();
        let manifest = folder.join("backup_manifest");
        Ok(Self::Tars {
            base,
            wal: beside(folder, "pg_wal.tar"),
            spaces,
            manifest: manifest.exists().then_some(manifest),
        })
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn beside(folder: &Path, name: &str) -> Option<PathBuf> {
    let paths = SUFFIXES
        .iter()
        .map(|suffix| folder.join(format!("{name}{suffix}")));
    let mut paths = paths.filter(|path| path.is_file());
    paths.next()
}
