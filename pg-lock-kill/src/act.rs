//! Ending sessions: look, choose, signal, look what came of it, and look again.

use shared::cli::Context;
use shared::{Exit, Result};

use crate::cli::Options;
use crate::forest::Forest;
use crate::lookout::{self, Lookout};
use crate::run::Run;
use crate::sight::Sight;
use crate::snapshot::Snapshot;
use crate::{chosen, watch};

/// Ends who is chosen, as the options say.
pub fn act(options: &Options, context: &Context) -> Result<Exit> {
    let mut run = Run::new(options, context)?;
    if options.watch.every.is_some() {
        watch::watch(&mut run)?;
    } else if options.scope.reads_stdin {
        chosen::end(&mut run)?;
    } else {
        let mut source = Source::open(options, context)?;
        let sight = run.rounds(&mut source)?;
        run.say_nobody(&sight);
    }
    run.finish()
}

/// Where snapshots come from.
pub enum Source {
    /// A server.
    Server(Box<Lookout>),
    /// A file: the same one again and again.
    File(Box<(Snapshot, Forest)>),
}

impl Source {
    /// Connects, or reads the file.
    pub fn open(options: &Options, context: &Context) -> Result<Self> {
        Ok(match &options.scope.snapshot {
            Some(path) => Self::File(Box::new(lookout::load(path, context.report())?)),
            None => Self::Server(Box::new(Lookout::open(options, context, None)?)),
        })
    }

    /// Looks.
    pub fn look(&mut self, options: &Options) -> Result<Sight> {
        let seen = match self {
            Self::Server(lookout) => lookout.look()?,
            Self::File(seen) => <(Snapshot, Forest)>::clone(seen),
        };
        let sight = Sight::of(options, seen);
        // A loop says so, and goes on with the others.
        if options.watch.every.is_none() {
            sight.check_sure()?;
        }
        Ok(sight)
    }
}
