//! Sessions that are named on stdin: the records of a listing, or bare process numbers.
//!
//! A record names a session by its number and its beginning, and with its transaction's beginning also what
//! it was in. What is not the same any more is left alone.

mod exact;

use std::collections::HashSet;
use std::io::BufRead;
use std::time::Instant;

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::{Context as _, Error, Result, signals};

use crate::act::Source;
use crate::cases::Case;
use crate::cli::{Action, Options, Which};
use crate::filters::is_doubt;
use crate::forest::Who;
use crate::outcome::Outcome;
use crate::record::Record;
use crate::rounds::{BETWEEN_LOOKS, put_off};
use crate::run::{MOST_VOTES, Run};
use crate::sight::Sight;
use crate::snapshot::Session;
use crate::victims::{Fate, Identity, fate_of_session, identity, identity_of};

/// Somebody who was named.
#[derive(Debug, Clone)]
pub struct Named {
    /// As it was read; of a bare number all but that is unknown.
    pub record: Record,
    /// Whether it is a bare number.
    is_bare: bool,
    /// Whether the record says in which transaction it was, be it none.
    says_transaction: bool,
}

/// Ends those who are named; of those who wait, first such as would not go on if the others were gone.
pub fn end(run: &mut Run<'_>) -> Result<()> {
    let mut open = read(run)?;
    if open.is_empty() {
        run.context
            .warn("standard input names nobody: nobody was ended");
        return Ok(());
    }
    check_count(run.options, &open)?;
    let mut source = Source::open(run.options, run.context)?;
    let (mut votes, mut until) = (0, None);
    while !open.is_empty() {
        let sight = source.look(run.options)?;
        if until.is_none() {
            exact::check(&open, &sight)?;
        }
        let (identities, mut cases) = cases(run, &sight, &open);
        let now = Instant::now();
        run.remember_waiting(&sight, now);
        let later = match run.options.manner.dry_run {
            true => Vec::new(),
            false => put_off(&sight, &mut cases, |_| false),
        };
        // Whoever waits still was to go on by itself.
        if until.is_some_and(|until| now < until) && cases.iter().any(Case::is_victim) {
            signals::sleep(BETWEEN_LOOKS)?;
            continue;
        }
        run.check_share(&sight, cases.iter().chain(&later))?;
        if run.put_to_the_vote(&mut cases)? {
            run.forget_pending();
            votes += 1;
            if votes > MOST_VOTES {
                run.say_undecided();
                return Ok(());
            }
            continue;
        }
        run.settle(&mut source, cases)?;
        let mut identities = identities.into_iter();
        open.retain(|_| {
            let identity = identities.next();
            later.iter().any(|case| Some(case.identity) == identity)
        });
        until = Instant::now().checked_add(run.options.manner.grace);
    }
    Ok(())
}

/// Who each of them is, and what is to be done with those who were not dealt with yet.
fn cases(run: &Run<'_>, sight: &Sight, named: &[Named]) -> (Vec<Identity>, Vec<Case>) {
    let mut cases: Vec<Case> = Vec::new();
    let mut identities = Vec::new();
    for named in named {
        let mut case = case(run, sight, named);
        case.is_named = true;
        identities.push(case.identity);
        let is_known = cases.iter().any(|other| other.identity == case.identity);
        if !is_known && !run.settled.contains(&case.identity) {
            cases.push(case);
        }
    }
    (identities, cases)
}

fn read(run: &Run<'_>) -> Result<Vec<Named>> {
    let mut named: Vec<Named> = Vec::new();
    if run.options.scope.bare_pids {
        for (line, text) in run.context.stdin().lines().enumerate() {
            named.extend(bare(line + 1, text?.trim())?);
        }
        if !named.is_empty() {
            run.context
                .warn("bare numbers name no session: those that have them now are meant");
        }
    } else {
        for (place, object) in run.context.read_records().enumerate() {
            let named_one = Named::of(object?);
            named.push(named_one.context(|| format!("standard input: record {}", place + 1))?);
        }
    }
    let mut once: Vec<Named> = Vec::new();
    for one in named {
        if !once.iter().any(|other| other.is_same(&one)) {
            once.push(one);
        }
    }
    Ok(once)
}

/// A number in a line; nothing in a blank one.
fn bare(line: usize, text: &str) -> Result<Option<Named>> {
    if text.is_empty() {
        return Ok(None);
    }
    let pid: Option<i32> = text.parse().ok().filter(|pid| *pid > 0);
    let Some(pid) = pid else {
        return Err(Error::usage(format!(
            "standard input: line {line}: {text:?} is no process number"
        ))
        .with_hint("--bare-pids reads one number a line; records need no such flag"));
    };
    let object = Map::from_iter([("pid".to_string(), Value::from(pid))]);
    Ok(Some(Named {
        record: parse(object)?,
        is_bare: true,
        says_transaction: false,
    }))
}

fn parse(object: Map<String, Value>) -> Result<Record> {
    Record::deserialize(Value::Object(object))
        .map_err(|error| Error::usage(format!("this is no record of a listing: {error}")))
}

impl Named {
    fn of(object: Map<String, Value>) -> Result<Self> {
        let says_transaction = object.contains_key("xact_start");
        let record = parse(object)?;
        let is_prepared = record.pid == 0 && record.gid.is_some();
        if record.pid <= 0 && !is_prepared {
            return Err(Error::usage(format!(
                "{} is no session's number",
                record.pid
            )));
        }
        if record.backend_start.is_none() && !is_prepared {
            return Err(
                Error::usage(format!("{} is named without backend_start", record.pid)).with_hint(
                    "a number alone may be another session's by now: keep that field, or say \
                     --bare-pids and give numbers",
                ),
            );
        }
        Ok(Self {
            record,
            is_bare: false,
            says_transaction,
        })
    }

    /// Whether it waited when it was listed.
    fn waited(&self) -> bool {
        self.record.blocked_by.is_some() || self.record.waiting_seconds.is_some()
    }

    /// Why the listing did not know whether its filters meant it.
    fn doubt(&self) -> Option<String> {
        let protected = self.record.protected.as_ref();
        let doubt = protected.filter(|protected| is_doubt(protected))?;
        Some(format!(
            "{doubt}; a record without \"protected\" names it all the same"
        ))
    }

    /// Whether the same is meant.
    fn is_same(&self, other: &Self) -> bool {
        let who = |named: &Self| {
            let record = &named.record;
            (record.pid, record.backend_start, record.gid.clone())
        };
        who(self) == who(other)
    }

    /// Why this session is not who was named. Whose statement is to be `cancelled` must be at the same one.
    fn differs(&self, session: &Session, cancelled: bool) -> Option<(Outcome, &'static str)> {
        if self.is_bare {
            return None;
        }
        let record = &self.record;
        if session.backend_start != record.backend_start {
            let words = "its process number is another session's now";
            return Some((Outcome::GoneAlready, words));
        }
        if self.says_transaction && session.xact_start != record.xact_start {
            let words = "it is in another transaction, or in none";
            return Some((Outcome::Changed, words));
        }
        let ran = cancelled && record.state.as_deref() == Some("active");
        if ran && record.state_change.is_some() && session.state_change != record.state_change {
            return Some((Outcome::Changed, "it is at another statement, or at none"));
        }
        let rested = self.says_transaction && record.xact_start.is_none();
        if rested && record.state_change.is_some() && session.state_change != record.state_change {
            return Some((Outcome::Changed, "it has done something since"));
        }
        None
    }
}

/// Those who were named are all meant: more than the limit are not cut to some of them.
fn check_count(options: &Options, named: &[Named]) -> Result<()> {
    let most = options.victims.most;
    if named.len() <= most {
        return Ok(());
    }
    let count = named.len();
    Err(Error::usage(format!(
        "standard input names {count} sessions, and --max is {most}: none was ended"
    ))
    .with_hint(format!("say --max {count}, if all of them are meant")))
}

fn case(run: &Run<'_>, sight: &Sight, named: &Named) -> Case {
    let pid = named.record.pid;
    if pid == 0 {
        return prepared(run, sight, named);
    }
    let found = sight
        .snapshot
        .sessions
        .iter()
        .find(|session| session.pid == pid);
    let Some(session) = found else {
        return gone(
            named,
            Outcome::GoneAlready,
            "there is no such session any more",
        );
    };
    let cancelled = run.options.action == Action::Cancel;
    if let Some((outcome, words)) = named.differs(session, cancelled) {
        let mut case = gone(named, outcome, words);
        case.is_there = outcome == Outcome::Changed;
        let node = sight.place_of(pid);
        case.record.blocking = node.map_or(0, |node| sight.record(node, &run.rules).blocking);
        return case;
    }
    // A worker ends with its leader's statement; the locks are the leader's.
    let leader = session.leader_pid.filter(|leader| *leader != pid);
    let leading = leader.and_then(|leader| {
        let mut sessions = sight.snapshot.sessions.iter();
        sessions.find(|session| session.pid == leader)
    });
    of_session(run, sight, named, leading.unwrap_or(session))
}

fn of_session(run: &Run<'_>, sight: &Sight, named: &Named, session: &Session) -> Case {
    let node = sight.place_of(session.pid);
    let identity = identity_of(session);
    let nobody = HashSet::new();
    let doubts = &sight.matching.doubts;
    let wish = run.wish(Which::All, &nobody, doubts);
    let is_meant = run.options.filters.conditions.is_empty()
        || node.is_some_and(|node| sight.matching.places.contains(&node));
    let place = node.map(|node| &sight.forest.nodes[node]);
    let waits = place.is_some_and(|place| place.wait.is_some());
    let is_free = !waits && (named.waited() || run.waited.contains_key(&identity));
    let doubt = node.and_then(|node| doubts.get(&node).cloned());
    let fate = match doubt.or_else(|| named.doubt()) {
        _ if !is_meant => Fate::Spared(Outcome::Protected, "the filters do not let it pass".into()),
        Some(why) => Fate::Spared(Outcome::Protected, why),
        None if is_free => Fate::Spared(Outcome::Changed, "it waits no more".into()),
        None => fate_of_session(&sight.snapshot, session, place, &wish),
    };
    let record = match node {
        Some(node) => sight.record(node, &run.rules),
        None => Record {
            backend_type: Some(session.backend_type.clone()),
            ..named.record.clone()
        },
    };
    let mut case = Case::new(node, identity, record, fate);
    case.is_there = is_free;
    case
}

/// Of a session that is not there any more the record is all that there is.
fn gone(named: &Named, outcome: Outcome, words: &str) -> Case {
    let record = &named.record;
    let moment = record.xact_start.or(record.state_change);
    let identity = (record.pid, record.backend_start, moment);
    let fate = Fate::Spared(outcome, words.to_string());
    let record = Record {
        action: None,
        result: None,
        message: None,
        ..record.clone()
    };
    Case::new(None, identity, record, fate)
}

fn prepared(run: &Run<'_>, sight: &Sight, named: &Named) -> Case {
    let nodes = sight.forest.nodes.iter();
    let same = |who: Who| match who {
        Who::Prepared(place) => {
            Some(&sight.snapshot.prepared[place].gid) == named.record.gid.as_ref()
        }
        Who::Session(_) => false,
    };
    let Some(node) = nodes.map(|node| node.who).position(same) else {
        return gone(named, Outcome::GoneAlready, "nobody waits for it any more");
    };
    let who = sight.forest.nodes[node].who;
    let words = "a prepared transaction has no session: the remedy ends it";
    let fate = Fate::Spared(Outcome::NotApplicable, words.into());
    let identity = identity(&sight.snapshot, who);
    Case::new(Some(node), identity, sight.record(node, &run.rules), fate)
}
