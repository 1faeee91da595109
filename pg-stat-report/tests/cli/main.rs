//! pg-stat-report as a user sees it, on servers that are really in such a state.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod advice;
mod answers;
mod configuration;
mod counters;
mod design;
mod disasters;
mod drift;
mod earlier;
mod formats;
mod ground;
mod indexes;
mod judged_logs;
mod keys;
mod late;
mod locked;
mod locks;
mod logs;
mod many;
mod mode;
mod own;
mod remedies;
mod replicas;
mod rights;
mod schema;
mod servers;
mod service;
mod sessions;
mod sight;
mod sizes;
mod slots;
mod space;
mod states;
mod thresholds;
mod unused;
mod upkeep;
mod vacuum;
mod workload;
