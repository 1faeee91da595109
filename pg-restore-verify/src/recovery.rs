//! `--base-backup`: a physical backup recovered to a moment.

use shared::cli::Context;
use shared::{Error, Exit, Result};

use crate::cli::Options;

/// Recovers the base backup and proves what it holds.
pub fn verify(_options: &Options, _context: &Context) -> Result<Exit> {
    Err(Error::usage("--base-backup is not possible yet"))
}
