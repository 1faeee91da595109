//! How far the reading of a directory is, on the terminal.
//!
//! What the files hold is only known when pg_dump ends: its table of contents comes last.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use shared::message::Progress;
use shared::units::human_bytes;

/// How much there is to read, as far as it is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Whole {
    /// All that pg_dump writes.
    pub bytes: Option<u64>,
    pub tables: Option<u64>,
}

/// How much has been read of all files.
pub struct Pace {
    progress: Progress,
    database: String,
    whole: Whole,
    began: Instant,
    bytes: AtomicU64,
    /// The tables whose files were begun.
    tables: AtomicU64,
}

impl Pace {
    pub fn new(progress: Progress, database: &str, whole: Whole) -> Self {
        Self {
            progress,
            database: database.to_string(),
            whole,
            began: Instant::now(),
            bytes: AtomicU64::new(0),
            tables: AtomicU64::new(0),
        }
    }

    /// The rows of another table are read.
    pub fn begin_table(&self) {
        self.tables.fetch_add(1, Ordering::Relaxed);
    }

    /// So many bytes of a file have been read.
    pub fn passed(&self, length: usize) {
        let bytes = length as u64;
        let bytes = self.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.progress.show(|| self.line(bytes));
    }

    /// Nothing comes: what is shown stays true.
    pub fn stand(&self) {
        self.passed(0);
    }

    fn line(&self, bytes: u64) -> String {
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let rate = human_bytes((bytes as f64 / seconds) as u64);
        let mut line = format!("{}: {}, {rate}/s", self.database, human_bytes(bytes));
        if let Some(whole) = self.whole.bytes.filter(|bytes| *bytes > 0) {
            let percent = (bytes as f64 * 100.0 / whole as f64).min(99.0);
            line.push_str(&format!(", {percent:.0} %"));
        }
        let tables = self.tables.load(Ordering::Relaxed);
        match self.whole.tables {
            _ if tables == 0 => {}
            Some(whole) if whole >= tables => {
                line.push_str(&format!(", table {tables} of {whole}"));
            }
            _ => line.push_str(&format!(", table {tables}")),
        }
        line
    }
}
