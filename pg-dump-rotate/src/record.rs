//! What pg-dump-rotate tells of each backup.

use std::path::Path;

use serde::{Deserialize, Serialize};
use shared::backup::{Backup, Outline};
use shared::time::{Time, rfc3339};

use crate::restore;

/// One backup and what was done with it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Record {
    /// created, kept, deleted, failed, skipped, listed, ok; with --dry-run would_create,
    /// would_delete.
    pub action: String,
    /// The file; null where there is none.
    pub path: Option<String>,
    pub database: Option<String>,
    pub label: Option<String>,
    /// What pg_dump was told to pick or to write otherwise, its options; null: it is whole.
    pub selection: Option<Vec<String>>,
    /// What the backups of one run have in common.
    pub set: Option<String>,
    #[serde(with = "rfc3339::option", default)]
    pub taken_at: Option<Time>,
    pub age_seconds: Option<i64>,
    pub format: Option<String>,
    pub compression: Option<String>,
    pub bytes: Option<u64>,
    pub sha256: Option<String>,
    /// Whether it can be relied on: ok, size differs, data missing, …
    pub state: Option<String>,
    /// Why it is kept, deleted or not to be relied on.
    pub reason: Option<String>,
    /// In a list, whether the rules keep it; null where they don't judge it.
    pub kept: Option<bool>,
    /// Whether pg-restore-verify found that it restores; null where it did not try.
    pub proved: Option<bool>,
    /// When it tried.
    #[serde(with = "rfc3339::option", default)]
    pub verified_at: Option<Time>,
    /// Which server it is of, as [`Common::server`](shared::backup::Common::server) tells.
    pub server: Option<String>,
    /// Of an adopted one, how the files are called that it is rotated with.
    pub names: Option<String>,
    pub server_version: Option<String>,
    pub pg_dump_version: Option<String>,
    /// From the start of the dump until it was on disk.
    pub duration_ms: Option<u64>,
    /// What reached the disk in that time.
    pub bytes_per_second: Option<u64>,
    pub restore_command: Option<String>,
    /// The same for an archive, into a database that it makes as it was.
    pub recreate_command: Option<String>,
}

impl Record {
    /// What is known of a backup in a folder.
    pub fn of(action: &str, backup: &Backup, now: Time) -> Self {
        let base = match &backup.manifest {
            Some(manifest) => Self::of_manifest(&backup.path, manifest),
            None => Self::default(),
        };
        Self {
            action: action.into(),
            path: Some(backup.path.to_string_lossy().into_owned()),
            taken_at: Some(backup.taken_at.truncate_to_second()),
            age_seconds: Some((now - backup.taken_at).whole_seconds()),
            bytes: backup.bytes,
            state: Some(backup.state.as_str().into()),
            proved: backup.proof.as_ref().map(|proof| proof.proved),
            verified_at: backup.proof.as_ref().map(|proof| proof.verified_at),
            ..match is_restorable(backup) {
                true => base,
                false => base.without_commands(),
            }
        }
    }

    fn of_manifest(path: &Path, manifest: &Outline) -> Self {
        let duration_ms = u64::try_from(manifest.duration_ms).ok();
        let rate = |ms: u64| manifest.bytes().saturating_mul(1000).checked_div(ms);
        Self {
            database: manifest.database.clone(),
            set: manifest.set.as_deref().map(str::to_string),
            label: manifest.label.clone(),
            selection: Some(manifest.selection.clone()).filter(|options| !options.is_empty()),
            format: Some(manifest.format.as_str().into()),
            compression: Some(manifest.compression.clone()),
            sha256: manifest.sha256(),
            server: manifest.server().map(str::to_string),
            names: manifest.names.clone(),
            server_version: manifest.server_version.clone(),
            pg_dump_version: manifest.pg_dump_version.clone(),
            duration_ms,
            bytes_per_second: duration_ms.and_then(rate),
            restore_command: Some(restore::command(path, manifest)),
            recreate_command: restore::recreating(path, manifest),
            ..Self::default()
        }
    }

    /// The same of what there is no going back to.
    #[must_use]
    pub fn without_commands(self) -> Self {
        Self {
            restore_command: None,
            recreate_command: None,
            ..self
        }
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// Where nobody knows the database, nobody can say where to restore it to.
fn is_restorable(backup: &Backup) -> bool {
    let manifest = backup.manifest.as_ref();
    let is_known = |manifest: &Outline| manifest.database.is_some() || !manifest.adopted;
    backup.is_ok() && manifest.is_some_and(is_known)
}
