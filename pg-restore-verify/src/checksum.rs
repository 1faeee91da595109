//! The checksums that a manifest gives a backup's files, or a file as sha256sum writes it.

use std::collections::VecDeque;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
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
    /// There is none, but a checksum of the file.
    Sum(Sum),
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
            Ok(None) => Sum::beside(backup).map_or(Self::Nothing, Self::Sum),
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
            Self::Nothing | Self::Sum(_) => "; no manifest tells whether it holds what was taken",
            _ => "",
        }
    }

    /// Reads the files of the backup, several at once, and hashes them.
    pub fn compare(&self, backup: &Path, jobs: usize) -> Result<Comparison> {
        let began = Instant::now();
        let files = match self {
            Self::Manifest(manifest) => manifest.files.as_slice(),
            Self::Sum(sum) => sum.files.as_slice(),
            Self::Nothing | Self::Damaged(_) => &[],
        };
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

    /// Whether files are not what they were, or nobody can tell any more.
    pub fn is_at_fault(&self, comparison: &Comparison) -> bool {
        matches!(self, Self::Damaged(_)) || !comparison.differences.is_empty()
    }

    /// The findings.
    pub fn report(&self, comparison: &Comparison, findings: &mut Findings<'_>) -> Result<()> {
        let check = |status| findings.check("checksum", status);
        match self {
            Self::Nothing => {
                // What it holds now is proved.
                return findings.add(check(Status::Skipped).remark().message(
                    "no manifest beside it says what the file was: whether bytes were changed \
                     is not known",
                ));
            }
            Self::Damaged(why) => return findings.add(check(Status::Failed).message(why)),
            Self::Sum(sum) if comparison.differences.is_empty() => {
                let said = said_of(&sum.files);
                let finding = check(Status::Ok).compared(&said, &said);
                let message = format!("by {}: no manifest says more", sum.place);
                return findings.add(finding.message(message).took(comparison.took));
            }
            Self::Manifest(manifest) if comparison.differences.is_empty() => {
                let said = said_of(&manifest.files);
                let finding = check(Status::Ok).compared(&said, &said);
                return findings.add(finding.took(comparison.took));
            }
            Self::Sum(_) | Self::Manifest(_) => {}
        }
        let by = match self {
            Self::Sum(sum) => &sum.place,
            _ => "its manifest",
        };
        for difference in &comparison.differences {
            let mut finding = findings.check("checksum", Status::Failed);
            if difference.below {
                finding = finding.object(&difference.name);
            }
            let finding = finding.compared(&difference.expected, &difference.actual);
            let message = format!("the file is not what {by} says");
            findings.add(finding.message(message).took(comparison.took))?;
        }
        Ok(())
    }
}

/// What is expected of files, in a word.
fn said_of(files: &[backup::File]) -> String {
    match files {
        [file] => file.sha256.clone(),
        files => format!("{} files", files.len()),
    }
}

/// What `NAME.sha256` says of a backup, as sha256sum and its like write it.
pub struct Sum {
    /// What that file is called.
    place: String,
    files: Vec<backup::File>,
}

/// More than this is no list of checksums.
const LONGEST: u64 = 1 << 20;
/// A SHA-256 has as many digits.
const DIGITS: usize = 64;

impl Sum {
    /// The checksums beside a backup, if they are there and can be read.
    fn beside(backup: &Path) -> Option<Self> {
        let metadata = fs::metadata(backup).ok()?;
        let name = backup.file_name()?.to_str()?;
        let place = backup::checksums_of(name);
        let list: PathBuf = backup.with_file_name(&place);
        let length = fs::metadata(&list).ok()?.len();
        let text = fs::read_to_string(list)
            .ok()
            .filter(|_| length <= LONGEST)?;
        let files = match metadata.is_dir() {
            true => sums_below(&text, name),
            false => vec![backup::File {
                name: name.to_string(),
                bytes: metadata.len(),
                sha256: sum_of(&text, name)?,
            }],
        };
        (!files.is_empty()).then_some(Self { place, files })
    }
}

/// The checksums of the files of a folder in such a list, wherever it was made.
fn sums_below(text: &str, folder: &str) -> Vec<backup::File> {
    let below = text.lines().filter_map(sum_in).filter_map(|(path, sum)| {
        let parts: Vec<&str> = path.split('/').collect();
        let place = parts.iter().rposition(|part| *part == folder)?;
        let name = parts.get(place..).filter(|parts| parts.len() > 1)?;
        let is_outside = name.iter().any(|part| matches!(*part, "" | "." | ".."));
        (!is_outside).then(|| backup::File {
            name: name.join("/"),
            // No list says it, and nothing asks for it.
            bytes: 0,
            sha256: sum.to_ascii_lowercase(),
        })
    });
    below.collect()
}

/// The checksum of a file in such a list: that of its line, or of the only one, for it may have
/// been called otherwise.
fn sum_of(text: &str, name: &str) -> Option<String> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let sums: Vec<(&str, &str)> = lines.filter_map(sum_in).collect();
    let own = sums
        .iter()
        .find(|(file, _)| file.rsplit('/').next() == Some(name));
    let (_, sum) = own.or(Some(sums.first()?).filter(|_| sums.len() == 1))?;
    Some(sum.to_ascii_lowercase())
}

/// `HEX  NAME`, `HEX *NAME`, `HEX` or `SHA256 (NAME) = HEX`: the name and the checksum.
fn sum_in(line: &str) -> Option<(&str, &str)> {
    let tagged = line.strip_prefix("SHA256 (");
    let (file, sum) = match tagged.and_then(|rest| rest.rsplit_once(") = ")) {
        Some(both) => both,
        None => {
            let (sum, file) = line.split_once(' ').unwrap_or((line, ""));
            (file.trim_start_matches([' ', '*']), sum)
        }
    };
    let sum = sum.trim();
    let is_sum = sum.len() == DIGITS && sum.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_sum.then_some((file, sum))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_the_files_of_a_folder() {
        let sum = "A".repeat(DIGITS);
        let text = [
            "x.dir/1.dat",
            "/b/x.dir/toc.dat",
            "x.dir",
            "y.dir/1.dat",
            "x.dir/../etc",
        ]
        .map(|file| format!("{sum}  {file}\n"));
        let files = sums_below(&text.concat(), "x.dir");
        let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names, ["x.dir/1.dat", "x.dir/toc.dat"]);
        assert_eq!(files[0].sha256, sum.to_lowercase());
    }

    #[test]
    fn sums_as_they_are_written() {
        let (one, two) = ("a".repeat(DIGITS), "b".repeat(DIGITS));
        for (text, expected) in [
            (format!("{one}  x.sql\n"), Some(&one)),
            (format!("{two}  y\n{one} *x.sql\n"), Some(&one)),
            (format!("{}\n", one.to_uppercase()), Some(&one)),
            (format!("SHA256 (/b/x.sql) = {one}\n"), Some(&one)),
            (format!("{one}  as/it was called"), Some(&one)),
            (format!("{two}  y\n{one}  z\n"), None),
            (
                "d41d8cd98f00b204e9800998ecf8427e  x.sql\n".to_string(),
                None,
            ),
            (String::new(), None),
        ] {
            assert_eq!(sum_of(&text, "x.sql").as_ref(), expected, "{text}");
        }
    }
}
