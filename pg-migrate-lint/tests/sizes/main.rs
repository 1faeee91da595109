//! Linting with `-d`: how great the tables are that a migration names, on a real server.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod gentle;
mod ground;
mod names;
mod output;
mod severity;
mod tables;
