//! How fast rows are read, written anew and indexed, and how long it takes by that.

use shared::{Error, Result, units};

use super::ask::Size;
use super::subject::Task;

/// What a server does in a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Bytes that are read.
    scan: f64,
    /// Bytes that are written anew, without the indexes.
    rewrite: f64,
    /// Rows that are sorted into an index.
    index: f64,
    /// Rows that are looked up in another table.
    lookup: f64,
    /// Rows that are updated or deleted.
    write: f64,
}

impl Default for Rates {
    /// What a server does whose disk is slow, or has others to serve. Measured as time on the processor (`log_statement_stats`)
    /// of PostgreSQL 15 and 18 on one core of a virtual machine, parallel workers off, `maintenance_work_mem` 64 MB, with
    /// a million rows of 36 bytes and 300,000 of 430; the lower end of each, and of what goes through the disk no more
    /// than half of that:
    ///
    /// - scan: ADD CHECK and SET NOT NULL read 450 MB/s of narrow rows, 1.6 to 3 GB/s of wide ones;
    /// - rewrite: VACUUM FULL writes 100 MB/s of narrow rows, it and a change of type 180 to 280 MB/s of wide ones;
    /// - index: 2.4 million rows/s of bigint in order, 550,000 of an expression, 250,000 of 96 random characters;
    /// - lookup: 1.2 million rows/s to a key of a million rows, 4.7 million to one of a thousand;
    /// - write: UPDATE 210,000 rows/s without an index, 50,000 with two; DELETE 1.3 million.
    fn default() -> Self {
        Self {
            scan: 200e6,
            rewrite: 50e6,
            index: 500e3,
            lookup: 1e6,
            write: 50e3,
        }
    }
}

impl Rates {
    /// Takes what the command line says: `scan=500MB,rewrite=200MB/s,index=2000000`.
    pub fn set(&mut self, text: &str) -> Result<()> {
        for part in text.split(',') {
            if part.trim().is_empty() {
                let error =
                    Error::usage(format!("--rate {text}: nothing stands between two commas"));
                return Err(error.with_hint(EXAMPLE));
            }
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(part))?;
            let (name, value) = (name.trim(), value.trim());
            let value = value.strip_suffix("/s").unwrap_or(value);
            let is_bytes = value.to_ascii_uppercase().ends_with('B');
            let what = match name {
                "scan" | "rewrite" => "bytes",
                "index" | "lookup" | "write" => "rows",
                _ => return Err(unknown(part)),
            };
            let value = units::bytes(value).map_err(|_| unknown(part))?;
            if value == 0 {
                return Err(Error::usage(format!(
                    "--rate {part}: nothing would ever end"
                )));
            }
            if is_bytes != (what == "bytes") {
                let error = Error::usage(format!("--rate {part}: {name} is in {what} a second"));
                return Err(error.with_hint(EXAMPLE));
            }
            // An estimate: what is lost beyond 2^53 does not matter.
            #[allow(clippy::cast_precision_loss)]
            let value = value as f64;
            match name {
                "scan" => self.scan = value,
                "rewrite" => self.rewrite = value,
                "index" => self.index = value,
                "lookup" => self.lookup = value,
                "write" => self.write = value,
                _ => return Err(unknown(part)),
            }
        }
        Ok(())
    }

    /// The seconds that this takes; none where the size is not known.
    pub fn seconds(&self, task: Task, size: &Size) -> Option<f64> {
        let reads = || size.heap.map(|bytes| real(bytes) / self.scan);
        let per_row = |rate: f64| size.rows.map(|rows| real(rows) / rate);
        Some(match task {
            Task::Scan => reads()?,
            Task::Rewrite => {
                let indexes = real(size.index_rows?) / self.index;
                real(size.bytes?) / self.rewrite + indexes
            }
            Task::Index { scans } => f64::from(scans) * reads()? + per_row(self.index)?,
            Task::Indexes { scans } => {
                let (indexed, rows) = (real(size.index_rows?), real(size.rows?).max(1.0));
                // For each of them the table is read.
                f64::from(scans) * indexed / rows * reads()? + indexed / self.index
            }
            Task::Lookup => reads()? + per_row(self.lookup)?,
            Task::Write => reads()? + per_row(self.write)?,
        })
    }
}

/// What is right.
const EXAMPLE: &str =
    "scan=200MB,rewrite=50MB are bytes, index=500k,lookup=1M,write=50k rows, a second";

fn unknown(part: &str) -> Error {
    Error::usage(format!("--rate {part}: there is no such rate")).with_hint(EXAMPLE)
}

/// An estimate: what is lost beyond 2^53 does not matter.
#[allow(clippy::cast_precision_loss)]
fn real(number: i64) -> f64 {
    number as f64
}
