//! A file of earlier looks that keeps itself: the last one, and one that is a day old.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use serde_json::{Value, json};
use shared::time::Time;
use shared::{Context as _, Error, Result};

use super::kept::{self, SERVER};
use super::{Baseline, DAY, Dated, change};
use crate::look::Seen;

/// What the first line says: the file is ours to write over.
const SECTION: &str = "state";
const FORMAT: u64 = 1;
const LONGEST_HEAD: u64 = 1000;

/// What nobody has seen for so long is forgotten.
const FORGOTTEN: f64 = 30.0 * DAY;

/// The file.
#[derive(Debug)]
pub struct State {
    path: PathBuf,
}

impl State {
    /// The file at this path; a link leads to it.
    pub fn new(path: &Path) -> Result<Self> {
        let path = match fs::canonicalize(path) {
            Ok(path) => path,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => path.to_path_buf(),
            Err(error) => return Err(error).context(|| path.display().to_string()),
        };
        Ok(Self { path })
    }

    /// The looks in it; none where there is no file yet.
    pub fn read(&self) -> Result<Option<Baseline>> {
        let name = || self.path.display().to_string();
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context(name),
        };
        let mut input = BufReader::new(file);
        let mut head = Vec::new();
        let mut beginning = Read::by_ref(&mut input).take(LONGEST_HEAD);
        beginning.read_until(b'\n', &mut head).context(name)?;
        if head.is_empty() {
            return Ok(None);
        }
        let head: Value = serde_json::from_slice(&head).unwrap_or_default();
        match (head["section"].as_str(), head["format"].as_u64()) {
            (Some(SECTION), Some(FORMAT)) => Baseline::of(input).context(name).map(Some),
            (Some(SECTION), _) => Err(Error::new(format!(
                "{} was written by a newer pg-stat-report",
                name()
            ))),
            _ => Err(
                Error::usage(format!("{} is not a file that --state wrote", name()))
                    .with_hint("--baseline reads the records of an earlier run"),
            ),
        }
    }

    /// Adds what was seen, and lets go of what is not needed any more.
    pub fn save<'a>(&self, seen: impl Iterator<Item = &'a Seen>) -> Result<()> {
        let name = || format!("--state {}", self.path.display());
        let folder = match self.path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        // Somebody else may keep another server's looks here at the same time.
        let lock = File::open(folder).context(name)?;
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(std::io::Error::from)
            .context(name)?;
        let mut baseline = self.read()?.unwrap_or_default();
        seen.for_each(|seen| baseline.take(seen));
        self.write(&baseline, folder).context(name)
    }

    fn write(&self, baseline: &Baseline, folder: &Path) -> std::io::Result<()> {
        let file = tempfile::Builder::new()
            .prefix(".pg-stat-report.")
            .tempfile_in(folder)?;
        if let Ok(old) = fs::metadata(&self.path) {
            file.as_file().set_permissions(old.permissions())?;
        }
        let mut out = BufWriter::new(file);
        writeln!(out, "{}", json!({"section": SECTION, "format": FORMAT}))?;
        for (key, pasts) in &baseline.past {
            for record in pasts.iter().filter_map(|past| key.record(past)) {
                writeln!(out, "{record}")?;
            }
        }
        for record in baseline.settings.records() {
            writeln!(out, "{record}")?;
        }
        let file = out
            .into_inner()
            .map_err(std::io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        Ok(())
    }
}

impl Baseline {
    fn take(&mut self, seen: &Seen) {
        let target = &seen.origin.target;
        let looked = kept::of_look(seen);
        let server = looked.iter().find(|(kind, ..)| kind.is(&SERVER));
        let others = self.past.get(&SERVER.only(target));
        let is_foreign = server.zip(others).is_some_and(|((.., now), others)| {
            others.iter().any(|then| change::is_foreign(then, now))
        });
        if is_foreign {
            self.past.retain(|key, _| key.target != *target);
            self.settings.forget(target);
        }
        let now = looked.first().map(|(.., past)| past.taken_at);
        for (_, key, past) in looked {
            self.add(key, past);
        }
        let Some(now) = now else { return };
        self.past.retain(|_, pasts| {
            thin(pasts, now);
            !pasts.is_empty()
        });
        self.settings.take(seen, |looks| thin(looks, now));
    }
}

/// Leaves the last, one that is a day old if there is any, and the one that will be.
fn thin<T: Dated>(pasts: &mut Vec<T>, now: Time) {
    pasts.sort_by_key(T::taken_at);
    let age = |past: &T| (now - past.taken_at()).as_seconds_f64();
    if pasts.last().is_none_or(|last| age(last) >= FORGOTTEN) {
        pasts.clear();
    }
    let next = |pasts: &[T]| {
        let first = age(pasts.first()?);
        pasts.iter().position(|past| first - age(past) >= DAY)
    };
    while let Some(place) = next(pasts).filter(|place| age(&pasts[*place]) >= DAY) {
        pasts.drain(..place);
    }
    let next = next(pasts).unwrap_or(usize::MAX);
    let last = pasts.len().saturating_sub(1);
    let mut place = 0;
    pasts.retain(|_| {
        let is_kept = place == 0 || place == next || place == last;
        place += 1;
        is_kept
    });
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::kept::Past;
    use super::*;

    fn ages(kept: &[Past], now: Time) -> Vec<i64> {
        let hours = kept.iter().map(|past| (now - past.taken_at).whole_hours());
        hours.collect()
    }

    /// What is left after a run at each of these hours.
    fn after(hours: impl Iterator<Item = u64>) -> Vec<i64> {
        let record = json!({"section": "wal", "target": "x:1", "taken_at": "2026-01-01T00:00:00Z"});
        let (_, first) = kept::of_record(&record).unwrap();
        let (mut pasts, mut now) = (Vec::new(), first.taken_at);
        for hour in hours {
            now = first.taken_at + Duration::from_secs(hour * 3600);
            let mut past = first.clone();
            past.taken_at = now;
            pasts.push(past);
            thin(&mut pasts, now);
        }
        ages(&pasts, now)
    }

    #[test]
    fn one_a_day_old_is_always_there() {
        assert_eq!(after(0..1), [0]);
        assert_eq!(after(0..6), [5, 0]);
        assert_eq!(after(0..25), [24, 0]);
        assert_eq!(after(0..30), [29, 5, 0]);
        assert_eq!(after(0..48), [47, 23, 0]);
        assert_eq!(after(0..49), [24, 0]);
        for hours in 50..200 {
            let kept = after(0..hours);
            assert!((24..=48).contains(&kept[0]) && kept.len() <= 3, "{kept:?}");
        }
    }

    #[test]
    fn runs_far_apart() {
        assert_eq!(after([0, 24 * 7, 24 * 14].into_iter()), [24 * 7, 0]);
        assert_eq!(after([0, 24 * 60].into_iter()), [24 * 60, 0]);
    }
}
