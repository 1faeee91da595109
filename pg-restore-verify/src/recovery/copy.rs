//! The copy of a physical backup, which is recovered in its place.

use std::fs::{self, File};
use std::io::{self, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use shared::cluster::{Draft, Owner};
use shared::dump::Compression;
use shared::{Context, Error, Result, signals};

use super::base::{Base, Damage};
use super::room::ensure_room;
use super::tar;
use crate::room::MAKE_ROOM;
use crate::threads::{lock, on_threads};

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

/// Where the copy goes.
pub struct Place {
    owner: Owner,
    /// The folder of everything.
    folder: PathBuf,
    data: PathBuf,
}

impl Place {
    /// Into the draft.
    pub fn of(draft: &Draft) -> Self {
        Self {
            owner: draft.owner(),
            folder: draft.folder().to_path_buf(),
            data: draft.data(),
        }
    }
}

impl Base {
    /// Copies it to its place: tablespaces into a folder beside the data.
    ///
    /// # Errors
    /// When it can't be read or there is no room. That it is damaged is no error.
    pub fn copy(&self, place: &Place, jobs: usize) -> Result<std::result::Result<(), Damage>> {
        let (owner, data) = (place.owner, &place.data);
        let spaces = place.folder.join("spaces");
        owner.make_folder(&spaces)?;
        self.has_room(place.folder.parent().unwrap_or(&place.folder))?;
        match self {
            Self::Folder(folder) => {
                let plan = Plan::of(folder, data, &spaces)?;
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
                link_spaces(data, files.iter().map(|(number, _)| number), &spaces, owner)?;
                if let Some(manifest) = manifest {
                    copy_file(manifest, &data.join("backup_manifest"), owner)?;
                }
                Ok(Ok(()))
            }
            Self::Tar(file) => {
                if let Err(damage) = extract(file, data, owner)? {
                    return Ok(Err(damage));
                }
                Ok(hoist(data)?)
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
        ensure_room(folder, bytes)
    }
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
            let is_space = below.parent() == Some(Path::new("pg_tblspc"));
            if is_space && (kind.is_symlink() || kind.is_dir()) {
                // Also of one that lies in the data itself, which no server recovers just so.
                let space = spaces.join(entry.file_name());
                self.links.push((space.clone(), to));
                to = space;
            } else if kind.is_symlink() && below != Path::new("pg_wal") {
                // Configuration and logs may be links; none is needed.
                continue;
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
            make_link(to, link)?;
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

fn make_link(to: &Path, link: &Path) -> Result<()> {
    let made = symlink(to, link).context(|| link.display().to_string());
    made.map_err(Error::of_machine)
}

/// Writes to a file of the copy.
pub fn write(target: &mut File, bytes: &[u8], path: &Path) -> Result<()> {
    target.write_all(bytes).map_err(|error| {
        let full = error.kind() == io::ErrorKind::StorageFull;
        let error = Error::new(format!("could not write {}: {error}", path.display()));
        match full {
            true => error.with_hint(MAKE_ROOM).of_machine(),
            false => error.of_machine(),
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
        make_link(&spaces.join(number), &link)?;
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
