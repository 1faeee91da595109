//! The servers to look at.

use shared::Result;
use shared::cli::Context;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need};

use crate::cli::Options;

/// What each `-d` leads to, or else what the environment says.
///
/// None is waited for longer than a section may take: one that says nothing would hold up the run.
pub fn targets(options: &Options, context: &Context) -> Result<Vec<Conninfo>> {
    let common = &context.common.connect;
    let named = options.targets.iter().map(|dbname| ConnectArgs {
        dbname: Some(dbname.clone()),
        ..common.clone()
    });
    let mut named: Vec<ConnectArgs> = named.collect();
    if named.is_empty() {
        named.push(common.clone());
    }
    let targets = named.iter().map(|args| resolve(args, context));
    let in_time = |target: Conninfo| target.with_patience(options.timeout);
    targets.map(|target| target.map(in_time)).collect()
}

fn resolve(args: &ConnectArgs, context: &Context) -> Result<Conninfo> {
    let conninfo = Conninfo::resolve(args, &Environment::of_process(), Need::Statements)?;
    for note in conninfo.notes() {
        context.note(note);
    }
    Ok(conninfo)
}
