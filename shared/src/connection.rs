//! Connecting to PostgreSQL by libpq's rules: what a connection string, the
//! environment, a service file and a password file say ([`Conninfo`]), and the
//! session that comes of it ([`Session`]).
//!
//! It promises: every parameter that libpq 18 knows is obeyed or refused by
//! name; no attempt takes longer than its deadline; no message, `Debug` output or
//! argument of a child ever holds a password or a piece of one.
//!
//! Deliberate differences from libpq, each for the sake of who runs a tool from
//! cron: parameters that ORMs put into URLs are understood or dropped with a
//! note; a wrong password is never tried a second time, in the clear or on
//! another host; an attempt without `connect_timeout` ends after 30 seconds; a
//! password is never asked for.

mod args;
mod attempts;
mod authority;
mod certificate;
mod children;
mod connect;
mod conninfo;
mod console;
mod deadline;
mod environment;
mod failure;
mod hosts;
mod identity;
mod keyvalue;
mod keywords;
mod orm;
mod passfile;
mod peer;
mod pooler;
mod refusal;
mod roots;
mod service;
mod session;
mod source;
mod startup;
mod target;
mod text;
mod tls;
mod unencoded;
mod uri;
mod verifier;

pub use args::ConnectArgs;
pub use conninfo::Conninfo;
pub use console::{Console, Line};
pub use deadline::within;
pub use environment::Environment;
#[cfg(any(test, fuzzing))]
pub(crate) use passfile::Passfile;
#[cfg(any(test, fuzzing))]
pub(crate) use service::find as in_service_file;
pub use session::{Canceller, Session, SessionOptions};

/// What a tool needs of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Session state that lives on: locks, settings, snapshots, child programs.
    Session,
    /// Single statements, which a pooler in transaction mode serves too.
    Statements,
}
