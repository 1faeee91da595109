//! The main job: backups of all that was asked for, each on its own, and after each
//! the rotation of the older ones of its series.
//!
//! What one run takes is a set: the time of the run is in every name. A target that
//! fails is told and takes nothing with it, neither the other targets nor a backup of
//! an earlier day: only what was dumped is rotated.

mod asked;
mod database;
mod elsewhere;
mod globals;
mod origin;
mod plan;
mod ready;
mod result;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use shared::backup::{Backup, Format, Place, stamp};
use shared::cli;
use shared::programs::Program;
use shared::time::{self, Time, Zone};
use shared::{Error, Exit, Result, signals};

use crate::adopt::{Adoption, Found};
use crate::cli::Options;
use crate::compression::Builds;
use crate::folder::Folder;
use crate::room::Room;
use plan::{Plan, Target};
use result::Results;

/// Takes backups and rotates; with --dry-run says what that would do.
pub fn run(options: &Options, context: &cli::Context) -> Result<Exit> {
    let dir = options.absolute_dir()?;
    let pg_dump = elsewhere::given(options)?;
    let plan = Plan::make(options, context, pg_dump.as_ref())?;
    let begun_at = time::now();
    let run = Run {
        options,
        context,
        dir,
        database: plan.only_database().map(str::to_string),
        adopted: OnceLock::new(),
        pg_dump,
        builds: Builds::default(),
        room: Room::default(),
        begun_at,
        zone: options.zone()?,
        set: Plan::is_set(options).then(|| stamp(begun_at)).transpose()?,
    };
    let mut results = Results::new(&run, plan.targets.len());
    plan.skipped.iter().for_each(|it| results.skip(it));
    run.take_all(&plan.targets, &mut results);
    results.finish()
}

/// The databases of which --all-databases wants a backup.
///
/// # Errors
/// When the server can't be asked.
pub fn wanted(options: &Options, context: &cli::Context) -> Result<Vec<String>> {
    let pg_dump = elsewhere::given(options)?;
    plan::wanted(options, context, pg_dump.as_ref())
}

/// Adopts what others made, so that it is rotated with the rest. That it can't be is no reason not to
/// take a backup, but makes the status 1, as does what is not whole.
fn adopt(
    options: &Options,
    dir: &Path,
    database: Option<&str>,
    context: &cli::Context,
) -> Result<(Found, Exit)> {
    let Some(adoption) = Adoption::of(options, database)?.filter(|_| Place::new(dir).is_there())
    else {
        return Ok((Found::default(), Exit::Ok));
    };
    let found = match options.dry_run {
        true => adoption.look(context),
        false => Folder::open(dir).and_then(|folder| adoption.adopt(&folder, context)),
    };
    signals::check()?;
    match found {
        Ok(found) => {
            found.warn(context);
            let exit = match found.broken.is_empty() {
                true => Exit::Ok,
                false => Exit::Found,
            };
            Ok((found, exit))
        }
        Err(error) => {
            context.warn(format!("could not adopt: {}", error.in_one_line()));
            Ok((Found::default(), Exit::Found))
        }
    }
}

/// What all targets of a run have in common.
struct Run<'a> {
    options: &'a Options,
    context: &'a cli::Context,
    dir: PathBuf,
    /// The one that is dumped.
    database: Option<String>,
    /// What was adopted, or by a dry run would be, and what is not whole: known once there is a
    /// backup, for which nobody waits until all that others left was read.
    adopted: OnceLock<Found>,
    /// What --pg-dump says.
    pg_dump: Option<Program>,
    /// What each pg_dump can do.
    builds: Builds,
    /// What the disk has for all of them.
    room: Room,
    begun_at: Time,
    zone: Zone,
    /// The time in the names, where there is more than one target.
    set: Option<String>,
}

impl Run<'_> {
    /// Takes the targets, so many at a time as --jobs says, and has each result told, and its
    /// series rotated, as soon as it is there. No more are begun after a signal.
    fn take_all(&self, targets: &[Target], results: &mut Results<'_>) {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            let (sender, taken) = channel();
            let mut started = 0;
            for _ in 0..self.at_once().min(targets.len()) {
                let (sender, next) = (sender.clone(), &next);
                let take = move || self.take_some(targets, next, &sender);
                match thread::Builder::new().spawn_scoped(scope, take) {
                    Ok(_) => started += 1,
                    // Fewer at a time take longer.
                    Err(_) => break,
                }
            }
            if started == 0 {
                self.take_some(targets, &next, &sender);
            }
            drop(sender);
            for (index, taken) in taken {
                results.add(&targets[index], taken);
            }
        });
    }

    fn take_some(
        &self,
        targets: &[Target],
        next: &AtomicUsize,
        results: &Sender<(usize, Result<Backup>)>,
    ) {
        while signals::received().is_none() {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(target) = targets.get(index) else {
                return;
            };
            let taken = match self.options.dry_run {
                true => ready::rehearse(self, target),
                false => ready::take(self, target),
            };
            if results.send((index, taken)).is_err() {
                return;
            }
        }
    }

    /// pg_dump or another program of PostgreSQL: beside what --pg-dump says, or else where it is
    /// found, for a server of this major version.
    fn program(&self, name: &str, server: Option<u32>) -> Result<Program> {
        let Some(given) = &self.pg_dump else {
            return Program::find(name, server);
        };
        if server.is_some_and(|major| given.version.major < major) {
            let (version, server) = (given.version, server.unwrap_or_default());
            return Err(Error::new(format!(
                "{} by --pg-dump is version {version}, and the server is {server}: \
                 pg_dump takes no server newer than itself",
                given.name
            )));
        }
        match name == given.name {
            true => Ok(given.clone()),
            false => given.sibling(name),
        }
    }

    /// Whether pg_dump runs where neither our environment nor our files are.
    fn is_elsewhere(&self) -> bool {
        self.pg_dump.as_ref().is_some_and(Program::is_elsewhere)
    }

    /// A directory's tables are dumped side by side already.
    fn at_once(&self) -> usize {
        match self.options.format() {
            Format::Directory => 1,
            _ => self.options.jobs,
        }
    }
}
