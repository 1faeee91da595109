//! `--status` and `--pending` on real servers, with history tables as each framework makes them.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod checksums;
mod configured;
mod flyway;
mod ground;
mod journal;
mod one_number;
mod pending;
mod place;
mod refused;
mod versions;
mod whose;
