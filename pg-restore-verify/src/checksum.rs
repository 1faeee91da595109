//! The checksums that a manifest gives a backup's files.

use std::path::Path;
use std::time::{Duration, Instant};

use shared::backup::{Manifest, sha256};
use shared::{Context, Result};

use crate::record::{Finding, Findings, Status};

/// How a file compares with its manifest.
pub enum Checksum {
    /// There is no manifest.
    Unknown,
    /// There is one, and this is how they compare.
    Known {
        /// What the manifest says: of the file, or of the first that differs.
        expected: String,
        /// What the file is; of several that are as the manifest says, how many.
        actual: String,
        /// How long it took to know.
        took: Duration,
    },
    /// The manifest can't be used.
    Damaged(String),
}

/// Compares a backup's files with its manifest.
pub fn compare(path: &Path) -> Result<Checksum> {
    let manifest = match Manifest::read(path) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(Checksum::Unknown),
        Err(error) => return Ok(Checksum::Damaged(error.in_one_line())),
    };
    let began = Instant::now();
    let known = |expected: String, actual: String| Checksum::Known {
        expected,
        actual,
        took: began.elapsed(),
    };
    for file in &manifest.files {
        let path = path.with_file_name(&file.name);
        if !path.is_file() {
            return Ok(Checksum::Damaged(format!("{} is missing", file.name)));
        }
        let actual = sha256(&path).context(|| path.display().to_string())?;
        if manifest.sha256().is_some() || actual != file.sha256 {
            return Ok(known(file.sha256.clone(), actual));
        }
    }
    let count = format!("{} files", manifest.files.len());
    Ok(known(count.clone(), count))
}

impl Checksum {
    /// The finding.
    pub fn finding(self, findings: &Findings<'_>) -> Finding {
        let check = |status| findings.check("checksum", status);
        match self {
            Self::Unknown => check(Status::Skipped).message(
                "no manifest beside it says what the file was: whether bytes were changed \
                 is not known",
            ),
            Self::Damaged(why) => check(Status::Failed).message(why),
            Self::Known {
                expected,
                actual,
                took,
            } if expected == actual => check(Status::Ok).compared(expected, actual).took(took),
            Self::Known {
                expected,
                actual,
                took,
            } => check(Status::Failed)
                .compared(expected, actual)
                .message("the file is not what its manifest says")
                .took(took),
        }
    }
}
