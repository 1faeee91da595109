//! Several servers: so many at once, what is of a server once, and none that keeps the others waiting.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use serde_json::Value;
use tests::{SilentListener, ToolCommand, eventually, tool};

use crate::ground::Ground;

/// One that takes connections, and says nothing.
struct Silent(TcpListener);

impl Silent {
    fn new() -> Self {
        let listener = SilentListener::new().into_inner();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn place(&self) -> String {
        let port = self.0.local_addr().unwrap().port();
        format!(
            "host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable connect_timeout=0"
        )
    }

    /// Who came.
    fn guest(&self) -> Option<TcpStream> {
        match self.0.accept() {
            Ok((guest, _)) => Some(guest),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }
}

fn looking(silent: &[&Silent], words: &[&str]) -> ToolCommand {
    let places = silent.iter().map(|silent| silent.place());
    let targets = places.flat_map(|place| ["-d".to_string(), place]);
    let command = tool("pg-stat-report").args(targets);
    command
        .args(["-j", "1", "--only", "wraparound,no_primary_key"])
        .args(words)
}

#[test]
fn one_that_is_silent_is_waited_for_beside_the_others() {
    let (first, second) = (Silent::new(), Silent::new());
    let running = looking(&[&first, &second], &[]).start();
    let mut guest = None;
    eventually("the other has its turn", || {
        guest = second.guest();
        guest.is_some()
    });
    let waiting = first.guest().expect("the first is waited for");
    drop((guest, waiting, first, second));
    let records = running.finish().expect_code(2).json_lines();
    assert_eq!(records.len(), 2);
}

#[test]
fn one_for_which_there_is_no_time_is_unknown() {
    let (first, second) = (Silent::new(), Silent::new());
    let output = looking(&[&first, &second], &["--deadline", "1s"]).run();
    assert!(second.guest().is_none(), "its turn never came");
    let records = output.expect_code(2).json_lines();
    let of = |silent: &Silent| -> Vec<[String; 2]> {
        let target = format!("127.0.0.1:{}", silent.0.local_addr().unwrap().port());
        let own = records
            .iter()
            .filter(|record| record["target"] == target.as_str());
        own.map(|record| ["check", "status"].map(|name| record[name].as_str().unwrap().into()))
            .collect()
    };
    assert_eq!(of(&first), [["connect", "critical"]]);
    let unknown = ["wraparound", "no_primary_key"].map(|check| [check, "unknown"]);
    assert_eq!(of(&second), unknown);
    let said = |record: &&Value| {
        let message = record["message"].as_str().unwrap();
        message.contains("the time of --deadline is over")
    };
    assert_eq!(records.iter().filter(said).count(), 2, "{records:#?}");
}

#[test]
fn a_pooler_for_which_there_is_no_time_is_unknown() {
    let (first, second) = (Silent::new(), Silent::new());
    let console = second
        .place()
        .replace("dbname=postgres", "dbname=pgbouncer");
    let checks = ["pooler_waits", "pooler_clients", "pooler_stopped"];
    let words = ["-d", &first.place(), "-d", &console, "-j", "1"];
    let command = tool("pg-stat-report").args(words);
    let only = ["--only", &checks.join(","), "--deadline", "1s"];
    let records = command.args(only).run().expect_code(2).json_lines();
    assert!(second.guest().is_none(), "its turn never came");
    let unknown = records
        .iter()
        .filter(|record| record["status"] == "unknown");
    let unknown: Vec<&Value> = unknown.map(|record| &record["check"]).collect();
    assert_eq!(unknown, checks);
}

#[test]
fn what_is_of_the_server_is_asked_once() {
    let ground = Ground::with(&[("logging_collector", "on"), ("log_statement", "all")]);
    ground.sql("create database a");
    ground.sql("create database b");
    let folder = ground.cluster.socket_dir().display().to_string();
    let place = |user: &str, database: &str| format!("host={folder} user={user} dbname={database}");
    let run = |places: &[String]| {
        let targets = places.iter().flat_map(|place| ["-d", place]);
        let only = ["--only", "wraparound,no_primary_key"];
        tool("pg-stat-report")
            .args(targets)
            .args(only)
            .run()
            .expect_code(0)
            .json_lines()
    };
    let asked = |marker: &str| {
        ground.sql(&format!("select '{marker}'"));
        let mut log = String::new();
        let read = "select pg_read_file(pg_current_logfile())";
        eventually("the log is written", || {
            log = ground.value(read);
            log.contains(marker)
        });
        let count = |text: &str| log.matches(text).count();
        (
            count("-- How near is each database"),
            count("-- Which tables have no primary key"),
        )
    };
    let own = ["a", "b", "postgres"].map(|database| place("postgres", database));
    assert_eq!(run(&own).len(), 4);
    assert_eq!(asked("one role"), (1, 3));
    // Another role may see other things.
    assert_eq!(
        run(&[place("watcher", "a"), place("postgres", "b")]).len(),
        3
    );
    assert_eq!(asked("two roles"), (3, 5));
}
