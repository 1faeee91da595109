//! A folder as a runner sees it: names, a look into its files, and what stands around it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use shared::{Context, Result};

use super::migration;

/// How far up side files are looked for: a package of a monorepo is seldom deeper.
const LEVELS_UP: usize = 6;
/// How many files are looked into to tell frameworks apart whose names are the same.
const SAMPLES: usize = 12;
/// How much of each: markers come first, after a licence at most.
const SAMPLE_BYTES: u64 = 16 * 1024;
/// How many folders at either end are looked into for the same.
const PROBES: usize = 16;
/// More than that no file has that says what a project depends on.
const SIDE_FILE_BYTES: u64 = 1024 * 1024;

/// The names in a folder, sorted as bytes, and what was read of its files.
#[derive(Debug)]
pub struct Folder {
    /// As the user named it, or what leads there from it.
    pub path: PathBuf,
    /// Names of files; links to files are such.
    pub files: Vec<String>,
    /// Names of folders; those that begin with a dot, and links, are left out.
    pub folders: Vec<String>,
    heads: RefCell<Option<Vec<String>>>,
    side_files: RefCell<HashMap<(String, String), Option<PathBuf>>>,
}

impl Folder {
    /// Reads the names. One that is not UTF-8 no runner takes for a migration: it is left out.
    pub fn open(path: &Path) -> Result<Self> {
        let mut folder = Self {
            path: path.to_path_buf(),
            files: Vec::new(),
            folders: Vec::new(),
            heads: RefCell::default(),
            side_files: RefCell::default(),
        };
        let failed = || format!("could not read the folder {}", path.display());
        for entry in fs::read_dir(path).context(failed)? {
            let entry = entry.context(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folder.folders.push(name),
                Ok(kind) if kind.is_file() => folder.files.push(name),
                // A link to a file is one. Those to folders may lead in circles, and those that
                // lead nowhere are nothing.
                _ => match fs::metadata(entry.path()) {
                    Ok(target) if target.is_file() => folder.files.push(name),
                    _ => {}
                },
            }
        }
        folder.folders.retain(|name| !name.starts_with('.'));
        folder.files.sort_unstable();
        folder.folders.sort_unstable();
        Ok(folder)
    }

    /// Whether there is a file of this name.
    pub fn has(&self, file: &str) -> bool {
        let found = self.files.binary_search_by(|name| name.as_str().cmp(file));
        found.is_ok()
    }

    /// The path of something in it.
    pub fn at(&self, name: &str) -> PathBuf {
        if self.path == Path::new(".") || self.path.as_os_str().is_empty() {
            return PathBuf::from(name);
        }
        self.path.join(name)
    }

    /// The whole of a file in it.
    pub fn read(&self, name: &str) -> Result<Arc<[u8]>> {
        migration::read(&self.at(name))
    }

    /// The names that end in `.sql`.
    pub fn sql(&self) -> impl Iterator<Item = &str> {
        let names = self.files.iter().map(String::as_str);
        names.filter(|name| is_sql(name))
    }

    /// Those of the folders in it that hold a file of this name. Of many, the first and the last
    /// are looked at.
    pub fn folders_with(&self, file: &str) -> impl Iterator<Item = &str> {
        let last = self.folders.len().saturating_sub(PROBES).max(PROBES);
        let first = self.folders.iter().take(PROBES);
        let names = first
            .chain(self.folders.iter().skip(last))
            .map(String::as_str);
        names.filter(move |name| self.at(name).join(file).is_file())
    }

    /// Whether one of a few SQL files has a line that begins like this, letter case aside.
    pub fn shows(&self, line_start: &str) -> bool {
        self.heads(|head| {
            let mut lines = head.lines();
            lines.any(|line| starts_with(line.trim_start(), line_start))
        })
    }

    /// Whether one of a few SQL files contains this.
    pub fn contains(&self, text: &str) -> bool {
        self.heads(|head| head.contains(text))
    }

    fn heads(&self, test: impl Fn(&str) -> bool) -> bool {
        let mut heads = self.heads.borrow_mut();
        let heads = heads.get_or_insert_with(|| {
            let names: Vec<_> = self.sql().collect();
            let step = names.len().div_ceil(SAMPLES).max(1);
            // The newest ones too: what a team does today stands at the end.
            let newest = names.iter().rev().take(2);
            let chosen = names.iter().step_by(step).chain(newest);
            let read = chosen.filter_map(|name| head(&self.at(name), SAMPLE_BYTES));
            read.collect()
        });
        heads.iter().any(|head| test(head))
    }

    /// The file of this name, here or in a folder above it within the same repository, that
    /// contains the word.
    pub fn beside(&self, file: &str, word: &str) -> Option<PathBuf> {
        let key = (file.to_string(), word.to_string());
        if let Some(known) = self.side_files.borrow().get(&key) {
            return known.clone();
        }
        let found = self.look_beside(file, word);
        self.side_files.borrow_mut().insert(key, found.clone());
        found
    }

    fn look_beside(&self, file: &str, word: &str) -> Option<PathBuf> {
        let here = self.path.canonicalize().ok()?;
        for folder in here.ancestors().take(LEVELS_UP) {
            let path = folder.join(file);
            if head(&path, SIDE_FILE_BYTES).is_some_and(|text| text.contains(word)) {
                return Some(path);
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        None
    }

    /// The name of the folder itself, and that of the one it is in.
    pub fn own_names(&self) -> (String, String) {
        let path = self.path.canonicalize().unwrap_or_default();
        let name = |path: Option<&Path>| {
            let name = path.and_then(Path::file_name).unwrap_or_default();
            name.to_string_lossy().into_owned()
        };
        (name(Some(&path)), name(path.parent()))
    }
}

/// Whether a name ends in `.sql`, letter case aside.
pub fn is_sql(name: &str) -> bool {
    let end = name.len().checked_sub(4).and_then(|at| name.get(at..));
    end.is_some_and(|end| end.eq_ignore_ascii_case(".sql"))
}

/// Whether a text begins with another, letter case aside.
pub fn starts_with(text: &str, start: &str) -> bool {
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
}

/// The beginning of a file, if it can be read: whether it can matters where it is linted.
fn head(path: &Path, limit: u64) -> Option<String> {
    let mut bytes = Vec::new();
    let mut file = File::open(path).ok()?.take(limit);
    file.read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
