//! pg-migrate-lint as a user sees it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod ground;
mod odd;
mod output;
mod probes;
mod quiet;
