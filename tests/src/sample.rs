//! A database with what real ones have, and what they have once in a while.

use std::fs;
use std::path::{Path, PathBuf};

use crate::database::Database;

impl Database<'_> {
    /// Loads the sample with a handful of rows.
    #[track_caller]
    pub fn load_sample(&self) {
        self.load_sample_with(100);
    }

    /// Loads the sample with so many rows in `app.orders`, of about 150 bytes.
    #[track_caller]
    pub fn load_sample_with(&self, rows: u64) {
        let mut client = self.client();
        let settings = format!("set sample.rows = {rows}; set client_min_messages = error");
        client.batch_execute(&settings).unwrap();
        for path in sample_files() {
            let statements = fs::read_to_string(&path).unwrap();
            if let Err(error) = client.batch_execute(&statements) {
                let at = error.as_db_error().and_then(|e| e.position().cloned());
                panic!(
                    "{}: {} ({at:?})",
                    path.display(),
                    shared::Error::from(error)
                );
            }
        }
    }
}

/// The sample's files in the order in which they are run. They are plain SQL, so
/// `psql -v ON_ERROR_STOP=1 -c 'set sample.rows = 100' -f …` loads them as well.
pub fn sample_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample");
    let entries = fs::read_dir(folder).unwrap().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "sql"))
        .collect();
    files.sort();
    files
}
