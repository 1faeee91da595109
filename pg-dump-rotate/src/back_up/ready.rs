//! One target, from the first question to the server to its backup in the folder.

use std::path::PathBuf;
use std::time::Instant;

use shared::backup::{Backup, File, Manifest, Name, Place, State, mark_of};
use shared::time;
use shared::{Error, Result};

use super::Run;
use super::database::Database;
use super::globals::Globals;
use super::plan::{Target, What};
use crate::folder::{self, Folder};
use crate::partial::Partial;

/// A target of which everything is known that can be known before its dump.
enum Ready {
    Database(Box<Database>),
    Globals(Box<Globals>),
}

/// Takes the backup of a target; nothing is left of one that fails.
pub fn take(run: &Run<'_>, target: &Target) -> Result<Backup> {
    // Before there is a folder: a server that is not there leaves no trace.
    let ready = Ready::ask(run, target)?;
    let is_new = !Place::new(&run.dir).is_there();
    let folder = Folder::make(&run.dir)?;
    if is_new && run.options.has_rules {
        // Who rotates has a folder: it may only not be mounted.
        let dir = run.dir.display();
        run.context
            .warn(format!("made the folder {dir}, which was not there"));
    }
    let (taken_at, started) = (time::now(), Instant::now());
    let partial = begin(run, &folder, &ready)?;
    let manifest = ready.write(run, &partial)?;
    let manifest = Manifest {
        taken_at,
        utc_offset_seconds: run.zone.local_time(taken_at).offset().whole_seconds(),
        finished_at: (taken_at + started.elapsed()).truncate_to_millisecond(),
        ..manifest
    };
    let locked = folder.lock_in_any_case(run.context)?;
    published(partial.publish(&locked, &manifest)?)
}

/// The backup as it would be, and nothing touched: there may not even be a folder.
pub fn rehearse(run: &Run<'_>, target: &Target) -> Result<Backup> {
    let ready = Ready::ask(run, target)?;
    let place = Place::new(&run.dir);
    place.foresee()?;
    let name = folder::free_name(&place, ready.name(run))?;
    let name = name.to_string();
    let manifest = Manifest {
        files: vec![File {
            name: name.clone(),
            bytes: 0,
            sha256: String::new(),
        }],
        ..ready.manifest(run)
    };
    Ok(Backup {
        path: run.dir.join(name).into(),
        taken_at: run.begun_at,
        bytes: None,
        manifest: Some(manifest.into()),
        state: State::Ok,
        proof: None,
    })
}

impl Ready {
    fn ask(run: &Run<'_>, target: &Target) -> Result<Self> {
        Ok(match target.what {
            What::Database => Self::Database(Box::new(Database::ask(run, &target.conninfo)?)),
            What::Globals => Self::Globals(Box::new(Globals::ask(run, &target.conninfo)?)),
        })
    }

    fn name(&self, run: &Run<'_>) -> Name {
        let (database, extension) = match self {
            Self::Database(database) => (Some(database.name()), database.extension(run)),
            Self::Globals(_) => (None, Globals::EXTENSION),
        };
        Name::new(
            database,
            run.options.label.as_deref(),
            run.begun_at,
            extension,
        )
    }

    /// Dumps it; returns what is to be said of the backup, save for when it was written.
    fn write(&self, run: &Run<'_>, partial: &Partial) -> Result<Manifest> {
        run.context
            .note(format!("writing {}", partial.path().display()));
        match self {
            Self::Database(database) => database.write(run, partial),
            Self::Globals(globals) => Ok(Manifest {
                files: globals.write(partial, run.context)?,
                ..globals.manifest(run)
            }),
        }
    }

    /// What can be said of the backup before it is there.
    fn manifest(&self, run: &Run<'_>) -> Manifest {
        match self {
            Self::Database(database) => database.manifest(run),
            Self::Globals(globals) => globals.manifest(run),
        }
    }
}

impl Run<'_> {
    /// What all manifests of the run begin with.
    pub fn manifest(&self, database: Option<String>) -> Manifest {
        Manifest {
            label: self.options.label.clone(),
            set: self.set.clone(),
            utc_offset_seconds: self.zone.local_time(self.begun_at).offset().whole_seconds(),
            time_zone: self.zone.name().map(str::to_string),
            ..Manifest::begun(database, self.begun_at)
        }
    }
}

/// The partial file, after what killed runs have left is gone.
fn begin(run: &Run<'_>, folder: &Folder, ready: &Ready) -> Result<Partial> {
    let mark = match ready {
        Ready::Database(_) => mark_of(&run.options.selection),
        Ready::Globals(_) => None,
    };
    let locked = folder.lock(run.context)?;
    locked.sweep()?;
    locked.begin(ready.name(run), mark.as_deref())
}

/// What a rotation will find is what counts.
fn published(path: PathBuf) -> Result<Backup> {
    let backup = Backup::at(&path);
    let state = backup.as_ref().map(|backup| backup.state.clone());
    match (backup, state) {
        (Some(backup), Some(State::Ok)) => Ok(backup),
        (_, state) => {
            let state = state.as_ref().map_or("gone", State::as_str);
            let path = path.display();
            Err(Error::new(format!("{path} was written, and then: {state}")))
        }
    }
}
