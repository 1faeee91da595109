//! The checksum that a manifest gives a backup's file.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use shared::backup::Manifest;
use shared::{Context, Result, signals};

use crate::record::{Finding, Findings, Status};

/// The SHA-256 of a file, in hexadecimal.
fn sha256(path: &Path) -> Result<String> {
    let named = || path.display().to_string();
    let mut file = File::open(path).context(named)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        signals::check()?;
        match file.read(&mut buffer).context(named)? {
            0 => break,
            read => hash.update(&buffer[..read]),
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}

/// How a file compares with its manifest.
pub enum Checksum {
    /// There is no manifest.
    Unknown,
    /// There is one, and this is how they compare.
    Known {
        /// What the manifest says.
        expected: String,
        /// What the file is.
        actual: String,
        /// How long it took to know.
        took: Duration,
    },
    /// The manifest can't be used.
    Damaged(String),
}

/// Compares a backup's file with its manifest.
pub fn compare(path: &Path) -> Result<Checksum> {
    let manifest = match Manifest::read(path) {
        Ok(Some(manifest)) => manifest,
        Ok(None) => return Ok(Checksum::Unknown),
        Err(error) => return Ok(Checksum::Damaged(error.in_one_line())),
    };
    let Some(expected) = manifest.sha256() else {
        return Ok(Checksum::Unknown);
    };
    let began = Instant::now();
    let actual = sha256(path)?;
    Ok(Checksum::Known {
        expected: expected.to_string(),
        actual,
        took: began.elapsed(),
    })
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
