//! The projects that were found so far, and where their files are in them.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use shared::{Context, Result};

use super::folder::Folder;
use super::framework::{Layout, Reading};
use super::{Project, versions};

/// Projects, in the order in which they were met.
#[derive(Debug, Default)]
pub struct Found {
    /// The projects; their places in here are what the other methods go by.
    pub projects: Vec<Project>,
    /// The canonical path of a folder as operands name it.
    canonical: HashMap<PathBuf, PathBuf>,
    /// Where the files of a project are among its migrations, by canonical path.
    index: HashMap<usize, HashMap<PathBuf, Vec<usize>>>,
}

impl Found {
    /// Adds a project, all of which is asked for, or nothing yet.
    pub fn add(
        &mut self,
        folder: &Folder,
        layout: Layout,
        reading: Reading,
        note: String,
        whole: bool,
    ) -> usize {
        let mut notes = vec![note];
        notes.extend(reading.notes);
        let others = in_other_languages(folder);
        let has_gaps = others.is_some()
            || layout == Layout::Rails
            || layout == Layout::Plain && !is_numbered(folder);
        notes.extend(others);
        let mut project = Project {
            layout,
            root: folder.path.clone(),
            migrations: reading.migrations,
            findings: reading.findings,
            notes,
            warnings: reading.warnings,
            whole,
            is_sure: false,
            has_gaps,
        };
        for migration in &mut project.migrations {
            migration.asked = whole;
        }
        self.projects.push(project);
        self.projects.len() - 1
    }

    /// Asks for all of a project.
    pub fn ask_all(&mut self, project: usize) {
        if let Some(project) = self.projects.get_mut(project) {
            project.whole = true;
            project
                .migrations
                .iter_mut()
                .for_each(|one| one.asked = true);
        }
    }

    /// Asks for the migrations at these places.
    pub fn ask(&mut self, project: usize, places: &[usize]) {
        let Some(project) = self.projects.get_mut(project) else {
            return;
        };
        for place in places {
            if let Some(migration) = project.migrations.get_mut(*place) {
                migration.asked = true;
            }
        }
    }

    /// Calls a file, given by its canonical path, as its operand does.
    pub fn respell(&mut self, project: usize, places: &[usize], names: (&Path, &Path)) {
        let (own, path) = names;
        let Some(project) = self.projects.get_mut(project) else {
            return;
        };
        let is_other = |file: &Path| {
            file != path
                && file.file_name() == path.file_name()
                && file.canonicalize().is_ok_and(|file| file == own)
        };
        for place in places {
            let Some(migration) = project.migrations.get_mut(*place) else {
                continue;
            };
            let parts = migration.up.iter_mut().chain(&mut migration.down);
            let paths = parts.map(|part| &mut part.path);
            for file in paths
                .chain([&mut migration.path])
                .filter(|file| is_other(file))
            {
                let findings = project.findings.iter_mut();
                let findings = findings.filter(|finding| finding.path == *file);
                findings.for_each(|finding| finding.path = path.to_path_buf());
                *file = path.to_path_buf();
            }
        }
    }

    /// Where each file of a project is among its migrations.
    pub fn files_of(&mut self, project: usize) -> Result<&HashMap<PathBuf, Vec<usize>>> {
        if !self.index.contains_key(&project) {
            let mut files: HashMap<PathBuf, Vec<usize>> = HashMap::new();
            if let Some(project) = self.projects.get(project) {
                let root = self.canonical.get(&project.root);
                let root = root.cloned().unwrap_or(canonical(&project.root)?);
                for (place, migration) in project.migrations.iter().enumerate() {
                    for path in migration.paths() {
                        let places = files
                            .entry(root.join(below(&project.root, path)))
                            .or_default();
                        places.push(place);
                        places.dedup();
                    }
                }
            }
            self.index.insert(project, files);
        }
        Ok(self.index.entry(project).or_default())
    }

    /// The canonical path of a folder, asked of the kernel once.
    pub fn canonical(&mut self, folder: &Path) -> Result<PathBuf> {
        if let Some(known) = self.canonical.get(folder) {
            return Ok(known.clone());
        }
        let found = canonical(folder)?;
        self.canonical.insert(folder.to_path_buf(), found.clone());
        Ok(found)
    }
}

fn canonical(folder: &Path) -> Result<PathBuf> {
    let found = folder.canonicalize();
    found.context(|| format!("could not read the folder {}", folder.display()))
}

/// The rest of a path below the folder that leads to it.
fn below<'a>(root: &Path, path: &'a Path) -> &'a Path {
    path.strip_prefix(root).unwrap_or(path)
}

/// Whether the names begin with the numbers by which they are run, each its own: what else stands in a folder may be run
/// before, after or instead of its neighbours, or take them back.
fn is_numbered(folder: &Folder) -> bool {
    let mut numbers = HashSet::new();
    folder.sql().all(|name| {
        let (digits, rest) = versions::leading_digits(name);
        let is_number = !digits.is_empty() && (rest.starts_with(['_', '-', ' ']) || rest == ".sql");
        is_number && numbers.insert(versions::canonical(digits))
    })
}

/// That migrations in another language stand among those in SQL: what they do is not seen.
fn in_other_languages(folder: &Folder) -> Option<String> {
    let is_other = |name: &&String| {
        let numbered = name.strip_prefix('V').unwrap_or(name);
        let end = name.rsplit('.').next().unwrap_or_default();
        let languages = [
            "go", "java", "js", "kt", "mjs", "cjs", "py", "rb", "rs", "ts",
        ];
        !versions::leading_digits(numbered).0.is_empty() && languages.contains(&end)
    };
    let count = folder.files.iter().filter(is_other).count();
    let path = folder.path.display();
    (count > 0).then(|| format!("{path}: {count} migrations that are not SQL are not seen"))
}
