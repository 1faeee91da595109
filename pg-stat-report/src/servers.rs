//! Several servers: so many at once, and each as it comes.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use shared::connection::{Conninfo, Console};
use shared::error::Kind;
use shared::units::human_duration;
use shared::{Error, Result, signals, time};

use crate::look::{self, Plan, Seen};
use crate::row::Origin;
use crate::section::Source;
use crate::sections::ping;
use crate::sight::{News, Sight};
use crate::turns::{Turn, Turns};

/// So often it is looked whether a look is over.
pub const GLANCE: Duration = Duration::from_millis(50);

/// So long after the end an answer may be under way.
const GRACE: Duration = Duration::from_secs(1);

/// One that says nothing for so long is waited for beside the others, and the next has its turn.
const SILENCE: Duration = Duration::from_secs(2);

/// All servers, so many at once; in their order.
pub fn look_at_all(targets: &[Conninfo], plan: &Plan, at_once: usize) -> Vec<Result<Seen>> {
    if let [target] = targets {
        return vec![look_in_time(target, plan, None)];
    }
    let turns = &Turns::new(at_once);
    thread::scope(|scope| {
        let begin = |target| {
            let turn = turns.take(&plan.patience);
            turn.map(|turn| scope.spawn(move || look_in_time(target, plan, Some(turn))))
        };
        let looks: Vec<_> = targets.iter().map(begin).collect();
        let end = |(target, look): (&Conninfo, Result<ScopedJoinHandle<'_, _>>)| match look {
            Ok(look) => {
                let died = |_| Err(Error::new("the look at this server broke off"));
                look.join().unwrap_or_else(died)
            }
            Err(error) if error.kind() == Kind::Interrupted => Err(error),
            Err(error) => not_begun(target, plan, error),
        };
        targets.iter().zip(looks).map(end).collect()
    })
}

/// What is seen of a server for which there was no time: nothing, which says nothing of the server.
fn not_begun(target: &Conninfo, plan: &Plan, error: Error) -> Result<Seen> {
    let origin = Origin {
        target: ping::place(target),
        taken_at: time::format(time::now())?,
        is_standby: false,
    };
    let mut sight = Sight::default();
    let database = target.database();
    let source = match Console::is_meant(target) {
        true => Source::Console,
        false => Source::Server,
    };
    sight.take(News::reached(source, Arc::new(origin), database));
    sight.seen(plan, Some(error))
}

/// Several databases of a server may be named: what is of the server is said once.
pub fn one_for_each(all: Vec<Result<Seen>>) -> Vec<Result<Seen>> {
    let mut servers: Vec<Result<Seen>> = Vec::new();
    for looked in all {
        let known = looked.as_ref().ok().and_then(|seen| {
            let mut others = servers.iter_mut().flatten();
            others.find(|other| other.origin.target == seen.origin.target)
        });
        match (known, looked) {
            (Some(known), Ok(seen)) => known.join(seen),
            (_, looked) => servers.push(looked),
        }
    }
    servers
}

/// Looks at one server, and leaves it where it does not answer by the end, or has stopped in the middle: what was
/// seen until then is kept.
fn look_in_time(target: &Conninfo, plan: &Plan, turn: Option<Turn>) -> Result<Seen> {
    let place = ping::place(target);
    let mut plan = plan.clone();
    plan.patience = plan.patience.of_one_server();
    let patience = plan.patience.clone();
    let (sender, receiver) = mpsc::channel();
    let role = target.user();
    plan.report.note(&format!(
        "{place}: connecting as {role}, as {} says",
        target.source()
    ));
    let (target, own_plan) = (target.clone(), plan.clone());
    // One that is left alone ends with the process.
    thread::Builder::new().name("look".into()).spawn(move || {
        let result = look::look(&target, &own_plan, &sender);
        News::Over(result).tell(&sender);
    })?;
    let mut sight = Sight::default();
    let (mut heard, mut turn) = (Instant::now(), turn);
    loop {
        let news = receiver.recv_timeout(GLANCE);
        if let Some(words) = news.as_ref().ok().and_then(News::words) {
            let time = human_duration(heard.elapsed());
            plan.report.note(&format!("{place}: {words} ({time})"));
        }
        match news {
            Ok(news) => match sight.take(news) {
                Some(Ok(())) => return sight.seen(&plan, None),
                Some(Err(error)) => return Err(error),
                None => {
                    heard = Instant::now();
                    continue;
                }
            },
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Error::new("the look at this server broke off"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
        turn = turn.filter(|_| heard.elapsed() < SILENCE);
        if let Err(interrupted) = signals::check() {
            // It has its statement ended on the server, too, if that still listens.
            let _ = receiver.recv_timeout(GRACE);
            return Err(interrupted);
        }
        // The server itself ends statements at that time, and then there is something to show.
        if patience
            .end
            .is_some_and(|end| end + GRACE <= Instant::now())
        {
            let words = format!("{place} did not answer before the end of --deadline");
            return sight.seen(&plan, Some(Error::new(words)));
        }
        if patience.is_lost() {
            let words = format!("{place} has stopped answering in the middle");
            let lost = Error::new(words)
                .with_hint("is its machine frozen, or its process, or the network gone?");
            return sight.seen(&plan, Some(lost));
        }
    }
}
