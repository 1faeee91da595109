//! Snapshots that are kept: `--save` and `--snapshot`.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::{Context as _, Error, Result};
use tempfile::NamedTempFile;

use super::Snapshot;

/// Of the file's layout.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Saved<S> {
    /// What it is, for who finds it.
    pg_lock_kill_snapshot: u32,
    #[serde(flatten)]
    snapshot: S,
}

/// Keeps it, for nobody else's eyes: it has the statements of all sessions.
pub fn save(snapshot: &Snapshot, path: &Path) -> Result<()> {
    write(snapshot, path).context(|| format!("cannot save {}", path.display()))
}

fn write(snapshot: &Snapshot, path: &Path) -> Result<()> {
    // A file takes its place, which would be the end of a device or a link.
    if fs::symlink_metadata(path).is_ok_and(|there| !there.is_file()) {
        return Err(Error::new("there is something that is no ordinary file"));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    let mut out = BufWriter::new(file.as_file());
    let saved = Saved {
        pg_lock_kill_snapshot: VERSION,
        snapshot,
    };
    serde_json::to_writer(&mut out, &saved).map_err(|error| Error::new(error.to_string()))?;
    out.write_all(b"\n")?;
    out.flush()?;
    drop(out);
    file.persist(path)
        .map_err(|error| Error::from(error.error))?;
    Ok(())
}

/// Reads what was kept.
pub fn load(path: &Path) -> Result<Snapshot> {
    let what = || path.display().to_string();
    let text = fs::read(path).context(what)?;
    let Ok(version) = serde_json::from_slice::<Version>(&text) else {
        return Err(Error::new("this is no snapshot of pg-lock-kill")).context(what);
    };
    if version.pg_lock_kill_snapshot > VERSION {
        return Err(Error::new("a newer pg-lock-kill saved this snapshot")).context(what);
    }
    let snapshot: Saved<Snapshot> = serde_json::from_slice(&text)
        .map_err(|error| Error::new(format!("the snapshot is damaged: {error}")))
        .context(what)?;
    let mut snapshot = snapshot.snapshot;
    snapshot.relations.sort();
    Ok(snapshot)
}

#[derive(Deserialize)]
struct Version {
    pg_lock_kill_snapshot: u32,
}
