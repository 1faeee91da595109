//! `backup_manifest`: what pg_basebackup says that it wrote, compared with the copy, as
//! pg_verifybackup would.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::Deserialize;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use shared::{Context, Result, signals};

use super::base::Damage;
use crate::threads::{lock, on_threads};

/// Its name.
pub const NAME: &str = "backup_manifest";
/// What pg_verifybackup passes over, too: what a restore writes, and WAL, which replaying proves.
const PASSED_OVER: &[&str] = &[
    NAME,
    "pg_wal",
    "postgresql.auto.conf",
    "recovery.signal",
    "standby.signal",
];

/// What the manifest says.
#[derive(Debug, Deserialize)]
pub struct Manifest {
    #[serde(rename = "Files")]
    files: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    path: Option<String>,
    #[serde(rename = "Encoded-Path")]
    encoded_path: Option<String>,
    size: u64,
    #[serde(rename = "Checksum-Algorithm")]
    algorithm: Option<String>,
    checksum: Option<String>,
}

/// A file that is not what the manifest says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Difference {
    /// Which, below the data folder.
    pub path: String,
    /// What the manifest says.
    pub expected: String,
    /// What there is.
    pub actual: String,
}

impl Manifest {
    /// Reads it from the copy; `None` where the backup has none.
    pub fn read(data: &Path) -> Result<Option<std::result::Result<Self, Damage>>> {
        let path = data.join(NAME);
        if !path.exists() {
            return Ok(None);
        }
        let bytes = fs::read(&path).context(|| path.display().to_string())?;
        Ok(Some(Self::parse(&bytes)))
    }

    /// Its last line has a checksum of all before it.
    fn parse(bytes: &[u8]) -> std::result::Result<Self, Damage> {
        let end = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let last = end
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let stored = String::from_utf8_lossy(&end[last..]);
        let stored = stored.strip_prefix("\"Manifest-Checksum\": \"");
        let stored = stored.and_then(|rest| rest.strip_suffix("\"}"));
        if stored != Some(hex(&Sha256::digest(&bytes[..last])).as_str()) {
            return Err("its own checksum does not fit: it is damaged or was edited".into());
        }
        serde_json::from_slice(bytes).map_err(|error| format!("it makes no sense: {error}"))
    }

    /// How many files it names.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// How many of them have no checksum there: of those, but for the WAL, it knows the size only.
    pub fn without_checksum(&self) -> usize {
        let files = self.files.iter().filter(|entry| {
            let name = entry.name();
            entry.algorithm().is_none() && !PASSED_OVER.iter().any(|other| name.starts_with(other))
        });
        files.count()
    }

    /// Every file that differs, is missing, or is there without being named.
    pub fn compare(&self, data: &Path, jobs: usize) -> Result<Vec<Difference>> {
        let mut present = BTreeSet::new();
        collect(data, Path::new(""), &mut present)?;
        let mut named = BTreeMap::new();
        for entry in &self.files {
            named.insert(entry.name(), entry);
        }
        let mut differences: Vec<Difference> = present
            .iter()
            .filter(|path| !named.contains_key(*path))
            .map(|path| difference(path, "no such file", "there is one"))
            .collect();
        let left = Mutex::new(named.into_iter().collect::<Vec<_>>());
        let found = Mutex::new(Vec::new());
        on_threads(jobs, || {
            let next = || lock(&left).pop();
            while let Some((path, entry)) = next() {
                signals::check()?;
                if let Some(difference) = entry.compare(&path, data)? {
                    lock(&found).push(difference);
                }
            }
            Ok(())
        })?;
        differences.append(&mut lock(&found));
        differences.sort();
        Ok(differences)
    }
}

impl Entry {
    fn name(&self) -> PathBuf {
        use std::os::unix::ffi::OsStringExt;
        match (&self.path, &self.encoded_path) {
            (Some(path), _) => path.into(),
            (None, encoded) => {
                let bytes = unhex(encoded.as_deref().unwrap_or_default());
                std::ffi::OsString::from_vec(bytes).into()
            }
        }
    }

    /// How its checksum is made, and which it is.
    fn algorithm(&self) -> Option<(&str, &str)> {
        let algorithm = self.algorithm.as_deref().filter(|name| *name != "NONE")?;
        Some((algorithm, self.checksum.as_deref()?))
    }

    fn compare(&self, path: &Path, data: &Path) -> Result<Option<Difference>> {
        let file = data.join(path);
        let Ok(metadata) = fs::metadata(&file) else {
            // pg_basebackup names these and we left them behind.
            let dropped = PASSED_OVER.iter().any(|name| path.starts_with(name));
            let missing = difference(path, &format!("{} bytes", self.size), "no such file");
            return Ok((!dropped).then_some(missing));
        };
        if PASSED_OVER.iter().any(|name| path.starts_with(name)) {
            return Ok(None);
        }
        if metadata.len() != self.size {
            let sizes = [self.size, metadata.len()].map(|size| format!("{size} bytes"));
            return Ok(Some(difference(path, &sizes[0], &sizes[1])));
        }
        let Some((algorithm, stored)) = self.algorithm() else {
            return Ok(None);
        };
        let found = checksum(&file, algorithm)?;
        let Some(found) = found else {
            let unknown = format!("a checksum by {algorithm}");
            return Ok(Some(difference(path, &unknown, "not known here")));
        };
        let differs = !found.eq_ignore_ascii_case(stored);
        let shown = |sum: &str| format!("{algorithm} {sum}");
        Ok(differs.then(|| difference(path, &shown(stored), &shown(&found))))
    }
}

fn difference(path: &Path, expected: &str, actual: &str) -> Difference {
    Difference {
        path: path.display().to_string(),
        expected: expected.to_string(),
        actual: actual.to_string(),
    }
}

/// Every file of the copy, as the manifest names it: tablespaces by the links to them.
fn collect(folder: &Path, below: &Path, files: &mut BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).context(|| folder.display().to_string())? {
        let entry = entry?;
        let below = below.join(entry.file_name());
        if PASSED_OVER.iter().any(|name| below == Path::new(name)) {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if metadata.is_dir() => collect(&entry.path(), &below, files)?,
            _ => drop(files.insert(below)),
        }
    }
    Ok(())
}

fn checksum(path: &Path, algorithm: &str) -> Result<Option<String>> {
    Ok(Some(match algorithm {
        // The bytes of the number as they lie in memory: PostgreSQL's machines are little-endian.
        "CRC32C" => {
            let mut sum = 0;
            each(path, |bytes| sum = crc32c::crc32c_append(sum, bytes))?;
            hex(&sum.to_ne_bytes())
        }
        "SHA224" => sha::<Sha224>(path)?,
        "SHA256" => sha::<Sha256>(path)?,
        "SHA384" => sha::<Sha384>(path)?,
        "SHA512" => sha::<Sha512>(path)?,
        _ => return Ok(None),
    }))
}

fn sha<D: Digest>(path: &Path) -> Result<String> {
    let mut digest = D::new();
    each(path, |bytes| digest.update(bytes))?;
    Ok(hex(&digest.finalize()))
}

fn each(path: &Path, mut take: impl FnMut(&[u8])) -> Result<()> {
    let mut file = File::open(path).context(|| path.display().to_string())?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        signals::check()?;
        match file
            .read(&mut buffer)
            .context(|| path.display().to_string())?
        {
            0 => return Ok(()),
            length => take(&buffer[..length]),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().collect();
    let pairs = digits.chunks_exact(2);
    let value = |pair: &[u8]| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    };
    pairs.filter_map(value).collect()
}
