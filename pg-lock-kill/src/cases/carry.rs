//! What is planned is carried out: signals are sent, and it is looked what comes of them.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::{Result, signals};

use super::Case;
use crate::cli::Manner;
use crate::connection::Connection;
use crate::outcome::Outcome;
use crate::pursuit::{Quarry, pursue};
use crate::rights::Rights;
use crate::signal::{self, AT_ONCE, Answer, Guard, Passes, Signal};
use crate::victims::Identity;

/// A look for a deadlock takes less.
const MOMENT: Duration = Duration::from_millis(10);

/// What must hold, and what is sent then.
type Shot = (Guard, Signal);

/// How it is to be done.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// How long a victim may take to be gone.
    pub grace: Duration,
    /// How long a cancelled statement may go on before its session is ended.
    pub escalates_after: Duration,
    /// Whom the server lets pass.
    pub passes: Passes,
    /// Only say what would be done.
    pub dry_run: bool,
}

impl Way {
    /// Of the command line.
    pub fn of(manner: &Manner, escalates_after: Option<Duration>, passes: Passes) -> Self {
        Self {
            grace: manner.grace,
            escalates_after: escalates_after.unwrap_or(manner.grace),
            passes,
            dry_run: manner.dry_run,
        }
    }
}

/// Refuses where we may end none of them, and none was ended; those that we may not end among others are
/// spared.
pub fn check_rights(connection: &mut Connection, cases: &mut [Case], is_first: bool) -> Result<()> {
    let victims = || cases.iter().filter(|case| case.is_victim());
    let roles: BTreeSet<Option<String>> = victims().map(Case::role).collect();
    if roles.is_empty() {
        return Ok(());
    }
    let rights = Rights::of(connection, &roles)?;
    let own = connection.user().to_string();
    let refusals = roles.iter().filter_map(|role| rights.refusal(role, &own));
    let refusals: Vec<_> = refusals.collect();
    let ends_none = is_first && refusals.len() == roles.len();
    if let Some(first) = refusals.first().filter(|_| ends_none) {
        return Err(first.clone());
    }
    for case in cases.iter_mut().filter(|case| case.is_victim()) {
        if let Some(refusal) = rights.refusal(&case.role(), &own) {
            let hint = refusal.hint().map(|hint| format!(": {hint}"));
            let words = format!("{}{}", refusal.message(), hint.unwrap_or_default());
            case.spare(Outcome::Denied, words);
        }
    }
    Ok(())
}

/// Does nothing, and says so.
pub fn rehearse(cases: &mut [Case]) {
    for case in cases.iter_mut().filter(|case| case.is_victim()) {
        case.close(Outcome::DryRun, case.proviso.map(str::to_string));
    }
}

/// Does it, and looks what comes of it. After an error what was done can still be told.
pub fn carry_out(connection: &mut Connection, cases: &mut [Case], way: &Way) -> Result<()> {
    if way.dry_run {
        rehearse(cases);
        return Ok(());
    }
    let done = signal_all(connection, cases, way);
    if let Err(error) = &done {
        let left = "it was signalled, and before it was seen to be gone";
        let words = match signals::received() {
            Some(_) => format!("{left} we were told to stop"),
            None => format!("{left}: {}", error.in_one_line()),
        };
        let open = cases.iter_mut().filter(|case| case.was_signalled());
        for case in open.filter(|case| case.outcome.is_none()) {
            case.close(Outcome::StillAlive, Some(words.clone()));
        }
    }
    done
}

fn signal_all(connection: &mut Connection, cases: &mut [Case], way: &Way) -> Result<()> {
    let sent = send_to_all(connection, cases.iter_mut(), way.passes);
    let escalates = cases.iter().any(|case| case.may_escalate());
    let patience = match escalates {
        true => way.escalates_after,
        false => way.grace,
    };
    // Those who got the signal are looked after whatever became of the others.
    let pursued = pursue_all(connection, cases, patience);
    sent.and(pursued)?;
    if escalates {
        // The sessions whose cancelled statement did not help.
        let open = cases.iter_mut().filter(|case| case.may_escalate());
        let sent = send_to_all(connection, open, way.passes);
        let pursued = pursue_all(connection, cases, way.grace);
        sent.and(pursued)?;
    }
    cases.iter_mut().for_each(Case::give_up);
    Ok(())
}

/// Sends each of them its next signal, in their order. The server interrupts a wait for a moment to look for a
/// deadlock: who is said not to wait is asked a second time.
fn send_to_all<'a>(
    connection: &mut Connection,
    cases: impl IntoIterator<Item = &'a mut Case>,
    passes: Passes,
) -> Result<()> {
    let shots = cases
        .into_iter()
        .filter_map(|case| Some((case.shot()?, case)));
    let mut shots: Vec<(Shot, &mut Case)> = shots.collect();
    let mut doubtful = Vec::new();
    for some in shots.chunks_mut(AT_ONCE) {
        doubtful.extend(send(connection, some, passes, true)?);
    }
    if doubtful.is_empty() {
        return Ok(());
    }
    signals::sleep(MOMENT)?;
    shots.retain(|(_, case)| doubtful.contains(&case.identity));
    for some in shots.chunks_mut(AT_ONCE) {
        send(connection, some, passes, false)?;
    }
    Ok(())
}

/// Sends these theirs together; who is to be asked again.
fn send(
    connection: &mut Connection,
    shots: &mut [(Shot, &mut Case)],
    passes: Passes,
    may_ask_again: bool,
) -> Result<Vec<Identity>> {
    signals::check()?;
    let sent: Vec<Shot> = shots.iter().map(|(shot, _)| shot.clone()).collect();
    let answers = match signal::send(connection, &sent, passes) {
        Ok(answers) => answers,
        Err(error) => {
            for ((_, signal), case) in shots {
                case.lost(*signal, &error);
            }
            return Err(error);
        }
    };
    let mut doubtful = Vec::new();
    for (((_, case), shot), answer) in shots.iter_mut().zip(sent).zip(answers) {
        match answer {
            Answer::Waitless if may_ask_again => doubtful.push(case.identity),
            answer => case.answered(shot, answer),
        }
    }
    Ok(doubtful)
}

/// Looks after all that were signalled and of whom nothing is known yet.
fn pursue_all(connection: &mut Connection, cases: &mut [Case], patience: Duration) -> Result<()> {
    let open = cases.iter_mut().filter(|case| case.outcome.is_none());
    let mut chased: Vec<&mut Quarry> = open.filter_map(|case| case.quarry.as_mut()).collect();
    if chased.is_empty() {
        return Ok(());
    }
    let mut pursued = pursue(connection, &mut chased, patience);
    if signals::received().is_some() {
        // One last look; a signal does not take back what was done.
        let last = signals::clean_up(|| pursue(connection, &mut chased, Duration::ZERO));
        pursued = pursued.and(last);
    }
    for case in cases.iter_mut().filter(|case| case.outcome.is_none()) {
        case.outcome = case
            .quarry
            .as_mut()
            .and_then(|quarry| quarry.outcome.take());
    }
    pursued
}
