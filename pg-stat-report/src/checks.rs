//! All checks, the worst first: one file each.

pub mod activity;
pub mod connections;
pub mod replication;
pub mod slots;
pub mod wal;
pub mod wraparound;

use shared::cli::suggest::nearest;
use shared::{Error, Result};

use crate::check::Check;

/// All of them.
pub const CHECKS: &[&Check] = &[
    &connections::CHECK,
    &activity::IDLE_IN_TRANSACTION,
    &activity::LONG_TRANSACTIONS,
    &activity::LONG_QUERIES,
    &activity::PREPARED_TRANSACTIONS,
    &activity::XMIN_HORIZON,
    &wraparound::WRAPAROUND,
    &wraparound::MULTIXACTS,
    &wraparound::FREEZING,
    &replication::LAG,
    &replication::LAG_BYTES,
    &replication::STANDBY,
    &replication::SUBSCRIPTIONS,
    &slots::RETAINED,
    &slots::INACTIVE,
    &wal::ARCHIVING,
    &wal::READY,
    &wal::DIRECTORY,
];

/// The check of this name.
pub fn find(name: &str) -> Result<&'static Check> {
    let found = CHECKS.iter().find(|check| check.name == name);
    found.copied().ok_or_else(|| {
        let error = Error::usage(format!("there is no check {name:?}"));
        match nearest(name, CHECKS.iter().map(|check| check.name)) {
            Some(near) => error.with_hint(format!("did you mean {near}?")),
            None => error.with_hint("--list-checks names them"),
        }
    })
}
