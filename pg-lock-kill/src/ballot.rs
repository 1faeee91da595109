//! What the user's program (`--exec`) said of whom.

use std::collections::HashSet;

use shared::Result;
use shared::time::Time;

use crate::cases::Case;
use crate::outcome::Outcome;
use crate::run::Run;
use crate::sight::Sight;
use crate::victims::{Identity, identity_of};

/// The answers.
#[derive(Debug, Default)]
pub struct Ballot {
    /// Whom it let pass, and with which statement where that is to be cancelled.
    approved: HashSet<(Identity, Option<Time>)>,
    /// Whom it spared in this look.
    vetoed: Vec<Identity>,
    /// Of whom that was told.
    told: HashSet<Identity>,
    /// Those that it let pass, and nothing was told of yet.
    pending: Vec<Case>,
}

impl Run<'_> {
    /// In a loop the program is asked at each look about those that it spared: "not yet" is an answer, too.
    pub fn ask_again(&mut self) {
        for identity in self.ballot.vetoed.drain(..) {
            self.settled.remove(&identity);
        }
    }

    /// Asks the user's program about those it was not asked about yet; whether there were any: that
    /// takes time, so that one has to look again.
    pub fn put_to_the_vote(&mut self, cases: &mut [Case]) -> Result<bool> {
        if self.veto.is_none() || self.options.manner.dry_run {
            return Ok(false);
        }
        let mut was_asked = false;
        for case in cases.iter_mut().filter(|case| case.is_victim()) {
            if self
                .ballot
                .approved
                .contains(&(case.identity, case.statement()))
            {
                continue;
            }
            was_asked = true;
            self.ask(case)?;
        }
        Ok(was_asked)
    }

    fn ask(&mut self, case: &mut Case) -> Result<()> {
        let Some(veto) = &self.veto else {
            return Ok(());
        };
        let Some(why) = veto.ask(&case.announced())? else {
            let approved = (case.identity, case.statement());
            self.ballot.approved.insert(approved);
            self.ballot.pending.push(case.clone());
            return Ok(());
        };
        case.spare(Outcome::Vetoed, why);
        self.settled.insert(case.identity);
        self.ballot.vetoed.push(case.identity);
        match self.ballot.told.insert(case.identity) {
            true => self.tell(case),
            false => Ok(()),
        }
    }

    /// Of those that the program let pass, and that are no victims any more by then: what they are.
    pub fn tell_departed(&mut self, sight: &Sight, cases: &[Case]) -> Result<()> {
        for mut case in std::mem::take(&mut self.ballot.pending) {
            if cases.iter().any(|other| other.identity == case.identity) {
                continue;
            }
            let (outcome, words) = departed(&case, sight);
            case.spare(outcome, format!("{words} when --exec had decided"));
            let is_same = |(identity, _): &(Identity, Option<Time>)| *identity == case.identity;
            self.ballot.approved.retain(|approved| !is_same(approved));
            self.tell(&case)?;
        }
        Ok(())
    }

    /// Those that are named have their records without that.
    pub fn forget_pending(&mut self) {
        self.ballot.pending.clear();
    }
}

fn departed(case: &Case, sight: &Sight) -> (Outcome, &'static str) {
    let (pid, backend_start, _) = case.identity;
    let mut sessions = sight.snapshot.sessions.iter();
    let found = sessions.find(|one| one.pid == pid && one.backend_start == backend_start);
    match found.map(identity_of) {
        None => (Outcome::GoneAlready, "it had ended"),
        Some(identity) if identity != case.identity => (
            Outcome::Changed,
            "it was in another transaction, or in none,",
        ),
        Some(_) => (Outcome::Changed, "it was not in the way any more"),
    }
}
