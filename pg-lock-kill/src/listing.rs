//! The listing: a record for each session of the forest. Nothing is ended.

use shared::cli::Context;
use shared::{Exit, Result};

use crate::cli::Options;
use crate::lookout;
use crate::output::Output;
use crate::protection::Rules;
use crate::say;
use crate::sight::Sight;

/// Writes the forest's sessions that the filters let pass, in tree order.
pub fn list(options: &Options, context: &Context) -> Result<Exit> {
    let rules = Rules::of(options)?;
    let sight = Sight::of(options, lookout::look(options, context)?);
    sight.check_sure()?;
    say::say_listed_doubts(&sight, context);
    let mut output = Output::open(options, context);
    let mut waits = false;
    for &place in &sight.matching.places {
        let node = &sight.forest.nodes[place];
        waits |= node.wait.is_some() || node.blocking > 0;
        output.write(&sight.record(place, &rules))?;
        if let Some(cheaper) = node.cheaper {
            output.know(sight.record(cheaper, &rules));
        }
    }
    output.finish()?;
    Ok(match waits && options.scope.fail_if_blocked {
        true => Exit::Found,
        false => Exit::Ok,
    })
}
