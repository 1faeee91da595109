//! The loop: what it tells, when it ends, and that there is only one.

use rustix::process::Signal;
use serde_json::Value;
use tests::{Running, eventually};

use crate::ground::{Ground, results};

const LOCK: &str = "update t set n = 1 where id = 1";

fn watch(ground: &Ground, more: &[&str]) -> Running {
    ground
        .tool(&["--watch", "100ms", "--terminate"])
        .args(more)
        .start()
}

fn until_watching(ground: &Ground) {
    let lock =
        "select exists (select from pg_locks where locktype = 'advisory' and classid = 1885826155)";
    ground.until("it watches", lock);
}

fn parsed(lines: &[String]) -> Vec<Value> {
    lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_signal_ends_it_cleanly() {
    let ground = Ground::new();
    let running = watch(&ground, &["--max", "9"]);
    until_watching(&ground);
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!(output.signal(), Some(15), "{output:?}");
    output
        .expect_no_output()
        .expect_error("interrupted by SIGTERM");
    ground.until(
        "nobody watches",
        "select not exists (select from pg_locks where locktype = 'advisory')",
    );
}

#[test]
fn the_tree_is_told_before_anybody_is_ended() {
    let ground = Ground::new();
    let mut running = watch(&ground, &["--max", "2"]);
    until_watching(&ground);
    let head = ground.holder("head", LOCK);
    let waiter = ground.asker("waiter", LOCK);
    let lines = running.first_lines::<3>();
    let records = parsed(&lines);
    let told = |record: &Value| {
        (
            record["pid"].as_i64(),
            record["result"].as_str().map(str::to_string),
        )
    };
    let (head_pid, waiter_pid) = (Some(i64::from(head.pid)), Some(i64::from(waiter.pid)));
    let told: Vec<_> = records.iter().map(told).collect();
    assert_eq!(
        told,
        [
            (head_pid, None),
            (waiter_pid, None),
            (head_pid, Some("ended".into()))
        ]
    );
    waiter.answer().unwrap();
    // The second is the last that it may.
    let second = ground.holder("second", LOCK);
    let _waiter = ground.asker("waiter", LOCK);
    let output = running.finish().expect_code(0);
    assert_eq!(output.json_lines().len(), 6);
    assert_eq!(output.json_lines()[5]["pid"], second.pid);
}

#[test]
fn it_ends_when_nobody_waits_or_time_is_over() {
    let ground = Ground::new();
    let output = watch(&ground, &["--on-clear"]).finish().expect_code(0);
    output.expect_no_output();
    let output = watch(&ground, &["--for", "300ms"]).finish().expect_code(0);
    output.expect_no_output();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let arguments = ["--on-clear", "--max", "5", "--blocking-for", "1ms"];
    let output = watch(&ground, &arguments).finish().expect_code(0);
    let last = output.json_lines().pop().unwrap();
    assert_eq!(
        (&last["pid"], &last["result"]),
        (&head.pid.into(), &"ended".into())
    );
    waiter.answer().unwrap();
}

#[test]
fn what_lasts_until_nobody_waits_says_if_some_do() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let second = "update t set n = 1 where id = 2";
    let other = ground.holder("other", second);
    let behind = ground.waiter("behind", second);
    let arguments = ["--on-clear", "--for", "300ms", "--app", "nosuch"];
    watch(&ground, &arguments).finish().expect_code(1);
    let output = watch(&ground, &["--on-clear", "--for", "1h", "--app", "head"]).finish();
    let output = output.expect_code(1);
    assert!(
        output
            .stderr
            .contains("before its time, and some wait still"),
        "{output:?}"
    );
    waiter.answer().unwrap();
    waiter.run("select 1");
    drop(head);
    let output = watch(&ground, &["--on-clear"]).finish().expect_code(0);
    assert!(output.stderr.ends_with("the watch is over\n"), "{output:?}");
    behind.answer().unwrap();
    drop(other);
}

#[test]
fn what_is_kept_is_what_was_seen_before_the_first_signal() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.json");
    let running = watch(&ground, &["--save", file.to_str().unwrap()]);
    eventually("the first look is kept", || file.exists());
    let head = ground.holder("head", LOCK);
    let waiter = ground.asker("waiter", LOCK);
    running.finish().expect_code(0);
    waiter.answer().unwrap();
    let output = tests::tool("pg-lock-kill")
        .arg("--snapshot")
        .arg(&file)
        .run();
    let output = output.expect_code(0);
    let pids: Vec<i64> = results(&output).iter().map(|(pid, ..)| *pid).collect();
    assert_eq!(pids, [i64::from(head.pid), i64::from(waiter.pid)]);
    output.expect_error("this is what was seen at 20");
}

#[test]
fn whoever_watches_is_spared_whatever_he_calls_himself() {
    let ground = Ground::new();
    let running = ground
        .tool(&["--watch", "1h", "--terminate"])
        .env("PGAPPNAME", "cron")
        .start();
    until_watching(&ground);
    ground.until(
        "it rests",
        "select exists (select from pg_stat_activity where application_name = 'cron' and state = 'idle')",
    );
    let arguments = [
        "--sessions",
        "--app",
        "cron",
        "--terminate",
        "--include-superusers",
    ];
    let output = ground.run(&arguments).expect_code(0);
    assert_eq!(results(&output)[0].2, "protected", "{output:?}");
    running.signal(Signal::TERM);
    assert_eq!(running.finish().signal(), Some(15));
}

#[test]
fn one_at_a_time_in_whatever_database() {
    let ground = Ground::new();
    ground.sql("create database other");
    let first = watch(&ground, &[]);
    until_watching(&ground);
    for database in ["postgres", "other"] {
        let second = ground
            .tool(&["--watch", "1s", "--terminate", "-d", database])
            .run();
        let second = second.expect_code(2).expect_no_output();
        second.expect_error("another pg-lock-kill watches this server");
    }
    // Who only says what he would do is in nobody's way.
    let dry = watch(&ground, &["--dry-run", "--for", "100ms"]).finish();
    dry.expect_code(0);
    first.signal(Signal::INT);
    assert_eq!(first.finish().signal(), Some(2));
}

#[test]
fn who_is_spared_is_told_once() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let _waiter = ground.waiter("waiter", LOCK);
    let arguments = ["--protect", "app", "--for", "1s", "--max", "9"];
    let output = watch(&ground, &arguments).finish().expect_code(1);
    assert_eq!(
        results(&output),
        [(i64::from(head.pid), String::new(), "protected".into())]
    );
    let rehearsed = watch(&ground, &["--dry-run", "--for", "1h"]).finish();
    let rehearsed = rehearsed.expect_code(0).stderr;
    let words = "1 would have been signalled, as many as --max allows";
    assert!(rehearsed.contains(words), "{rehearsed}");
    let arguments = ["--dry-run", "--for", "1s", "--max", "9"];
    let output = watch(&ground, &arguments).finish().expect_code(0);
    let told = results(&output);
    let dry: Vec<_> = told
        .iter()
        .filter(|(_, _, result)| result == "dry_run")
        .collect();
    assert_eq!(
        dry,
        [&(
            i64::from(head.pid),
            "terminate".to_string(),
            "dry_run".to_string()
        )]
    );
    head.run("commit");
}

#[test]
fn who_can_not_be_ended_uses_up_nothing() {
    let ground = Ground::new();
    let root = crate::stage::Actor::new(ground.client_of("postgres"), "root");
    root.run(&format!("begin; {LOCK}"));
    let waiter = ground.waiter("waiter", LOCK);
    let mut running = watch(&ground, &[]);
    let _ = running.first_lines::<1>();
    // The loop goes on, though one is all that it may end.
    let second = "update t set n = 1 where id = 2";
    let head = ground.holder("head", second);
    let other = ground.asker("other", second);
    let output = running.finish().expect_code(1);
    let told = results(&output);
    let told: Vec<_> = told
        .iter()
        .filter(|(_, _, result)| !result.is_empty())
        .collect();
    let word = |pid: i32, action: &str, result: &str| {
        (i64::from(pid), action.to_string(), result.to_string())
    };
    assert_eq!(
        told,
        [
            &word(root.pid, "", "protected"),
            &word(head.pid, "terminate", "ended")
        ]
    );
    other.answer().unwrap();
    root.run("commit");
    waiter.answer().unwrap();
}

#[test]
fn not_yet_is_an_answer_too() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let command = format!("echo >> {0}; [ $(wc -l < {0}) = 3 ]", asked.display());
    let output = watch(&ground, &["--exec", &command]).finish();
    // It was ended in the end.
    let told = results(&output.expect_code(0));
    let told: Vec<_> = told
        .iter()
        .filter(|(_, _, result)| !result.is_empty())
        .collect();
    let is =
        |action: &str, result: &str| (i64::from(head.pid), action.to_string(), result.to_string());
    assert_eq!(told, [&is("", "vetoed"), &is("terminate", "ended")]);
    waiter.answer().unwrap();
}

#[test]
fn the_next_in_line_is_no_victim_of_the_next_look() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let next = ground.holder("next", "select 1");
    next.start(LOCK);
    ground.until_waiting(&next);
    let last = ground.waiter("last", LOCK);
    let output = watch(&ground, &["--max", "9", "--for", "1s"])
        .finish()
        .expect_code(0);
    let told = results(&output);
    let ended: Vec<i64> = told
        .iter()
        .filter(|(_, _, result)| result == "ended")
        .map(|(pid, ..)| *pid)
        .collect();
    assert_eq!(ended, [i64::from(head.pid)]);
    next.answer().unwrap();
    next.run("commit");
    last.answer().unwrap();
}

#[test]
fn a_lost_connection_comes_back() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.json");
    let mut running = watch(&ground, &["--max", "2", "--save", file.to_str().unwrap()]);
    until_watching(&ground);
    let first = ground.holder("first", LOCK);
    let waiter = ground.asker("waiter", LOCK);
    // The head, who waits for it, and that it has ended.
    let _ = running.first_lines::<3>();
    waiter.answer().unwrap();
    let ours = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pg-lock-kill'";
    ground.sql(ours);
    ground.until("it is back", "select count(*) = 1 from pg_stat_activity
        where application_name = 'pg-lock-kill' and pid in (select pid from pg_locks where locktype = 'advisory')");
    let head = ground.holder("head", LOCK);
    let waiter = ground.asker("waiter", LOCK);
    eventually("it has ended", || running.has_ended());
    let output = running.finish().expect_code(0);
    assert_eq!(output.json_lines().pop().unwrap()["pid"], head.pid);
    assert!(output.stderr.contains("; going on"), "{output:?}");
    waiter.answer().unwrap();
    // What was kept is what was seen before the first signal still.
    let kept = std::fs::read_to_string(file).unwrap();
    let has = |pid: i32| kept.contains(&format!("\"pid\":{pid},"));
    assert_eq!((has(first.pid), has(head.pid)), (true, false), "{kept}");
}

#[test]
fn what_was_done_is_told_though_a_signal_comes() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let _waiter = ground.waiter("waiter", LOCK);
    let process = rustix::process::Pid::from_raw(head.pid).unwrap();
    rustix::process::kill_process(process, Signal::STOP).unwrap();
    // Of two signals that wait for it, it takes that with the lower number first: SIGTERM, if that comes
    // before it was stopped, and then nothing shows below that it was signalled.
    eventually("the head is stopped", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", head.pid)).unwrap();
        stat.contains(") T ")
    });
    let running = ground.tool(&["--terminate", "--grace", "1h"]).start();
    // A stopped process has its signal pending: bit 14 is SIGTERM.
    eventually("the head was signalled", || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", head.pid)).unwrap();
        let pending = status
            .lines()
            .find_map(|line| line.strip_prefix("ShdPnd:\t"))
            .unwrap();
        u64::from_str_radix(pending.trim(), 16).unwrap() & (1 << 14) != 0
    });
    running.signal(Signal::TERM);
    let output = running.finish();
    rustix::process::kill_process(process, Signal::CONT).unwrap();
    assert_eq!(output.signal(), Some(15), "{output:?}");
    let record = output.json_lines().remove(0);
    assert_eq!(record["result"], "still_alive");
    assert!(
        record["message"].as_str().unwrap().contains("told to stop"),
        "{record}"
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let ground = Ground::new();
    for (arguments, why) in [
        (&["--watch", "1s"][..], "--watch goes with --cancel"),
        (&["--watch", "1ms", "--terminate"], "every 100ms at most"),
        (&["--for", "1s", "--terminate"], "--watch only"),
        (
            &["-", "--terminate", "--victims", "all"],
            "--victims has nothing to choose",
        ),
        (
            &["-", "--terminate", "--watch", "1s"],
            "does not go with --watch",
        ),
        (&["--terminate", "--cancel"], "exclude each other"),
        (&["--terminate", "--snapshot", "x"], "--dry-run"),
        (&["-"], "- needs --cancel"),
        (
            &["--sessions", "--not-state", "Active"],
            "idle in transaction",
        ),
        (&["--save", "/dev/null"], "no ordinary file"),
        (&["--save", "-"], "--save needs the name of a file"),
        (&["--victims", "waiters"], "--victims goes with --cancel"),
        (&["--grace", "1s"], "--grace goes with --cancel"),
    ] {
        let output = ground.run(arguments).expect_code(2).expect_no_output();
        output.expect_error(why);
    }
}
