//! Where PostgreSQL's programs may be, and the choice among those found.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Program, Version, install_hint, version};
use crate::error::{Error, Result};

/// Folders in which distributions put one folder per version: the folder, how
/// the names in it begin, and what is below the version.
const USUAL: &[(&str, &str, &str)] = &[
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/lib", "postgresql", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/opt/homebrew/opt", "libpq", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "libpq", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/usr/local", "pgsql", "bin"),
];

/// Folders that are searched for programs.
#[derive(Debug, Clone)]
pub struct Places {
    only: Option<PathBuf>,
    path: Vec<PathBuf>,
    usual: Vec<(PathBuf, String, String)>,
}

impl Places {
    /// What this process's environment and the usual places offer.
    pub fn of_process() -> Self {
        let only = env::var_os("PG_BINDIR").filter(|folder| !folder.is_empty());
        let path = env::var_os("PATH").unwrap_or_default();
        let usual = USUAL.iter().map(|(folder, prefix, below)| {
            (folder.into(), (*prefix).to_string(), (*below).to_string())
        });
        Self {
            only: only.map(PathBuf::from),
            path: env::split_paths(&path).collect(),
            usual: usual.collect(),
        }
    }

    /// The program whose major version is the closest one at or above
    /// `at_least`, or the newest. Only the one chosen is asked for its version,
    /// and those whose folder does not tell: each question is a process.
    pub fn find(&self, name: &str, at_least: Option<u32>) -> Result<Program> {
        let mut candidates = self.candidates(name);
        let mut failure = None;
        while let Some(index) = next(&candidates, at_least) {
            let words = [candidates[index].path.clone().into_os_string()];
            if let Some(version) = candidates[index].version {
                return Ok(Program::new(words.into(), name, version));
            }
            match version::ask(&words, None) {
                Ok(version) => candidates[index].version = Some(version),
                Err(error) => {
                    candidates.remove(index);
                    failure = Some(error);
                }
            }
        }
        Err(self.not_found(name, at_least, &candidates, failure))
    }

    fn candidates(&self, name: &str) -> Vec<Candidate> {
        let folders = match &self.only {
            Some(folder) => vec![folder.clone()],
            None => self.folders(),
        };
        let mut seen = Vec::new();
        let mut found = Vec::new();
        for path in folders.iter().map(|folder| folder.join(name)) {
            let Some(real) = executable(&path).filter(|real| !seen.contains(real)) else {
                continue;
            };
            found.push(Candidate {
                guess: real.parent().and_then(major_of_folder),
                version: None,
                path,
            });
            seen.push(real);
        }
        found
    }

    fn folders(&self) -> Vec<PathBuf> {
        let mut folders: Vec<PathBuf> = self
            .path
            .iter()
            .filter(|f| f.is_absolute())
            .cloned()
            .collect();
        folders.extend(self.pg_config());
        for (parent, prefix, below) in &self.usual {
            let entries = fs::read_dir(parent).into_iter().flatten().flatten();
            let versions = entries.filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(prefix.as_str())
            });
            folders.extend(versions.map(|entry| entry.path().join(below)));
        }
        folders
    }

    fn pg_config(&self) -> Option<PathBuf> {
        let program = self
            .path
            .iter()
            .map(|folder| folder.join("pg_config"))
            .find(|p| p.is_file())?;
        let output = Command::new(program)
            .arg("--bindir")
            .stdin(Stdio::null())
            .output()
            .ok()?;
        let folder = String::from_utf8(output.stdout).ok()?;
        Some(PathBuf::from(folder.trim_end())).filter(|folder| folder.is_absolute())
    }

    fn not_found(
        &self,
        name: &str,
        at_least: Option<u32>,
        candidates: &[Candidate],
        failure: Option<Error>,
    ) -> Error {
        let place = match &self.only {
            Some(folder) => format!(" in PG_BINDIR ({})", folder.display()),
            None => String::new(),
        };
        let versions = candidates
            .iter()
            .filter_map(|c| Some((c.version?, &c.path)));
        match (versions.max(), at_least, failure) {
            (Some((version, path)), Some(wanted), _) => Error::new(format!(
                "{name} of PostgreSQL {wanted} or newer is needed, and the newest{place} is {version}"
            ))
            .with_detail(format!("found: {}", path.display())),
            (_, _, Some(failure)) => failure,
            _ => Error::new(format!("{name} was not found{place}")),
        }
        .with_hint(install_hint(name, at_least))
    }
}

/// A file that may be the program, and what is known of its version.
struct Candidate {
    path: PathBuf,
    guess: Option<u32>,
    version: Option<Version>,
}

impl Candidate {
    fn major(&self) -> Option<u32> {
        self.version.map(|version| version.major).or(self.guess)
    }
}

/// Which candidate to ask for its version, or, if that one was asked, to take.
/// A folder's name is only a guess, so nothing is given up before it was asked.
fn next(candidates: &[Candidate], at_least: Option<u32>) -> Option<usize> {
    let unknown = candidates.iter().position(|c| c.major().is_none());
    let majors = candidates.iter().enumerate();
    let majors = majors.filter_map(|(index, c)| Some((c.major()?, index)));
    let best = match at_least {
        Some(wanted) => majors.filter(|(major, _)| *major >= wanted).min(),
        None => majors.max_by_key(|(major, index)| (*major, Reverse(*index))),
    };
    let unasked = || candidates.iter().position(|c| c.version.is_none());
    unknown.or(best.map(|(_, index)| index)).or_else(unasked)
}

/// The file behind the path, if it can be run. Debian's wrapper is passed over:
/// it picks a version by the clusters of the machine, not by what we need.
fn executable(path: &Path) -> Option<PathBuf> {
    let real = path.canonicalize().ok()?;
    let metadata = real.metadata().ok()?;
    let runs = metadata.is_file() && metadata.permissions().mode() & 0o111 != 0;
    (runs && real.file_name()? != "pg_wrapper").then_some(real)
}

/// The major version that a folder tells by its name: `postgresql/15/bin`,
/// `pgsql-15/bin`, `postgresql@15/15.4/bin`.
fn major_of_folder(folder: &Path) -> Option<u32> {
    let named = match folder.file_name()?.to_str()? {
        "bin" => folder.parent()?.file_name()?.to_str()?,
        name => name,
    };
    let digits = named.trim_start_matches(|c: char| !c.is_ascii_digit());
    let version = Version::parse(digits)?;
    (9..100).contains(&version.major).then_some(version.major)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::OpenOptionsExt;

    /// A folder of folders, each with a program that tells a version.
    struct Tree(tempfile::TempDir);

    impl Tree {
        fn new(programs: &[(&str, &str)]) -> Self {
            let tree = Self(tempfile::tempdir().unwrap());
            for (folder, version) in programs {
                tree.program(folder, &format!("echo 'pg_dump (PostgreSQL) {version}'"));
            }
            tree
        }

        fn program(&self, folder: &str, script: &str) {
            use std::io::Write;
            let folder = self.0.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            let asked = folder.join("asked");
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                .mode(0o755)
                .open(folder.join("pg_dump"))
                .unwrap();
            write!(file, "#!/bin/sh\necho >>{}\n{script}\n", asked.display()).unwrap();
        }

        fn places(&self, path: &[&str], usual: &[(&str, &str, &str)]) -> Places {
            Places {
                only: None,
                path: path
                    .iter()
                    .map(|folder| self.0.path().join(folder))
                    .collect(),
                usual: usual
                    .iter()
                    .map(|(f, p, b)| (self.0.path().join(f), (*p).to_string(), (*b).to_string()))
                    .collect(),
            }
        }

        fn times_asked(&self, folder: &str) -> usize {
            let asked = fs::read_to_string(self.0.path().join(folder).join("asked"));
            asked.unwrap_or_default().lines().count()
        }
    }

    const VERSIONS: &[(&str, &str)] = &[
        ("pg/14/bin", "14.9"),
        ("pg/16/bin", "16.3"),
        ("pg/17/bin", "17.5"),
    ];

    fn version_found(places: &Places, at_least: Option<u32>) -> String {
        places
            .find("pg_dump", at_least)
            .unwrap()
            .version
            .to_string()
    }

    #[test]
    fn takes_the_closest_version_that_is_new_enough() {
        let tree = Tree::new(VERSIONS);
        let places = tree.places(&[], &[("pg", "", "bin")]);
        for (at_least, expected) in [
            (Some(13), "14.9"),
            (Some(14), "14.9"),
            (Some(15), "16.3"),
            (Some(17), "17.5"),
            (None, "17.5"),
        ] {
            assert_eq!(version_found(&places, at_least), expected, "{at_least:?}");
        }
        assert_eq!(
            tree.times_asked("pg/16/bin"),
            1,
            "asks only the one it takes"
        );
        assert_eq!(
            tree.times_asked("pg/17/bin"),
            2,
            "asks only the one it takes"
        );
    }

    #[test]
    fn one_plain_error_where_nothing_is_new_enough() {
        let tree = Tree::new(VERSIONS);
        let places = tree.places(&[], &[("pg", "", "bin")]);
        let error = places.find("pg_dump", Some(18)).unwrap_err();
        assert_eq!(
            error.message(),
            "pg_dump of PostgreSQL 18 or newer is needed, and the newest is 17.5"
        );
        assert!(error.detail().unwrap().ends_with("pg/17/bin/pg_dump"));
        assert!(error.hint().unwrap().contains("18"));
        let error = tree.places(&[], &[]).find("pg_dump", None).unwrap_err();
        assert_eq!(error.message(), "pg_dump was not found");
        assert!(error.hint().is_some());
    }

    #[test]
    fn path_wins_between_equals() {
        let tree = Tree::new(&[("pg/17/bin", "17.5"), ("mine", "17.1")]);
        let places = tree.places(&["nothing", "mine"], &[("pg", "", "bin")]);
        assert_eq!(version_found(&places, Some(17)), "17.1");
        assert_eq!(version_found(&places, None), "17.1");
    }

    #[test]
    fn a_folder_whose_name_lies_is_asked() {
        let tree = Tree::new(&[("pg/12/bin", "17.2"), ("pg/16/bin", "13.0")]);
        let places = tree.places(&[], &[("pg", "", "bin")]);
        assert_eq!(version_found(&places, Some(16)), "17.2");
    }

    #[test]
    fn pg_bindir_is_the_only_place() {
        let tree = Tree::new(VERSIONS);
        let mut places = tree.places(&["pg/17/bin"], &[("pg", "", "bin")]);
        places.only = Some(tree.0.path().join("pg/14/bin"));
        assert_eq!(version_found(&places, None), "14.9");
        let error = places.find("pg_dump", Some(15)).unwrap_err();
        assert!(error.message().contains("PG_BINDIR"), "{error}");
        places.only = Some(tree.0.path().join("empty"));
        let error = places.find("pg_dump", None).unwrap_err();
        assert!(
            error
                .message()
                .starts_with("pg_dump was not found in PG_BINDIR"),
            "{error}"
        );
    }

    #[test]
    fn a_broken_program_is_passed_over_and_named_when_alone() {
        let tree = Tree::new(&[("pg/16/bin", "16.3")]);
        tree.program("pg/17/bin", "echo 'libpq.so.5: not found' >&2; exit 127");
        let places = tree.places(&[], &[("pg", "", "bin")]);
        assert_eq!(version_found(&places, None), "16.3");
        let error = places.find("pg_dump", Some(17)).unwrap_err();
        assert!(error.message().contains("the newest is 16.3"), "{error}");
        let alone = tree.places(&["pg/17/bin"], &[]);
        let error = alone.find("pg_dump", None).unwrap_err();
        assert_eq!(error.detail(), Some("libpq.so.5: not found"));
    }

    #[test]
    fn debians_wrapper_is_passed_over() {
        let tree = Tree::new(&[("share", "15.1"), ("pg/15/bin", "15.18")]);
        let share = tree.0.path().join("share");
        fs::rename(share.join("pg_dump"), share.join("pg_wrapper")).unwrap();
        let bin = tree.0.path().join("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(share.join("pg_wrapper"), bin.join("pg_dump")).unwrap();
        let places = tree.places(&["bin"], &[("pg", "", "bin")]);
        assert_eq!(version_found(&places, None), "15.18");
        assert_eq!(tree.times_asked("share"), 0);
    }

    #[test]
    fn folders_tell_their_version() {
        for (folder, expected) in [
            ("/usr/lib/postgresql/15/bin", Some(15)),
            ("/usr/pgsql-18/bin", Some(18)),
            ("/opt/homebrew/Cellar/postgresql@16/16.4_1/bin", Some(16)),
            ("/usr/libexec/postgresql17", Some(17)),
            ("/usr/local/bin", None),
            ("/opt/v2/bin", None),
        ] {
            assert_eq!(major_of_folder(Path::new(folder)), expected, "{folder}");
        }
    }
}
