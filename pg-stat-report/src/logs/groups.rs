//! What belongs together is counted together, in a room that does not grow with the log.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::entry::Entry;
use super::shape;
use super::sums::Sum;

/// So many groups are kept when there are too many: those that took longest or are most.
const KEPT: usize = 5_000;
/// So many are too many.
const MOST: usize = 20_000;
/// So much of an example is kept.
const LONGEST: usize = 2_000;

/// What a group is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// ERROR, FATAL and PANIC.
    Error,
    /// WARNING
    Warning,
    /// Statements that ran.
    Statement,
    /// Statements parsed, planned and bound.
    Preparation,
    /// What auto_explain shows.
    Plan,
    /// Connections received and authorized, sessions that ended.
    Connection,
    /// Those that were refused.
    FailedConnection,
    /// 40P01
    Deadlock,
    /// log_lock_waits
    LockWait,
    /// log_checkpoints
    Checkpoint,
    /// log_temp_files
    TempFile,
    /// log_autovacuum_min_duration
    Autovacuum,
    /// Any other LOG message.
    Event,
}

/// What was counted together.
#[derive(Debug)]
pub struct Group {
    /// The key that it always goes by.
    pub key: u64,
    /// What it is of.
    pub kind: Kind,
    /// Its severity.
    pub severity: &'static str,
    /// What it is about: a table, a lock, a cause.
    pub name: String,
    /// Its SQLSTATE.
    pub sqlstate: String,
    /// The statement or message without its constants.
    pub text: String,
    /// What pg_query calls such statements.
    pub fingerprint: Option<u64>,
    /// The numbers.
    pub sum: Sum,
    /// What else was counted.
    pub more: Vec<(&'static str, u64)>,
    /// One of them: the slowest, or the first.
    pub example: Example,
}

/// One of a group.
#[derive(Debug, Default)]
pub struct Example {
    /// The role.
    pub user: String,
    /// The database.
    pub database: String,
    /// The application.
    pub application: String,
    /// Its address.
    pub client: String,
    /// The message or statement as it was.
    pub text: String,
    /// Its detail or parameters.
    pub detail: String,
}

/// All groups.
#[derive(Debug, Default)]
pub struct Groups {
    places: HashMap<u64, usize, BuildHasherDefault<Same>>,
    groups: Vec<Group>,
    /// What was in groups that there was no room for.
    others: Vec<(Kind, Sum)>,
}

impl Groups {
    /// The group with this key, which `make` names when it is new.
    pub fn get(&mut self, key: u64, make: impl FnOnce() -> Group) -> &mut Group {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.insert(key, make()),
        };
        &mut self.groups[place]
    }

    /// The same, where what is new may belong to a group that goes by another key: `other` is
    /// asked for that once.
    pub fn join(
        &mut self,
        key: u64,
        other: impl FnOnce() -> Option<u64>,
        make: impl FnOnce() -> Group,
    ) -> &mut Group {
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => self.place(key, other(), make),
        };
        &mut self.groups[place]
    }

    fn place(&mut self, key: u64, other: Option<u64>, make: impl FnOnce() -> Group) -> usize {
        let Some(other) = other else {
            return self.insert(key, make());
        };
        let known = self.places.get(&other).copied();
        let place = known.unwrap_or_else(|| self.insert(other, make()));
        self.places.insert(key, place);
        place
    }

    /// The group with this key, if there is one.
    pub fn find(&mut self, key: u64) -> Option<&mut Group> {
        let place = *self.places.get(&key)?;
        self.groups.get_mut(place)
    }

    /// All of them, and what there was no room for.
    pub fn into_parts(self) -> (Vec<Group>, Vec<(Kind, Sum)>) {
        (self.groups, self.others)
    }

    fn insert(&mut self, key: u64, group: Group) -> usize {
        if self.groups.len() >= MOST || self.places.len() >= MOST * 2 {
            self.make_room();
        }
        self.groups.push(Group { key, ..group });
        self.places.insert(key, self.groups.len() - 1);
        self.groups.len() - 1
    }

    /// Keeps the groups that matter most, by the one key of each.
    fn make_room(&mut self) {
        let mut groups = std::mem::take(&mut self.groups);
        groups.sort_by_key(|group| std::cmp::Reverse(group.weight()));
        if groups.len() > KEPT {
            for group in groups.split_off(KEPT) {
                self.give_up(&group);
            }
        }
        let places = groups
            .iter()
            .enumerate()
            .map(|(place, group)| (group.key, place));
        self.places = places.collect();
        self.groups = groups;
    }

    fn give_up(&mut self, group: &Group) {
        match self.others.iter_mut().find(|(kind, _)| *kind == group.kind) {
            Some((_, sum)) => sum.join(&group.sum),
            None => self.others.push((group.kind, group.sum)),
        }
    }
}

impl Group {
    /// An empty one.
    pub fn new(kind: Kind, entry: &Entry<'_>) -> Self {
        Self {
            key: 0,
            fingerprint: None,
            kind,
            severity: entry.severity.as_str(),
            name: String::new(),
            sqlstate: String::new(),
            text: String::new(),
            sum: Sum::default(),
            more: Vec::new(),
            example: Example::default(),
        }
    }

    /// Counts something else.
    pub fn count(&mut self, what: &'static str, number: u64) {
        match self.more.iter_mut().find(|(known, _)| *known == what) {
            Some((_, sum)) => *sum += number,
            None => self.more.push((what, number)),
        }
    }

    /// Takes this entry for its example.
    pub fn show(&mut self, entry: &Entry<'_>, text: &[u8], detail: &[u8]) {
        let example = &mut self.example;
        put(&mut example.user, entry.user);
        put(&mut example.database, entry.database);
        put(&mut example.application, entry.application);
        put(&mut example.client, entry.client);
        put(&mut example.text, text);
        put(&mut example.detail, detail);
    }

    /// What matters most comes first. Errors, deadlocks and refused connections are never many.
    pub fn weight(&self) -> (bool, u64, u64, u64) {
        let is_rare = matches!(
            self.kind,
            Kind::Deadlock | Kind::FailedConnection | Kind::Connection
        );
        (is_rare, self.sum.total, self.sum.bytes, self.sum.count)
    }
}

/// Whether it may have a password in it.
fn is_secret(text: &[u8]) -> bool {
    let mut words = memchr::memchr2_iter(b'p', b'P', text);
    memchr::memchr(b'\'', text).is_some()
        && words.any(|at| {
            text[at..]
                .get(..8)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"password"))
        })
}

/// The text as it is read: the tabs that begin further lines are the log's. Of a statement that
/// sets a password the constants are left out.
fn put(into: &mut String, text: &[u8]) {
    into.clear();
    if is_secret(text) {
        into.push_str(&shape::text(text));
        return;
    }
    let is_inside = |at: &usize| text.get(*at).is_some_and(|byte| byte & 0xc0 == 0x80);
    let end = (0..=text.len().min(LONGEST))
        .rev()
        .take(4)
        .find(|at| !is_inside(at));
    let text = &text[..end.unwrap_or_default()];
    let mut lines = text.split(|byte| *byte == b'\n');
    into.push_str(&String::from_utf8_lossy(lines.next().unwrap_or_default()));
    for line in lines {
        into.push('\n');
        into.push_str(&String::from_utf8_lossy(
            line.strip_prefix(b"\t").unwrap_or(line),
        ));
    }
}

/// Keys are hashes already.
#[derive(Debug, Default)]
pub struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
