//! pg-lock-kill as a user sees it, with sessions that really wait.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod catalogs;
mod choosing;
mod doubts;
mod encodings;
mod ground;
mod guarded;
mod kinds;
mod lasting;
mod links;
mod poolers;
mod random;
mod spared;
mod stage;
mod standbys;
mod statements;
mod steps;
mod trees;
mod watching;
