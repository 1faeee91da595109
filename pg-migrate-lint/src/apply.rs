//! Migrations run on a server the way their framework would run them: which statements share a transaction,
//! which session they are sent in, what the runner replaces before it sends a file.
//!
//! - [`Script`]: a part of a migration, up or down, read and cut into [`Step`]s; what only psql or a framework's own
//!   templates could make of it is refused in words.
//! - [`Runner`]: a session, opened when first needed and again where a migration has ended it, that runs scripts and
//!   says where one failed, in the server's words.
//! - [`Watcher`]: who looks on; [`Unwatched`] where nobody does.
//! - [`Ground`]: a throw-away server to run them on.
//!
//! All of a project up, one of its migrations down, and up again:
//!
//! ```ignore
//! let ground = Ground::start(options.wanted_major(), None, context)?;
//! let database = ground.database("rehearsal")?;
//! let mut runner = Runner::new(Box::new(|| ground.open(&database)), limit);
//! for migration in &project.migrations {
//!     if let Some(failure) = runner.run(&Script::up(project.layout, migration, options)?, &mut Unwatched)? {
//!         return Err(failure.into());
//!     }
//! }
//! runner.run(&Script::down(project.layout, migration, options)?, &mut Unwatched)?;
//! runner.run(&Script::up(project.layout, migration, options)?, &mut Unwatched)?;
//! ```
//!
//! A statement is sent by itself, in the simple protocol, also where the framework sends a whole file as one string:
//! the transaction that the server would make of the string is begun and ended around its statements, so that each
//! has a place and a time of its own. The framework's own history table is not written.

mod connection;
mod failure;
mod ground;
mod limit;
mod outside;
mod rows;
mod runner;
mod script;
mod step;
mod template;

#[cfg(test)]
mod tests;

pub use connection::Connection;
pub use failure::{Failure, Refusal};
pub use ground::Ground;
pub use outside::refuse as refuse_outside;
#[cfg_attr(not(test), allow(unused_imports))]
pub use runner::Unwatched;
pub use runner::{Opener, Runner, Watcher};
pub use script::Script;
pub use step::{Sort, Step};
pub use template::command_of_psql;
