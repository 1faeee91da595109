//! One migration after the other: each statement is looked at by the rules, and then known.

mod within;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::ahead::Ahead;
use crate::catalogue::{Catalogue, Moment};
use crate::dropped::Dropped;
use crate::effects::{self, Impact, Server, Version};
use crate::finding::{Finding, Frame};
use crate::look::Look;
use crate::loss;
use crate::model::{Change, Function};
use crate::name::Name;
use crate::parse::Parsed;
use crate::pending::Pending;
use crate::rules::{self, Rule};
use crate::session::{Session, Wrapping};
use crate::sizes::Subject;
use crate::source::{Source, Statement};

/// What looks.
#[derive(Debug)]
pub struct Linter {
    rules: Vec<&'static Rule>,
    version: Version,
    catalogue: Catalogue,
    session: Session,
    step: Step,
    /// What functions do.
    functions: HashMap<Name, Arc<Function>>,
    /// What this file makes and takes away.
    ahead: Ahead,
    pending: Pending,
    /// Whether all that the file runs is SQL that stands there.
    is_plain: bool,
    /// How much had not been seen when it began.
    doubts: usize,
    /// What statements take and lose, where somebody wants to know.
    seen: Option<Vec<Seen>>,
    /// Whether a server is asked for the tables of findings.
    asks: bool,
}

/// What a statement, or one within it, takes and loses.
#[derive(Debug)]
pub struct Seen {
    /// What it takes and does.
    pub impact: Impact,
    /// What it loses, in words.
    pub lost: Vec<String>,
}

/// What is made of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Role {
    /// The rules look at it, and then it is known.
    #[default]
    Asked,
    /// It was before: it is known, and nothing is said about it.
    History,
    /// The whole schema, which only an empty database gets: it is known, and has to be SQL.
    Snapshot,
    /// The way back, which undoes on purpose: it has to be SQL, and is not gone.
    Down,
}

/// A file among those that are read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Step {
    /// What is made of it.
    pub role: Role,
    /// How it is run.
    pub wrapping: Wrapping,
    /// The number of its migration.
    pub migration: usize,
    /// The number of its project: nothing of another one is known.
    pub project: usize,
    /// Whether something that is not seen may have been run before it.
    pub has_gap: bool,
}

/// Where a statement stands.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    text: &'a str,
    start: usize,
    end: usize,
    is_nested: bool,
    /// Whether it may not be run, or its error be caught.
    is_in_doubt: bool,
    is_last: bool,
    is_alone: bool,
}

impl Linter {
    /// Asks these rules about a server of this version.
    pub fn new(rules: Vec<&'static Rule>, version: Version) -> Self {
        Self {
            rules,
            version,
            catalogue: Catalogue::default(),
            session: Session::default(),
            step: Step::default(),
            functions: HashMap::new(),
            ahead: Ahead::default(),
            pending: Pending::default(),
            is_plain: true,
            doubts: 0,
            seen: None,
            asks: false,
        }
    }

    /// Has findings say which table a server is to be asked for.
    pub fn asking(mut self, asks: bool) -> Self {
        self.asks = asks;
        self
    }

    /// Keeps from now on what statements take and lose, for [`Linter::seen`].
    pub fn watch(&mut self) {
        self.seen = Some(Vec::new());
    }

    /// What was seen since it was asked last.
    pub fn seen(&mut self) -> Vec<Seen> {
        self.seen.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The next file.
    pub fn start(&mut self, source: &Source, step: Step) {
        if step.project != self.step.project {
            self.pending.decide(&self.catalogue);
            self.catalogue = Catalogue::default();
            self.functions.clear();
        }
        self.step = step;
        let wrapping = match step.role {
            Role::Asked => step.wrapping,
            // What was before shares no transaction with what comes.
            Role::History | Role::Snapshot | Role::Down => Wrapping::None,
        };
        self.session.start(wrapping, source.statements.len());
        self.catalogue.reset_path();
        self.is_plain = source.is_plain() && step.role != Role::Snapshot;
        if (step.has_gap || !self.is_plain) && step.role != Role::Down {
            self.catalogue.doubt();
        }
        self.doubts = self.catalogue.doubts();
    }

    /// What comes next of the file.
    pub fn expect(&mut self, ahead: Ahead) {
        self.ahead = ahead;
    }

    /// Goes through what was before, or through all that is read at once of it.
    pub fn remember(&mut self, parsed: &[Parsed]) {
        let nowhere = Place {
            text: "",
            start: 0,
            end: 0,
            is_nested: false,
            is_in_doubt: false,
            is_last: false,
            is_alone: false,
        };
        for parsed in parsed {
            match parsed {
                Parsed::Changes(changes) => self.changes(changes, nowhere, &mut Vec::new(), 0),
                Parsed::Refused(_) | Parsed::Unseen(_) => self.catalogue.doubt(),
            }
            self.session.end_statement();
        }
    }

    /// Looks at the statement of this number.
    pub fn look(
        &mut self,
        source: &Source,
        number: usize,
        parsed: Parsed,
        found: &mut Vec<Finding>,
    ) {
        let Some(statement) = source.statements.get(number) else {
            return;
        };
        let place = Place {
            text: source.parsable(statement),
            start: statement.start(),
            end: statement.end(),
            is_nested: false,
            is_in_doubt: false,
            is_last: number + 1 == source.statements.len(),
            is_alone: source.statements.len() == 1,
        };
        let before = found.len();
        if !matches!(parsed, Parsed::Changes(_)) && self.step.role != Role::Down {
            self.catalogue.doubt();
        }
        match (parsed, self.step.role) {
            (Parsed::Changes(_), Role::Down) => {}
            (Parsed::Changes(changes), _) => self.changes(&changes, place, found, 0),
            (Parsed::Refused(message), _) => {
                found.extend(self.refused(&rules::SYNTAX, source, statement, &message))
            }
            (Parsed::Unseen(_), Role::Down) => {}
            (Parsed::Unseen(message), _) => {
                found.extend(self.refused(&rules::UNSEEN, source, statement, &message))
            }
        }
        self.session.end_statement();
        once(found, before);
        for finding in &mut found[before..] {
            restore(source, finding);
        }
    }

    /// All is read: the numbers of findings that are not true in the end.
    pub fn finish(&mut self) -> HashSet<usize> {
        self.pending.decide(&self.catalogue);
        std::mem::take(&mut self.pending).settled()
    }

    /// What of the file no statement shows: that it is in an encoding which can't be read, and what it runs of others.
    pub fn unread(&self, source: &Source) -> Vec<Finding> {
        let place = |start, end| Statement::new(start, end, false);
        let wide = "the file is in UTF-16, which neither psql nor a migration runner reads: save it as UTF-8";
        let wide = source
            .is_wide
            .then(|| self.refused(&rules::SYNTAX, source, &place(0, 0), wide));
        let zero = source.zero.and_then(|at| {
            let words = "a byte of zero, which no server reads: psql leaves out the rest of the line, and others fail";
            self.refused(&rules::SYNTAX, source, &place(at, at + 1), words)
        });
        let included = source.includes.iter().filter_map(|range| {
            let command = source.text.get(range.clone())?.trim_end();
            let message = format!("what {command} runs is not followed: no rule has seen it");
            let whole = place(range.start, range.start + command.len());
            self.refused(&rules::UNSEEN, source, &whole, &message)
        });
        let wide = wide.flatten().into_iter();
        wide.chain(zero).chain(included).collect()
    }

    fn refused(
        &self,
        rule: &Rule,
        source: &Source,
        statement: &Statement,
        message: &str,
    ) -> Option<Finding> {
        let rule = self.rules.iter().find(|asked| asked.name == rule.name)?;
        let text = source.parsable(statement);
        let near = message
            .split_once("at or near \"")
            .and_then(|(_, near)| near.strip_suffix('"'));
        let at = near.and_then(|near| text.find(near)).unwrap_or(0);
        let place = statement.start() + at..statement.end();
        Some(Finding::new(rule, message, place))
    }

    fn changes(
        &mut self,
        changes: &[Change],
        place: Place,
        found: &mut Vec<Finding>,
        depth: usize,
    ) {
        if self.step.role != Role::Asked {
            for change in changes {
                self.pending.follow(change, &self.catalogue);
                self.learn(change, place);
                self.look_within(change, place, found, depth);
            }
            return;
        }
        let mut passes = Vec::new();
        let shared = effects::shared_locks(changes, &self.catalogue, self.server());
        for (number, change) in changes.iter().enumerate() {
            let server = self.server();
            let mut impact = effects::of(change, &self.catalogue, server);
            impact.raise(&shared);
            let before = found.len();
            let look = Look {
                change,
                impact: &impact,
                catalogue: &self.catalogue,
                session: &self.session,
                server,
                file: self.step.migration,
                text: place.text,
                start: place.start,
                end: place.end,
                siblings: changes,
                place: number,
                is_nested: place.is_nested,
                is_in_doubt: place.is_in_doubt,
                is_last: place.is_last && number + 1 == changes.len(),
                ahead: &self.ahead,
                is_all_seen: self.catalogue.doubts() == self.doubts && self.is_plain,
                said: before,
            };
            for rule in &self.rules {
                (rule.check)(&look, found);
            }
            if found[before..]
                .iter()
                .any(|finding| finding.rule.is_of_names())
            {
                let mut place = 0;
                found.retain(|finding| {
                    place += 1;
                    place <= before || finding.rule.is_of_names()
                });
            }
            let frame = self.frame(changes, place);
            for finding in &mut found[before..] {
                let exchange = finding.fix.as_ref().and_then(|fix| fix.exchange.as_ref());
                let is_whole = exchange.is_some_and(|exchange| exchange.is_whole);
                finding.frame = Frame {
                    is_part: frame.is_part && !is_whole,
                    ..frame
                };
                finding.assumed = look.unknown(finding).map(ToString::to_string);
                if self.asks && !finding.rule.is_of_run() {
                    finding.subject = Subject::of(&look, finding);
                }
            }
            passes.extend(look.passes().iter().cloned());
            let locked = impact.locks.iter().map(|(name, _)| name);
            let gone: Vec<_> = locked.filter(|name| look.is_gone(name)).cloned().collect();
            self.session.warned_of_timeout |= found[before..]
                .iter()
                .any(|finding| finding.rule.group == rules::Group::Timeouts);
            match change {
                Change::Transaction(_) if place.is_nested => self.session.end_within(),
                _ => self.session.apply(change, &impact, &self.catalogue, &gone),
            }
            if let Some(seen) = &mut self.seen {
                let lost = loss::of(change, &self.catalogue);
                seen.push(Seen { impact, lost });
            }
            let is_alone = changes.len() == 1 && !place.is_nested && self.is_plain;
            let dropped = Dropped::of(change, &self.catalogue, place.start..place.end, is_alone);
            self.session.dropped.extend(dropped);
            self.pending.follow(change, &self.catalogue);
            self.learn(change, place);
            for finding in &mut found[before..] {
                let missing = finding.missing.take();
                finding.pending = missing.map(|missing| self.pending.add(missing, &self.catalogue));
            }
            self.look_within(change, place, found, depth);
        }
        self.session.passes.extend(passes);
    }

    fn server(&self) -> Server {
        Server {
            version: self.version.major,
            minor: self.version.minor,
            is_utc: self.session.settings.is_utc,
        }
    }

    fn frame(&self, changes: &[Change], place: Place) -> Frame {
        let is_command = |change: &&Change| matches!(change, Change::Alter(_));
        Frame {
            is_shared: self.session.is_in_transaction() || self.step.wrapping != Wrapping::None,
            is_alone: place.is_alone,
            is_part: changes.iter().filter(is_command).count() > 1,
            is_nested: place.is_nested,
        }
    }

    /// What code does, it may do or not; what a template makes, may be another thing.
    fn learn(&mut self, change: &Change, place: Place) {
        match place.is_in_doubt || !self.is_plain {
            true => self.catalogue.apply_in_doubt(change, self.now()),
            false => self.catalogue.apply(change, self.now()),
        }
    }

    fn now(&self) -> Moment {
        Moment::new(self.step.migration, self.session.transaction)
    }
}

/// The same rule speaks of the same thing once in a statement.
fn once(found: &mut Vec<Finding>, from: usize) {
    let mut at = from;
    while at < found.len() {
        let finding = &found[at];
        let is_said = found[from..at].iter().any(|other| {
            other.rule.name == finding.rule.name
                && other.object == finding.object
                && other.start == finding.start
                // Another thing to be done instead is another finding.
                && (other.fix == finding.fix || other.fix.is_none() || finding.fix.is_none())
        });
        match is_said {
            true => {
                found.remove(at);
            }
            false => at += 1,
        }
    }
}

fn restore(source: &Source, finding: &mut Finding) {
    let words = std::mem::take(&mut finding.message);
    finding.message = source.with_placeholders(words);
    finding.object = finding
        .object
        .take()
        .map(|words| source.with_placeholders(words));
    finding.assumed = finding
        .assumed
        .take()
        .map(|words| source.with_placeholders(words));
    finding.fix = finding
        .fix
        .take()
        .map(|fix| fix.map(|words| source.with_placeholders(words)));
}
