//! The listing: a record for each session of the forest. Nothing is ended.

use shared::cli::Context;
use shared::{Exit, Result};

use crate::cli::Options;
use crate::forest::Forest;
use crate::lookout;
use crate::output::Output;
use crate::record::Record;

/// Writes the forest's sessions that the filters let pass, in tree order.
pub fn list(options: &Options, context: &Context) -> Result<Exit> {
    let snapshot = lookout::look(options, context)?;
    let mut forest = Forest::of(&snapshot);
    if options.scope.sessions {
        forest = forest.with_others(&snapshot);
    }
    let mut output = Output::open(context);
    let mut waits = false;
    for place in options.filters.matching(&forest, &snapshot) {
        let node = &forest.nodes[place];
        waits |= node.wait.is_some() || node.blocking > 0;
        output.write(&Record::of(node, &forest, &snapshot))?;
    }
    output.finish()?;
    Ok(match waits && options.scope.fail_if_blocked {
        true => Exit::Found,
        false => Exit::Ok,
    })
}
