//! As whom the server runs: PostgreSQL refuses to be root.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, chown, fchown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::fs::Mode;
use rustix::process::umask;

use crate::error::{Error, Result};

/// Whom root becomes for the server, in order of preference.
const UNPRIVILEGED: &[&str] = &["postgres", "nobody"];

/// The operating system's user that owns the server and its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ServerUser {
    pub uid: u32,
    pub gid: u32,
    /// Whether we are root and become this user.
    pub becomes: bool,
}

/// Whether what this process makes stays readable, writable and searchable for it.
fn keeps_its_files() -> Result<()> {
    // There is no other way to ask, but to set it; in between, others are kept out.
    let mask = umask(Mode::RWXG | Mode::RWXO);
    umask(mask);
    if !mask.intersects(Mode::RWXU) {
        return Ok(());
    }
    let message = format!(
        "the umask {:04o} keeps a temporary server out of its own files",
        mask.bits()
    );
    Err(Error::new(message)
        .with_hint("run this after: umask 077")
        .of_machine())
}

impl ServerUser {
    /// # Errors
    /// When there is nobody whom root can become, or the process keeps its own files from itself:
    /// what it made then it could neither use nor remove.
    pub fn of_process() -> Result<Self> {
        keeps_its_files()?;
        let uid = rustix::process::geteuid();
        if !uid.is_root() {
            return Ok(Self {
                uid: uid.as_raw(),
                gid: rustix::process::getegid().as_raw(),
                becomes: false,
            });
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        unprivileged(&passwd).ok_or_else(|| {
            Error::new(
                "PostgreSQL does not run as root, and there is no user \"postgres\" or \"nobody\"",
            )
            .with_hint("run this as an ordinary user")
        })
    }

    /// Makes the command run as this user. The standard library gives up root's
    /// supplementary groups with it.
    pub fn apply(&self, command: &mut Command) {
        if self.becomes {
            command.gid(self.gid).uid(self.uid);
        }
    }

    pub fn give(&self, path: &Path) -> io::Result<()> {
        if self.becomes {
            chown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// The same of a file that is open. One that has a second name is left alone: it may be
    /// anybody's.
    pub fn give_file(&self, file: &File) -> io::Result<()> {
        if self.becomes && file.metadata()?.nlink() == 1 {
            fchown(file, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    /// Whether this user may add to the folder and reach it.
    pub fn can_write(&self, folder: &Path) -> bool {
        let writes = fs::metadata(folder).is_ok_and(|m| m.is_dir() && self.has(&m, 0o3));
        writes
            && folder
                .ancestors()
                .all(|f| fs::metadata(f).is_ok_and(|m| self.has(&m, 0o1)))
    }

    fn has(&self, metadata: &fs::Metadata, wanted: u32) -> bool {
        let mode = metadata.mode();
        let granted = if metadata.uid() == self.uid {
            mode >> 6
        } else if metadata.gid() == self.gid {
            mode >> 3
        } else {
            mode
        };
        granted & wanted == wanted
    }
}

fn unprivileged(passwd: &str) -> Option<ServerUser> {
    let find = |wanted: &&str| {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            (name == *wanted && uid != 0).then_some(ServerUser {
                uid,
                gid,
                becomes: true,
            })
        })
    };
    UNPRIVILEGED.iter().find_map(find)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_becomes_postgres_or_else_nobody() {
        let both = "root:x:0:0::/:/bin/sh\nnobody:x:65534:65533::/:\npostgres:x:101:104:,,,:/:\n";
        let user = unprivileged(both).unwrap();
        assert_eq!((user.uid, user.gid), (101, 104));
        let user = unprivileged("nobody:x:65534:65533::/:/bin/false").unwrap();
        assert_eq!((user.uid, user.gid), (65534, 65533));
        assert_eq!(unprivileged("postgres:x:0:0::/:/bin/sh"), None);
        assert_eq!(unprivileged(""), None);
    }
}
