//! `--watch`: looking again and again. One run of it at a time, over one connection, and a connection
//! that is lost comes back soon or the run ends.

use std::time::{Duration, Instant};

use shared::error::Kind;
use shared::units::human_duration;
use shared::{Error, Result, signals};

use crate::act::Source;
use crate::claim::claim;
use crate::lookout::Lookout;
use crate::rounds::{BETWEEN_LOOKS, PATIENCE};
use crate::run::Run;
use crate::sight::Sight;

/// How long until the next attempt to connect, each time.
const PAUSES: [u64; 5] = [1, 2, 4, 8, 16];

/// The server ended our session, or is starting or stopping; the connection may not be closed yet.
const LOST: [&str; 3] = ["57P01", "57P02", "57P03"];

/// A statement of ours that took too long, for itself or for a lock: the next look may do better.
const PASSING: [&str; 2] = ["57014", "55P03"];

/// Looks and ends until time is over, nobody waits any more, or as many as allowed were ended.
pub fn watch(run: &mut Run<'_>) -> Result<()> {
    let (every, lasting) = (run.options.watch.every, run.options.watch.lasting);
    let every = every.unwrap_or_default();
    let end = lasting.and_then(|lasting| Instant::now().checked_add(lasting));
    let mut source = begin(run, end)?;
    let mut failures = 0;
    let mut is_clear = false;
    loop {
        match run.rounds(&mut source) {
            Ok(sight) => {
                failures = 0;
                is_clear = is_clear_now(run, &sight);
                run.has_looked = true;
            }
            Err(error) => recover(run, &mut source, error, &mut failures, end)?,
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if run.remaining() == 0 {
            return use_up(run, &mut source, left);
        }
        if run.options.watch.on_clear && is_clear {
            return Ok(());
        }
        if left == Some(Duration::ZERO) {
            run.is_unclear = run.options.watch.on_clear;
            return Ok(());
        }
        signals::sleep(left.map_or(every, |left| left.min(every)))?;
    }
}

/// As many were signalled as may be; with `--on-clear` it is looked whether that was enough.
fn use_up(run: &mut Run<'_>, source: &mut Source, left: Option<Duration>) -> Result<()> {
    let watch = &run.options.watch;
    let until = Instant::now() + PATIENCE;
    let mut is_clear = !watch.on_clear || run.options.manner.dry_run;
    while !is_clear {
        is_clear = is_clear_now(run, &source.look(run.options)?);
        if !is_clear && Instant::now() > until {
            run.is_unclear = true;
            break;
        }
        signals::sleep(BETWEEN_LOOKS)?;
    }
    let left = left.filter(|left| !left.is_zero()).map(human_duration);
    let early = left.map_or_else(String::new, |left| format!(" {left} before its time"));
    let wait = if run.is_unclear {
        ", and some wait still"
    } else {
        ""
    };
    let most = run.options.victims.most;
    let signalled = match (run.options.manner.dry_run, most) {
        (true, _) => "would have been signalled",
        (false, 1) => "was signalled",
        (false, _) => "were signalled",
    };
    run.context.warn(format!(
        "{most} {signalled}, as many as --max allows: the watch is over{early}{wait}"
    ));
    Ok(())
}

fn is_clear_now(run: &Run<'_>, sight: &Sight) -> bool {
    match run.options.scope.sessions {
        true => sight.matching.places.is_empty(),
        false => sight.waiting().is_empty(),
    }
}

/// Connects, and makes sure that nobody else does the same.
fn begin(run: &mut Run<'_>, end: Option<Instant>) -> Result<Source> {
    let mut lookout = Lookout::open(run.options, run.context, end)?;
    lookout
        .connection()
        .ask(|server| server.require_session())?;
    if !run.options.manner.dry_run {
        run.own = Some(claim(lookout.connection(), run.own)?);
    }
    if run.has_looked {
        lookout.keep_nothing();
    }
    Ok(Source::Server(Box::new(lookout)))
}

/// After a failure: the loop may go on if the connection is there, or comes back soon.
fn recover(
    run: &mut Run<'_>,
    source: &mut Source,
    error: Error,
    failures: &mut usize,
    end: Option<Instant>,
) -> Result<()> {
    let is = |states: &[&str]| {
        error
            .sqlstate()
            .is_some_and(|state| states.contains(&state))
    };
    let is_closed = match source {
        Source::Server(lookout) => lookout.connection().is_lost(),
        Source::File(_) => false,
    };
    let is_lost = is_closed || is(&LOST);
    let is_passing = is(&PASSING);
    if error.kind() != Kind::Failure || !(is_lost || is_passing) {
        return Err(error);
    }
    run.context
        .warn(format!("{}; going on", error.in_one_line()));
    let mut last = error;
    while let Some(pause) = PAUSES.get(*failures) {
        *failures += 1;
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Err(last);
        }
        let pause = Duration::from_secs(*pause);
        signals::sleep(left.map_or(pause, |left| left.min(pause)))?;
        if !is_lost {
            return Ok(());
        }
        match begin(run, end) {
            Ok(again) => {
                *source = again;
                return Ok(());
            }
            Err(error) if error.kind() != Kind::Failure => return Err(error),
            Err(error) => last = error,
        }
    }
    Err(last)
}
