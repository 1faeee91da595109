//! `main` of every tool: parse, run, say what went wrong, and end as the
//! contract of the tools has it.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use signal_hook::consts::SIGPIPE;

use crate::cli::{self, Options, Parsed, Tool};
use crate::error::Kind;
use crate::message::Report;
use crate::records::Stdout;
use crate::{Error, Exit, Result, signals};

/// Where and why the program broke, from the first panic of any thread.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs a tool. Status 0 or 1 as `run` says, 2 for any error. Whoever reads
/// stdout may go away at any time: that ends the tool quietly, by SIGPIPE, so that
/// no pipeline takes it for a success. After a signal the process dies by that
/// signal once `run` has returned.
pub fn main<O: Options>(
    tool: &'static Tool,
    run: fn(O, &cli::Context) -> Result<Exit>,
) -> ExitCode {
    catch_panics();
    let report = Report::new(tool.name);
    let words: Vec<_> = std::env::args_os().skip(1).collect();
    let parsed = signals::install().and_then(|()| cli::parse(tool, words.clone()));
    if let (Err(error), Some(refuse)) = (&parsed, tool.refuse)
        && let Some(format) = cli::format_meant(tool, &words)
    {
        refuse(format, error);
    }
    let result = parsed.and_then(|parsed| match parsed {
        Parsed::Print(text) => print(&text),
        Parsed::Run(options, common) => {
            let report = report.with(common.quiet, common.verbose);
            let context = cli::Context::new(tool, common, report);
            job(options, &context, run)
        }
    });
    end(&report, result)
}

fn print(text: &str) -> Result<Exit> {
    let mut stdout = Stdout::open();
    let written = stdout.write_all(text.as_bytes());
    written
        .and_then(|()| stdout.flush())
        .map_err(Error::output)?;
    Ok(Exit::Ok)
}

fn job<O: Options>(
    options: O,
    context: &cli::Context,
    run: fn(O, &cli::Context) -> Result<Exit>,
) -> Result<Exit> {
    let caught = panic::catch_unwind(AssertUnwindSafe(|| run(options, context)));
    caught.unwrap_or_else(|_| Err(broken(context.tool)))
}

fn end(report: &Report, result: Result<Exit>) -> ExitCode {
    if let Some(signal) = signals::received() {
        let name = signals::name(signal);
        report.error(&Error::new(format!("interrupted by {name}")));
        signals::die(signal);
    }
    match result {
        Ok(exit) => exit.into(),
        Err(error) if error.kind() == Kind::BrokenPipe => {
            signals::die(SIGPIPE);
            ExitCode::from(2)
        }
        Err(error) => {
            report.error(&error);
            ExitCode::from(2)
        }
    }
}

/// Keeps a panic's words for [`broken`]; with RUST_BACKTRACE they are printed as
/// usual too.
fn catch_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if std::env::var_os("RUST_BACKTRACE").is_some_and(|wish| wish != "0") {
            usual(info);
        }
        let mut first = PANIC.lock().unwrap_or_else(PoisonError::into_inner);
        let place = info.location().map(|place| format!(" ({place})"));
        let payload = info.payload();
        let owned = payload.downcast_ref::<String>().map(String::as_str);
        let words = owned
            .or(payload.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        first.get_or_insert(format!("{words}{}", place.unwrap_or_default()));
    }));
}

fn broken(tool: &Tool) -> Error {
    let first = PANIC.lock().unwrap_or_else(PoisonError::into_inner).take();
    let words = first.unwrap_or_default();
    Error::new(format!("internal error: {words}")).with_hint(format!(
        "this is a mistake in {} {}: please report it with the command that led to it",
        tool.name, tool.version
    ))
}
