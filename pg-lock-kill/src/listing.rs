//! The listing: a record for each session of the forest. Nothing is ended.

use shared::cli::Context;
use shared::connection::{Conninfo, Environment, Need, Session, SessionOptions};
use shared::{Exit, Result};

use crate::cli::Options;
use crate::forest::Forest;
use crate::record::Record;
use crate::snapshot;

/// Writes the forest's sessions that the filters let pass, in tree order.
pub fn list(options: &Options, context: &Context) -> Result<Exit> {
    let conninfo = Conninfo::resolve(
        &context.common.connect,
        &Environment::of_process(),
        Need::Statements,
    )?;
    let mut session = Session::open(&conninfo, &SessionOptions::default())?;
    let snapshot = snapshot::take(&mut session, options.scope.sessions)?;
    let mut forest = Forest::of(&snapshot);
    if options.scope.sessions {
        forest = forest.with_others(&snapshot);
    }
    let mut records = context.records::<Record>();
    for node in &forest.nodes {
        records.write(&Record::of(node, &forest, &snapshot))?;
    }
    records.finish()?;
    Ok(Exit::Ok)
}
