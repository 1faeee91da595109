//! The checksums that a manifest gives a backup's files.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use shared::backup::{self, Manifest};
use shared::{Context, Result};

use crate::record::{Findings, Status};
use crate::threads::{lock, on_threads};

/// What a backup's manifest says, if it has one.
pub enum Known {
    /// There is none.
    Nothing,
    /// This.
    Manifest(Box<Manifest>),
    /// It can't be used, for this reason.
    Damaged(String),
}

impl Known {
    /// Reads the manifest of a backup.
    pub fn of(backup: &Path) -> Self {
        match Manifest::read(backup) {
            Ok(Some(manifest)) => Self::Manifest(Box::new(manifest)),
            Ok(None) => Self::Nothing,
            Err(error) => Self::Damaged(error.in_one_line()),
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> Option<&Manifest> {
        match self {
            Self::Manifest(manifest) => Some(manifest),
            _ => None,
        }
    }

    /// What stays unknown of a backup of which all was proved that can be, in words.
    pub fn doubt(&self) -> &'static str {
        match self {
            Self::Nothing => "; no manifest tells whether it holds what was taken",
            _ => "",
        }
    }

    /// Reads the files of the backup, several at once, and hashes them.
    pub fn compare(&self, backup: &Path, jobs: usize) -> Result<Comparison> {
        let began = Instant::now();
        let files = self.manifest().map_or(&[][..], |manifest| &manifest.files);
        let left: Mutex<VecDeque<&backup::File>> = Mutex::new(files.iter().collect());
        let differences = Mutex::new(Vec::new());
        let work = || -> Result<()> {
            let next = || lock(&left).pop_front();
            while let Some(file) = next() {
                if let Some(difference) = difference(backup, file)? {
                    lock(&differences).push(difference);
                }
            }
            Ok(())
        };
        on_threads(jobs.min(files.len()), work)?;
        let mut differences = std::mem::take(&mut *lock(&differences));
        differences.sort_by(|one: &Difference, other| one.name.cmp(&other.name));
        Ok(Comparison {
            differences,
            took: began.elapsed(),
        })
    }

    /// The findings.
    pub fn report(&self, comparison: &Comparison, findings: &mut Findings<'_>) -> Result<()> {
        let check = |status| findings.check("checksum", status);
        match self {
            Self::Nothing => {
                return findings.add(check(Status::Skipped).message(
                    "no manifest beside it says what the file was: whether bytes were changed \
                     is not known",
                ));
            }
            Self::Damaged(why) => return findings.add(check(Status::Failed).message(why)),
            Self::Manifest(manifest) if comparison.differences.is_empty() => {
                let said = match manifest.files.as_slice() {
                    [file] => file.sha256.clone(),
                    files => format!("{} files", files.len()),
                };
                let finding = check(Status::Ok).compared(&said, &said);
                return findings.add(finding.took(comparison.took));
            }
            Self::Manifest(_) => {}
        }
        for difference in &comparison.differences {
            let mut finding = findings.check("checksum", Status::Failed);
            if difference.below {
                finding = finding.object(&difference.name);
            }
            let finding = finding.compared(&difference.expected, &difference.actual);
            let message = "the file is not what its manifest says";
            findings.add(finding.message(message).took(comparison.took))?;
        }
        Ok(())
    }
}

/// How a backup's files compare with its manifest.
#[derive(Default)]
pub struct Comparison {
    differences: Vec<Difference>,
    took: Duration,
}

impl Comparison {
    /// Whether a file is not what the manifest says.
    pub fn differs(&self) -> bool {
        !self.differences.is_empty()
    }
}

struct Difference {
    name: String,
    /// It is a file in a folder rather than the backup itself.
    below: bool,
    expected: String,
    actual: String,
}

fn difference(backup: &Path, file: &backup::File) -> Result<Option<Difference>> {
    let actual = match sha256(&backup.with_file_name(&file.name))? {
        Some(actual) if actual == file.sha256 => return Ok(None),
        Some(actual) => actual,
        None => "no such file".to_string(),
    };
    let (below, name) = match file.name.split_once('/') {
        Some((_, name)) => (true, name),
        None => (false, file.name.as_str()),
    };
    Ok(Some(Difference {
        name: name.to_string(),
        below,
        expected: file.sha256.clone(),
        actual,
    }))
}

/// The SHA-256 of a file, in hexadecimal; `None` if there is none.
fn sha256(path: &Path) -> Result<Option<String>> {
    let named = || path.display().to_string();
    match path.metadata() {
        Ok(metadata) if metadata.is_file() => backup::sha256(path).context(named).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).context(named),
    }
}
