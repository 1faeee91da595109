//! Local time, as the C library has it: what `TZ` says, or else `/etc/localtime`.
//!
//! Unlike the C library, which takes what it doesn't know for UTC, an unknown zone is an
//! error: days that silently begin at another hour keep other backups.

use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use time::{PrimitiveDateTime, UtcOffset};

use super::Time;
use crate::{Error, Result};

const LOCAL: &str = "/etc/localtime";
/// Where systems keep the zones; `TZDIR` goes first.
const FOLDERS: [&str; 4] = [
    "/usr/share/zoneinfo",
    "/usr/lib/zoneinfo",
    "/usr/share/lib/zoneinfo",
    "/etc/zoneinfo",
];
/// What the C library takes for the rule of a zone that names its summer time and says no more.
const USUAL_RULE: &str = ",M3.2.0,M11.1.0";

/// A time zone.
#[derive(Debug, Clone)]
pub struct Zone {
    rules: TimeZone,
    name: Option<String>,
}

impl Zone {
    /// The zone of this process.
    ///
    /// # Errors
    /// When `TZ` names none that is known, or what it names can't be read.
    pub fn local() -> Result<Self> {
        match env::var_os("TZ") {
            None => Self::of_system(Path::new(LOCAL)),
            Some(tz) => Self::named(&tz.to_string_lossy()),
        }
    }

    /// The zone that this value of `TZ` means.
    ///
    /// # Errors
    /// When it means none that is known.
    pub fn named(tz: &str) -> Result<Self> {
        parse(tz).map_err(|()| {
            Error::new(format!("TZ={tz}: no time zone is known by this name"))
                .with_hint("see /usr/share/zoneinfo (the package tzdata) for names, or use UTC")
        })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self {
            rules: TimeZone::UTC,
            name: Some("UTC".into()),
        }
    }

    /// The zone's name, `Europe/Berlin`; `None` where it has rules and no name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The time as clocks of this zone show it.
    pub fn local_time(&self, time: Time) -> Time {
        let timestamp = jiff::Timestamp::from_second(time.unix_timestamp());
        let seconds = timestamp.map_or(0, |at| self.rules.to_offset(at).seconds());
        let offset = UtcOffset::from_whole_seconds(seconds).unwrap_or(UtcOffset::UTC);
        // The last year has no days after it, in no zone.
        time.checked_to_offset(offset).unwrap_or(time)
    }

    /// What the zone is called at that time: `CET` and, in summer, `CEST`.
    pub fn abbreviation(&self, time: Time) -> Option<String> {
        let timestamp = jiff::Timestamp::from_second(time.unix_timestamp()).ok()?;
        let info = self.rules.to_offset_info(timestamp);
        Some(info.abbreviation().to_owned())
    }

    /// When clocks of this zone show this; of two times the earlier, and where they skip it what
    /// they would show had they gone on.
    pub fn time_of(&self, shown: PrimitiveDateTime) -> Time {
        let as_utc = shown.assume_utc();
        let wall = jiff::Timestamp::from_second(as_utc.unix_timestamp())
            .map(|at| TimeZone::UTC.to_datetime(at));
        let there = wall.and_then(|wall| self.rules.to_ambiguous_timestamp(wall).compatible());
        match there {
            Ok(at) => Time::from_unix_timestamp(at.as_second()).unwrap_or(as_utc),
            Err(_) => as_utc,
        }
    }

    fn of_system(path: &Path) -> Result<Self> {
        let data = match fs::read(path) {
            Ok(data) => data,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::utc()),
            Err(error) => return Err(Error::new(format!("{}: {error}", path.display()))),
        };
        let name = name_of_link(path);
        let rules = TimeZone::tzif(name.as_deref().unwrap_or_default(), &data);
        let rules = rules.map_err(|_| Error::new(format!("{}: no time zone", path.display())))?;
        Ok(Self { rules, name })
    }
}

/// The value of `TZ`: empty for UTC, a file's name, or rules such as `CET-1CEST,M3.5.0,M10.5.0/3`.
fn parse(tz: &str) -> std::result::Result<Zone, ()> {
    let name = tz.strip_prefix(':').unwrap_or(tz);
    if name.is_empty() {
        return Ok(Zone::utc());
    }
    if let Some(data) = files(name).into_iter().find_map(|path| fs::read(path).ok()) {
        let rules = TimeZone::tzif(name, &data).map_err(drop)?;
        let name = name_below(Path::new(name)).unwrap_or_else(|| name.to_string());
        let name = (!name.starts_with('/')).then_some(name);
        return Ok(Zone { rules, name });
    }
    let rules = TimeZone::posix(tz).or_else(|_| TimeZone::posix(&format!("{tz}{USUAL_RULE}")));
    let rules = rules.map_err(drop)?;
    Ok(Zone {
        rules,
        name: Some(tz.to_string()),
    })
}

/// The files that a name may mean.
fn files(name: &str) -> Vec<PathBuf> {
    if name.starts_with('/') {
        return vec![name.into()];
    }
    if name.split('/').any(|part| part == "..") {
        return Vec::new();
    }
    let own = env::var_os("TZDIR").map(PathBuf::from);
    let usual = FOLDERS.iter().map(PathBuf::from);
    own.into_iter()
        .chain(usual)
        .map(|folder| folder.join(name))
        .collect()
}

/// `/etc/localtime` is mostly a link to the zone's file, and that has the name.
fn name_of_link(path: &Path) -> Option<String> {
    name_below(&fs::read_link(path).ok()?)
}

fn name_below(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let (_, name) = text.rsplit_once("zoneinfo/")?;
    let name = name.strip_prefix("posix/").unwrap_or(name);
    (!name.is_empty()).then(|| name.to_string())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn zone(tz: &str) -> Zone {
        parse(tz).unwrap()
    }

    /// Hours ahead of UTC in winter and in summer.
    fn hours(tz: &str) -> [i32; 2] {
        [
            datetime!(2026-01-15 12:00 UTC),
            datetime!(2026-07-15 12:00 UTC),
        ]
        .map(|at| zone(tz).local_time(at).offset().whole_seconds() / 3600)
    }

    #[test]
    fn names_rules_and_files_are_understood() {
        for (tz, expected, name) in [
            ("", [0, 0], Some("UTC")),
            (":", [0, 0], Some("UTC")),
            ("UTC", [0, 0], Some("UTC")),
            ("Europe/Berlin", [1, 2], Some("Europe/Berlin")),
            (":Europe/Berlin", [1, 2], Some("Europe/Berlin")),
            (
                "/usr/share/zoneinfo/Europe/Berlin",
                [1, 2],
                Some("Europe/Berlin"),
            ),
            ("America/New_York", [-5, -4], Some("America/New_York")),
            ("EST5EDT4", [-5, -4], Some("EST5EDT4")),
            ("JST-9", [9, 9], Some("JST-9")),
            (
                "XYZ-1XYS,M3.5.0,M10.5.0/3",
                [1, 2],
                Some("XYZ-1XYS,M3.5.0,M10.5.0/3"),
            ),
        ] {
            assert_eq!(hours(tz), expected, "{tz}");
            assert_eq!(zone(tz).name(), name, "{tz}");
        }
    }

    #[test]
    fn unknown_zones_are_not_utc() {
        for tz in [
            "Europe/Berlln",
            "Nowhere",
            "../../etc/passwd",
            "/etc/passwd",
            "Europe",
        ] {
            assert!(parse(tz).is_err(), "{tz}");
        }
    }

    #[test]
    fn the_systems_zone_has_the_name_of_its_link() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("localtime");
        assert_eq!(Zone::of_system(&link).unwrap().name(), Some("UTC"));
        std::os::unix::fs::symlink("/usr/share/zoneinfo/Asia/Kolkata", &link).unwrap();
        let zone = Zone::of_system(&link).unwrap();
        assert_eq!(zone.name(), Some("Asia/Kolkata"));
        let noon = zone.local_time(datetime!(2026-01-15 12:00 UTC));
        assert_eq!(noon.offset().whole_seconds(), 19800);
        fs::remove_file(&link).unwrap();
        fs::write(&link, "no zone").unwrap();
        assert!(Zone::of_system(&link).is_err());
    }

    #[test]
    fn what_a_clock_showed_is_found_again() {
        let berlin = zone("Europe/Berlin");
        for (shown, time) in [
            (datetime!(2026-01-15 12:00), datetime!(2026-01-15 11:00 UTC)),
            (datetime!(2026-07-15 00:30), datetime!(2026-07-14 22:30 UTC)),
            // Twice: the earlier. Skipped: as if the clock had gone on.
            (datetime!(2026-10-25 02:30), datetime!(2026-10-25 00:30 UTC)),
            (datetime!(2026-03-29 02:30), datetime!(2026-03-29 01:30 UTC)),
        ] {
            assert_eq!(berlin.time_of(shown), time, "{shown}");
        }
    }
}
