//! pg-restore-verify as a user sees it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod archives;
mod backups;
mod compressed;
mod damaged;
mod faults;
mod harmless;
mod healthy;
mod manifests;
mod partial;
mod reading;
mod selection;
mod sets;
mod side_by_side;
