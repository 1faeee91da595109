//! Folders that look like real ones, in temporary places.

mod any_bytes;
mod examples;
mod findings;
mod operands;
mod parts;
mod shapes;
mod since;

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{Finding, Layout, Migration, Project, discover};

/// A repository that is gone when the test is over.
struct Tree {
    root: PathBuf,
    _folder: TempDir,
}

impl Tree {
    /// With these files, `path` and text by turns.
    fn of(files: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("repository");
        // Where a repository ends, looking for side files does.
        fs::create_dir_all(root.join(".git")).unwrap();
        let tree = Self {
            root,
            _folder: folder,
        };
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    /// With these files, empty but for a statement.
    fn named(names: &[&str]) -> Self {
        let files: Vec<_> = names.iter().map(|name| (*name, "SELECT 1;\n")).collect();
        Self::of(&files)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn at(&self, path: &str) -> PathBuf {
        match path {
            "." => self.root.clone(),
            _ => self.root.join(path),
        }
    }

    fn discover(&self, paths: &[&str]) -> Vec<Project> {
        let paths: Vec<_> = paths.iter().map(|path| self.at(path)).collect();
        discover(&paths, None).unwrap()
    }

    /// The only project of a folder.
    fn project(&self, path: &str) -> Project {
        self.project_as(path, None)
    }

    fn project_as(&self, path: &str, wanted: Option<Layout>) -> Project {
        let mut projects = discover(&[self.at(path)], wanted).unwrap();
        assert_eq!(projects.len(), 1, "{projects:?}");
        projects.pop().unwrap()
    }

    fn below(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        below.to_string_lossy().into_owned()
    }

    /// The paths of migrations, below the repository.
    fn paths<'a>(&self, migrations: impl IntoIterator<Item = &'a Migration>) -> Vec<String> {
        let paths = migrations.into_iter().map(|one| self.below(&one.path));
        paths.collect()
    }

    /// The rules of findings with their paths.
    fn rules<'a>(&self, findings: impl IntoIterator<Item = &'a Finding>) -> Vec<String> {
        let rules = findings.into_iter().map(|finding| {
            assert!(!finding.message.is_empty() && !finding.message.ends_with('.'));
            format!("{} {}", finding.rule.name, self.below(&finding.path))
        });
        rules.collect()
    }
}

/// What runs of a file, up or down.
fn texts(parts: &[super::Part]) -> Vec<String> {
    let texts = parts.iter().map(|part| {
        let text = part.read().unwrap();
        let section = part.section.clone().unwrap_or(0..text.len());
        String::from_utf8_lossy(&text[section]).trim().to_string()
    });
    texts.collect()
}
