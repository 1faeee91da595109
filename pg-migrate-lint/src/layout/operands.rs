//! From what a command line names to the projects that it belongs to.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use shared::{Context, Error, Result};

use super::folder::{self, Folder};
use super::found::Found;
use super::framework::{self, Choice, Framework, Layout, Reading};
use super::{Project, is_foreign, plain, versions};

/// How many folders above a file its project may begin: `deploy/a/b/c.sql` of Sqitch.
const LEVELS_UP: usize = 4;
/// How many folders below a named one the layout that was asked for is looked for.
const LEVELS_DOWN: usize = 4;
/// What is no SQL though `git diff --name-only -- migrations` lists it.
const OTHER_FILES: [&str; 20] = [
    "cjs", "conf", "go", "java", "js", "json", "kt", "lock", "md", "mjs", "plan", "prisma", "py",
    "rb", "rs", "toml", "ts", "xml", "yaml", "yml",
];

/// See [`super::discover`].
pub fn discover(paths: &[PathBuf], wanted: Option<Layout>) -> Result<Vec<Project>> {
    let mut finder = Finder {
        wanted,
        ..Finder::default()
    };
    for path in paths {
        let failed = || format!("could not read {}", path.display());
        match fs::metadata(path).context(failed)?.is_dir() {
            true => finder.folder(path)?,
            false => finder.file(path)?,
        }
    }
    let mut projects = finder.found.projects;
    // What was only looked at on the way to another is none.
    projects.retain(|project| project.whole || project.asked().next().is_some());
    if let Some(last) = projects.last_mut() {
        last.notes.append(&mut finder.notes);
    }
    Ok(projects)
}

#[derive(Debug, Default)]
struct Finder {
    wanted: Option<Layout>,
    found: Found,
    /// The project of a folder, by its canonical path; none where it is no project's.
    seen: HashMap<PathBuf, Option<usize>>,
    /// Plain files' folders, by canonical path.
    plain: HashMap<PathBuf, usize>,
    notes: Vec<String>,
}

impl Finder {
    fn folder(&mut self, path: &Path) -> Result<()> {
        let before = self.found.projects.len();
        let mut left = 0;
        if self.inside_of_one(path)? {
            return Ok(());
        }
        let found = self.descend(path, &mut left)?;
        if found && left > 0 {
            let shown = path.display();
            let count = format!("{left} other SQL files below {shown} are in no migration folder");
            self.notes
                .push(format!("{count}: name them to have them looked at"));
        }
        if found {
            return Ok(());
        }
        self.found.projects.truncate(before);
        let folder = Folder::open(path)?;
        match self.wanted.and_then(Layout::framework) {
            Some(framework) => {
                let mut readings = Vec::new();
                below(folder, framework, LEVELS_DOWN, &mut readings)?;
                let (folder, reading) = only(readings, framework, path)?;
                let note = format!("{}: {}, as asked", folder.path.display(), framework.title);
                self.found
                    .add(&folder, framework.layout, reading, note, true);
            }
            None => {
                let reading = plain::read(&folder)?;
                if reading.migrations.is_empty() {
                    let error = Error::usage(format!("no SQL files in {}", path.display()));
                    return Err(error.with_hint("name the folder that has the migrations"));
                }
                let note = format!("{}: plain files, since no framework's", path.display());
                self.found.add(&folder, Layout::Plain, reading, note, true);
            }
        }
        Ok(())
    }

    /// Takes a part of a project for that part: one migration's folder, `deploy`, `committed`.
    fn inside_of_one(&mut self, path: &Path) -> Result<bool> {
        let folder = Folder::open(path)?;
        let own = framework::choose(&folder, self.wanted);
        if own.is_some() || folder.sql().next().is_none() {
            return Ok(false);
        }
        let here = self.found.canonical(path)?;
        let mut above = up(path);
        for _ in 0..2 {
            if let Some(project) = self.project_at(&above, None)? {
                let inside: Vec<_> = self
                    .found
                    .files_of(project)?
                    .iter()
                    .filter(|(file, _)| file.starts_with(&here))
                    .flat_map(|(_, places)| places.clone())
                    .collect();
                if !inside.is_empty() {
                    self.found.ask(project, &inside);
                    return Ok(true);
                }
            }
            above = up(&above);
        }
        Ok(false)
    }

    /// Looks for projects in a folder and below it. Counts the SQL files that are in none.
    fn descend(&mut self, path: &Path, left: &mut usize) -> Result<bool> {
        let folder = Folder::open(path)?;
        let here = self.found.canonical(path)?;
        if let Some(Some(known)) = self.seen.get(&here).copied() {
            self.found.ask_all(known);
            return Ok(true);
        }
        if let Some(choice) = framework::choose(&folder, self.wanted) {
            let place = self.read(&folder, choice)?;
            self.found.ask_all(place);
            return Ok(true);
        }
        *left += folder.sql().count();
        let mut found = false;
        for name in folder.folders.iter().filter(|name| !is_foreign(name)) {
            found |= self.descend(&folder.at(name), left)?;
        }
        Ok(found)
    }

    fn file(&mut self, path: &Path) -> Result<()> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if OTHER_FILES.contains(&extension.as_ref()) {
            self.notes.push(format!("{} is no SQL", path.display()));
            return Ok(());
        }
        let parent = parent(path);
        let own = self
            .found
            .canonical(&parent)?
            .join(path.file_name().unwrap_or_default());
        let mut above = parent.clone();
        for level in 0..LEVELS_UP {
            if let Some(project) = self.project_at(&above, self.forced(level))? {
                let places = self.found.files_of(project)?.get(&own).cloned();
                if let Some(places) = places {
                    self.found.ask(project, &places);
                    self.found.respell(project, &places, (&own, path));
                    return Ok(());
                }
            }
            above = up(&above);
        }
        self.plain_file(path, &parent, &own)
    }

    /// A file of no project: with the numbered files beside it for its history, if it is
    /// numbered itself, or alone.
    fn plain_file(&mut self, path: &Path, parent: &Path, own: &Path) -> Result<()> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let is_numbered = |name: &str| !versions::leading_digits(name).0.is_empty();
        let has_history = is_numbered(&name) && folder::is_sql(&name);
        let key = match has_history {
            true => self.found.canonical(parent)?,
            false => own.to_path_buf(),
        };
        let project = match self.plain.get(&key).copied() {
            Some(project) => project,
            None => {
                let mut folder = Folder::open(parent)?;
                match has_history {
                    true => folder
                        .files
                        .retain(|name| is_numbered(name) && folder::is_sql(name)),
                    false => folder.files = vec![name.into_owned()],
                }
                let reading = plain::read_flat(&folder);
                let note = format!("{}: plain files, since no framework's", path.display());
                let project = self.found.add(&folder, Layout::Plain, reading, note, false);
                self.plain.insert(key, project);
                project
            }
        };
        let places = self
            .found
            .files_of(project)?
            .get(own)
            .cloned()
            .unwrap_or_default();
        self.found.ask(project, &places);
        self.found.respell(project, &places, (own, path));
        Ok(())
    }

    /// The layout that was asked for, where a folder so many levels above a file is read by it
    /// without evidence. Higher up everything below would be.
    fn forced(&self, level: usize) -> Option<Layout> {
        let has_folders = |layout: &Layout| {
            let layouts = [Layout::Prisma, Layout::Drizzle, Layout::Diesel];
            layouts.contains(layout)
        };
        self.wanted
            .filter(|wanted| level == 0 || (level == 1 && has_folders(wanted)))
    }

    /// The project that a folder is, read once.
    fn project_at(&mut self, path: &Path, forced: Option<Layout>) -> Result<Option<usize>> {
        let key = self.found.canonical(path)?;
        if let Some(known) = self.seen.get(&key) {
            return Ok(*known);
        }
        // A folder above that we may not read is none of ours.
        let Ok(folder) = Folder::open(path) else {
            self.seen.insert(key, None);
            return Ok(None);
        };
        let choice = framework::choose(&folder, self.wanted).or_else(|| {
            let framework = forced.and_then(Layout::framework)?;
            Some(Choice {
                framework,
                note: format!("{}: {}, as asked", path.display(), framework.title),
                is_sure: true,
                rivals: Vec::new(),
            })
        });
        let project = choice
            .map(|choice| self.read(&folder, choice))
            .transpose()?;
        self.seen.insert(key, project);
        Ok(project)
    }

    fn read(&mut self, folder: &Folder, choice: Choice) -> Result<usize> {
        let reading = (choice.framework.read)(folder)?;
        let layout = choice.framework.layout;
        let place = self.found.add(folder, layout, reading, choice.note, false);
        if let Some(project) = self.found.projects.get_mut(place) {
            project.is_sure = choice.is_sure;
        }
        if let Some(project) = self
            .found
            .projects
            .get_mut(place)
            .filter(|_| !choice.rivals.is_empty())
        {
            let rivals: Vec<_> = choice.rivals.iter().map(|rival| rival.name).collect();
            let warning = format!(
                "{} is taken for {}, but might be {}: --layout says which",
                folder.path.display(),
                choice.framework.title,
                rivals.join(" or ")
            );
            project.warnings.push(warning);
        }
        let key = self.found.canonical(&folder.path)?;
        self.seen.insert(key, Some(place));
        Ok(place)
    }
}

/// The folder that a file is in.
fn parent(file: &Path) -> PathBuf {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

/// The folder above a folder.
fn up(folder: &Path) -> PathBuf {
    match folder.file_name() {
        Some(_) => parent(folder),
        None if folder == Path::new(".") => PathBuf::from(".."),
        None => folder.join(".."),
    }
}

/// The folder, or those below it, that this framework finds migrations in.
fn below(
    folder: Folder,
    framework: &Framework,
    levels: usize,
    found: &mut Vec<(Folder, Reading)>,
) -> Result<()> {
    match (framework.read)(&folder) {
        Ok(reading) if !reading.migrations.is_empty() => {
            found.push((folder, reading));
            return Ok(());
        }
        Err(error) if levels == LEVELS_DOWN => return Err(error),
        // A folder on the way need not be one that the framework can read.
        Ok(_) | Err(_) => {}
    }
    if levels > 0 {
        for name in folder.folders.iter().filter(|name| !is_foreign(name)) {
            below(
                Folder::open(&folder.at(name))?,
                framework,
                levels - 1,
                found,
            )?;
        }
    }
    Ok(())
}

/// The one folder, or of several the one that is called `migrations`.
fn only(
    mut found: Vec<(Folder, Reading)>,
    framework: &Framework,
    path: &Path,
) -> Result<(Folder, Reading)> {
    let title = framework.title;
    let names: Vec<_> = found
        .iter()
        .map(|(folder, _)| folder.path.display().to_string())
        .collect();
    if found.len() > 1 {
        found.retain(|(folder, _)| {
            folder
                .path
                .file_name()
                .is_some_and(|name| name == "migrations")
        });
    }
    match (found.pop(), names.len()) {
        (Some(one), _) if found.is_empty() => Ok(one),
        (_, 0) => {
            let error = Error::usage(format!("no migrations of {title} in {}", path.display()));
            Err(error.with_hint("without --layout the layout is found by looking; -v says why"))
        }
        (_, count) => {
            let shown = path.display();
            let error = Error::usage(format!(
                "{count} folders below {shown} may be those of {title}"
            ));
            Err(error.with_hint(format!("name one of them: {}", names.join(", "))))
        }
    }
}
