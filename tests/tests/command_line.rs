//! What `shared::main` does for every tool, shown by one that can end in any way.

#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use rustix::process::Signal;
use tests::{Running, ToolCommand, binary, eventually, tool};

fn numbers(words: &str) -> ToolCommand {
    tool("numbers").args(words.split_whitespace())
}

#[test]
fn a_warning_is_one_harmless_line_and_status_1() {
    let output = numbers("--then warn").run().expect_code(1);
    assert_eq!(
        output.stderr,
        "numbers: warning: beware\\nof \\x1b[31mthis\n"
    );
    let output = numbers("--then warn -q").run().expect_code(1);
    assert_eq!(output.stderr, "");
}

#[test]
fn notes_are_for_v_alone() {
    let verbose = numbers("-v").run().expect_code(0);
    assert_eq!(
        verbose.stderr,
        "numbers: note: counting\nnumbers: note: cleaned up\n"
    );
    assert_eq!(numbers("-vq").run().expect_code(0).stderr, "");
}

#[test]
fn an_error_is_status_2_and_nothing_on_stdout_before_the_first_record() {
    for format in ["jsonl", "json", "csv", "table"] {
        let output = numbers("-n 0 --then fail -o").arg(format).run();
        let output = output.expect_code(2).expect_no_output();
        assert_eq!(
            output.stderr,
            "numbers: error: failed\\nas asked\n\
             numbers: detail: first\\x1b[31m\n\
             numbers: detail: second\n\
             numbers: hint: ask for something else\n"
        );
    }
}

#[test]
fn records_before_an_error_are_seen() {
    for format in ["jsonl", "json", "csv", "table"] {
        let output = numbers("--then fail -o").arg(format).run().expect_code(2);
        assert!(output.stdout.contains("number"), "{output:?}");
    }
}

#[test]
fn a_panic_is_one_line_after_the_clean_up() {
    for (how, words) in [
        ("panic", "asked\\nfor"),
        ("thread-panic", "asked for elsewhere"),
    ] {
        let output = numbers("-v -n 0 --then").arg(how).run().expect_code(2);
        let output = output.expect_no_output();
        let lines: Vec<&str> = output.stderr.lines().collect();
        assert_eq!(lines.len(), 4, "{output:?}");
        assert_eq!(lines[1], "numbers: note: cleaned up");
        assert!(lines[2].starts_with(&format!("numbers: error: internal error: {words} (")));
        assert!(lines[3].starts_with("numbers: hint: this is a mistake in numbers "));
    }
}

/// Starts a command and waits for its first record.
fn started(command: ToolCommand) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    let running = command.stdout_to(&out).start();
    eventually("a first record", || {
        fs::metadata(&out).is_ok_and(|file| file.len() > 0)
    });
    running
}

#[test]
fn dies_by_the_signal_after_the_clean_up() {
    for (signal, name) in [
        (Signal::INT, "SIGINT"),
        (Signal::TERM, "SIGTERM"),
        (Signal::HUP, "SIGHUP"),
    ] {
        let running = started(numbers("-v --then wait"));
        running.signal(signal);
        let output = running.finish();
        assert_eq!(output.signal(), Some(signal.as_raw()), "{output:?}");
        let end = format!("note: cleaned up\nnumbers: error: interrupted by {name}\n");
        assert!(output.stderr.ends_with(&end), "{output:?}");
    }
}

#[test]
fn two_signals_at_once_are_one() {
    let running = started(numbers("-v --then wait"));
    running.signal(Signal::TERM);
    running.signal(Signal::INT);
    let output = running.finish();
    assert!(output.signal().is_some(), "{output:?}");
    assert!(output.stderr.contains("cleaned up"), "{output:?}");
}

#[test]
fn a_user_who_insists_ends_a_tool_that_hangs() {
    let mut running = started(numbers("--then hang"));
    eventually("its end", || {
        let ended = running.has_ended();
        if !ended {
            running.signal(Signal::INT);
        }
        ended
    });
    assert_eq!(running.finish().signal(), Some(Signal::INT.as_raw()));
}

#[test]
fn a_signal_that_nohup_ignores_stays_ignored() {
    let command = tests::program("sh")
        .args(["-c", "trap '' HUP; exec \"$0\" --then wait"])
        .arg(binary("numbers"));
    let running = started(command);
    running.signal(Signal::HUP);
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!(output.signal(), Some(Signal::TERM.as_raw()), "{output:?}");
}

#[test]
fn a_signal_ends_the_wait_for_input() {
    let mut child = Command::new(binary("numbers"))
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let record = "{\"number\":7,\"text\":\"\",\"half\":null,\"digits\":[]}\n";
    stdin.write_all(record.as_bytes()).unwrap();
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, record);
    end_by_signal(&mut child);
    drop(stdin);
}

#[test]
fn a_signal_ends_the_wait_for_a_reader() {
    let mut child = Command::new(binary("numbers"))
        .args(["-n", "1000000000"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 100]).unwrap();
    end_by_signal(&mut child);
    drop(stdout);
}

fn end_by_signal(child: &mut std::process::Child) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, Signal::TERM).unwrap();
    eventually("its end", || child.try_wait().unwrap().is_some());
    let status = child.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(Signal::TERM.as_raw())
    );
}

#[test]
fn a_bad_record_on_stdin_is_named_by_its_line() {
    let good = "{\"number\":7,\"text\":\"\",\"half\":null,\"digits\":[]}\n";
    let output = numbers("-").stdin(format!("{good}nonsense\n")).run();
    let output = output.expect_code(2);
    assert_eq!(output.stdout, good);
    assert_eq!(
        output.stderr,
        "numbers: error: standard input: line 2: this is no JSON object\n\
         numbers: hint: records are read as JSON Lines or as one JSON array of objects\n"
    );
}

#[test]
fn a_terminal_gets_a_table_that_fits_and_a_progress_line_that_goes_away() {
    let output = numbers("").terminal().run().expect_code(0);
    assert!(!output.bytes.contains(&b'{'), "{output:?}");
    assert!(output.stdout.contains("at 1\u{1b}[K"), "{output:?}");
    assert!(output.stdout.ends_with("\r\u{1b}[K"), "{output:?}");
    let quiet = numbers("-q").terminal().run().expect_code(0);
    let lines: Vec<&str> = quiet.stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "number  text                 half  digits",
            "     1  \"1\",\\n\\x1b[1mnumber        1",
            "     2  \"2\",\\n\\x1b[1mnumber   1.0  2",
            "     3  \"3\",\\n\\x1b[1mnumber        3",
        ],
        "{quiet:?}"
    );
}

#[test]
fn memory_does_not_grow_with_the_number_of_records() {
    if !cfg!(target_os = "linux") {
        return;
    }
    for format in ["jsonl", "json", "csv", "table"] {
        let mut child = Command::new(binary("numbers"))
            .args(["-n", "60000", "-o", format])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).split(b'\n');
        let seen = lines.by_ref().take(40_000).count();
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        lines.for_each(drop);
        assert!(child.wait().unwrap().success());
        assert_eq!(seen, 40_000, "{format}");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak: u64 = peak
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(peak < 16 * 1024, "{format}: {peak} kB");
    }
}
