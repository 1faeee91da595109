//! The servers to look at.

use shared::Result;
use shared::cli::Context;
use shared::connection::{ConnectArgs, Conninfo, Environment, Need};

/// What each `-d` leads to, or else what the environment says.
pub fn targets(given: &[String], context: &Context) -> Result<Vec<Conninfo>> {
    let common = &context.common.connect;
    if given.is_empty() {
        return Ok(vec![resolve(common, context)?]);
    }
    let named = given.iter().map(|dbname| ConnectArgs {
        dbname: Some(dbname.clone()),
        ..common.clone()
    });
    named.map(|args| resolve(&args, context)).collect()
}

fn resolve(args: &ConnectArgs, context: &Context) -> Result<Conninfo> {
    let conninfo = Conninfo::resolve(args, &Environment::of_process(), Need::Statements)?;
    for note in conninfo.notes() {
        context.note(note);
    }
    Ok(conninfo)
}
