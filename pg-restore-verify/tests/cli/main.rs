//! pg-restore-verify as a user sees it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod backups;
mod damaged;
mod faults;
mod healthy;
mod selection;
