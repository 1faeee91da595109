//! A finished data directory per server version, so that `initdb` runs once.
//!
//! It lies in a folder that only the server's user can enter. It is made under
//! another name and renamed, under a lock; whoever copies it holds the lock
//! shared. A file beside it says what it was made with and how much it holds, so
//! that one that was made by an older program, or that a cleaner of temporary
//! files has thinned out, is made again.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

use super::server::clean_command;
use super::user::ServerUser;
use crate::error::{Context, Error, Result};
use crate::programs::{Child, Program};

/// Changes whenever what `initdb` is told changes.
const LAYOUT: u32 = 1;
const NAME: &str = "pg-throwaway-templates";

/// A template that nobody changes as long as this exists.
#[derive(Debug)]
pub(super) struct Template {
    pub data: PathBuf,
    _lock: File,
}

impl Template {
    /// The template for this server, made if there is none.
    pub fn obtain(postgres: &Program, user: &ServerUser) -> Result<Self> {
        let store = store(user)?;
        let major = postgres.version.major;
        let lock = open_lock(&store.join(format!("{major}.lock")), user)?;
        let folder = store.join(major.to_string());
        loop {
            lock_as(&lock, FlockOperation::LockShared)?;
            if is_whole(&folder, postgres) {
                return Ok(Self {
                    data: folder.join("data"),
                    _lock: lock,
                });
            }
            lock_as(&lock, FlockOperation::LockExclusive)?;
            // Somebody else may have made it while we waited for the lock.
            if !is_whole(&folder, postgres) {
                make(&folder, postgres, user)?;
            }
        }
    }
}

/// The lock is the server's user's, whoever runs us: both may start servers.
fn open_lock(path: &Path, user: &ServerUser) -> Result<File> {
    let named = || format!("could not open {}", path.display());
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(false).mode(0o600);
    options.custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let lock = options.open(path).context(named)?;
    user.give_file(&lock).context(named)?;
    Ok(lock)
}

fn lock_as(lock: &File, how: FlockOperation) -> Result<()> {
    let locked = rustix::io::retry_on_intr(|| flock(lock, how));
    locked
        .map_err(std::io::Error::from)
        .context(|| "could not lock the template".to_string())
}

/// The first folder that is, or can be made, ours alone.
fn store(user: &ServerUser) -> Result<PathBuf> {
    let mut refused = Vec::new();
    for folder in stores(user) {
        match make_private(&folder, user) {
            Ok(()) => return Ok(folder),
            Err(error) => refused.push(error.message().to_string()),
        }
    }
    Err(
        Error::new("there is no folder for the template of temporary servers")
            .with_detail(refused.join("\n"))
            .with_hint("name a writable folder in XDG_CACHE_HOME"),
    )
}

/// The user's own cache if there is one (root has none that the server's user
/// could reach, and cron may have no home), then the folders for everybody.
fn stores(user: &ServerUser) -> Vec<PathBuf> {
    let own = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let own = own
        .or(home)
        .filter(|cache| cache.is_absolute() && user.can_write(cache));
    let shared = ["/var/tmp".into(), "/tmp".into(), env::temp_dir()];
    let shared = shared
        .into_iter()
        .filter(|folder| user.can_write(folder) && is_guarded(folder, user));
    let named = shared.map(|folder| folder.join(format!("{NAME}-{}", user.uid)));
    own.map(|cache| cache.join(NAME))
        .into_iter()
        .chain(named)
        .collect()
}

/// Whether nobody else can rename what we put into the folder.
fn is_guarded(folder: &Path, user: &ServerUser) -> bool {
    fs::metadata(folder).is_ok_and(|m| {
        let sticky = m.mode() & 0o1000 != 0;
        let others_write = m.mode() & 0o022 != 0;
        sticky || (!others_write && [0, user.uid].contains(&m.uid()))
    })
}

fn make_private(folder: &Path, user: &ServerUser) -> Result<()> {
    let say = || folder.display().to_string();
    if fs::symlink_metadata(folder).is_err() {
        // Ours under another name first: nobody meets it before it has its owner.
        let draft = folder.with_extension(std::process::id().to_string());
        DirBuilder::new().mode(0o700).create(&draft).context(say)?;
        user.give(&draft).context(say)?;
        if fs::rename(&draft, folder).is_err() {
            // Somebody else was faster; what they made is judged below.
            fs::remove_dir(&draft).context(say)?;
        }
    }
    let metadata = fs::symlink_metadata(folder).context(say)?;
    let private = metadata.is_dir() && metadata.uid() == user.uid && metadata.mode() & 0o077 == 0;
    let refusal = || {
        Error::new(format!(
            "{}: not a folder of the server's user alone",
            folder.display()
        ))
    };
    private.then_some(()).ok_or_else(refusal)
}

/// What the file beside the data says of a template that is whole.
fn description(folder: &Path, postgres: &Program) -> Result<String> {
    let (mut entries, mut bytes) = (0_u64, 0_u64);
    for entry in walkdir::WalkDir::new(folder.join("data")) {
        let metadata = entry
            .and_then(|entry| entry.metadata())
            .map_err(std::io::Error::from)?;
        entries += 1;
        bytes += if metadata.is_file() {
            metadata.len()
        } else {
            0
        };
    }
    let (version, path) = (postgres.version, postgres.path().canonicalize()?);
    let path = path.display();
    Ok(format!(
        "layout {LAYOUT}\nversion {version}\nserver {path}\nentries {entries}\nbytes {bytes}\n"
    ))
}

fn is_whole(folder: &Path, postgres: &Program) -> bool {
    let said = fs::read_to_string(folder.join("description"));
    said.is_ok_and(|said| description(folder, postgres).is_ok_and(|found| found == said))
}

fn make(folder: &Path, postgres: &Program, user: &ServerUser) -> Result<()> {
    let draft = folder.with_extension("draft");
    for stale in [&draft, folder] {
        if fs::symlink_metadata(stale).is_ok() {
            fs::remove_dir_all(stale)
                .context(|| format!("could not remove {}", stale.display()))?;
        }
    }
    let making = || format!("could not make {}", draft.display());
    DirBuilder::new()
        .mode(0o700)
        .create(&draft)
        .context(making)?;
    user.give(&draft).context(making)?;
    initdb(&draft.join("data"), postgres, user)?;
    // The folder is another's by now: nothing that lies there already is followed.
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut described = options.open(draft.join("description")).context(making)?;
    user.give_file(&described).context(making)?;
    let text = description(&draft, postgres)?;
    described.write_all(text.as_bytes()).context(making)?;
    fs::rename(&draft, folder).context(making)
}

fn initdb(data: &Path, postgres: &Program, user: &ServerUser) -> Result<()> {
    let initdb = postgres.sibling("initdb")?;
    let mut command = clean_command(initdb.path(), user);
    command.arg("--pgdata").arg(data).current_dir("/");
    command.args([
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        "--no-locale",
        "--no-sync",
    ]);
    if postgres.version.major >= 18 {
        command.arg("--no-data-checksums");
    }
    command
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null());
    let finished = Child::spawn(command, "initdb")?.wait()?;
    finished.success_or(|| "could not prepare a temporary server".to_string())?;
    Ok(())
}
