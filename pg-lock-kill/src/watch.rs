//! `--watch`: looking again and again. One run of it at a time, over one connection, and a connection
//! that is lost comes back soon or the run ends.

use std::time::{Duration, Instant};

use postgres::types::Type;
use shared::connection::Session as Connection;
use shared::error::Kind;
use shared::{Error, Result, signals};

use crate::act::Source;
use crate::lookout::Lookout;
use crate::run::Run;
use crate::sight::Sight;

/// The key of the lock that says who watches: "pglk", "kill".
const KEY: (i32, i32) = (0x7067_6c6b, 0x6b69_6c6c);

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
    let mut source = begin(run)?;
    let mut failures = 0;
    loop {
        match run.rounds(&mut source) {
            Ok(sight) => {
                failures = 0;
                if is_over(run, &sight) {
                    return Ok(());
                }
            }
            Err(error) => recover(run, &mut source, error, &mut failures, end)?,
        }
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if left == Some(Duration::ZERO) {
            return Ok(());
        }
        signals::sleep(left.map_or(every, |left| left.min(every)))?;
    }
}

fn is_over(run: &Run<'_>, sight: &Sight) -> bool {
    if run.remaining() == 0 {
        let most = run.options.victims.most;
        run.context.warn(format!(
            "{most} were signalled, as many as --max allows: the watch is over"
        ));
        return true;
    }
    let is_clear = match run.options.scope.sessions {
        true => sight.matching.is_empty(),
        false => sight.waiting().is_empty(),
    };
    run.options.watch.on_clear && is_clear
}

/// Connects, and makes sure that nobody else does the same.
fn begin(run: &Run<'_>) -> Result<Source> {
    let mut lookout = Lookout::open(run.options, run.context)?;
    lookout.connection().require_session()?;
    if !run.options.manner.dry_run {
        claim(lookout.connection())?;
    }
    Ok(Source::of(lookout))
}

fn claim(connection: &mut Connection) -> Result<()> {
    let query = include_str!("../sql/claim.sql");
    let key: [(&(dyn postgres::types::ToSql + Sync), Type); 2] =
        [(&KEY.0, Type::INT4), (&KEY.1, Type::INT4)];
    let row = connection.client().query_typed_one(query, &key)?;
    let other: Option<i32> = row.try_get("other")?;
    if row.try_get("is_ours")? && other.is_none() {
        return Ok(());
    }
    let other = other.map(|pid| format!(": session {pid}"));
    Err(Error::new(format!(
        "another pg-lock-kill watches this server already{}",
        other.unwrap_or_default()
    ))
    .with_hint("two of them would end more than either is allowed to"))
}

/// After a failure: the loop may go on if the connection is there, or comes back soon.
fn recover(
    run: &Run<'_>,
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
        Source::Server { lookout, .. } => lookout.connection().client().is_closed(),
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
        if end.is_some_and(|end| Instant::now() >= end) {
            return Err(last);
        }
        signals::sleep(Duration::from_secs(*pause))?;
        if !is_lost {
            return Ok(());
        }
        match begin(run) {
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
