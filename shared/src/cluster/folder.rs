//! The folder that holds everything of one server: its data, its socket, its log.
//!
//! A lock is held on a file in it by us and by the supervisor. A folder whose
//! lock is free has neither (both were killed, or the machine went down), and
//! the next one who makes a folder removes it.

use std::env;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags, flock};

use super::server;
use super::user::ServerUser;
use crate::error::{Context, Error, Result};

/// Where Linux has a file system in memory.
pub const IN_MEMORY: &str = "/dev/shm";

/// How the folders' names begin.
const PREFIX: &str = "pg-throwaway-";
const LOCK: &str = "lock";
/// Room for the random end of the name and for `/.s.PGSQL.65535.lock`.
const LONGEST: usize = 103 - PREFIX.len() - 30;
/// A folder is made before its lock is taken: younger ones are left alone.
const SETTLED: Duration = Duration::from_secs(60);

#[derive(Debug)]
pub(super) struct Folder {
    pub path: PathBuf,
    pub lock: File,
}

impl Folder {
    /// Makes a folder that only the server's user (and root) can enter, after
    /// removing those that nobody owns any more.
    pub fn create(wanted: Option<&Path>, user: &ServerUser) -> Result<Self> {
        let parent = parent(wanted, user)?;
        sweep(&parent, user);
        // What was left there takes memory until somebody removes it.
        if parent != Path::new(IN_MEMORY) {
            sweep(Path::new(IN_MEMORY), user);
        }
        let folder = || format!("could not make a folder in {}", parent.display());
        let made = tempfile::Builder::new()
            .prefix(PREFIX)
            .permissions(Permissions::from_mode(0o700))
            .tempdir_in(&parent)
            .context(folder)?;
        let lock = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(made.path().join(LOCK))
            .context(folder)?;
        flock(&lock, FlockOperation::LockExclusive)
            .map_err(std::io::Error::from)
            .context(folder)?;
        user.give(made.path()).context(folder)?;
        Ok(Self {
            path: made.keep(),
            lock,
        })
    }

    /// Writes a file that the server's user alone can read.
    pub fn write(&self, name: &str, content: &[u8], user: &ServerUser) -> Result<()> {
        let path = self.path.join(name);
        let write = || {
            let mut options = OpenOptions::new();
            let mut file = options
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)?;
            file.write_all(content)?;
            user.give(&path)
        };
        write().context(|| format!("could not write {}", path.display()))
    }
}

impl Drop for Folder {
    /// The supervisor has removed it, unless it was killed or never started.
    fn drop(&mut self) {
        if self.path.exists() {
            remove(&self.path);
        }
    }
}

/// Where the folder is made: where it is wanted or in `TMPDIR` if that will do, else where
/// everybody may.
fn parent(wanted: Option<&Path>, user: &ServerUser) -> Result<PathBuf> {
    let wanted = wanted.map(PathBuf::from);
    let given = env::var_os("TMPDIR").map(PathBuf::from);
    let usual = ["/tmp", "/var/tmp"].map(PathBuf::from);
    first_usable(wanted.into_iter().chain(given).chain(usual), user)
}

/// The first folder in which the server's user can work and whose name leaves
/// room for a socket's.
fn first_usable(folders: impl Iterator<Item = PathBuf>, user: &ServerUser) -> Result<PathBuf> {
    let mut refused = Vec::new();
    for folder in folders {
        let Ok(real) = folder.canonicalize() else {
            refused.push(format!("{}: no such folder", folder.display()));
            continue;
        };
        if real.as_os_str().as_bytes().len() > LONGEST {
            refused.push(format!("{}: too long a name for a socket", real.display()));
        } else if !user.can_write(&real) {
            refused.push(format!("{}: not writable for the server", real.display()));
        } else {
            return Ok(real);
        }
    }
    Err(Error::new("there is no folder for a temporary server")
        .with_detail(refused.join("\n"))
        .with_hint("name a writable folder in TMPDIR"))
}

/// Whether somebody has a server whose files are in memory.
pub fn any_in_memory() -> bool {
    let mut entries = fs::read_dir(IN_MEMORY).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().as_bytes().starts_with(PREFIX.as_bytes()))
}

/// Removes the folders whose owner is gone. What can't be removed now is left to
/// the next one: it is no reason not to start.
fn sweep(parent: &Path, user: &ServerUser) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let named = entry.file_name().as_bytes().starts_with(PREFIX.as_bytes());
        let path = entry.path();
        let ours = || fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir() && m.uid() == user.uid);
        if named && ours() && abandoned(&path).is_some() {
            remove(&path);
        }
    }
}

/// The lock of a folder that nobody holds any more.
fn abandoned(folder: &Path) -> Option<File> {
    let mut options = OpenOptions::new();
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    let lock = options
        .write(true)
        .custom_flags(flags)
        .open(folder.join(LOCK))
        .ok()?;
    let age = lock.metadata().ok()?.modified().ok()?.elapsed().ok()?;
    let free = age >= SETTLED && flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok();
    free.then_some(lock)
}

fn remove(folder: &Path) {
    server::end(folder);
    // Whatever stays is swept by the next one.
    let _ = fs::remove_dir_all(folder);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::chown;

    #[test]
    fn every_folder_that_will_not_do_is_named() {
        let base = tempfile::tempdir().unwrap();
        let make = |name: &str, mode| {
            let path = base.path().join(name);
            fs::create_dir(&path).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            path
        };
        fs::set_permissions(base.path(), Permissions::from_mode(0o755)).unwrap();
        let (closed, long) = (make("closed", 0o555), make(&"x".repeat(90), 0o777));
        let (missing, open) = (base.path().join("missing"), make("open", 0o777));
        let user = ServerUser::of_process().unwrap();
        user.give(&closed).unwrap();
        let refused = [closed, long, missing];
        let error = first_usable(refused.iter().cloned(), &user).unwrap_err();
        let detail = error.detail().unwrap();
        for words in [
            "closed: not writable",
            "x: too long",
            "missing: no such folder",
        ] {
            assert!(detail.contains(words), "{detail}");
        }
        assert!(error.hint().unwrap().contains("TMPDIR"));
        let all = refused.into_iter().chain([open.clone()]);
        assert_eq!(
            first_usable(all, &user).unwrap(),
            open.canonicalize().unwrap()
        );
        if user.becomes {
            chown(base.path(), Some(0), Some(0)).unwrap();
            fs::set_permissions(base.path(), Permissions::from_mode(0o700)).unwrap();
            assert!(
                !user.can_write(&open),
                "inside a folder that the user can't enter"
            );
        }
    }
}
