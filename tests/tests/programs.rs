//! Child programs: what they say is kept, and they end when we end.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::thread;

use rustix::process::{Pid, Signal, kill_process_group, test_kill_process};
use shared::programs::{Child, Finished, Program};
use tests::{eventually, tool};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", script])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    command
}

fn finish(script: &str) -> Finished {
    Child::spawn(sh(script), "sh").unwrap().wait().unwrap()
}

/// Reads the numbers of processes that a script prints in its first line.
fn pids(child: &mut Child) -> Vec<Pid> {
    let mut line = String::new();
    let mut stdout = std::io::BufReader::new(child.stdout().unwrap());
    std::io::BufRead::read_line(&mut stdout, &mut line).unwrap();
    line.split_whitespace().map(pid).collect()
}

fn pid(text: &str) -> Pid {
    Pid::from_raw(text.parse().unwrap()).unwrap()
}

/// Whether the process has ended; one that only waits to be reaped has.
fn has_ended(pid: Pid) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    let state = stat
        .ok()
        .and_then(|stat| stat.rsplit_once(") ")?.1.chars().next());
    state.is_none_or(|state| state == 'Z')
}

#[test]
fn its_last_words_are_kept_and_shown() {
    let error = finish("echo 'pg_dump: error: first' >&2; echo second >&2; exit 7")
        .success_or(|| "could not back up \"x\"".to_string())
        .unwrap_err();
    assert_eq!(
        error.message(),
        "could not back up \"x\": sh ended with status 7"
    );
    assert_eq!(error.detail(), Some("pg_dump: error: first\nsecond"));
    let error = finish("kill -9 $$").success_or(String::new).unwrap_err();
    assert!(
        error.message().ends_with("sh was ended by signal 9"),
        "{error}"
    );
    assert!(finish("true").success_or(String::new).is_ok());
}

#[test]
fn a_flood_of_words_neither_blocks_it_nor_fills_memory() {
    let finished =
        finish("i=0; while [ $i -lt 20000 ]; do echo \"line $i of many\"; i=$((i+1)); done >&2");
    assert!(finished.stderr.len() <= 64 * 1024);
    assert!(finished.stderr.ends_with("line 19999 of many\n"));
    let error = finish("seq 1000 >&2; exit 1")
        .success_or(String::new)
        .unwrap_err();
    let detail = error.detail().unwrap();
    assert!(
        detail.ends_with("\n1000") && detail.lines().count() < 20,
        "{detail}"
    );
}

#[test]
fn a_server_that_is_too_new_is_answered_with_what_to_install() {
    let words = "pg_dump: error: aborting because of server version mismatch\n\
        pg_dump: detail: server version: 18.6 (Debian 18.6-1); pg_dump version: 15.18\n";
    let mut command = sh("printf '%s' \"$WORDS\" >&2; exit 1");
    command.env("WORDS", words);
    let finished = Child::spawn(command, "pg_dump").unwrap().wait().unwrap();
    let error = finished.success_or(|| "backup".to_string()).unwrap_err();
    assert!(error.hint().unwrap().contains("18"), "{error}");
    assert!(error.detail().unwrap().contains("server version: 18.6"));
}

#[test]
fn postgresqls_own_words_arrive() {
    let psql = Program::find("psql", Some(13)).unwrap();
    let mut command = psql.command();
    command.args(["-h", "/nonexistent", "-d", "x"]);
    let finished = Child::spawn(command, "psql").unwrap().wait().unwrap();
    let error = finished.success_or(|| "look".to_string()).unwrap_err();
    assert!(error.detail().unwrap().contains("/nonexistent"), "{error}");
}

#[test]
fn a_command_can_stand_for_a_program() {
    let real = Program::find("pg_dump", None).unwrap();
    let command = format!("env 'LC_ALL=C' {}", real.path().display());
    let program = Program::from_command(&command, "pg_dump").unwrap();
    assert_eq!(program.version, real.version);
    let mut command = program.command();
    command.arg("--help").stdout(Stdio::piped());
    let mut child = Child::spawn(command, "pg_dump").unwrap();
    let mut text = String::new();
    child.stdout().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.starts_with("pg_dump dumps a database"), "{text}");
    assert!(child.wait().unwrap().status.success());
}

#[test]
fn a_command_that_cannot_stand_for_it_is_refused() {
    for (command, expected) in [
        ("", "the command for pg_dump is empty"),
        (
            "docker 'exec",
            "the command for pg_dump: a single quote is not closed",
        ),
        (
            "/no/such/program",
            "pg_dump by \"/no/such/program\": could not run /no/such/program: No such file or directory",
        ),
        (
            "echo no",
            "pg_dump by \"echo no\": echo does not tell its version",
        ),
    ] {
        let error = Program::from_command(command, "pg_dump").unwrap_err();
        assert_eq!(error.message(), expected);
    }
    let error = Program::from_command("sh -c 'echo no such container >&2; exit 1'", "pg_dump");
    assert_eq!(error.unwrap_err().detail(), Some("no such container"));
}

#[test]
fn it_outlives_the_thread_that_started_it() {
    let start = || {
        let mut command = sh("read line; echo \"$line\"");
        command.stdin(Stdio::piped());
        Child::spawn(command, "sh").unwrap()
    };
    let mut child = thread::spawn(start).join().unwrap();
    child.stdin().unwrap().write_all(b"still here\n").unwrap();
    let mut text = String::new();
    child.stdout().unwrap().read_to_string(&mut text).unwrap();
    let finished = child.wait().unwrap();
    assert_eq!(
        (text.as_str(), finished.status.signal()),
        ("still here\n", None)
    );
}

#[test]
fn dropping_it_ends_it_and_what_it_started() {
    for stubborn in ["", "trap '' TERM;"] {
        let script = format!("{stubborn} sleep 1000 & echo $$ $!; wait; wait");
        let mut child = Child::spawn(sh(&script), "sh").unwrap();
        let pids = pids(&mut child);
        assert!(pids.iter().all(|pid| test_kill_process(*pid).is_ok()));
        drop(child);
        eventually("both have ended", || pids.iter().all(|pid| has_ended(*pid)));
    }
}

#[test]
fn something_left_in_the_background_does_not_keep_us_waiting() {
    let mut child = Child::spawn(sh("sleep 1000 & echo $$; echo bye >&2"), "sh").unwrap();
    let group = pids(&mut child)[0];
    let finished = child.wait().unwrap();
    assert_eq!(finished.stderr, "bye\n");
    kill_process_group(group, Signal::KILL).expect("it is still there");
}

#[test]
fn it_ends_when_we_are_killed() {
    for signal in [Signal::TERM, Signal::INT, Signal::KILL] {
        let script = "echo $$; exec sleep 1000";
        let mut running = tool("throwaway").args(["run", script]).start();
        let [line] = running.first_lines();
        let child = pid(&line);
        assert!(!has_ended(child));
        running.signal(signal);
        running.finish();
        eventually("the child has ended", || has_ended(child));
    }
}

#[test]
fn it_has_no_terminal_to_ask_for_a_password() {
    let output = tool("throwaway")
        .args(["run", ": </dev/tty"])
        .terminal()
        .run();
    assert!(
        output.stdout.contains("/dev/tty: No such device"),
        "{output:?}"
    );
}
