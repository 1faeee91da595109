//! Any bytes as a migration: see src/readers.rs.

#![no_main]
#![allow(dead_code)]

#[path = "../../src/ahead.rs"]
mod ahead;
#[path = "../../src/asked.rs"]
mod asked;
#[path = "../../src/baseline.rs"]
mod baseline;
#[path = "../../src/body.rs"]
mod body;
#[path = "../../src/catalogue.rs"]
mod catalogue;
#[path = "../../src/cli.rs"]
mod cli;
#[path = "../../src/code.rs"]
mod code;
#[path = "../../src/config.rs"]
mod config;
#[path = "../../src/decode.rs"]
mod decode;
#[path = "../../src/effects.rs"]
mod effects;
#[path = "../../src/finding.rs"]
mod finding;
#[path = "../../src/fold.rs"]
mod fold;
#[path = "../../src/layout.rs"]
mod layout;
#[path = "../../src/lint.rs"]
mod lint;
#[path = "../../src/listing.rs"]
mod listing;
#[path = "../../src/lock.rs"]
mod lock;
#[path = "../../src/look.rs"]
mod look;
#[path = "../../src/model.rs"]
mod model;
#[path = "../../src/name.rs"]
mod name;
#[path = "../../src/output.rs"]
mod output;
#[path = "../../src/parse.rs"]
mod parse;
#[path = "../../src/pipeline.rs"]
mod pipeline;
#[path = "../../src/record.rs"]
mod record;
#[path = "../../src/report.rs"]
mod report;
#[path = "../../src/rules.rs"]
mod rules;
#[path = "../../src/run.rs"]
mod run;
#[path = "../../src/said.rs"]
mod said;
#[path = "../../src/session.rs"]
mod session;
#[path = "../../src/source.rs"]
mod source;
#[path = "../../src/suppress.rs"]
mod suppress;
#[path = "../../src/tree.rs"]
mod tree;
#[path = "../../src/types.rs"]
mod types;
#[path = "../../src/readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readers::migration(bytes));
