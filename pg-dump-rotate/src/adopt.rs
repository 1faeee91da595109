//! Backups that others made, adopted by `--match`.
//!
//! A file is known by its content, and whole when it can be read to its end. One that is gets a
//! manifest, so that it is read once, and is a backup like any other from then on. One that is not
//! is told of, never counted and never deleted. What is no dump at all is left alone.

mod broken;
mod content;
mod folder;
mod parts;
mod reading;
mod when;

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use shared::backup::{self, Backup, Backups, Manifest, Name, Place, State, manifest_of};
use shared::time::{Time, Zone};
use shared::{Context, Result, cli};

use self::broken::Broken;
use self::content::{Content, Kind};
use crate::cli::Options;
use crate::folder::Folder;
use crate::glob;
use crate::partial;
use crate::problem;
use crate::scope::Subject;

/// What `--match` asks for.
pub struct Adoption<'a> {
    place: Place,
    patterns: &'a [String],
    /// What scripts, which don't say it, are taken to be of.
    database: Option<String>,
    label: Option<String>,
    zone: Zone,
    /// Whether what is known to be broken is read once more.
    reads_all: bool,
}

/// What was found of others, and is not known yet.
#[derive(Debug, Default)]
pub struct Found {
    /// With the manifests that they have, or would get.
    pub whole: Vec<Backup>,
    /// What can't be relied on.
    pub broken: Vec<(Backup, Subject)>,
    /// Of the whole ones those that were adopted before, as what they were then.
    pub anew: HashSet<PathBuf>,
}

impl Found {
    /// What there is without taking part in anything but looking.
    ///
    /// # Errors
    /// As [`Adoption::look`].
    pub fn look(options: &Options, database: Option<&str>, context: &cli::Context) -> Result<Self> {
        match Adoption::of(options, database)? {
            Some(adoption) => adoption.look(context),
            None => Ok(Self::default()),
        }
    }

    /// Says what is passed over.
    pub fn warn(&self, context: &cli::Context) {
        for (backup, _) in &self.broken {
            let problem = problem::of(backup).unwrap_or_default();
            let path = backup.path.display();
            context.warn(format!("{path} is passed over: {problem}"));
        }
    }

    /// Adds those that are whole to what was listed, where some may be as what they were before.
    pub fn add_to(&mut self, backups: &mut Backups) {
        let broken = self.broken.iter().map(|(backup, _)| backup);
        backups.take_out(self.whole.iter().chain(broken));
        backups.add(self.whole.drain(..));
    }
}

/// A file that could be a dump, and its manifest.
struct Dump {
    path: PathBuf,
    name: String,
    /// It has one already, of what it was before.
    is_anew: bool,
    manifest: Manifest,
    seen: Seen,
}

impl<'a> Adoption<'a> {
    /// `None` without --match. Scripts are taken to be of `database`.
    ///
    /// # Errors
    /// When the zone is not known.
    pub fn of(options: &'a Options, database: Option<&str>) -> Result<Option<Self>> {
        if options.adopted.is_empty() {
            return Ok(None);
        }
        let database = database.map(str::to_string);
        Ok(Some(Self {
            place: Place::new(options.absolute_dir()?),
            patterns: &options.adopted,
            database,
            label: options.label.clone(),
            zone: options.zone()?,
            reads_all: options.verify_checksums,
        }))
    }

    /// Looks at everything that fits and has no manifest, or one of what was overwritten since.
    /// Changes nothing.
    ///
    /// # Errors
    /// When the folder can't be read, or a signal came.
    pub fn look(&self, context: &cli::Context) -> Result<Found> {
        let mut found = Found::default();
        let mut known = self.known();
        self.examine_all(context, &mut found, &mut known, |dump, found| {
            found.anew.extend(dump.is_anew.then(|| dump.path.clone()));
            found.whole.push(dump.into_backup());
            Ok(())
        })?;
        Ok(found)
    }

    /// Looks, and gives a manifest to each that is whole. The folder is locked for moments only.
    ///
    /// # Errors
    /// When the folder can't be read or written, or a signal came.
    pub fn adopt(&self, folder: &Folder, context: &cli::Context) -> Result<Found> {
        let mut found = Found::default();
        folder.lock(context)?.sweep()?;
        let mut known = self.known();
        let examined = self.examine_all(context, &mut found, &mut known, |dump, found| {
            let name = &dump.name;
            let locked = folder.lock(context)?;
            let is_as_seen = Seen::at(&self.place, name).as_ref() == Some(&dump.seen);
            if !is_as_seen || locked.has(name) != dump.is_anew {
                drop(locked);
                context.note(format!("{} changed meanwhile", dump.path.display()));
                return Ok(());
            }
            if dump.is_anew {
                // Killed here, it is adopted by the next run.
                let known = manifest_of(name);
                let removed = self.place.remove_file(&known);
                removed.context(|| self.place.path(&known).display().to_string())?;
                // What was found of what it was.
                let _ = self.place.remove_file(&backup::proof_of(name));
            }
            partial::describe(&locked, name, &dump.manifest)?;
            drop(locked);
            let anew = if dump.is_anew { " anew" } else { "" };
            context.note(format!("adopted {}{anew}", dump.path.display()));
            found.whole.extend(Backup::at(&dump.path));
            Ok(())
        });
        if known.is_new() {
            let written = known.write(&folder.lock(context)?);
            // It only costs the next run the time to read them again.
            if let Err(error) = written {
                context.note(error.in_one_line());
            }
        }
        examined.map(|()| found)
    }

    fn known(&self) -> Broken {
        match self.reads_all {
            true => Broken::default(),
            false => Broken::read(&self.place),
        }
    }

    fn examine_all(
        &self,
        context: &cli::Context,
        found: &mut Found,
        known: &mut Broken,
        mut take: impl FnMut(Dump, &mut Found) -> Result<()>,
    ) -> Result<()> {
        let progress = context.progress();
        for name in self.names(context)? {
            let path = self.place.path(&name);
            let Some(seen) = Seen::at(&self.place, &name) else {
                context.note(format!("{} is no file, and left alone", path.display()));
                continue;
            };
            let is_anew = self.place.has(&manifest_of(&name));
            if is_anew && !is_overwritten(&path, &seen) {
                continue;
            }
            if let Some(why) = known.why(&name, &seen) {
                let kind = Kind::Broken(why.to_string());
                found.broken.push(self.broken(path, &name, kind, &seen));
                continue;
            }
            progress.show(|| format!("reading {}", path.display()));
            match content::examine(&self.place, &name)? {
                Kind::Whole(content) => {
                    let manifest = self.manifest(&name, *content, &seen);
                    take(
                        Dump {
                            path,
                            name,
                            is_anew,
                            manifest,
                            seen,
                        },
                        found,
                    )?;
                }
                Kind::Foreign if !is_anew && !when::has_extension(&name) => {
                    context.note(format!("{} is no dump, and left alone", path.display()));
                }
                kind => {
                    if let Kind::Broken(why) = &kind {
                        known.add(&name, &seen, why);
                    }
                    found.broken.push(self.broken(path, &name, kind, &seen));
                }
            }
        }
        Ok(())
    }

    /// The names that fit, but for those that only we give (without a manifest it was not published)
    /// and those of what lies beside a backup.
    fn names(&self, context: &cli::Context) -> Result<Vec<String>> {
        let dir = self.place.folder().display();
        let mut names = Vec::new();
        let told = self
            .place
            .each(|name, _| names.extend(name.to_str().map(str::to_string)));
        told.context(|| dir.to_string())?;
        names.sort_unstable();
        for glob in self.patterns {
            if !names.iter().any(|name| glob::matches(glob, name)) {
                context.warn(format!("--match {glob}: nothing in {dir} is called so"));
            }
        }
        let is_ours = |name: &str| {
            let of = [backup::unmanifest, backup::unchecksums, backup::unproof];
            of.iter().any(|of| of(name).is_some())
                || backup::unpartial(name).is_some()
                || name.starts_with(".pg-dump-rotate.")
                || Name::parse(name).is_some()
        };
        // Its manifest is about to appear.
        let is_published = |name: &str| {
            let hidden = backup::partial_of(&manifest_of(name));
            names.binary_search(&hidden).is_ok()
        };
        let fits = |name: &&String| {
            self.patterns.iter().any(|glob| glob::matches(glob, name))
                && !is_ours(name)
                && !is_published(name)
        };
        Ok(names.iter().filter(fits).cloned().collect())
    }

    fn broken(&self, path: PathBuf, name: &str, kind: Kind, seen: &Seen) -> (Backup, Subject) {
        let why = match kind {
            Kind::Broken(why) | Kind::Unreadable(why) => why,
            _ => "it is nothing that pg_dump writes".into(),
        };
        let backup = Backup {
            path: path.into(),
            taken_at: when::taken_at(name, seen.modified, &self.zone),
            bytes: Some(seen.bytes),
            manifest: None,
            state: State::Incomplete(why),
            proof: None,
        };
        let subject = Subject {
            database: self.database.clone(),
            label: self.label.clone(),
            selection: Vec::new(),
            names: self.database.is_none().then(|| when::stem(name)),
        };
        (backup, subject)
    }

    fn manifest(&self, name: &str, content: Content, seen: &Seen) -> Manifest {
        let taken_at = when::taken_at(name, seen.modified, &self.zone);
        let taken_at = taken_at.truncate_to_second();
        let given = self.database.clone().filter(|_| !content.is_of_cluster);
        Manifest {
            label: self.label.clone(),
            selection: content.selection,
            adopted: true,
            names: Some(when::stem(name)),
            modified_at: Some(seen.modified),
            utc_offset_seconds: self.zone.local_time(taken_at).offset().whole_seconds(),
            time_zone: self.zone.name().map(str::to_string),
            format: content.format,
            compression: content.compression.into(),
            files: content.files,
            server_version: content.head.server_version,
            pg_dump_version: content.head.pg_dump_version,
            encoding: content.head.encoding,
            ..Manifest::begun(content.head.database.or(given), taken_at)
        }
    }
}

impl Dump {
    fn into_backup(self) -> Backup {
        Backup {
            taken_at: self.manifest.taken_at,
            bytes: Some(self.manifest.bytes()),
            path: self.path.into(),
            manifest: Some(self.manifest.into()),
            state: State::Ok,
            proof: None,
        }
    }
}

/// Whether what has a manifest was adopted as something else than it is now: under a name that is
/// used again and again, as of the day of the week.
fn is_overwritten(path: &Path, seen: &Seen) -> bool {
    let Ok(Some(known)) = Manifest::read_without_tables(path) else {
        return false;
    };
    let is_other = known.bytes() != seen.bytes || known.modified_at != Some(seen.modified);
    known.adopted && is_other
}

/// What a file was when it was read; of a folder, and every file in it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    modified: Time,
    /// When anything about it was changed, be it only its name.
    changed: (i64, i64),
    bytes: u64,
    inode: u64,
    inside: Vec<(OsString, u64, Option<Time>)>,
}

impl Seen {
    /// `None` for a link, a device or nothing.
    fn at(place: &Place, name: &str) -> Option<Self> {
        let found = place.find(name).ok()?;
        let inside = match found.kind() {
            backup::Kind::File => Vec::new(),
            backup::Kind::Folder => Self::inside(&place.within(name))?,
            backup::Kind::Other => return None,
        };
        Some(Self {
            modified: found.modified()?,
            bytes: match inside.as_slice() {
                [] => found.bytes(),
                files => files
                    .iter()
                    .fold(0, |sum, (_, bytes, _)| sum.saturating_add(*bytes)),
            },
            inode: found.number().1,
            changed: found.changed(),
            inside,
        })
    }

    /// What tells it from anything else that is or was there.
    fn mark(&self) -> String {
        backup::hexadecimal(&Sha256::digest(format!("{self:?}")))
    }

    fn inside(folder: &Place) -> Option<Vec<(OsString, u64, Option<Time>)>> {
        let mut names = Vec::new();
        folder.each(|name, _| names.push(name.to_owned())).ok()?;
        names.sort();
        let seen = names.into_iter().map(|name| {
            // One whose name is no text makes it no dump.
            let found = name
                .to_str()
                .map(|name| folder.find(name))
                .transpose()
                .ok()?;
            let bytes = found.map_or(0, |found| found.bytes());
            Some((name, bytes, found.and_then(|found| found.modified())))
        });
        seen.collect()
    }
}
