//! Which sessions are looked for. All that is asked must hold.

mod doubt;
mod known;
mod network;

use std::collections::{BTreeMap, HashMap};
use std::mem::discriminant;
use std::time::Duration;

use crate::cli::{Condition, Filters, Test};
use crate::forest::{self, Forest, Node};
use crate::record::Record;
use crate::snapshot::{Lock, Snapshot};

pub use doubt::{Doubt, is_one as is_doubt};
pub use network::Network;

/// Who matches: places in the forest, in its order.
#[derive(Debug, Default)]
pub struct Matching {
    /// Those who do, or may.
    pub places: Vec<usize>,
    /// Why it can't be said of some of them.
    pub doubts: BTreeMap<usize, String>,
    /// Those of whom it can't be said because the names of a whole database could not be had.
    pub unnamed: Vec<usize>,
}

impl Filters {
    /// The nodes of the forest that match.
    pub fn matching(&self, forest: &Forest, snapshot: &Snapshot) -> Matching {
        let locks = match self.look_at_locks() {
            true => forest::locks(snapshot),
            false => HashMap::new(),
        };
        let blocking = blocking(forest);
        let seen = |place: usize, node: &Node| Seen {
            blocking: blocking[place],
            record: Record::of(node, forest, snapshot),
            locks: locks.get(&node.who).map_or(&[], Vec::as_slice),
            snapshot,
        };
        let mut matching = Matching::default();
        for (place, node) in forest.nodes.iter().enumerate() {
            let seen = seen(place, node);
            let doubt = match self.match_one(&seen) {
                Some(false) => continue,
                Some(true) => None,
                None => Some(self.doubt(&seen)),
            };
            match doubt {
                Some(Doubt::Unnamed) => matching.unnamed.push(place),
                Some(Doubt::Unseen(why)) => {
                    matching.places.push(place);
                    matching.doubts.insert(place, why);
                }
                None => matching.places.push(place),
            }
        }
        matching
    }

    /// Whether they ask what relations are called.
    pub fn ask_of_relations(&self) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.any(|condition| matches!(condition.test, Test::Relation(_)))
    }

    /// Whether locks that nobody waits for matter.
    pub fn look_at_locks(&self) -> bool {
        let of_locks = |test: &Test| matches!(test, Test::Relation(_) | Test::LockMode(_));
        self.conditions
            .iter()
            .any(|condition| of_locks(&condition.test))
    }

    /// None where it depends on what is not known.
    fn match_one(&self, seen: &Seen<'_>) -> Option<bool> {
        let fails = |condition: &Condition| match condition.is_not {
            true => seen.is(&condition.test),
            // Of a flag that is given several times, any will do.
            false => not(any((self.conditions.iter())
                .filter(|other| is_same_flag(condition, other))
                .map(|other| seen.is(&other.test)))),
        };
        not(any(self.conditions.iter().map(fails)))
    }
}

fn not(verdict: Option<bool>) -> Option<bool> {
    verdict.map(|verdict| !verdict)
}

/// Whether any holds, whatever the others are; none where only what is not known may.
fn any(verdicts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_sure = true;
    for verdict in verdicts {
        match verdict {
            Some(true) => return verdict,
            Some(false) => {}
            None => is_sure = false,
        }
    }
    is_sure.then_some(false)
}

fn is_same_flag(a: &Condition, b: &Condition) -> bool {
    !b.is_not && discriminant(&a.test) == discriminant(&b.test)
}

/// For each node, the longest wait among those who wait for it directly, drawn below it or not.
fn blocking(forest: &Forest) -> Vec<Option<Duration>> {
    let nodes = forest.nodes.iter();
    let mut longest: Vec<_> = nodes.map(|node| node.keeps_waiting).collect();
    for node in &forest.nodes {
        let since = node.wait.as_ref().and_then(|wait| wait.since);
        if let Some(blocker) = node.blocker {
            longest[blocker] = longest[blocker].max(since);
        }
    }
    longest
}

/// What a session is judged by.
struct Seen<'a> {
    record: Record,
    /// The longest wait among those who wait for it themselves.
    blocking: Option<Duration>,
    /// Those of its parallel group, too.
    locks: &'a [&'a Lock],
    snapshot: &'a Snapshot,
}

impl Seen<'_> {
    /// What is not known is not so, but for the names of relations: not to know those may be to end
    /// whom one of them was to spare.
    fn is(&self, test: &Test) -> Option<bool> {
        let record = &self.record;
        let is = |value: &Option<String>, wanted: &str| value.as_deref() == Some(wanted);
        Some(match test {
            Test::User(name) => is(&record.user, name),
            Test::Database(name) => is(&record.database, name),
            Test::App(pattern) => record
                .application_name
                .as_deref()
                .is_some_and(|name| fits(name, pattern)),
            Test::Client(network) => {
                self.is_client() && network.holds(record.client_addr.as_deref())
            }
            Test::State(state) => is(&record.state, state),
            Test::Query(regex) => record
                .query
                .as_deref()
                .is_some_and(|query| regex.is_match(query)),
            Test::Relation(name) => return self.locks(name),
            Test::LockMode(mode) => self.locks.iter().any(|lock| lock.mode == *mode),
            Test::WaitingFor(time) => lasts(record.waiting_seconds, *time),
            // Who has waited for longer than its transaction lasts, has waited for others.
            Test::BlockingFor(time) => {
                self.blocking.is_some_and(|blocking| blocking >= *time)
                    && (record.xact_start.is_none() || lasts(record.xact_age_seconds, *time))
            }
            Test::XactAge(time) => lasts(record.xact_age_seconds, *time),
            Test::IdleInTransaction(time) => {
                let state = record.state.as_deref().unwrap_or_default();
                state.starts_with("idle in transaction") && lasts(record.state_age_seconds, *time)
            }
            Test::QueryAge(time) => {
                is(&record.state, "active") && lasts(record.query_age_seconds, *time)
            }
            Test::MinBlocked(count) => record.blocking >= *count,
        })
    }

    /// Whether it holds or awaits a lock on this relation.
    fn locks(&self, name: &str) -> Option<bool> {
        let locks = self.locks.iter();
        any(locks.map(|lock| doubt::called(lock, name, self.snapshot)))
    }

    /// Others come from nowhere, which is not the machine's own socket.
    fn is_client(&self) -> bool {
        let kind = self.record.backend_type.as_deref();
        matches!(kind, Some("client backend" | "walsender"))
    }
}

/// Whether a name fits a pattern in which `*` stands for any text.
pub fn fits(name: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

/// Whether a relation is meant, with its schema or without.
fn is_called(relation: &str, name: &str) -> bool {
    let is = |relation: &str| {
        let before = relation.strip_suffix(name);
        before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
    };
    is(relation) || is(&unquoted(relation))
}

/// As it is without what SQL needs: `public.Big Orders`.
fn unquoted(relation: &str) -> String {
    let doubled = "\u{0}";
    let marked = relation.replace("\"\"", doubled);
    marked.replace('"', "").replace(doubled, "\"")
}

fn lasts(seconds: Option<f64>, least: Duration) -> bool {
    seconds.is_some_and(|seconds| seconds >= least.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (name, pattern, wanted) in [
            ("etl", "etl", true),
            ("etl", "et", false),
            ("etl-7", "etl*", true),
            ("etl", "etl*", true),
            ("my etl", "*etl", true),
            ("my etl 7", "*etl*", true),
            ("my et", "*etl*", false),
            ("abab", "ab*ab", true),
            ("ab", "ab*ab", false),
            ("abcabc", "a*b*c", true),
            ("", "", true),
            ("", "*", true),
            ("x", "", false),
        ] {
            assert_eq!(fits(name, pattern), wanted, "{name} {pattern}");
        }
    }

    #[test]
    fn a_relation_is_called_with_its_schema_or_without() {
        for (name, wanted) in [
            ("public.orders", true),
            ("orders", true),
            ("rders", false),
            ("lic.orders", false),
            ("shop.public.orders", false),
        ] {
            assert_eq!(is_called("public.orders", name), wanted, "{name}");
        }
        let quoted = r#""S 1"."Big ""Orders""#;
        for (name, wanted) in [
            (quoted, true),
            (r#""Big ""Orders""#, true),
            (r#"Big "Orders"#, true),
            (r#"S 1.Big "Orders"#, true),
            ("Big Orders", false),
            ("Orders", false),
        ] {
            assert_eq!(is_called(quoted, name), wanted, "{name}");
        }
    }
}
