//! Which backups are earlier and later ones of the same.

use std::collections::{HashMap, HashSet};

use shared::backup::{Backups, Common};

use crate::scope::{Key, Subject};

/// Splits backups into series, each the places of its backups: those of the same database of the same
/// server, under the same label, with the same selection. Keeps their order.
///
/// What was adopted says nothing of its server. It belongs to the one that the others of its database
/// are of; where those are of several servers, or the adopted ones have names of several kinds, those
/// of each kind are a series of their own.
pub fn split(backups: &Backups) -> Vec<Vec<u32>> {
    let manifests = || backups.glimpses().map(|backup| backup.manifest);
    let mut origins = Origins::new();
    let mut last = None;
    for manifest in manifests().flatten() {
        if is_other(&mut last, manifest) {
            let kind = Kind::of(manifest);
            origins.entry(kind.subject).or_default().insert(kind.origin);
        }
    }
    let mut all: Vec<Vec<u32>> = Vec::new();
    let mut numbers = HashMap::new();
    let (mut last, mut number) = (None, 0);
    for (place, manifest) in (0..).zip(manifests()) {
        let Some(manifest) = manifest else {
            continue;
        };
        if is_other(&mut last, manifest) {
            let next = all.len();
            let kind = Kind::of(manifest).joined(&origins);
            number = *numbers.entry(kind).or_insert(next);
            if number == next {
                all.push(Vec::new());
            }
        }
        all[number].push(place);
    }
    all
}

/// Most are like the one before.
fn is_other<'a>(last: &mut Option<&'a Common>, manifest: &'a Common) -> bool {
    let before = last.replace(manifest);
    !before.is_some_and(|before| std::ptr::eq(before, manifest))
}

/// Where the backups of each subject are from.
type Origins<'a> = HashMap<Key<'a>, HashSet<Origin<'a>>>;

/// What the backups of a series share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Kind<'a> {
    subject: Key<'a>,
    origin: Origin<'a>,
}

/// Where a backup is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Origin<'a> {
    /// By its identifier.
    Server(&'a str),
    /// Nobody could ask for that: by how it was reached.
    Reached(Option<&'a str>),
    /// With what its name shares with others.
    Adopted(Option<&'a str>),
}

impl<'a> Kind<'a> {
    /// The same, of the one server that others of its subject are of, where it says nothing of it.
    fn joined(self, origins: &Origins<'a>) -> Self {
        let of = |adopted: bool| {
            let all = origins.get(&self.subject).into_iter().flatten();
            all.filter(move |origin| matches!(origin, Origin::Adopted(_)) == adopted)
        };
        let origin = match (of(false).next(), of(false).count(), of(true).count()) {
            (Some(server), 1, 1) => *server,
            _ => self.origin,
        };
        Self { origin, ..self }
    }

    fn of(manifest: &'a Common) -> Self {
        let names = manifest.names.as_deref();
        Self {
            subject: Subject::key_of(manifest),
            origin: match manifest.system_identifier.as_deref() {
                _ if manifest.adopted => Origin::Adopted(names),
                Some(identifier) => Origin::Server(identifier),
                None => Origin::Reached(manifest.origin.as_deref()),
            },
        }
    }
}
