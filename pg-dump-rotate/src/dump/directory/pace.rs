//! How far the reading of a directory is, on the terminal.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use shared::message::Progress;
use shared::units::human_bytes;

/// How much has been read of all files.
pub struct Pace {
    progress: Progress,
    database: String,
    began: Instant,
    bytes: AtomicU64,
}

impl Pace {
    pub fn new(progress: Progress, database: &str) -> Self {
        Self {
            progress,
            database: database.to_string(),
            began: Instant::now(),
            bytes: AtomicU64::new(0),
        }
    }

    /// So many bytes of this file have been read.
    pub fn passed(&self, length: usize, file: &str) {
        let bytes = length as u64;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.progress.show(|| {
            let seconds = self.began.elapsed().as_secs_f64().max(0.001);
            let rate = human_bytes((bytes as f64 / seconds) as u64);
            format!(
                "{}: {}, {rate}/s, {file}",
                self.database,
                human_bytes(bytes)
            )
        });
    }
}
