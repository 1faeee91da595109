//! Which backups `--check` judges together: those of one subject and one server.
//!
//! A backup of another server must not make a stale one look young, nor may a script that is only
//! taken to be of a database. A server that ended before another began is its forerunner, as
//! before an upgrade or a move: its backups count for what they are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use shared::backup::{Backup, Backups, Common, Format, Glimpse};
use shared::time::Time;

use crate::rotate::series;
use crate::scope::{Scope, Subject};

/// The backups of one subject that are earlier and later ones of the same.
#[derive(Debug)]
pub struct Group<'a> {
    all: &'a Backups,
    pub subject: Subject,
    /// Where they are from, in words, where others of the subject are from elsewhere.
    pub from: Option<String>,
    /// By their places among all, newest first.
    pub good: Vec<u32>,
    pub bad: Vec<Bad<'a>>,
    /// How many of the good ones are of a server that was there before.
    pub of_earlier: usize,
    /// What was passed over, as nothing says that it is of this subject: how files are called.
    pub unsure: Vec<String>,
    /// By what options others were told to leave something out, and how many of each there are.
    pub partial: Vec<(String, usize)>,
}

/// One that can't be relied on.
#[derive(Debug, Clone, Copy)]
pub enum Bad<'a> {
    /// By its place among all.
    Listed(u32),
    /// One of others that is not whole.
    Broken(&'a Backup),
}

/// What one server left, or others' files with names of one kind. Newest first, never empty.
struct Part<'a> {
    all: &'a Backups,
    /// By their places.
    backups: Vec<u32>,
    /// How many of them are of a server that was there before.
    earlier: usize,
}

impl<'a> Group<'a> {
    /// The groups of all backups, of those that are not whole, and of what was named and is missing.
    pub fn all(scope: &Scope, all: &'a Backups, broken: &'a [(Backup, Subject)]) -> Vec<Self> {
        let mut groups = of_manifests(all);
        let unknown = (0..).zip(all.glimpses());
        let unknown = unknown.filter(|(_, backup)| backup.manifest.is_none());
        let unknown = unknown.filter_map(|(place, backup)| {
            let subject = Subject::of(&backup)?;
            Some((Bad::Listed(place), subject))
        });
        let broken = broken.iter();
        let broken = broken.map(|(backup, subject)| (Bad::Broken(backup), subject.clone()));
        for (bad, subject) in unknown.chain(broken) {
            let of_its_kind = groups.values_mut().flatten();
            let mut of_its_kind = of_its_kind.filter(|group| group.has_kind_of(&subject));
            if let Some(group) = of_its_kind.next() {
                group.bad.push(bad);
                continue;
            }
            let groups = groups.entry(subject.clone()).or_default();
            if groups.is_empty() {
                groups.push(Self::of_nothing(all, subject));
            }
            groups[0].bad.push(bad);
        }
        for subject in missing(scope, &groups) {
            let group = Self::of_nothing(all, subject.clone());
            groups.insert(subject, vec![group]);
        }
        groups.into_values().flatten().collect()
    }

    /// What is seen of the one at this place.
    pub fn glimpse(&self, place: u32) -> Glimpse<'a> {
        self.all.glimpse(place as usize)
    }

    /// The one at this place.
    pub fn get(&self, place: u32) -> Backup {
        self.all.get(place as usize)
    }

    /// What can't be read says nothing of its database: it goes with those that are called alike.
    fn has_kind_of(&self, subject: &Subject) -> bool {
        let names = |place: u32| self.glimpse(place).manifest.map(|of| &of.names);
        let is_alike = |place: u32| names(place) == Some(&subject.names);
        let bad = self.bad.iter().filter_map(|bad| match bad {
            Bad::Listed(place) => Some(*place),
            Bad::Broken(_) => None,
        });
        subject.names.is_some() && self.good.iter().copied().chain(bad).any(is_alike)
    }

    fn of_nothing(all: &'a Backups, subject: Subject) -> Self {
        Self {
            all,
            subject,
            from: None,
            good: Vec::new(),
            bad: Vec::new(),
            of_earlier: 0,
            unsure: Vec::new(),
            partial: Vec::new(),
        }
    }

    fn of_part(subject: &Subject, part: &Part<'a>, is_one_of_several: bool) -> Self {
        let mut group = Self::of_nothing(part.all, subject.clone());
        group.from = is_one_of_several.then(|| part.from());
        let earlier = part.backups.len() - part.earlier;
        for (number, place) in part.backups.iter().enumerate() {
            let backup = group.glimpse(*place);
            match backup.is_ok() && backup.proved != Some(false) {
                false => group.bad.push(Bad::Listed(*place)),
                true => {
                    group.good.push(*place);
                    group.of_earlier += usize::from(number >= earlier);
                }
            }
        }
        group
    }
}

/// What was named and has no group.
fn missing(scope: &Scope, groups: &BTreeMap<Subject, Vec<Group<'_>>>) -> Vec<Subject> {
    let seen: HashSet<_> = groups.keys().map(|of| (&of.database, &of.label)).collect();
    let named = scope.databases.iter();
    let unseen = named.filter(|database| !seen.contains(&(database, &scope.label)));
    let subject = |database: &Option<String>| Subject {
        database: database.clone(),
        label: scope.label.clone(),
        ..Subject::default()
    };
    unseen.map(subject).collect()
}

fn of_manifests(all: &Backups) -> BTreeMap<Subject, Vec<Group<'_>>> {
    let mut parts: BTreeMap<Subject, Vec<Part<'_>>> = BTreeMap::new();
    for places in series::split(all) {
        // Rotation weighs scripts of others against the backups of the server that their
        // database has elsewhere; here they would lend them their youth.
        let is_script = |place: &u32| is_script(all.glimpse(*place as usize).manifest);
        let (scripts, others): (Vec<_>, Vec<_>) = places.into_iter().partition(is_script);
        for backups in [scripts, others] {
            let first = backups.first().map(|place| all.glimpse(*place as usize));
            if let Some(subject) = first.and_then(|first| Subject::of(&first)) {
                let part = Part {
                    all,
                    backups,
                    earlier: 0,
                };
                parts.entry(subject).or_default().push(part);
            }
        }
    }
    let groups = parts.into_iter().map(|(subject, parts)| {
        let groups = groups_of(&subject, parts);
        (subject, groups)
    });
    groups.collect()
}

fn groups_of<'a>(subject: &Subject, parts: Vec<Part<'a>>) -> Vec<Group<'a>> {
    let parts = with_forerunners(parts);
    let is_known = |part: &Part<'_>| !part.is_of_scripts();
    let is_sure = parts.iter().any(is_known);
    let (known, unsure): (Vec<_>, Vec<_>) =
        parts.into_iter().partition(|p| !is_sure || is_known(p));
    let several = known.len() > 1;
    let of_known = known
        .iter()
        .map(|part| Group::of_part(subject, part, several));
    let mut groups: Vec<Group<'a>> = of_known.collect();
    for part in unsure {
        let group = Group::of_part(subject, &part, true);
        groups[0].bad.extend(group.bad);
        groups[0].unsure.extend(group.from);
    }
    groups
}

/// Adds what ended before another began to that one.
fn with_forerunners(mut parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    parts.sort_by_key(|part| Reverse(part.newest()));
    let mut all: Vec<Part<'_>> = Vec::new();
    for part in parts {
        let later = all.iter_mut().filter(|later| part.is_before(later));
        match later.min_by_key(|later| later.oldest()) {
            Some(later) => {
                later.earlier += part.backups.len();
                later.backups.extend(part.backups);
            }
            None => all.push(part),
        }
    }
    all
}

impl Part<'_> {
    fn newest(&self) -> Time {
        self.first().taken_at
    }

    fn oldest(&self) -> Time {
        self.glimpse(self.backups.len() - 1).taken_at
    }

    fn first(&self) -> Glimpse<'_> {
        self.glimpse(0)
    }

    fn glimpse(&self, number: usize) -> Glimpse<'_> {
        self.all.glimpse(self.backups[number] as usize)
    }

    /// Nothing succeeds to scripts that may be of anything.
    fn is_before(&self, later: &Self) -> bool {
        self.newest() < later.oldest() && !later.is_of_scripts()
    }

    fn is_of_scripts(&self) -> bool {
        is_script(self.first().manifest)
    }

    /// In words.
    fn from(&self) -> String {
        let all = 0..self.backups.len();
        let manifests = all.filter_map(|number| self.glimpse(number).manifest);
        let mut known = manifests.clone().filter(|manifest| !manifest.adopted);
        match known.next().map(Common::server) {
            Some(Some(server)) => format!("server …{server}"),
            Some(None) => "a server that is not known".into(),
            None => {
                let mut names = manifests.filter_map(|manifest| manifest.names.as_deref());
                format!("files named {}", names.next().unwrap_or("otherwise"))
            }
        }
    }
}

/// A script of others says nothing of its database: that was said by -d.
fn is_script(manifest: Option<&Common>) -> bool {
    manifest.is_some_and(|m| m.adopted && m.format == Format::Plain && m.database.is_some())
}
