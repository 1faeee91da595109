//! What was named: the projects that it belongs to, what of them is read in which order and for what, and
//! what is wrong with their folders.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};

use shared::cli::Context;
use shared::{Context as _, Result};

use crate::cli::Options;
use crate::history::Question;
use crate::layout::{self, Kind, Layout, Migration, Project, Writer, git, since};
use crate::lint::{Role, Step};
use crate::pipeline::{Content, Input};
use crate::session::Wrapping;

/// What a run is about.
#[derive(Debug, Default)]
pub struct Asked {
    /// What is read, in order: what was before, too.
    pub inputs: Vec<Input>,
    /// What is wrong with folders and names.
    pub findings: Vec<layout::Finding>,
    /// How many files were asked for.
    pub files: usize,
    /// How further migrations of the projects are written, by their numbers.
    pub writers: HashMap<usize, Writer>,
}

impl Asked {
    /// What the command line names.
    pub fn find(options: &Options, context: &Context) -> Result<Self> {
        let projects = projects(options, context)?;
        let mut asked = Self::default();
        for (number, project) in projects.iter().enumerate() {
            project.notes.iter().for_each(|note| context.note(note));
            project
                .warnings
                .iter()
                .for_each(|warning| context.warn(warning));
            let goes_on = number
                .checked_sub(1)
                .is_some_and(|last| goes_on(&projects[last], project));
            asked.project(project, options, goes_on);
        }
        if options.paths.iter().any(|path| is_stdin(path)) {
            asked.stdin(options, context)?;
        }
        Ok(asked)
    }

    fn project(&mut self, project: &Project, options: &Options, goes_on: bool) {
        self.findings.extend(project.reported().cloned());
        self.findings.extend(project.wishes(&options.rules()));
        let mut step = self.next_step();
        step.project += usize::from(!goes_on);
        if let Some(writer) = Writer::of(project) {
            self.writers.insert(step.project, writer);
        }
        step.has_gap = project.has_gaps;
        let is_one_deployment = project.migrations.iter().any(|migration| !migration.asked);
        // What comes after the last one that was asked for does not matter to it.
        let last = project
            .migrations
            .iter()
            .rposition(|migration| migration.asked);
        for migration in project
            .migrations
            .iter()
            .take(last.map_or(0, |last| last + 1))
        {
            step.migration += 1;
            step.role = role(migration);
            for part in &migration.up {
                step.wrapping = options.wrapping(wrapping(part.wrapping, is_one_deployment));
                self.add(Content::File(part.clone()), step);
            }
            if migration.asked {
                step.role = Role::Down;
                migration
                    .down
                    .iter()
                    .for_each(|part| self.add(Content::File(part.clone()), step));
                self.files += 1;
            }
        }
    }

    fn stdin(&mut self, options: &Options, context: &Context) -> Result<()> {
        let mut bytes = Vec::new();
        context
            .stdin()
            .read_to_end(&mut bytes)
            .context(|| "standard input".to_string())?;
        let mut step = self.next_step();
        step.project += 1;
        step.migration += 1;
        step.wrapping = options.wrapping(Wrapping::None);
        self.add(Content::Text("-".to_string(), bytes), step);
        self.files += 1;
        Ok(())
    }

    /// That of the last input, to be counted on from.
    fn next_step(&self) -> Step {
        let last = self
            .inputs
            .last()
            .map(|input| input.step)
            .unwrap_or_default();
        Step {
            project: last.project,
            migration: last.migration,
            ..Step::default()
        }
    }

    fn add(&mut self, content: Content, step: Step) {
        self.inputs.push(Input { content, step });
    }
}

/// The projects that the command line names, with what of them is asked for.
pub fn projects(options: &Options, context: &Context) -> Result<Vec<Project>> {
    let files = options.paths.iter().filter(|path| !is_stdin(path));
    let mut paths: Vec<PathBuf> = files.cloned().collect();
    if let Some(path) = &options.files_from {
        paths.extend(list(path, context)?);
    }
    let mut ruby = Vec::new();
    let is_compared = matches!(options.question, Some(Question::Status | Question::Pending));
    if is_compared
        && options
            .layout()
            .is_none_or(|layout| layout == Layout::Rails)
    {
        paths.retain(|path| match layout::in_ruby(path) {
            Some(project) => {
                ruby.push(project);
                false
            }
            None => true,
        });
    }
    let mut projects = layout::discover(&paths, options.layout())?;
    projects.extend(ruby);
    if let Some(reference) = &options.since {
        only_since(&mut projects, reference)?;
    }
    Ok(projects)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn role(migration: &Migration) -> Role {
    match (migration.asked, migration.kind) {
        (false, _) => Role::History,
        (true, Kind::Snapshot) => Role::Snapshot,
        (true, Kind::Versioned | Kind::Repeatable | Kind::Current) => Role::Asked,
    }
}

/// How a part is run. Where all of a project was asked for, its files are not one deployment, whatever an
/// empty database would get at once.
pub fn wrapping(own: layout::Wrapping, is_one_deployment: bool) -> Wrapping {
    match own {
        layout::Wrapping::AllInOne if is_one_deployment => Wrapping::All,
        layout::Wrapping::AllInOne | layout::Wrapping::PerFile => Wrapping::File,
        layout::Wrapping::ImplicitMultiStatement => Wrapping::Implicit,
        layout::Wrapping::None => Wrapping::None,
    }
}

/// Whether plain files that were named one after the other are of one folder: the first are known to the next.
fn goes_on(before: &Project, project: &Project) -> bool {
    let is_plain = |project: &Project| project.layout == Layout::Plain && !project.whole;
    is_plain(before) && is_plain(project) && before.root == project.root
}

/// Leaves what came after a file of one of the projects, or what is new since a commit.
fn only_since(projects: &mut [Project], reference: &str) -> Result<()> {
    let is_file = projects
        .iter_mut()
        .filter_map(|project| since::file(project, Path::new(reference)).then_some(()))
        .count()
        > 0;
    match is_file {
        true => Ok(()),
        false => projects
            .iter_mut()
            .try_for_each(|project| since::commit(project, reference)),
    }
}

/// The SQL files of a list that are there: `git diff --name-only` also has those that are deleted.
fn list(path: &Path, context: &Context) -> Result<Vec<PathBuf>> {
    let reader: Box<dyn std::io::BufRead> = match path.as_os_str() == "-" {
        true => Box::new(context.stdin()),
        false => Box::new(BufReader::new(
            fs::File::open(path).context(|| path.display().to_string())?,
        )),
    };
    let lines: std::io::Result<Vec<String>> = reader.lines().collect();
    let lines = lines.context(|| path.display().to_string())?;
    let is_sql = |line: &String| line.to_ascii_lowercase().ends_with(".sql");
    let files = lines.into_iter().filter(is_sql).map(PathBuf::from);
    let (there, gone): (Vec<PathBuf>, Vec<PathBuf>) = files.partition(|file| file.exists());
    // Where nobody knows of a file, its name may be mistyped.
    let known = match gone.is_empty() {
        true => HashSet::new(),
        false => git::known(Path::new("."), &gone).unwrap_or_default(),
    };
    for file in &gone {
        let words = format!("{} is not there: it is taken for deleted", file.display());
        match known.contains(file) {
            true => context.note(words),
            false => context.warn(words),
        }
    }
    if there.is_empty() && !gone.is_empty() {
        context.warn(format!(
            "none of the {} files of the list is there: are they named from another folder?",
            gone.len()
        ));
    }
    Ok(there)
}
