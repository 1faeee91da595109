//! The settings of servers at earlier times, and which of them are not what they were.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use shared::time::{self, Time};
use shared::{Error, Result};

use super::{DAY, Dated, is_of_the_future};
use crate::look::Seen;
use crate::row::{Cell, Row};
use crate::section::Section;
use crate::sections::{configuration, drift, settings};

/// The sections that have them.
pub const SECTIONS: &[&Section] = &[&settings::SECTION, &configuration::SECTION];

/// Those that hold for our own session only.
const OWN: [&str; 3] = ["database", "user", "database user"];

/// Of all servers, of each the longest ago first.
#[derive(Debug, Default)]
pub struct Settings(HashMap<String, Vec<Look>>);

/// All settings of a server at one time.
#[derive(Debug, Clone)]
pub struct Look {
    taken_at: Time,
    /// Settings of roles and databases were looked at.
    has_roles: bool,
    all: BTreeMap<Name, Setting>,
}

/// Which setting, and whose: without a role and a database it is the server's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    role: Option<String>,
    database: Option<String>,
    name: String,
}

#[derive(Debug, Clone)]
struct Setting {
    value: Option<String>,
    default: Option<String>,
    source: Option<String>,
    is_all_seen: bool,
}

impl Dated for Look {
    fn taken_at(&self) -> Time {
        self.taken_at
    }
}

impl Settings {
    /// Takes a record of an earlier run, if it is one of a setting.
    pub fn read(&mut self, record: &Value) -> Option<()> {
        let section = record["section"].as_str()?;
        let target = record["target"].as_str()?;
        let taken_at = time::parse(record["taken_at"].as_str()?).ok()?;
        if SECTIONS.iter().all(|own| own.name != section) {
            return None;
        }
        let looks = self.0.entry(target.to_string()).or_default();
        let place = looks.iter().rposition(|look| look.taken_at == taken_at);
        let place = place.unwrap_or_else(|| {
            looks.push(Look::new(taken_at));
            looks.len() - 1
        });
        let text = |field: &str| record[field].as_str().map(str::to_string);
        let is_all_seen = record["is_all_seen"] == json!(true);
        looks.get_mut(place)?.add(section, is_all_seen, text);
        Some(())
    }

    /// Puts them in their order.
    pub fn sort(&mut self) {
        for looks in self.0.values_mut() {
            looks.sort_by_key(|look| look.taken_at);
        }
    }

    /// Adds what was seen just now, and lets go of what is not needed any more.
    pub fn take(&mut self, seen: &Seen, thin: impl Fn(&mut Vec<Look>)) {
        if let Some(look) = Look::of(seen) {
            let looks = self.0.entry(seen.origin.target.clone()).or_default();
            looks.push(look);
        }
        self.0.retain(|_, looks| {
            thin(looks);
            !looks.is_empty()
        });
    }

    /// Those of another server.
    pub fn forget(&mut self, target: &str) {
        self.0.remove(target);
    }

    /// The records that say all this again.
    pub fn records(&self) -> Vec<Value> {
        let of = |(target, looks): (&String, &Vec<Look>)| -> Vec<Value> {
            looks.iter().flat_map(|look| look.records(target)).collect()
        };
        self.0.iter().flat_map(of).collect()
    }

    /// What is not as it was a day ago, or else as long ago as is known.
    pub fn drift(&self, seen: &Seen) -> Result<Vec<Row>> {
        let troubles = seen.parts.iter().filter_map(|part| {
            let error = part.rows.as_ref().err()?;
            let is_own = |section: &&Section| section.name == part.section.name;
            SECTIONS.iter().any(is_own).then_some(error)
        });
        if let Some(error) = troubles.into_iter().next() {
            return Err(error.clone());
        }
        let now = Look::of(seen).ok_or_else(|| Error::new("the settings were not looked at"))?;
        let target = &seen.origin.target;
        let looks = self.0.get(target).into_iter().flatten();
        let first = looks.map(|look| look.taken_at).min();
        if let Some(first) = first.filter(|first| *first >= now.taken_at) {
            return Err(is_of_the_future(first));
        }
        let then = self.before(target, now.taken_at);
        let then = then.ok_or_else(|| {
            Error::new("the earlier report has no rows of section settings to compare with")
                .with_hint("--state keeps them; --baseline reads the records of sections settings and configuration")
        })?;
        Ok(rows(then, &now, seen))
    }

    fn before(&self, target: &str, now: Time) -> Option<&Look> {
        let looks = self.0.get(target)?.iter();
        let earlier: Vec<&Look> = looks
            .filter(|look| look.taken_at < now && look.is_whole())
            .collect();
        let is_old = |look: &&&Look| (now - look.taken_at).as_seconds_f64() >= DAY;
        let old = earlier.iter().rev().find(is_old);
        old.or(earlier.first()).copied()
    }
}

impl Look {
    fn new(taken_at: Time) -> Self {
        Self {
            taken_at,
            has_roles: false,
            all: BTreeMap::new(),
        }
    }

    fn of(seen: &Seen) -> Option<Self> {
        let mut look = Self::new(time::parse(&seen.origin.taken_at).ok()?);
        for part in seen.parts.iter() {
            if SECTIONS.iter().all(|own| own.name != part.section.name) {
                continue;
            }
            look.has_roles |= part.section.name == configuration::SECTION.name && part.rows.is_ok();
            for row in part.rows.iter().flatten() {
                let has = |field: &str| part.section.fields.iter().any(|(own, _)| *own == field);
                let text = |field: &str| row.text(field).filter(|_| has(field)).map(str::to_string);
                let is_all_seen = has("is_all_seen") && row.is("is_all_seen");
                look.add(part.section.name, is_all_seen, |field| match has(field) {
                    true => text(field),
                    false => None,
                });
            }
        }
        look.is_whole().then_some(look)
    }

    fn add(&mut self, section: &str, is_all_seen: bool, text: impl Fn(&str) -> Option<String>) {
        let is_of_role = section == configuration::SECTION.name;
        self.has_roles |= is_of_role;
        if is_of_role && text("kind").as_deref() != Some("setting") {
            return;
        }
        let Some(name) = text("name") else { return };
        let own = |field: &str| text(field).filter(|_| is_of_role);
        let name = Name {
            role: own("role").or_else(|| is_of_role.then(String::new)),
            database: own("database"),
            name,
        };
        let setting = Setting {
            value: text("setting"),
            default: text("default_setting"),
            source: text("source"),
            is_all_seen,
        };
        self.all.insert(name, setting);
    }

    /// Some are always there.
    fn is_whole(&self) -> bool {
        self.all.keys().any(Name::is_servers)
    }

    /// What has no row of its own is its default, for who sees all.
    fn is_all_seen(&self) -> bool {
        let mut servers = self.all.iter().filter(|(name, _)| name.is_servers());
        servers.all(|(_, setting)| setting.is_all_seen)
    }

    fn records(&self, target: &str) -> Vec<Value> {
        let Ok(taken_at) = time::format(self.taken_at) else {
            return Vec::new();
        };
        let settings = self.all.iter().map(|(name, setting)| {
            let section = match name.is_servers() {
                true => settings::SECTION.name,
                false => configuration::SECTION.name,
            };
            json!({
                "section": section, "target": target, "taken_at": taken_at, "kind": "setting",
                "role": name.role.as_deref().filter(|role| !role.is_empty()), "database": name.database,
                "name": name.name, "setting": setting.value, "default_setting": setting.default,
                "source": setting.source, "is_all_seen": setting.is_all_seen,
            })
        });
        let section = configuration::SECTION.name;
        let looked =
            json!({"section": section, "target": target, "taken_at": taken_at, "kind": "none"});
        let looked = self.has_roles.then_some(looked);
        settings.chain(looked).collect()
    }
}

impl Name {
    /// Roles have a name; that of all is empty.
    fn is_servers(&self) -> bool {
        self.role.is_none()
    }
}

fn rows(then: &Look, now: &Look, seen: &Seen) -> Vec<Row> {
    let names: BTreeSet<&Name> = then.all.keys().chain(now.all.keys()).collect();
    let origin = &seen.origin;
    let row = |cells: Vec<Cell>| drift::SECTION.row(&Arc::clone(origin), cells);
    let changed = names.into_iter().filter_map(|name| {
        let (before, after) = match name.is_servers() {
            true => of_server(name, then, now)?,
            false => of_role(name, then, now)?,
        };
        let source = now.all.get(name).and_then(|setting| setting.source.clone());
        Some(row(cells(Some(name), before, after, source, then)))
    });
    let mut rows: Vec<Row> = changed.collect();
    if !then.is_all_seen() || !now.is_all_seen() {
        rows.push(row(cells(None, None, None, None, then)));
    }
    rows
}

/// A value then and now, if they differ.
type Change = Option<(Option<String>, Option<String>)>;

fn of_server(name: &Name, then: &Look, now: &Look) -> Change {
    let (before, after) = (then.all.get(name), now.all.get(name));
    let is_own = |setting: &Setting| OWN.iter().any(|own| setting.source.as_deref() == Some(own));
    if [before, after].into_iter().flatten().any(is_own) {
        return None;
    }
    let value = |own: Option<&Setting>, other: Option<&Setting>, look: &Look| match own {
        Some(setting) => Some(setting.value.clone()),
        None if look.is_all_seen() => other.map(|setting| setting.default.clone()),
        None => None,
    };
    let change = (value(before, after, then)?, value(after, before, now)?);
    (change.0 != change.1).then_some(change)
}

fn of_role(name: &Name, then: &Look, now: &Look) -> Change {
    if !then.has_roles || !now.has_roles {
        return None;
    }
    let value = |look: &Look| {
        let setting = look.all.get(name)?;
        Some(setting.value.clone().unwrap_or_else(|| "(hidden)".into()))
    };
    let change = (value(then), value(now));
    (change.0 != change.1).then_some(change)
}

fn cells(
    name: Option<&Name>,
    before: Option<String>,
    after: Option<String>,
    source: Option<String>,
    then: &Look,
) -> Vec<Cell> {
    let text = |text: Option<&str>| text.map_or(Cell::Null, |text| Cell::Text(text.into()));
    let kind = match name {
        None => "hidden",
        Some(name) if name.is_servers() => "server",
        Some(_) => "role",
    };
    let role = name.and_then(|name| name.role.as_deref());
    vec![
        text(Some(kind)),
        text(name.map(|name| name.name.as_str())),
        text(role.filter(|role| !role.is_empty())),
        text(name.and_then(|name| name.database.as_deref())),
        text(before.as_deref()),
        text(after.as_deref()),
        text(source.as_deref()),
        text(time::format(then.taken_at).ok().as_deref()),
    ]
}
