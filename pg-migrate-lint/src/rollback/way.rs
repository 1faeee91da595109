//! Which migrations are taken back, in which order.

use shared::{Error, Result};

use crate::history::{Keeping, State, Told};
use crate::layout::{Kind, Migration, Part, Project, versions};

/// What was run, and what is taken back.
#[derive(Debug, Default)]
pub struct Way<'a> {
    /// In the order in which it was run.
    pub there: Vec<&'a Migration>,
    /// The newest first.
    pub back: Vec<Stop<'a>>,
}

/// A migration that is taken back.
#[derive(Debug)]
pub struct Stop<'a> {
    /// The one of the folder; none where only the server has it.
    pub migration: Option<&'a Migration>,
    /// As the history has it.
    pub version: String,
    /// What people call it.
    pub name: Option<String>,
    /// What makes its way back doubtful.
    pub note: Option<String>,
}

impl<'a> Stop<'a> {
    fn of(migration: &'a Migration) -> Self {
        Self {
            version: migration.version.clone(),
            name: Some(migration.name.clone()).filter(|name| !name.is_empty()),
            migration: Some(migration),
            note: None,
        }
    }

    /// What leads back; nothing where nothing does.
    pub fn down(&self) -> &'a [Part] {
        self.migration.map_or(&[], |migration| &migration.down)
    }

    /// As messages call it: its file, or its version where there is none.
    pub fn called(&self) -> String {
        match self.migration {
            Some(migration) => versions::name_of(&migration.path),
            None => self.version.clone(),
        }
    }
}

/// Back from all that was named, as if it had been applied.
///
/// Fails where no migration has the version to go back to.
pub fn of_folder<'a>(project: &'a Project, to: Option<&str>) -> Result<Way<'a>> {
    let after = place_behind(project, to)?;
    let all = &project.migrations;
    let newest = all.iter().rposition(|migration| migration.asked);
    let there: Vec<&Migration> = all.iter().take(newest.map_or(0, |last| last + 1)).collect();
    let later = there.iter().skip(after).rev();
    let asked = later.filter(|one| one.asked && one.kind == Kind::Versioned);
    let back = asked.map(|migration| Stop::of(migration)).collect();
    Ok(Way { there, back })
}

/// Back from what a server has.
///
/// Fails where the version to go back to is none of the folder's, or not applied there.
pub fn of_server<'a>(project: &'a Project, told: &Told, to: Option<&str>) -> Result<Way<'a>> {
    let after = place_behind(project, to)?;
    let entries = told.entries(project)?;
    let mut way = Way::default();
    let mut gone = Vec::new();
    let mut stops: Vec<(usize, Stop)> = Vec::new();
    for entry in entries {
        let note = match entry.state {
            State::Applied => None,
            State::Edited | State::Failed | State::Dirty | State::MissingHere => entry.message,
            _ => continue,
        };
        let Some(migration) = entry.migration else {
            gone.push((entry.version, entry.name, note));
            continue;
        };
        let is_it = |other: &Migration| std::ptr::eq(other, migration);
        let place = project
            .migrations
            .iter()
            .position(is_it)
            .unwrap_or_default();
        stops.push((
            place,
            Stop {
                note,
                ..Stop::of(migration)
            },
        ));
    }
    stops.sort_by_key(|(place, _)| *place);
    way.there = stops
        .iter()
        .filter_map(|(_, stop)| stop.migration)
        .collect();
    if let Some(place) = after.checked_sub(1)
        && !stops.iter().any(|(own, _)| *own == place)
    {
        let version = to.unwrap_or_default();
        let error = Error::usage(format!("{version} is not applied there"));
        return Err(error.with_hint("--status says what is"));
    }
    let later = stops.into_iter().filter(|(place, stop)| {
        *place >= after
            && stop
                .migration
                .is_some_and(|one| one.kind == Kind::Versioned)
    });
    way.back = later.map(|(_, stop)| stop).rev().collect();
    for (version, name, note) in gone {
        let is_later = |target: &str| (told.keeping.order)(&version, target).is_gt();
        if to.is_none_or(|target| after == 0 || is_later(target)) {
            let stop = Stop {
                migration: None,
                name,
                note,
                version,
            };
            put(&mut way.back, stop, told.keeping);
        }
    }
    Ok(way)
}

/// Where its version has it.
fn put<'a>(back: &mut Vec<Stop<'a>>, stop: Stop<'a>, keeping: &Keeping) {
    let is_before = |other: &Stop| (keeping.order)(&other.version, &stop.version).is_lt();
    let place = back.iter().position(is_before).unwrap_or(back.len());
    back.insert(place, stop);
}

/// How many migrations of the folder stay: those up to a version, by that or by the name of its file; none for `0`.
fn place_behind(project: &Project, to: Option<&str>) -> Result<usize> {
    let Some(to) = to else {
        return Ok(0);
    };
    let is_it = |migration: &Migration| {
        let is_number = versions::is_number(to) && versions::is_number(&migration.version);
        migration.version == to
            || is_number && versions::by_value(&migration.version, to).is_eq()
            || migration.path.as_os_str() == to
            || versions::name_of(&migration.path) == to
    };
    match project.migrations.iter().position(is_it) {
        Some(place) => Ok(place + 1),
        None if to == "0" => Ok(0),
        None => {
            let error = Error::usage(format!(
                "no migration of {} has the version {to}",
                project.root.display()
            ));
            let newest = project.migrations.iter().rev().map(|one| &one.version);
            let known: Vec<&str> = newest.take(3).map(String::as_str).collect();
            Err(error.with_hint(format!(
                "the newest are {}; 0 is before all of them",
                known.join(", ")
            )))
        }
    }
}
