//! The ways back of migrations, on real servers.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod check;
mod drift;
mod ground;
mod plan;
mod rows;
mod server;
