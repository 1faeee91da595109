//! Which backups `--check` judges together: those of one subject and one server.
//!
//! A backup of another server must not make a stale one look young, nor may a script that is only
//! taken to be of a database. A server that ended before another began is its forerunner, as
//! before an upgrade or a move: its backups count for what they are.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use shared::backup::{Backup, Format};
use shared::time::Time;

use crate::problem;
use crate::rotate::series;
use crate::scope::{Scope, Subject};

/// The backups of one subject that are earlier and later ones of the same.
#[derive(Debug, Default)]
pub struct Group<'a> {
    pub subject: Subject,
    /// Where they are from, in words, where others of the subject are from elsewhere.
    pub from: Option<String>,
    /// Newest first.
    pub good: Vec<&'a Backup>,
    /// With what is wrong.
    pub bad: Vec<(&'a Backup, String)>,
    /// How many of the good ones are of a server that was there before.
    pub of_earlier: usize,
    /// What was passed over, as nothing says that it is of this subject: how files are called.
    pub unsure: Vec<String>,
    /// By what options others were told to leave something out, and how many of each there are.
    pub partial: Vec<(String, usize)>,
}

/// What one server left, or others' files with names of one kind. Newest first, never empty.
struct Part<'a> {
    backups: Vec<&'a Backup>,
    /// How many of them are of a server that was there before.
    earlier: usize,
}

impl<'a> Group<'a> {
    /// The groups of all backups, of those that are not whole, and of what was named and is missing.
    pub fn all(scope: &Scope, backups: &'a [Backup], broken: &'a [(Backup, Subject)]) -> Vec<Self> {
        let mut groups = of_manifests(backups);
        let unknown = backups.iter().filter(|backup| backup.manifest.is_none());
        let unknown = unknown.filter_map(|backup| Some((backup, Subject::of(backup)?)));
        let broken = broken.iter();
        let broken = broken.map(|(backup, subject)| (backup, subject.clone()));
        for (backup, subject) in unknown.chain(broken) {
            let why = problem::of(backup).unwrap_or_default();
            let of_its_kind = groups.values_mut().flatten();
            let mut of_its_kind = of_its_kind.filter(|group| group.has_kind_of(&subject));
            if let Some(group) = of_its_kind.next() {
                group.bad.push((backup, why));
                continue;
            }
            let groups = groups.entry(subject.clone()).or_default();
            if groups.is_empty() {
                groups.push(Self::of_nothing(subject));
            }
            groups[0].bad.push((backup, why));
        }
        for subject in missing(scope, &groups) {
            let group = Self::of_nothing(subject.clone());
            groups.insert(subject, vec![group]);
        }
        groups.into_values().flatten().collect()
    }

    /// What can't be read says nothing of its database: it goes with those that are called alike.
    fn has_kind_of(&self, subject: &Subject) -> bool {
        let is_alike = |backup: &Backup| {
            let names = backup.manifest.as_ref().map(|manifest| &manifest.names);
            names == Some(&subject.names)
        };
        let bad = self.bad.iter().map(|(backup, _)| backup);
        subject.names.is_some() && self.good.iter().chain(bad).any(|backup| is_alike(backup))
    }

    fn of_nothing(subject: Subject) -> Self {
        Self {
            subject,
            ..Self::default()
        }
    }

    fn of_part(subject: &Subject, part: &Part<'a>, is_one_of_several: bool) -> Self {
        let mut group = Self::of_nothing(subject.clone());
        group.from = is_one_of_several.then(|| part.from());
        let earlier = part.backups.len() - part.earlier;
        for (place, backup) in part.backups.iter().enumerate() {
            match problem::of(backup) {
                Some(problem) => group.bad.push((backup, problem)),
                None => {
                    group.good.push(backup);
                    group.of_earlier += usize::from(place >= earlier);
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

fn of_manifests(backups: &[Backup]) -> BTreeMap<Subject, Vec<Group<'_>>> {
    let mut parts: BTreeMap<Subject, Vec<Part<'_>>> = BTreeMap::new();
    for places in series::split_few(backups) {
        let all = places.into_iter().map(|place| &backups[place as usize]);
        // Rotation weighs scripts of others against the backups of the server that their
        // database has elsewhere; here they would lend them their youth.
        let (scripts, others): (Vec<_>, Vec<_>) = all.partition(|backup| is_script(backup));
        for backups in [scripts, others] {
            if let Some(subject) = backups.first().and_then(|backup| Subject::of(backup)) {
                let part = Part {
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
        self.backups[0].taken_at
    }

    fn oldest(&self) -> Time {
        self.backups[self.backups.len() - 1].taken_at
    }

    /// Nothing succeeds to scripts that may be of anything.
    fn is_before(&self, later: &Self) -> bool {
        self.newest() < later.oldest() && !later.is_of_scripts()
    }

    fn is_of_scripts(&self) -> bool {
        is_script(self.backups[0])
    }

    /// In words.
    fn from(&self) -> String {
        let manifests = self.backups.iter().filter_map(|b| b.manifest.as_ref());
        let mut known = manifests.clone().filter(|manifest| !manifest.adopted);
        match known.next().map(|manifest| manifest.server()) {
            Some(Some(server)) => format!("server …{server}"),
            Some(None) => "a server that is not known".into(),
            None => {
                let names = manifests.filter_map(|manifest| manifest.names.as_deref());
                let names = names.collect::<Vec<_>>().first().copied();
                format!("files named {}", names.unwrap_or("otherwise"))
            }
        }
    }
}

/// A script of others says nothing of its database: that was said by -d.
fn is_script(backup: &Backup) -> bool {
    let manifest = backup.manifest.as_ref();
    manifest.is_some_and(|m| m.adopted && m.format == Format::Plain && m.database.is_some())
}
