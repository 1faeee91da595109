//! What a rehearsal leaves alone where only a database was declared disposable: roles, other databases, the server's
//! configuration and files, other servers.
//!
//! Three look after it, because none sees all:
//!
//! - [`refuse`], before anything is run: what each statement says and has run, as [`crate::reach`] tells it.
//! - [`Guard`], after each statement and before its transaction ends: a lock that only who writes takes, on a relation
//!   that all databases share or on a foreign table. What was done is taken back.
//! - [`Census`], before and after all: what has no transaction, such as a replication slot, or was committed by a
//!   procedure. That can only be told.
//!
//! Nobody sees files and connections that code opens for which a superuser runs it, and sessions that it ends: a role
//! without such rights is the server's own guard.

mod census;
mod guard;

use postgres::Client;
use shared::{Context as _, Error, Result};

use crate::apply::Script;
use crate::reach::{Bounds, Called, Said};
pub use census::Census;
pub use guard::Guard;

/// What may help.
pub const HINT: &str =
    "--yes-disposable-server declares all of it; without -d a throw-away server is used";

/// Refuses scripts of which something reaches beyond the database of a session.
///
/// # Errors
/// Names the first such statement; or where the server does not answer.
pub fn refuse(scripts: &[&Script], client: &mut Client) -> Result<()> {
    let mut bounds = Bounds::ask(client)?;
    let mut called = Called::default();
    let mut all = Vec::new();
    for script in scripts {
        for step in &script.steps {
            let said = Said::of_statement(&step.text, &bounds);
            if let Some(what) = &said.reaches {
                return Err(error(script, step.place.start, what));
            }
            bounds.foreign.extend(said.foreign.iter().cloned());
            called.know(&said);
            all.push((script, step.place.start, said));
        }
    }
    for (script, start, said) in &all {
        if let Some(what) = called.reached_by(said, &bounds) {
            return Err(error(script, *start, &what));
        }
    }
    match called
        .reached_by_itself(&bounds)
        .filter(|_| !all.is_empty())
    {
        Some(what) => Err(Error::new(beyond(&what)).with_hint(HINT)),
        None => Ok(()),
    }
}

fn error(script: &Script, start: usize, what: &str) -> Error {
    let (path, line) = (&script.source.path, script.source.lines().line(start));
    Error::new(format!("{path}:{line}: {}", beyond(what))).with_hint(HINT)
}

/// That something reaches beyond the database, in words.
fn beyond(what: &str) -> String {
    format!("{what} reaches beyond the database, which alone was declared disposable")
}

/// That something beyond the database is not what it was before, if anything is.
pub fn changed(changes: &[String]) -> Option<Error> {
    let words = changes.join(", ");
    let error = Error::new(format!(
        "beyond the database that was declared disposable, {words}"
    ))
    .with_detail(
        "a migration did it in a way that could not be seen before, or somebody else did meanwhile",
    );
    (!changes.is_empty()).then_some(error)
}

/// That nobody can say whether it is.
pub fn unseen(error: Error) -> Error {
    let words =
        "whether all beyond the database that was declared disposable is as it was is not known";
    let failed: Result<()> = Err(error);
    let failed = failed.context(|| words.to_string());
    failed.err().unwrap_or_else(Error::interrupted)
}
