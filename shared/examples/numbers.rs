//! A tool with nothing to do, for the tests of the command line.

#![allow(clippy::panic)]

use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::cli::{self, Context, Flag, Tool, Value};
use shared::{Error, Exit, Result, signals};

const TOOL: Tool = Tool::new(
    "numbers",
    env!("CARGO_PKG_VERSION"),
    "write numbers as records",
)
.synopsis(&["[--count N] [OPTION]..."])
.description("Writes the whole numbers from 1 on, and what their names are.")
.flags(&[
    Flag::value("count", "N", "how many numbers")
        .short('n')
        .default("3"),
    Flag::value("then", "END", "what happens after that")
        .choices(&["end", "find", "fail", "panic", "wait"])
        .default("end"),
    Flag::value("dir", "DIR", "a folder that is not looked at").repeats(),
])
.connects()
.examples(&[("The first ten", "numbers -n 10")]);

#[derive(Default)]
struct Options {
    count: usize,
    then: String,
}

impl cli::Options for Options {
    fn set(&mut self, flag: &str, value: &Value) -> Result<()> {
        match flag {
            "count" => self.count = value.count()?,
            "then" => self.then = value.text()?.to_string(),
            "dir" => {}
            _ => return Err(cli::unhandled(flag)),
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
struct Number {
    number: usize,
    text: String,
}

fn main() -> ExitCode {
    shared::main(&TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    let mut records = context.records::<Number>();
    for number in 1..=options.count {
        signals::check()?;
        records.write(&Number {
            number,
            text: format!("number {number}"),
        })?;
    }
    match options.then.as_str() {
        "find" => context.warn("something was found\nhere"),
        "fail" => return Err(Error::new("failed").with_hint("ask for something else")),
        "panic" => panic!("asked for"),
        "wait" => signals::sleep(Duration::from_secs(600))?,
        _ => {}
    }
    records.finish()?;
    match context.warnings() {
        0 => Ok(Exit::Ok),
        _ => Ok(Exit::Found),
    }
}
