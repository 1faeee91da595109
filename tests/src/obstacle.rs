//! Things to put in a tool's way.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};

use tempfile::TempDir;

/// Takes connections (the kernel does) and never says a word.
pub struct SilentListener(TcpListener);

impl SilentListener {
    /// Listens on a free port of 127.0.0.1.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// Waits for the next connection, to be as silent as one likes.
    pub fn accept(&self) -> (TcpStream, SocketAddr) {
        self.0.accept().unwrap()
    }

    /// The listener itself, with the connections that nobody has taken yet.
    pub fn into_inner(self) -> TcpListener {
        self.0
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.address().port()
    }
}

/// A user other than ourselves to run things as, if we may: root can be `nobody`.
/// An ordinary user is already what such a test is about.
pub fn another_user() -> Option<u32> {
    rustix::process::geteuid().is_root().then_some(65534)
}

/// A temporary folder that belongs to the user alone.
pub fn private_folder(uid: u32) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    chown(folder.path(), Some(uid), Some(uid)).unwrap();
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}
