//! Take PostgreSQL backups and keep the right ones.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]
#![allow(dead_code)]
mod gzip;
mod retention;

fn main() {}
