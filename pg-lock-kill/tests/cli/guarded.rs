//! Who is ended is who was seen, in what it was seen in.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tests::eventually;

use crate::ground::{Ground, expect_result, results};
use crate::stage::Actor;

const LOCK: &str = "update t set n = 1 where id = 1";

#[test]
fn the_head_is_ended_and_nobody_else() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let innocent = ground.holder("innocent", "update t set n = 1 where id = 2");
    let output = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    assert_eq!(output.stderr, "");
    let record = &output.json_lines()[0];
    assert_eq!(
        (&record["blocking"], &record["frees"]),
        (&json!(1), &json!(1))
    );
    waiter.answer().unwrap();
    assert!(!ground.is_there(head.pid) && ground.is_there(innocent.pid));
    innocent.run("commit");
    let output = ground.run(&["--terminate"]).expect_code(0);
    assert_eq!(results(&output), []);
}

#[test]
fn nobody_is_ended_without_being_asked_to() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let _waiter = ground.waiter("waiter", LOCK);
    for arguments in [
        &[][..],
        &["--dry-run", "--terminate"],
        &["--dry-run", "--escalate", "1s"],
    ] {
        ground.run(arguments).expect_code(0);
    }
    let output = ground.run(&["--dry-run", "--terminate"]);
    expect_result(&output, head.pid, "terminate", "dry_run");
    head.run("commit");
}

#[test]
fn another_transaction_of_the_same_session_is_left_alone() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let seen = ground.record_of(head.pid);
    head.run("commit");
    head.run(&format!("begin; {LOCK}"));
    for action in ["--terminate", "--cancel"] {
        let output = ground
            .given(std::slice::from_ref(&seen), &[action])
            .expect_code(0);
        expect_result(&output, head.pid, "", "changed");
    }
    // It was named, and is in the way.
    let waiter = ground.waiter("waiter", LOCK);
    let named = std::slice::from_ref(&seen);
    let output = ground.given(named, &["--terminate"]).expect_code(1);
    expect_result(&output, head.pid, "", "changed");
    head.run("commit");
    waiter.answer().unwrap();
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "", "changed");
    head.run("select 1");
}

#[test]
fn another_session_with_the_same_number_is_left_alone() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let mut seen = ground.record_of(head.pid);
    // As if the number had been somebody else's a moment before.
    seen["backend_start"] = earlier(&seen["backend_start"]);
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "", "gone_already");
    head.run("commit");
}

#[test]
fn a_number_that_is_given_out_again_between_look_and_shot_is_left_alone() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let _waiter = ground.waiter("waiter", LOCK);
    let (pid, seen) = (head.pid, ground.record_of(head.pid));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("go");
    let wait = format!(
        "touch {0}.asked; until [ -e {0} ]; do sleep 0.01; done",
        path.display()
    );
    let running = ground.tool(&["--terminate", "--exec", &wait]).start();
    eventually("it is asked", || path.with_extension("asked").exists());
    drop(head);
    eventually("it is gone", || !ground.is_there(pid));
    let other = reborn(&ground, pid);
    fs::write(&path, "").unwrap();
    let output = running.finish().expect_code(0);
    expect_result(&output, pid, "", "gone_already");
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, pid, "", "gone_already");
    match other {
        Some(other) => {
            let words = "its process number is another session's now";
            assert_eq!(output.json_lines()[0]["message"], words);
            other.run("select 1");
        }
        None => println!(
            "nobody else could be given the number {pid}: that takes root, and a quiet machine"
        ),
    }
}

/// Who was to be cancelled was to be cancelled for what it was at.
#[test]
fn a_statement_that_nobody_picked_is_not_cancelled() {
    const UNTIL: &str = "do $$ begin while not exists (select from pg_locks where locktype = 'advisory' and objid = 7 \
                         and database = (select oid from pg_database where datname = current_database())) \
                         loop perform pg_sleep(0.01); end loop; end $$";
    let ground = Ground::new();
    let busy = ground.holder("busy", "select 1");
    let other = ground.actor("other");
    let next = "select pg_sleep(600) /* the next one */";
    let go_on = || {
        other.run("select pg_advisory_lock(7)");
        busy.answer().unwrap();
        busy.start(next);
        ground.until_active(&busy, "the next one");
        other.run("select pg_advisory_unlock(7)");
    };
    // A request to cancel signals twice, and the second might meet what is begun next.
    let cancel = || other.run(&format!("select pg_cancel_backend({})", busy.pid));
    busy.start(UNTIL);
    ground.until_active(&busy, "advisory");
    let listed = ground.run(&["--sessions", "--app", "busy"]).json_lines();
    go_on();
    let output = ground.given(&listed, &["--cancel"]);
    expect_result(&output, busy.pid, "", "changed");
    cancel();
    assert!(busy.answer().is_err());
    busy.run("rollback; begin");
    // The program of --exec is asked about the one, and then about the other.
    busy.start(UNTIL);
    ground.until_active(&busy, "advisory");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("go");
    let first = format!(
        "if grep -q 'the next one'; then exit 1; fi; touch {0}.asked; until [ -e {0} ]; do sleep 0.01; done",
        path.display()
    );
    let choice = ["--sessions", "--app", "busy", "--cancel", "--exec", &first];
    let running = ground.tool(&choice).start();
    eventually("it is asked", || path.with_extension("asked").exists());
    go_on();
    fs::write(&path, "").unwrap();
    let output = running.finish();
    expect_result(&output, busy.pid, "", "vetoed");
    cancel();
    assert!(busy.answer().is_err());
}

/// A session whose process has this number, which nobody has any more: the kernel gives out the one after that which
/// it is told to be the last.
fn reborn(ground: &Ground, pid: i32) -> Option<Actor> {
    const LAST: &str = "/proc/sys/kernel/ns_last_pid";
    let last = fs::read_to_string(LAST).ok()?;
    // Well before --exec gives up: on a busy machine others take the number again and again.
    let until = Instant::now() + Duration::from_secs(10);
    let begin = |_| {
        if Instant::now() > until {
            return None;
        }
        fs::write(LAST, (pid - 1).to_string()).ok()?;
        Some(ground.holder("other", "update t set n = 1 where id = 2"))
    };
    let mut sessions = (0..500).map_while(begin);
    let other = sessions.find(|session| session.pid == pid);
    // Others on this machine need not meet numbers that were just somebody's.
    fs::write(LAST, last.trim()).ok()?;
    other
}

/// Some seconds before.
fn earlier(time: &Value) -> Value {
    let time = shared::time::parse(time.as_str().unwrap()).unwrap();
    let time = time - Duration::from_micros(7_000_001);
    json!(shared::time::format(time).unwrap())
}

#[test]
fn times_that_were_cut_name_nobody() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let seen = ground.record_of(head.pid);
    let text = |field: &str| seen[field].as_str().unwrap().to_string();
    let cut = |field: &str| format!("{}Z", text(field).split_once('.').unwrap().0);
    let moved = shared::time::parse(&text("backend_start")).unwrap();
    let moved = moved + Duration::from_secs(3600);
    for (field, time) in [
        ("backend_start", cut("backend_start")),
        ("backend_start", shared::time::format(moved).unwrap()),
        ("xact_start", cut("xact_start")),
    ] {
        let mut named = seen.clone();
        named[field] = json!(time);
        let output = ground.given(&[named], &["--terminate"]).expect_code(2);
        let said = format!("{field} of {} is {time}, and on the server", head.pid);
        output.expect_no_output().expect_error(&said);
    }
    // The same moment by another zone is the same.
    let mut named = seen.clone();
    let there = shared::time::format(moved).unwrap();
    named["backend_start"] = json!(there.replace('Z', "+01:00"));
    let output = ground.given(&[named], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
}

#[test]
fn one_that_ended_by_itself() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let pid = head.pid;
    let seen = ground.record_of(pid);
    drop(head);
    ground.until(
        "it is gone",
        &format!("select not exists (select from pg_stat_activity where pid = {pid})"),
    );
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, pid, "", "gone_already");
}

#[test]
fn an_idle_one_that_did_something_since_is_left_alone() {
    let ground = Ground::new();
    let idle = ground.actor("idle");
    idle.run("select pg_advisory_lock(1)");
    let seen = ground.record_of(idle.pid);
    assert_eq!(seen["xact_start"], Value::Null);
    idle.run("select 1");
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, idle.pid, "", "changed");
    let seen = ground.record_of(idle.pid);
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, idle.pid, "terminate", "ended");
}

#[test]
fn what_names_nobody_is_refused() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let seen = ground.record_of(head.pid);
    let mut bare = seen.clone();
    bare.as_object_mut().unwrap().remove("backend_start");
    let output = ground.given(&[seen.clone(), bare], &["--terminate", "--max", "2"]);
    let output = output.expect_code(2).expect_no_output();
    output.expect_error("without backend_start");
    let number = || {
        ground
            .tool(&["-", "--terminate"])
            .stdin(format!("{}\n", head.pid))
    };
    number().run().expect_code(2).expect_no_output();
    let mut text = seen.clone();
    text["pid"] = json!(head.pid.to_string());
    let output = ground.given(&[text], &["--terminate"]).expect_code(2);
    output.expect_error("this is no record of a listing: ");
    for words in ["x\n", "0\n", "-1\n", "1 2\n"] {
        let output = ground
            .tool(&["-", "--bare-pids", "--terminate"])
            .stdin(words)
            .run();
        output.expect_code(2).expect_error("is no process number");
    }
    head.run("select 1");
    let output = number().arg("--bare-pids").run().expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    assert!(output.stderr.contains("bare numbers name no session"));
}

#[test]
fn a_record_may_lack_all_but_who_it_is() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let seen = ground.record_of(head.pid);
    let brief = json!({"pid": seen["pid"], "backend_start": seen["backend_start"]});
    let output = ground.given(&[brief], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    assert_eq!(output.json_lines()[0]["user"], "app");
}

#[test]
fn more_records_than_allowed_are_not_cut() {
    let ground = Ground::new();
    let one = ground.holder("one", "select from t where id = 1 for share");
    let two = ground.holder("two", "select from t where id = 1 for share");
    let seen = [ground.record_of(one.pid), ground.record_of(two.pid)];
    let output = ground.given(&seen, &["--terminate"]).expect_code(2);
    output.expect_no_output().expect_error("say --max 2");
    one.run("select 1");
    two.run("select 1");
    let twice = [seen[1].clone(), seen[0].clone(), seen[1].clone()];
    let output = ground
        .given(&twice, &["--terminate", "--max", "2"])
        .expect_code(0);
    let pids: Vec<i64> = results(&output).iter().map(|(pid, ..)| *pid).collect();
    assert_eq!(pids, [i64::from(two.pid), i64::from(one.pid)]);
}

#[test]
fn one_that_does_not_heed_it_is_still_there() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let process = Pid::from_raw(head.pid).unwrap();
    kill_process(process, Signal::STOP).unwrap();
    let output = ground.run(&["--terminate", "--grace", "200ms"]);
    kill_process(process, Signal::CONT).unwrap();
    let output = output.expect_code(1);
    expect_result(&output, head.pid, "terminate", "still_alive");
    waiter.answer().unwrap();
}
