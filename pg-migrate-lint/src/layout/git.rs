//! What git knows of a folder: asked as a child program, never by a shell.

use std::collections::{HashMap, HashSet};
use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shared::programs::Child;
use shared::{Context, Error, Result};

/// How a file differs from what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was not there; untracked files neither.
    Added,
    /// It was, with other content.
    Modified,
    /// It is gone.
    Deleted,
}

/// A folder compared with a commit. Paths are below the folder.
#[derive(Debug)]
pub struct Comparison {
    /// What differs in the working tree from where the branches parted.
    pub changes: HashMap<PathBuf, Change>,
    /// The files that the commit itself has.
    pub there: Vec<PathBuf>,
}

/// Compares a folder with a branch, tag or commit. What changed is counted from where it and HEAD
/// parted, so that what others added there meanwhile counts for nobody's removal.
pub fn compare(folder: &Path, reference: &str) -> Result<Comparison> {
    let commit = format!("{reference}^{{commit}}");
    let asked = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &commit,
    ];
    let commit = ask(folder, &asked).map_err(|error| unknown(folder, reference, &error))?;
    let commit = String::from_utf8_lossy(&commit).trim().to_string();
    // A shallow clone may not know; what is asked about is the next best.
    let base = ask(folder, &["merge-base", &commit, "HEAD"]);
    let base = base.map_or(commit.clone(), |base| {
        String::from_utf8_lossy(&base).trim().to_string()
    });
    let diff = [
        "diff",
        "--no-ext-diff",
        "--no-renames",
        "--name-status",
        "-z",
        "--relative",
        &base,
        "--",
        ".",
    ];
    let mut changes = changes(&ask(folder, &diff)?);
    let others = ask(
        folder,
        &[
            "ls-files",
            "-z",
            "--others",
            "--exclude-standard",
            "--",
            ".",
        ],
    )?;
    changes.extend(paths(&others).map(|path| (path, Change::Added)));
    let there = ask(folder, &["ls-tree", "-r", "-z", "--name-only", &commit])?;
    Ok(Comparison {
        changes,
        there: paths(&there).collect(),
    })
}

/// Which of these files, none of which is there, some commit has or had. Paths are below the folder.
pub fn known(folder: &Path, files: &[PathBuf]) -> Result<HashSet<PathBuf>> {
    let asked = [
        "--literal-pathspecs",
        "log",
        "--all",
        "--format=",
        "--name-only",
        "--relative",
        "-z",
        "--",
    ];
    let asked = asked.iter().map(OsStr::new);
    let files = files.iter().map(|file| file.as_os_str());
    let arguments: Vec<&OsStr> = asked.chain(files).collect();
    let answer = ask(folder, &arguments)?;
    Ok(paths(&answer).collect())
}

fn unknown(folder: &Path, reference: &str, error: &Error) -> Error {
    let words = error.detail().unwrap_or_default();
    if words.contains("not a git repository") {
        let error = Error::usage(format!("{} is in no git repository", folder.display()));
        return error.with_hint("name the files that are new instead, as operands or --files-from");
    }
    if error.message().starts_with("could not run") {
        return error
            .clone()
            .with_hint("git is what knows which migrations are new");
    }
    let error = Error::usage(format!("git knows no commit called {reference:?}"));
    error.with_hint("in a shallow clone, fetch it first: git fetch origin <branch>")
}

/// What git answers. Its configuration is the user's; it takes no locks.
fn ask(folder: &Path, arguments: &[impl AsRef<OsStr>]) -> Result<Vec<u8>> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments);
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = Child::spawn(command, "git")?;
    let mut answer = Vec::new();
    let mut stdout = child.stdout()?;
    stdout
        .read_to_end(&mut answer)
        .context(|| "could not read what git says".to_string())?;
    drop(stdout);
    child
        .wait()?
        .success_or(|| format!("asking git about {}", folder.display()))?;
    Ok(answer)
}

fn paths(answer: &[u8]) -> impl Iterator<Item = PathBuf> {
    let names = answer
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty());
    names.map(|name| PathBuf::from(OsString::from_vec(name.to_vec())))
}

/// Pairs of a status and a path, each ended by a zero byte.
fn changes(answer: &[u8]) -> HashMap<PathBuf, Change> {
    let mut fields = answer.split(|byte| *byte == 0);
    let mut changes = HashMap::new();
    while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
        let change = match status.first() {
            Some(b'A') => Change::Added,
            Some(b'D') => Change::Deleted,
            Some(_) => Change::Modified,
            None => break,
        };
        changes.insert(PathBuf::from(OsString::from_vec(path.to_vec())), change);
    }
    changes
}
