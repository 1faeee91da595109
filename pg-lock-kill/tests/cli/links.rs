//! The way to the server: what becomes of us when it goes dead, is cut, or the server does not notice.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use rustix::process::Signal;
use serde_json::Value;
use shared::cluster::ClusterOptions;
use tests::{ToolCommand, eventually};

use crate::ground::{Ground, results};
use crate::stage::Actor;

const LOCK: &str = "update t set n = 1 where id = 1";

/// What becomes of the way to the server.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Nothing comes through any more, and nobody is told.
    Dead,
    /// The server gets what was said, and its answer is lost with the connection.
    Cut,
}

/// A way to a server on 127.0.0.1, to which something happens as soon as these words are said on it.
struct Link {
    port: u16,
    state: Arc<State>,
}

struct State {
    words: &'static [u8],
    /// So often they may be said before.
    spared: AtomicUsize,
    fate: Fate,
    has_come: AtomicBool,
    /// Our own ends.
    clients: Mutex<Vec<TcpStream>>,
}

impl Link {
    fn new(server: u16, words: &'static str, spared: usize, fate: Fate) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            words: words.as_bytes(),
            spared: AtomicUsize::new(spared),
            fate,
            has_come: AtomicBool::new(false),
            clients: Mutex::new(Vec::new()),
        });
        let shared = Arc::clone(&state);
        // It ends with the process, as its connections do.
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
                shared
                    .clients
                    .lock()
                    .unwrap()
                    .push(client.try_clone().unwrap());
                let ends = (client.try_clone().unwrap(), server.try_clone().unwrap());
                let (there, back) = (Arc::clone(&shared), Arc::clone(&shared));
                thread::spawn(move || there.ask(ends.0, ends.1));
                thread::spawn(move || back.answer(server, client));
            }
        });
        Self { port, state }
    }

    fn has_come(&self) -> bool {
        self.state.has_come.load(SeqCst)
    }

    /// Breaks off, and the server is not told.
    fn abandon(&self) {
        for client in self.state.clients.lock().unwrap().drain(..) {
            let _ = client.shutdown(Shutdown::Both);
        }
    }

    fn tool(&self, arguments: &[&str]) -> ToolCommand {
        let port = self.port;
        let place =
            format!("host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable");
        let command = tests::tool("pg-lock-kill").args(["-d", &place]);
        command.args(arguments)
    }
}

impl State {
    fn ask(&self, mut client: TcpStream, mut server: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        let mut said = Vec::new();
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            said.extend_from_slice(&buffer[..length]);
            let is_said = said
                .windows(self.words.len())
                .any(|some| some == self.words);
            if is_said {
                said.clear();
                let before = self.spared.load(SeqCst);
                self.spared.store(before.saturating_sub(1), SeqCst);
                self.has_come.fetch_or(before == 0, SeqCst);
            }
            let is_dead = self.has_come.load(SeqCst) && self.fate == Fate::Dead;
            if !is_dead && server.write_all(&buffer[..length]).is_err() {
                return;
            }
        }
    }

    fn answer(&self, mut server: TcpStream, mut client: TcpStream) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = server.read(&mut buffer) {
            match self.fate {
                _ if !self.has_come.load(SeqCst) => {
                    // The client may be gone, and the server is not to know.
                    let _ = client.write_all(&buffer[..length]);
                }
                Fate::Dead => {}
                Fate::Cut => {
                    let _ = client.shutdown(Shutdown::Both);
                    return;
                }
            }
        }
        let _ = client.shutdown(Shutdown::Both);
    }
}

fn ground() -> Ground {
    Ground::with(&ClusterOptions {
        tcp: true,
        hba: vec!["host all all 127.0.0.1/32 trust".to_string()],
        ..ClusterOptions::default()
    })
}

#[test]
fn on_a_dead_link_a_signal_is_heeded() {
    let ground = ground();
    for arguments in [&[][..], &["--watch", "100ms", "--terminate"]] {
        let link = Link::new(ground.cluster.port(), "pg_lock_status", 0, Fate::Dead);
        let running = link.tool(arguments).start();
        eventually("it has asked", || link.has_come());
        running.signal(Signal::TERM);
        let output = running.finish().expect_no_output();
        assert_eq!(output.signal(), Some(15), "{output:?}");
    }
}

#[test]
fn on_a_dead_link_a_watch_ends_soon_after_its_time() {
    let ground = ground();
    let link = Link::new(ground.cluster.port(), "pg_lock_status", 1, Fate::Dead);
    let arguments = ["--watch", "100ms", "--for", "100ms", "--terminate"];
    let output = link.tool(&arguments).run().expect_code(2);
    output.expect_error("the server has not answered for 5 s");
}

#[test]
fn a_statement_that_hangs_is_ended_by_a_signal() {
    let ground = Ground::new();
    let locker = Actor::new(ground.client_of("postgres"), "locker");
    // To lock it would be to lock what it reads, and nobody would get in.
    locker.run("set allow_system_table_mods = on");
    locker.run("begin; alter view pg_catalog.pg_stat_progress_vacuum set (security_barrier)");
    let head = ground.holder("head", LOCK);
    // How far long commands are is asked for where one seems to run.
    let _waiter = ground.waiter("waiter", &format!("{LOCK} /* no vacuum */"));
    let patient = "-c lock_timeout=0 -c statement_timeout=0";
    let running = ground.tool(&[]).env("PGOPTIONS", patient).start();
    let hangs =
        "from pg_locks where not granted and relation = 'pg_stat_progress_vacuum'::regclass";
    ground.until("it hangs", &format!("select exists (select {hangs})"));
    running.signal(Signal::TERM);
    let output = running.finish().expect_no_output();
    assert_eq!(output.signal(), Some(15), "{output:?}");
    // The server was told, too.
    ground.until(
        "it hangs no more",
        &format!("select not exists (select {hangs})"),
    );
    head.run("commit");
    locker.run("rollback");
}

#[test]
fn a_signal_whose_answer_is_lost_is_told() {
    let ground = ground();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let link = Link::new(ground.cluster.port(), "pg_terminate_backend", 0, Fate::Cut);
    let output = link.tool(&["--terminate"]).run().expect_code(2);
    let record = output.json_lines().remove(0);
    assert_eq!(
        results(&output),
        [(
            i64::from(head.pid),
            "terminate".into(),
            "still_alive".into()
        )]
    );
    let message = record["message"].as_str().unwrap();
    assert!(
        message.contains("it was being signalled, and may have ended"),
        "{record}"
    );
    // And so it has.
    waiter.answer().unwrap();
}

#[test]
fn our_own_lost_session_is_not_in_our_way() {
    let ground = ground();
    let link = Link::new(ground.cluster.port(), "nobody says that", 0, Fate::Dead);
    let mut running = link.tool(&["--watch", "100ms", "--terminate"]).start();
    let has_looked =
        "select exists (select from pg_stat_activity where application_name = 'pg-lock-kill'
                      and state = 'idle' and query like '-- Who asks%')";
    ground.until("it has looked", has_looked);
    link.abandon();
    let head = ground.holder("head", LOCK);
    let waiter = ground.asker("waiter", LOCK);
    eventually("it has ended", || running.has_ended());
    let output = running.finish().expect_code(0);
    let last: Value = output.json_lines().pop().unwrap();
    assert_eq!(
        (&last["pid"], &last["result"]),
        (&head.pid.into(), &"ended".into()),
        "{output:?}"
    );
    waiter.answer().unwrap();
}
