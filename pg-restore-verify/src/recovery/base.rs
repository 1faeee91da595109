//! A physical backup as it lies there, and the copy of it that is recovered: the backup itself
//! is only ever read.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shared::cluster::{Draft, Owner};
use shared::dump::Compression;
use shared::{Context, Error, Result, signals, units};

use super::tar;
use crate::threads::{lock, on_threads};

/// What is wrong with the backup, in words.
pub type Damage = String;

/// Folders whose contents mean nothing to another server; pg_basebackup leaves them out.
const TRANSIENT: &[&str] = &[
    "pg_dynshmem",
    "pg_notify",
    "pg_replslot",
    "pg_serial",
    "pg_snapshots",
    "pg_stat_tmp",
    "pg_subtrans",
    "pg_wal/archive_status",
    "pg_wal/summaries",
];
/// Files of a running server, which would be taken for those of ours.
const OF_A_SERVER: &[&str] = &[
    "postmaster.pid",
    "postmaster.opts",
    "current_logfiles",
    "recovery.conf",
    "recovery.signal",
    "standby.signal",
];
/// How pg_basebackup, or who came after it, may have called what it compressed.
const SUFFIXES: &[&str] = &["", ".gz", ".zst", ".lz4", ".bz2", ".xz"];
/// What the copy needs beside its own size: WAL, and what the recovery adds.
const BESIDE: u64 = 256 << 20;

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

    /// Copies it into the draft: tablespaces into a folder beside the data.
    ///
    /// # Errors
    /// When it can't be read or there is no room. That it is damaged is no error.
    pub fn copy(&self, draft: &Draft, jobs: usize) -> Result<std::result::Result<(), Damage>> {
        let (owner, data) = (draft.owner(), draft.data());
        let spaces = draft.folder().join("spaces");
        owner.make_folder(&spaces)?;
        self.has_room(draft.folder())?;
        match self {
            Self::Folder(folder) => {
                let plan = Plan::of(folder, &data, &spaces)?;
                plan.carry_out(owner, jobs).map(Ok)
            }
            Self::Tars {
                base,
                wal,
                spaces: files,
                manifest,
            } => {
                let mut all = vec![(base, data.clone())];
                for (number, file) in files {
                    all.push((file, spaces.join(number)));
                }
                for (file, to) in &all {
                    if let Err(damage) = extract(file, to, owner)? {
                        return Ok(Err(damage));
                    }
                }
                if let Some(wal) = wal
                    && let Err(damage) = extract(wal, &data.join("pg_wal"), owner)?
                {
                    return Ok(Err(damage));
                }
                link_spaces(
                    &data,
                    files.iter().map(|(number, _)| number),
                    &spaces,
                    owner,
                )?;
                if let Some(manifest) = manifest {
                    copy_file(manifest, &data.join("backup_manifest"), owner)?;
                }
                Ok(Ok(()))
            }
            Self::Tar(file) => {
                if let Err(damage) = extract(file, &data, owner)? {
                    return Ok(Err(damage));
                }
                Ok(hoist(&data)?)
            }
        }
    }

    /// Refuses what certainly does not fit, before any of it is copied.
    fn has_room(&self, folder: &Path) -> Result<()> {
        let bytes = match self {
            Self::Folder(path) => size_of(path)?,
            Self::Tar(file) => fs::metadata(file)?.len(),
            Self::Tars {
                base, wal, spaces, ..
            } => {
                let files = spaces.iter().map(|(_, file)| file).chain(wal).chain([base]);
                let sizes = files.map(|file| fs::metadata(file).map(|m| m.len()));
                sizes.sum::<io::Result<u64>>()?
            }
        };
        let free = rustix::fs::statvfs(folder).map_err(io::Error::from)?;
        let free = free.f_bavail.saturating_mul(free.f_frsize);
        let needed = bytes.saturating_add(BESIDE);
        if needed <= free {
            return Ok(());
        }
        let (needed, free) = (units::human_bytes(needed), units::human_bytes(free));
        Err(Error::new(format!(
            "the copy of the backup needs {needed}, and {} has {free}",
            folder.parent().unwrap_or(folder).display()
        ))
        .with_hint("make room, or name another folder in TMPDIR"))
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

/// The bytes of all files of a folder, tablespaces and WAL that it links to included.
fn size_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        signals::check()?;
        for entry in fs::read_dir(&folder).context(|| folder.display().to_string())? {
            let entry = entry?;
            match fs::metadata(entry.path()) {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => bytes += metadata.len(),
                // A link to nothing, which copying passes over, too.
                Err(_) => {}
            }
        }
    }
    Ok(bytes)
}

/// What is to be copied.
#[derive(Default)]
struct Plan {
    folders: Vec<PathBuf>,
    files: Vec<(PathBuf, PathBuf)>,
    links: Vec<(PathBuf, PathBuf)>,
}

impl Plan {
    fn of(source: &Path, data: &Path, spaces: &Path) -> Result<Self> {
        let mut plan = Self::default();
        plan.add_folder(source, Path::new(""), data, spaces)?;
        // The largest last, where they are taken from.
        plan.files
            .sort_by_cached_key(|(from, _)| fs::metadata(from).map_or(0, |m| m.len()));
        Ok(plan)
    }

    fn add_folder(&mut self, from: &Path, below: &Path, to: &Path, spaces: &Path) -> Result<()> {
        signals::check()?;
        for entry in fs::read_dir(from).context(|| from.display().to_string())? {
            let entry = entry?;
            let below = below.join(entry.file_name());
            let (from, mut to) = (entry.path(), to.join(entry.file_name()));
            let kind = entry.file_type()?;
            if kind.is_symlink() {
                match below
                    .parent()
                    .is_some_and(|parent| parent == Path::new("pg_tblspc"))
                {
                    true => {
                        let space = spaces.join(entry.file_name());
                        self.links.push((space.clone(), to));
                        to = space;
                    }
                    // Configuration and logs may be links; none is needed.
                    false if below != Path::new("pg_wal") => continue,
                    false => {}
                }
            }
            let metadata = fs::metadata(&from).context(|| from.display().to_string())?;
            if metadata.is_dir() {
                self.folders.push(to.clone());
                if !is_transient(&below) {
                    self.add_folder(&from, &below, &to, spaces)?;
                }
            } else if metadata.is_file() && !is_of_a_server(&below) {
                self.files.push((from, to));
            }
        }
        Ok(())
    }

    fn carry_out(self, owner: Owner, jobs: usize) -> Result<()> {
        for folder in &self.folders {
            owner.make_folder(folder)?;
        }
        for (to, link) in &self.links {
            symlink(to, link).context(|| link.display().to_string())?;
        }
        let files = Mutex::new(self.files);
        on_threads(jobs, || {
            let next = || lock(&files).pop();
            while let Some((from, to)) = next() {
                copy_file(&from, &to, owner)?;
            }
            Ok(())
        })
    }
}

fn is_transient(below: &Path) -> bool {
    TRANSIENT.iter().any(|name| below == Path::new(name))
}

fn is_of_a_server(below: &Path) -> bool {
    OF_A_SERVER.iter().any(|name| below == Path::new(name))
}

fn copy_file(from: &Path, to: &Path, owner: Owner) -> Result<()> {
    let mut source = File::open(from).context(|| from.display().to_string())?;
    let mut target = owner.make_file(to)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        signals::check()?;
        let length = source
            .read(&mut buffer)
            .context(|| from.display().to_string())?;
        if length == 0 {
            return Ok(());
        }
        write(&mut target, &buffer[..length], to)?;
    }
}

/// Writes to a file of the copy.
pub fn write(target: &mut File, bytes: &[u8], path: &Path) -> Result<()> {
    target.write_all(bytes).map_err(|error| {
        let full = error.kind() == io::ErrorKind::StorageFull;
        let error = Error::new(format!("could not write {}: {error}", path.display()));
        match full {
            true => error.with_hint("make room, or name another folder in TMPDIR"),
            false => error,
        }
    })
}

/// A file's bytes, decompressed.
pub fn unpacked(path: &Path) -> Result<io::Result<Box<dyn Read + Send>>> {
    let named = || path.display().to_string();
    let mut file = File::open(path).context(named)?;
    let mut head = Vec::new();
    (&mut file).take(8).read_to_end(&mut head).context(named)?;
    let compression = Compression::of(&head);
    let input = BufReader::with_capacity(1 << 17, io::Cursor::new(head).chain(file));
    Ok(compression.unpack(input))
}

fn extract(file: &Path, to: &Path, owner: Owner) -> Result<std::result::Result<(), Damage>> {
    let input = match unpacked(file)? {
        Ok(input) => input,
        Err(error) => return Ok(Err(format!("{}: {error}", file.display()))),
    };
    let extracted = tar::extract(input, |name, folder| place(name, folder, to), owner)?;
    Ok(extracted.map_err(|damage| format!("{}: {damage}", file.display())))
}

/// Where a member goes; `None` where it is not needed.
fn place(name: &Path, is_folder: bool, to: &Path) -> Option<PathBuf> {
    let transient = name.parent().is_some_and(is_transient);
    let unwanted = transient || (!is_folder && is_of_a_server(name));
    (!unwanted).then(|| to.join(name))
}

fn link_spaces<'a>(
    data: &Path,
    numbers: impl Iterator<Item = &'a String>,
    spaces: &Path,
    owner: Owner,
) -> Result<()> {
    let folder = data.join("pg_tblspc");
    if !folder.exists() {
        owner.make_folder(&folder)?;
    }
    for number in numbers {
        let link = folder.join(number);
        symlink(spaces.join(number), &link).context(|| link.display().to_string())?;
    }
    Ok(())
}

/// A data folder that was packed with the folder around it is moved up.
fn hoist(data: &Path) -> Result<std::result::Result<(), Damage>> {
    let mut root = data.to_path_buf();
    while !root.join("PG_VERSION").exists() {
        let entries = fs::read_dir(&root)?.collect::<io::Result<Vec<_>>>()?;
        match entries.as_slice() {
            [one] if one.file_type()?.is_dir() => root = one.path(),
            _ => {
                return Ok(Err(
                    "there is no PG_VERSION in it: it is no data folder".into()
                ));
            }
        }
    }
    if root != data {
        let aside = data.with_extension("packed");
        fs::rename(data, &aside)?;
        let below = root.strip_prefix(data).unwrap_or(Path::new(""));
        fs::rename(aside.join(below), data)?;
        fs::remove_dir_all(aside)?;
    }
    Ok(Ok(()))
}
