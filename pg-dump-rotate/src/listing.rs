//! `--list`: what there is.

use std::cmp::Reverse;

use shared::backup::{self, Backup, Backups, Glimpse, Name, Place, Proof, State};
use shared::cli::Context;
use shared::message::Progress;
use shared::time::{self, Time};
use shared::{Exit, Result};

use crate::adopt::Found;
use crate::cli::{Options, TOOL};
use crate::folder::{Leftover, leftovers};
use crate::problem;
use crate::record::Record;
use crate::rotate::{Verdict, Verdicts, servers};
use crate::scope::{self, Scope, Subject};

const OVERWRITTEN: &str =
    "it was overwritten since it was adopted, and will be adopted anew as what it is now";

/// Every backup in the folder, newest first, with what is wrong with it, and what is unfinished;
/// with rules, what they would do with each. What has a time in the future comes last.
pub fn run(options: &Options, context: &Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let now = time::now();
    let scope = Scope::of(options, context)?;
    let mut backups = Backups::of(&dir)?;
    let mut found = Found::look(options, scope.only_database(), context)?;
    found.add_to(&mut backups);
    let unknown = scope.count_unknown(&backups, &options.adopted);
    scope.warn_of_unknown(unknown, context);
    scope::keep(&mut backups, |subject| match subject {
        Some(subject) => scope.shows(subject),
        None => !scope.names_databases() && scope.label.is_none(),
    });
    look_again(&mut backups, |backup| backup.is_damaged());
    if options.verify_checksums {
        verify_checksums(&mut backups, context)?;
    }
    servers::warn_of_several(&backups, context);
    if found.broken.is_empty() {
        scope.warn_of_nothing(&backups, &dir, context);
    }
    found.broken.retain(|(_, subject)| scope.shows(subject));
    let broken = found.broken.iter().map(|(backup, _)| backup);
    let mut seen = backups.glimpses();
    let exit = match seen.any(|of| of.is_damaged()) || broken.clone().any(Backup::is_damaged) {
        true => Exit::Found,
        false => Exit::Ok,
    };
    // Nobody judges where there is no rule.
    let none = Backups::none(&dir);
    let judged = match options.policy.is_empty() {
        true => &none,
        false => &backups,
    };
    let verdicts = Verdicts::of_all(&options.policy, judged, now);
    let numbers = verdicts.numbers();
    let listed = |place: u32| {
        let number = numbers.get(place as usize).copied().flatten();
        let verdict = number.map(|number| verdicts.get(number.get() as usize - 1));
        let backup = backups.get(place as usize);
        match found.anew.contains(&*backup.path) {
            true => and(listed(&backup, verdict, now), OVERWRITTEN),
            false => listed(&backup, verdict, now),
        }
    };
    let places = (0..).zip(backups.glimpses()).map(|(place, _)| place);
    let mut lines: Vec<Line<'_>> = places.map(Line::Backup).collect();
    lines.extend(broken.map(Line::Broken));
    let unfinished = unfinished(&Place::new(&dir), &scope, now)?;
    lines.extend(
        unfinished
            .into_iter()
            .map(|record| Line::Unfinished(Box::new(record))),
    );
    // A time in the future is a clock's that was wrong: nobody wants that one first.
    let ahead = now.unix_timestamp();
    lines.sort_by_key(|line| {
        let taken_at = match line {
            Line::Backup(place) => Some(backups.glimpse(*place as usize).taken_at),
            Line::Broken(backup) => Some(backup.taken_at),
            Line::Unfinished(record) => record.taken_at,
        };
        let taken_at = taken_at.map(|at| at.unix_timestamp());
        (taken_at > Some(ahead), Reverse(taken_at))
    });
    let mut records = context.records::<Record>();
    records.write_each(lines.len(), |number| match &lines[number] {
        Line::Backup(place) => listed(*place),
        Line::Broken(backup) => self::listed(backup, None, now),
        Line::Unfinished(record) => Record::clone(record),
    })?;
    records.finish()?;
    Ok(exit)
}

/// What becomes a record; only that of what is unfinished is made before it is written.
enum Line<'a> {
    /// By its place among all.
    Backup(u32),
    Broken(&'a Backup),
    Unfinished(Box<Record>),
}

/// Looks again at those with such a fault: what was published or deleted between the look at its
/// manifest and that at its data has none.
pub fn look_again(backups: &mut Backups, has_fault: impl Fn(Glimpse<'_>) -> bool) {
    backups.change(has_fault, looks_as_bad_again);
}

/// Looks again at one with a fault; no where it is none.
fn looks_as_bad_again(backup: &mut Backup) -> bool {
    if matches!(backup.state, State::Incomplete(_)) {
        return true;
    }
    if is_between(backup) {
        return false;
    }
    if let Some(now) = Backup::at(&backup.path) {
        *backup = now;
    }
    backup.is_ok() || !(is_between(backup) || backup.is_gone())
}

/// Whether it is being published or deleted: its manifest is hidden then.
fn is_between(backup: &Backup) -> bool {
    let is_hidden =
        |(place, name): (Place, &str)| place.has(&backup::partial_of(&backup::manifest_of(name)));
    Place::of(&backup.path).is_some_and(is_hidden)
}

/// Reads the data of every backup that seems good, and notes beside one that other bytes were
/// found in it, so that rotation knows. What is deleted meanwhile is none.
pub fn verify_checksums(backups: &mut Backups, context: &Context) -> Result<()> {
    let mut verifying = Verifying::new(context);
    backups.change(|backup| backup.is_ok(), |backup| verifying.verify(backup));
    verifying.done
}

struct Verifying<'a> {
    context: &'a Context,
    progress: Progress,
    done: Result<()>,
}

impl<'a> Verifying<'a> {
    fn new(context: &'a Context) -> Self {
        Self {
            context,
            progress: context.progress(),
            done: Ok(()),
        }
    }

    /// One after the other; no where it is none any more.
    fn verify(&mut self, backup: &mut Backup) -> bool {
        if self.done.is_ok() {
            self.progress
                .show(|| format!("reading {}", backup.path.display()));
            self.done = backup.verify_checksums();
            note_damage(backup, self.context);
        }
        let is_unreadable = matches!(backup.state, State::Unreadable(_));
        !is_unreadable || !(is_between(backup) || backup.is_gone())
    }
}

/// That it can't be written takes nothing from what was found, but what comes of it has to be known.
fn note_damage(backup: &Backup, context: &Context) {
    let (State::ChecksumDiffers(why), Some(manifest)) = (&backup.state, &backup.manifest) else {
        return;
    };
    // One that is being deleted is left to that.
    if is_between(backup) || !matches!(Backup::at(&backup.path), Some(now) if now.is_ok()) {
        return;
    }
    let proof = Proof {
        verified_at: time::now().truncate_to_second(),
        proved: false,
        message: why.clone(),
        sha256: manifest.sha256(),
        bytes: manifest.bytes(),
        restore_ms: None,
        server_version: None,
        tool_version: TOOL.version.into(),
    };
    if let Err(error) = proof.write(&backup.path) {
        context.warn(format!(
            "{}; rotation will take that backup for a good one",
            error.in_one_line()
        ));
    }
}

fn and(record: Record, reason: &str) -> Record {
    let reasons = [record.reason.as_deref(), Some(reason)];
    let reasons: Vec<&str> = reasons.into_iter().flatten().collect();
    let reasons = reasons.join("; ");
    record.because(reasons)
}

fn listed(backup: &Backup, verdict: Option<Verdict<'_>>, now: Time) -> Record {
    let record = Record {
        kept: verdict.map(|verdict| verdict.is_kept()),
        ..Record::of("listed", backup, now)
    };
    let is_ahead = verdict.is_none() && backup.taken_at > now;
    let reasons = verdict.map(|verdict| verdict.reason());
    let reasons = reasons.or(is_ahead.then(|| "taken in the future".into()));
    let reasons: Vec<String> = reasons.into_iter().chain(problem::of(backup)).collect();
    match reasons.is_empty() {
        true => record,
        false => record.because(reasons.join("; ")),
    }
}

/// What is being written or deleted, or was when its run was killed.
fn unfinished(place: &Place, scope: &Scope, now: Time) -> Result<Vec<Record>> {
    let shows = |left: &Leftover| match Subject::of_name(&left.name) {
        Some(subject) => scope.shows(&subject),
        None => !scope.names_databases() && scope.label.is_none(),
    };
    let record = |left: Leftover| {
        let (state, reason) = match (left.busy, left.shut_by) {
            (true, _) => ("in progress", "a run is at work on it"),
            (_, Some(_)) => (
                "unfinished",
                "we may not open it: another user's run is at work on it, or was killed",
            ),
            _ => (
                "unfinished",
                "left unfinished by an earlier run; the next run finishes it, or removes it",
            ),
        };
        let subject = Subject::of_name(&left.name).unwrap_or_default();
        let taken_at = Name::parse(&left.name).map(|name| name.taken_at());
        Record {
            action: "listed".into(),
            path: Some(left.path(place).to_string_lossy().into_owned()),
            database: subject.database,
            label: subject.label,
            taken_at,
            age_seconds: taken_at.map(|at| (now - at).whole_seconds()),
            bytes: place.find(left.shown()).ok().map(|found| found.bytes()),
            state: Some(state.into()),
            ..Record::default()
        }
        .because(reason)
    };
    let left = leftovers(place)?;
    Ok(left.into_iter().filter(shows).map(record).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_was_published_or_deleted_meanwhile_is_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let [bare, gone, hidden] =
            ["a", "b", "c"].map(|name| format!("{name}_20261120T103930Z.dump"));
        for name in [&bare, &gone, &hidden] {
            fs::write(path(name), "x").unwrap();
        }
        let mut backups = Backups::of(folder.path()).unwrap();
        assert_eq!(backups.len(), 3);
        fs::remove_file(path(&gone)).unwrap();
        let manifest = backup::partial_of(&backup::manifest_of(&hidden));
        fs::write(path(&manifest), "x").unwrap();
        look_again(&mut backups, |backup| !backup.is_ok());
        let left: Vec<&str> = backups.glimpses().filter_map(|of| of.file_name).collect();
        assert_eq!(left, [bare]);
    }
}
