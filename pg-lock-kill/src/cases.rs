//! Sessions that something is done with, from what was planned to their record.

mod carry;

use shared::Error;
use shared::time::Time;

use crate::outcome::Outcome;
use crate::pursuit::Quarry;
use crate::record::Record;
use crate::signal::{Answer, Guard, Signal};
use crate::victims::{Fate, Identity, Step};

pub use carry::{Way, carry_out, check_rights, rehearse};

/// A session that something is, or isn't, done with.
#[derive(Debug, Clone)]
pub struct Case {
    /// Its place in the forest, if it is there.
    pub node: Option<usize>,
    /// Who it is.
    pub identity: Identity,
    /// How it was seen.
    pub record: Record,
    /// What is done with it.
    pub fate: Fate,
    /// Whether it was named, and not only matches.
    pub is_named: bool,
    /// On what it depends that it is signalled, in words.
    pub proviso: Option<&'static str>,
    /// What was done, in this order.
    done: Vec<Signal>,
    /// What is looked for after the last signal.
    quarry: Option<Quarry>,
    /// How it came out, and what there is to say about it.
    outcome: Option<(Outcome, Option<String>)>,
    /// Whether it is still what it was chosen as, but for what it does at the moment.
    pub is_there: bool,
}

impl Case {
    /// Nothing was done yet.
    pub fn new(node: Option<usize>, identity: Identity, record: Record, fate: Fate) -> Self {
        Self {
            node,
            identity,
            record,
            fate,
            is_named: false,
            proviso: None,
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

    /// When the statement began that is to be cancelled, and no other.
    pub fn statement(&self) -> Option<Time> {
        match &self.fate {
            Fate::Signal(_, guard) => guard.query_start,
            Fate::Spared(..) => None,
        }
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
        let waits = self.record.blocked_by.is_some() || self.record.waiting_seconds.is_some();
        outcome.is_left(self.is_named || blocks || waits)
            || outcome == Outcome::Changed && self.is_there && blocks
    }

    /// Whether it was ended, and nobody goes on by that.
    pub fn is_in_vain(&self) -> bool {
        self.was_chosen() && self.record.blocking > 0 && self.record.frees == 0
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
        // Who was named was ended though that frees nobody.
        let message = message.or_else(|| self.record.message.clone().filter(|_| self.is_in_vain()));
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
            Answer::Changed(_) | Answer::Active(_) | Answer::Waitless if still_blocks => {
                let words = "its transaction is over, but the session still holds what others wait \
                             for, in a new one or for as long as it lasts";
                (Outcome::StillAlive, Some(words.to_string()))
            }
            Answer::Changed(_) | Answer::Active(_) | Answer::Waitless if is_second => {
                let words = "its transaction is over; the session goes on";
                (Outcome::Ended, Some(words.to_string()))
            }
            Answer::Changed(how) => (Outcome::Changed, Some(how.to_string())),
            Answer::Waitless => {
                self.is_there = true;
                (Outcome::Changed, Some("it waits no more".to_string()))
            }
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
