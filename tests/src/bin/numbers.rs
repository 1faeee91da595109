//! A tool that writes numbers as records, for the tests of what all tools do.

#![allow(clippy::panic, clippy::unwrap_used, missing_docs)]

use std::ffi::OsString;
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
.synopsis(&["[--count N] [OPTION]...", "[OPTION]... -"])
.description("Writes the numbers from 1 on, or those that it reads as records.")
.operands("-", "read records from standard input")
.flags(&[
    Flag::value("count", "N", "how many numbers")
        .short('n')
        .default("3"),
    Flag::value("then", "END", "what happens after that")
        .choices(&[
            "end",
            "warn",
            "fail",
            "panic",
            "thread-panic",
            "wait",
            "hang",
        ])
        .default("end"),
    Flag::value(
        "dir",
        "DIR",
        "a folder that is not looked at; it's [not] used: really",
    )
    .repeats(),
])
.connects()
.examples(&[("The first ten", "numbers -n 10")])
.found("there was a warning");

#[derive(Default)]
struct Options {
    count: usize,
    then: String,
    stdin: bool,
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

    fn operand(&mut self, word: OsString) -> Result<()> {
        self.stdin = word == "-";
        match self.stdin {
            true => Ok(()),
            false => Err(Error::usage(format!("{word:?} is not -"))),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Number {
    number: u64,
    text: String,
    half: Option<f64>,
    digits: Vec<u8>,
}

impl Number {
    fn new(number: u64) -> Self {
        let digits = number.to_string().into_bytes();
        Self {
            number,
            text: format!("\"{number}\",\n\u{1b}[1mnumber"),
            half: number.is_multiple_of(2).then_some(number as f64 / 2.0),
            digits: digits.into_iter().map(|digit| digit - b'0').collect(),
        }
    }
}

fn main() -> ExitCode {
    shared::main(&TOOL, run)
}

fn run(options: Options, context: &Context) -> Result<Exit> {
    let mut records = context.records::<Number>();
    let progress = context.progress();
    let _told = Told(context);
    context.note("counting");
    if options.stdin {
        for number in context.read_records::<Number>() {
            records.write(&number?)?;
        }
    } else {
        for number in (1..).take(options.count) {
            progress.show(|| format!("at {number}"));
            records.write(&Number::new(number))?;
        }
    }
    end(&options.then, context)?;
    records.finish()?;
    match context.warnings() {
        0 => Ok(Exit::Ok),
        _ => Ok(Exit::Found),
    }
}

fn end(how: &str, context: &Context) -> Result<()> {
    match how {
        "warn" => context.warn("beware\nof \u{1b}[31mthis"),
        "fail" => return Err(failure()),
        "panic" => panic!("asked\nfor"),
        "thread-panic" => {
            let thread = std::thread::spawn(|| panic!("asked for elsewhere"));
            thread.join().unwrap_or_else(|_| panic!("a thread broke"));
        }
        "hang" => loop {
            std::thread::park();
        },
        "wait" => signals::sleep(Duration::from_secs(600))?,
        _ => {}
    }
    Ok(())
}

fn failure() -> Error {
    Error::new("failed\nas asked")
        .with_detail("first\x1b[31m\nsecond\n")
        .with_hint("ask for something else")
}

/// Shows that clean-up is done however the tool ends.
struct Told<'a>(&'a Context);

impl Drop for Told<'_> {
    fn drop(&mut self) {
        self.0.note("cleaned up");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        cli::check_table::<Options>(&TOOL).unwrap();
    }
}
