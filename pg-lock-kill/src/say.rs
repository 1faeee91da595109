//! What a run says on stderr, where silence would be taken for something else.

use std::collections::HashSet;

use shared::cli::Context;

use crate::cases::Case;
use crate::hint::Hint;
use crate::record::Record;
use crate::run::Run;
use crate::sight::Sight;
use crate::victims::{Identity, identity};

impl Run<'_> {
    /// The program of `--exec` was asked again and again, and always about others.
    pub fn say_undecided(&self) {
        self.context
            .warn("nobody was ended: each time --exec had decided, others were in the way");
    }

    /// In a loop, once: who is passed over because it can't be said whether they match.
    pub fn say_unsure(&mut self, sight: &Sight) {
        let Err(error) = sight.check_sure() else {
            return;
        };
        if !std::mem::replace(&mut self.is_unsure, true) {
            let words = error.in_one_line();
            self.context.warn(format!("{words}; they are left alone"));
        }
    }

    /// Once: who is left alone because it is not known whether the filters mean them.
    pub fn say_doubts(&mut self, sight: &Sight, cases: &[Case]) {
        let doubts = &sight.matching.doubts;
        let doubted = cases.iter().filter_map(|case| {
            let why = doubts.get(&case.node?)?;
            Some((case.identity, case.record.pid, why))
        });
        let doubted: Vec<_> = doubted
            .filter(|(identity, ..)| self.doubted.insert(*identity))
            .collect();
        if let Some((_, pid, why)) = doubted.first() {
            let left = others("is left alone", "are left alone", doubted.len());
            self.context.warn(format!("{pid}{left}: {why}"));
        }
    }

    /// More of them match than may be ended.
    pub fn say_beyond(&self, beyond: usize) {
        let is_used_up = self.options.manner.dry_run || self.remaining() == 0;
        if beyond > 0 && is_used_up {
            let most = self.options.victims.most;
            let match_and = if beyond == 1 {
                "matches and is"
            } else {
                "match and are"
            };
            self.context.warn(format!(
                "{beyond} more {match_and} left alone: --max {most}"
            ));
        }
    }

    /// Those who got what they waited for by the end of others are no victims; who waits for them waits on.
    pub fn say_who_is_next(&self, sight: &Sight, waited: &HashSet<Identity>) {
        if self.ended() == 0 || self.options.watch.every.is_some() {
            return;
        }
        for node in &sight.forest.nodes {
            let is_next = node.wait.is_none()
                && node.blocking > 0
                && waited.contains(&identity(&sight.snapshot, node.who));
            if is_next {
                let (blocking, pid) = (node.blocking, node.who.pid(&sight.snapshot));
                let wait = if blocking == 1 { "waits" } else { "wait" };
                self.context.warn(format!(
                    "{blocking} {wait} for {pid} now, which has only got its lock by that, and is left alone"
                ));
            }
        }
    }

    /// A victim in whose place another one's end would do as well.
    pub fn say_cheaper(&self, sight: &Sight, cases: &[Case]) {
        let is_victim = |pid| cases.iter().any(|case| case.record.pid == pid);
        for case in cases.iter().filter(|case| case.is_victim()) {
            let cheaper = case.record.cheaper_pid;
            if let Some(pid) = cheaper.filter(|pid| !is_victim(*pid)) {
                let seen = sight
                    .place_of(pid)
                    .map(|place| sight.record(place, &self.rules));
                self.context.warn(format!(
                    "the end of {pid} would free about as many as that of {}, and lose less: {}",
                    case.record.pid,
                    Hint::of(self.options, self.context).to_end(pid, seen.as_ref())
                ));
            }
        }
    }

    /// With -v: whom it signals, and why.
    pub fn note_victims(&self, cases: &[Case]) {
        for case in cases.iter().filter(|case| case.is_victim()) {
            let record = &case.record;
            let name = |name: &Option<String>| name.clone().unwrap_or_default();
            let action = case.announced().action.unwrap_or_default();
            self.context.note(format!(
                "{action}: {} of {}, {}, which blocks {}",
                record.pid,
                name(&record.user),
                name(&record.application_name),
                record.blocking
            ));
        }
    }

    /// With -v: what came of it.
    pub fn note_outcome(&self, record: &Record) {
        let result = record.result.as_deref().unwrap_or_default();
        let message = record.message.as_ref().map(|words| format!(" ({words})"));
        let message = message.unwrap_or_default();
        self.context
            .note(format!("{}: {result}{message}", record.pid));
    }

    /// Where some wait and nobody was chosen, as with a name that is misspelt: silence would look as if it
    /// was done. Who asks for long waits, or many, expects that most often there are none.
    pub fn say_nobody(&self, sight: &Sight) {
        let nodes = &sight.forest.nodes;
        let waiting = nodes.iter().filter(|node| node.wait.is_some()).count();
        if self.has_told() || waiting == 0 || self.options.scope.sessions {
            return;
        }
        let heads = nodes.iter().filter(|node| node.is_head()).count();
        let matching = sight.matching.places.iter().map(|place| &nodes[*place]);
        let matching = matching.filter(|node| node.wait.is_some() && !sight.is_replay(node));
        let hint = match matching.count() {
            0 => String::new(),
            1 => "; one that matches waits itself: --victims all".to_string(),
            many => format!("; {many} that match wait themselves: --victims all"),
        };
        let wait = if waiting == 1 { "waits" } else { "wait" };
        let why = match heads {
            0 => "whom for does not show".to_string(),
            1 => "the head does not match".to_string(),
            _ => format!("of {heads} heads none matches"),
        };
        let words = format!("nobody was chosen, and {waiting} {wait}: {why}{hint}");
        match self.options.filters.ask_how_much() {
            true => self.context.note(words),
            false => self.context.warn(words),
        }
    }
}

/// In a listing: of whom it is not known whether the filters mean them.
pub fn say_listed_doubts(sight: &Sight, context: &Context) {
    let doubts = &sight.matching.doubts;
    if let Some((place, why)) = doubts.first_key_value() {
        let pid = sight.forest.nodes[*place].who.pid(&sight.snapshot);
        let shown = others("is shown", "are shown", doubts.len());
        context.warn(format!("{pid}{shown} all the same: {why}"));
    }
}

/// ` is`, or of several ` and 2 more are`.
fn others(is: &str, are: &str, many: usize) -> String {
    match many {
        1 => format!(" {is}"),
        _ => format!(" and {} more {are}", many - 1),
    }
}
