//! Sessions that something is done with, from what was planned to their record.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::connection::Session as Connection;
use shared::{Error, Result, signals};

use crate::cli::Manner;
use crate::outcome::Outcome;
use crate::pursuit::{Quarry, pursue};
use crate::record::Record;
use crate::rights::Rights;
use crate::signal::{self, AT_ONCE, Answer, Guard, Passes, Signal};
use crate::victims::{Fate, Identity, Step};

/// A session that something is, or isn't, done with.
#[derive(Debug)]
pub struct Case {
    /// Its place in the forest, if it is there.
    pub node: Option<usize>,
    /// Who it is.
    pub identity: Identity,
    /// How it was seen.
    pub record: Record,
    /// What is done with it.
    pub fate: Fate,
    /// What was done, in this order.
    done: Vec<Signal>,
    /// What is looked for after the last signal.
    quarry: Option<Quarry>,
    /// How it came out, and what there is to say about it.
    outcome: Option<(Outcome, Option<String>)>,
    /// Whether it is still what it was chosen as, but for what it does at the moment.
    is_there: bool,
}

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

impl Case {
    /// Nothing was done yet.
    pub fn new(node: Option<usize>, identity: Identity, record: Record, fate: Fate) -> Self {
        Self {
            node,
            identity,
            record,
            fate,
            done: Vec::new(),
            quarry: None,
            outcome: None,
            is_there: false,
        }
    }

    /// How it was, and what is to be done: what the program of `--exec` gets.
    pub fn announced(&self) -> Record {
        Record {
            action: self.wanted(),
            ..self.record.clone()
        }
    }

    /// It is let go.
    pub fn spare(&mut self, outcome: Outcome, why: String) {
        self.fate = Fate::Spared(outcome, why);
    }

    /// Whether it is signalled.
    pub fn is_victim(&self) -> bool {
        matches!(self.fate, Fate::Signal(..))
    }

    /// Whether it was signalled, or would have been.
    pub fn was_chosen(&self) -> bool {
        self.was_signalled() || matches!(self.outcome, Some((Outcome::DryRun, _)))
    }

    /// Whether it needs no more looking after: one that was something else is looked at anew.
    pub fn is_settled(&self) -> bool {
        let outcome = self.told().map(|(_, outcome)| outcome);
        outcome.is_some_and(|outcome| outcome != Outcome::Changed)
    }

    /// Whether it was to end, is still there, and so is why.
    pub fn is_left(&self, outcome: Outcome) -> bool {
        let blocks = self.record.blocking > 0;
        outcome.is_left(blocks) || outcome == Outcome::Changed && self.is_there && blocks
    }

    fn was_signalled(&self) -> bool {
        !self.done.is_empty()
    }

    /// Its role; none for autovacuum.
    fn role(&self) -> Option<String> {
        self.record.user.clone()
    }

    fn wanted(&self) -> Option<String> {
        let Fate::Signal(step, _) = &self.fate else {
            return None;
        };
        Some(words(match step {
            Step::Cancel => &[Signal::Cancel],
            Step::Terminate => &[Signal::Terminate],
            Step::Escalate => &[Signal::Cancel, Signal::Terminate],
        }))
    }

    /// How it came out, where it did: nothing is told of one that was not come to.
    pub fn told(&self) -> Option<(Record, Outcome)> {
        let (outcome, message) = match (&self.outcome, &self.fate) {
            (Some(outcome), _) => outcome.clone(),
            (None, Fate::Spared(outcome, why)) => (*outcome, Some(why.clone())),
            (None, Fate::Signal(..)) if self.was_signalled() => (Outcome::StillAlive, None),
            (None, Fate::Signal(..)) => return None,
        };
        let action = match outcome {
            Outcome::DryRun => self.wanted(),
            _ => self.was_signalled().then(|| words(&self.done)),
        };
        let record = Record {
            action,
            result: Some(outcome.to_string()),
            message,
            ..self.record.clone()
        };
        Some((record, outcome))
    }

    fn close(&mut self, outcome: Outcome, message: Option<String>) {
        self.outcome = Some((outcome, message));
    }

    /// Whether its session is ended if its statement's end is not enough.
    fn may_escalate(&self) -> bool {
        let Some(quarry) = self.quarry.as_ref().filter(|_| self.outcome.is_none()) else {
            return false;
        };
        quarry.signal == Signal::Cancel && matches!(self.fate, Fate::Signal(Step::Escalate, _))
    }

    /// The signal that comes next, and what must still hold then.
    fn shot(&self) -> Option<(Guard, Signal)> {
        let Fate::Signal(step, guard) = &self.fate else {
            return None;
        };
        if self.was_signalled() {
            return self
                .may_escalate()
                .then(|| (guard.without_statement(), Signal::Terminate));
        }
        let signal = match step {
            Step::Terminate => Signal::Terminate,
            Step::Cancel | Step::Escalate => Signal::Cancel,
        };
        Some((guard.clone(), signal))
    }

    /// The server may have done it before the answer was lost.
    fn lost(&mut self, signal: Signal, error: &Error) {
        self.done.push(signal);
        let words = "it was being signalled, and may have ended: ";
        let words = format!("{words}{}", error.in_one_line());
        self.close(Outcome::StillAlive, Some(words));
    }

    fn answered(&mut self, (guard, signal): (Guard, Signal), answer: Answer) {
        let is_second = self.was_signalled();
        let before = self.quarry.as_ref();
        let still_blocks = before.is_some_and(|quarry| quarry.blocked && quarry.statement_is_over);
        let (outcome, words) = match answer {
            Answer::Sent => {
                self.done.push(signal);
                let blocked = self.record.blocking > 0;
                self.quarry = Some(Quarry::new(guard, signal, blocked));
                return;
            }
            Answer::Gone if is_second => (Outcome::Ended, None),
            Answer::Gone => (Outcome::GoneAlready, None),
            Answer::Changed(_) | Answer::Active(_) if still_blocks => {
                let words = "its transaction is over, but the session still holds what others wait \
                             for, in a new one or for as long as it lasts";
                (Outcome::StillAlive, Some(words.to_string()))
            }
            Answer::Changed(_) | Answer::Active(_) if is_second => {
                let words = "its transaction is over; the session goes on";
                (Outcome::Ended, Some(words.to_string()))
            }
            Answer::Changed(how) => (Outcome::Changed, Some(how.to_string())),
            Answer::Active(how) => {
                self.is_there = true;
                (Outcome::Changed, Some(how.to_string()))
            }
            Answer::Protected => {
                let words = "the server says that it is not what it seemed to be";
                (Outcome::Protected, Some(words.to_string()))
            }
            Answer::Denied(words) => (Outcome::Denied, Some(words)),
        };
        self.close(outcome, words);
    }

    /// Its time is over, and it is still there.
    fn give_up(&mut self) {
        let Some(quarry) = self.quarry.as_ref().filter(|_| self.outcome.is_none()) else {
            return;
        };
        let words = match (quarry.signal, quarry.statement_is_over) {
            (Signal::Cancel, true) => {
                "its statement is cancelled, but what others wait for is still locked, as it is when \
                 it was locked before a savepoint: --terminate ends the session"
            }
            (Signal::Cancel, false) => "its statement goes on: --terminate ends the session",
            (Signal::Terminate, _) => {
                "it was told to end and has not: is it stopped, or does it wait for the disk?"
            }
        };
        self.close(Outcome::StillAlive, Some(words.into()));
    }
}

fn words(signals: &[Signal]) -> String {
    let words = signals.iter().map(|signal| match signal {
        Signal::Cancel => "cancel",
        Signal::Terminate => "terminate",
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Refuses where we may end none of them; those that we may not end among others are spared.
pub fn check_rights(connection: &mut Connection, cases: &mut [Case]) -> Result<()> {
    let victims = || cases.iter().filter(|case| case.is_victim());
    let roles: BTreeSet<Option<String>> = victims().map(Case::role).collect();
    if roles.is_empty() {
        return Ok(());
    }
    let rights = Rights::of(connection, &roles)?;
    let own = connection.user().to_string();
    let refusals = roles.iter().filter_map(|role| rights.refusal(role, &own));
    let refusals: Vec<_> = refusals.collect();
    if let Some(first) = refusals.first().filter(|_| refusals.len() == roles.len()) {
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
        case.close(Outcome::DryRun, None);
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

/// Sends each of them its next signal, in their order.
fn send_to_all<'a>(
    connection: &mut Connection,
    cases: impl IntoIterator<Item = &'a mut Case>,
    passes: Passes,
) -> Result<()> {
    let shots = cases
        .into_iter()
        .filter_map(|case| Some((case.shot()?, case)));
    let mut shots: Vec<((Guard, Signal), &mut Case)> = shots.collect();
    for some in shots.chunks_mut(AT_ONCE) {
        signals::check()?;
        let sent: Vec<(Guard, Signal)> = some.iter().map(|(shot, _)| shot.clone()).collect();
        let answers = match signal::send(connection, &sent, passes) {
            Ok(answers) => answers,
            Err(error) => {
                for ((_, signal), case) in some {
                    case.lost(*signal, &error);
                }
                return Err(error);
            }
        };
        for (((_, case), shot), answer) in some.iter_mut().zip(sent).zip(answers) {
            case.answered(shot, answer);
        }
    }
    Ok(())
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
