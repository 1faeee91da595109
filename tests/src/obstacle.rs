//! Things to put in a tool's way.

use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

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

/// Passes on what a server on 127.0.0.1 says, so many bytes of it over all connections; then it
/// falls silent, takes new connections no less, and closes none, until it is told to.
pub struct StallingProxy {
    port: u16,
    passed: Arc<AtomicU64>,
    connections: Arc<AtomicU64>,
    end: Arc<(Mutex<Option<End>>, Condvar)>,
}

/// How the silence of a proxy ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// It passes on what there still is.
    Released,
    /// It closes what it holds.
    Cut,
}

impl StallingProxy {
    /// In front of the server at that port.
    pub fn new(server: u16, bytes: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(AtomicU64::new(0));
        let connections = Arc::new(AtomicU64::new(0));
        let (count, taken) = (Arc::clone(&passed), Arc::clone(&connections));
        let end = Arc::<(Mutex<Option<End>>, Condvar)>::default();
        let awaited = Arc::clone(&end);
        // It ends with the process, as its connections do.
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                taken.fetch_add(1, Relaxed);
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let silent = Arc::clone(&count);
                let end = Arc::clone(&awaited);
                thread::spawn(move || pass(from, to, move |_| silent.load(Relaxed) < bytes, &end));
                let count = Arc::clone(&count);
                let more = move |length| count.fetch_add(length, Relaxed) < bytes;
                let end = Arc::clone(&awaited);
                thread::spawn(move || pass(server, client, more, &end));
            }
        });
        Self {
            port,
            passed,
            connections,
            end,
        }
    }

    /// Passes on what there still is, up to the server's end.
    pub fn release(&self) {
        self.end_by(End::Released);
    }

    /// Closes the connections that it has.
    pub fn cut(&self) {
        self.end_by(End::Cut);
    }

    fn end_by(&self, end: End) {
        *self.end.0.lock().unwrap() = Some(end);
        self.end.1.notify_all();
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many connections it has taken.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// How much the server has said.
    pub fn passed(&self) -> u64 {
        self.passed.load(Relaxed)
    }
}

/// Passes bytes on while it may. Then it keeps both ends until it is told what to do.
fn pass(
    mut from: TcpStream,
    mut to: TcpStream,
    may: impl Fn(u64) -> bool,
    (end, told): &(Mutex<Option<End>>, Condvar),
) {
    let mut buffer = [0; 16 * 1024];
    loop {
        let length = from.read(&mut buffer).unwrap_or(0);
        let mut is_cut = false;
        if !may(length as u64) {
            let end = end.lock().unwrap();
            let end = told.wait_while(end, |end| end.is_none()).unwrap();
            is_cut = *end == Some(End::Cut);
        }
        if is_cut || length == 0 || to.write_all(&buffer[..length]).is_err() {
            let _ = from.shutdown(Shutdown::Both);
            let _ = to.shutdown(Shutdown::Both);
            return;
        }
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
    // An ordinary user has made it for itself.
    if rustix::process::geteuid().is_root() {
        chown(folder.path(), Some(uid), Some(uid)).unwrap();
    }
    fs::set_permissions(folder.path(), Permissions::from_mode(0o700)).unwrap();
    folder
}
