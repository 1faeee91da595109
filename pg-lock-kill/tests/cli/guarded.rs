//! Who is ended is who was seen, in what it was seen in.

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::ground::{Ground, expect_result, results};

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
    head.run("commit");
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "", "changed");
    head.run("select 1");
}

#[test]
fn another_session_with_the_same_number_is_left_alone() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let mut seen = ground.record_of(head.pid);
    // As if the number had been somebody else's a microsecond before.
    seen["backend_start"] = earlier(&seen["backend_start"]);
    let output = ground.given(&[seen], &["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "", "gone_already");
    head.run("commit");
}

/// A microsecond before.
fn earlier(time: &Value) -> Value {
    let time = shared::time::parse(time.as_str().unwrap()).unwrap();
    let time = time - std::time::Duration::from_micros(1);
    json!(shared::time::format(time).unwrap())
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
