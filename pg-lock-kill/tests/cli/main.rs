//! pg-lock-kill as a user sees it, with sessions that really wait.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod random;
mod stage;
mod trees;
