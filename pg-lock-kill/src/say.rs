//! What a run says on stderr, where silence would be taken for something else.

use std::collections::HashSet;

use crate::run::Run;
use crate::sight::Sight;
use crate::victims::{Identity, Plan, identity};

impl Run<'_> {
    /// The program of `--exec` was asked again and again, and always about others.
    pub fn say_undecided(&self) {
        self.context
            .warn("nobody was ended: each time --exec had decided, others were in the way");
    }

    /// More of them match than may be ended.
    pub fn say_beyond(&self, plan: &Plan, is_first: bool) {
        let beyond = plan.beyond;
        if beyond > 0 && (is_first || plan.cases.is_empty()) {
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

    /// Where some wait and nobody was chosen, as with a name that is misspelt: silence would look as if it
    /// was done. Who asks for long waits, or many, expects that most often there are none.
    pub fn say_nobody(&self, sight: &Sight) {
        let nodes = &sight.forest.nodes;
        let waiting = nodes.iter().filter(|node| node.wait.is_some()).count();
        if self.has_told() || waiting == 0 || self.options.scope.sessions {
            return;
        }
        let heads = nodes.iter().filter(|node| node.depth == 0).count();
        let matching = sight.matching.iter();
        let matching = matching.filter(|place| nodes[**place].wait.is_some());
        let hint = match matching.count() {
            0 => String::new(),
            many => format!("; {many} that match wait themselves: --victims all"),
        };
        let words =
            format!("nobody was chosen, and {waiting} wait: of {heads} heads none matches{hint}");
        match self.options.filters.ask_how_much() {
            true => self.context.note(words),
            false => self.context.warn(words),
        }
    }
}
