//! What was found, noted beside the backup, so that rotation prefers what was proved.

use std::fs;
use std::path::Path;
use std::time::Duration;

use shared::backup::{Manifest, Proof, manifest_of, proof_of};
use shared::cli::Context;
use shared::time;

use crate::cli::{Options, TOOL};
use crate::record::Status;

/// How it was restored.
pub struct Restore {
    /// How long it took.
    pub took: Duration,
    /// The version of the server.
    pub server_version: String,
}

/// Notes the verdict beside a backup that has a manifest: of one without, nobody could tell
/// whether the file is still the one that was verified. That it can't be written is no fault of
/// the backup, and warned of.
pub fn beside(
    backup: &Path,
    (status, message): (Status, String),
    restore: Option<Restore>,
    options: &Options,
    context: &Context,
) {
    let Ok(Some(manifest)) = Manifest::read(backup) else {
        return;
    };
    if options.no_record {
        return;
    }
    let proof = Proof {
        verified_at: time::now().truncate_to_second(),
        proved: status == Status::Ok,
        message,
        sha256: manifest.sha256().map(str::to_string),
        bytes: manifest.bytes(),
        restore_ms: restore
            .as_ref()
            .and_then(|restore| u64::try_from(restore.took.as_millis()).ok()),
        server_version: restore.map(|restore| restore.server_version),
        tool_version: TOOL.version.into(),
    };
    if let Err(error) = proof.write(backup) {
        context.warn(format!("{}; --no-record does without", error.in_one_line()));
    }
    forget_if_deleted(backup);
}

/// A rotation may have deleted the backup meanwhile.
fn forget_if_deleted(backup: &Path) {
    let Some(name) = backup.file_name().and_then(|name| name.to_str()) else {
        return;
    };
    if fs::symlink_metadata(backup.with_file_name(manifest_of(name))).is_err() {
        // Nobody takes it for a backup, or for the proof of another.
        let _ = fs::remove_file(backup.with_file_name(proof_of(name)));
    }
}
