//! Proofs of backups.

use std::path::Path;

use tests::{Output, ToolCommand, tool};

pub fn verify() -> ToolCommand {
    tool("pg-restore-verify")
}

/// The tool where no program of PostgreSQL is, on a backup.
pub fn without_server(mode: &str, backup: &Path) -> Output {
    let run = verify().env("PG_BINDIR", "/nonexistent").arg(mode);
    run.arg(backup).run()
}
