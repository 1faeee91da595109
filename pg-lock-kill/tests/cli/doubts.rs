//! Filters by relations whose names are not, or not yet, to be seen: nobody is ended by them, and who is spared
//! is told.

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tests::Output;

use crate::ground::{Ground, expect_result};
use crate::stage::Company;

const LOCK: &str = "update t set n = 1 where id = 1";
const FORMS: [(&str, &str); 2] = [
    ("--relation", "whether --relation means it"),
    ("--not-relation", "whether --not-relation means it"),
];

/// Where the application may make what it likes.
fn ground() -> Ground {
    let ground = Ground::new();
    ground.sql("grant create on schema public to app; grant create on database postgres to app");
    ground
}

/// Whoever acts leaves it alone, and says why.
#[track_caller]
fn expect_spared(output: Output, pid: i32, said: &str) {
    let output = output.expect_code(1);
    expect_result(&output, pid, "", "protected");
    let record = &output.json_lines()[0];
    for field in ["message", "protected"] {
        assert!(record[field].as_str().unwrap().contains(said), "{record:#}");
    }
    assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    assert!(
        output.stderr.contains(&format!("{pid} is left alone: ")) && output.stderr.contains(said),
        "{output:?}"
    );
}

#[track_caller]
fn expect_signalled(output: Output, pid: i32) {
    expect_result(&output.expect_code(0), pid, "terminate", "dry_run");
}

#[test]
fn what_was_made_in_a_transaction_that_is_open() {
    let ground = ground();
    let head = ground.holder("head", &format!("create table fresh (); {LOCK}"));
    let waiter = ground.waiter("waiter", LOCK);
    for (flag, said) in FORMS {
        let output = ground.run(&[flag, "fresh", "--terminate"]);
        expect_spared(output, head.pid, said);
        // A listing shows it, with the reason; of the waiter there is no doubt.
        let output = ground.run(&[flag, "fresh"]).expect_code(0);
        let shown = format!("{} is shown all the same: it is not known {said}", head.pid);
        let listed = output.expect_error(&shown).json_lines();
        assert!(listed[0]["protected"].as_str().unwrap().contains(said));
        let others: Vec<&Value> = listed[1..].iter().map(|record| &record["pid"]).collect();
        match flag {
            "--relation" => assert_eq!(others, [0; 0]),
            _ => assert_eq!(others, [waiter.pid]),
        }
        // In the pipeline, too.
        let mut named = listed[0].clone();
        let output = ground.given(&[named.clone()], &["--terminate"]);
        expect_result(&output.expect_code(1), head.pid, "", "protected");
        named.as_object_mut().unwrap().remove("protected");
        expect_signalled(
            ground.given(&[named], &["--terminate", "--dry-run"]),
            head.pid,
        );
        // The filters that go with it spare it as well.
        let named = ground.record_of(head.pid);
        let output = ground.given(&[named], &[flag, "fresh", "--terminate"]);
        expect_result(&output.expect_code(1), head.pid, "", "protected");
    }
    // What it locks besides is known.
    expect_signalled(
        ground.run(&["--relation", "t", "--terminate", "--dry-run"]),
        head.pid,
    );
    let spared = ground.run(&["--not-relation", "t", "--terminate"]);
    spared.expect_code(0).expect_no_output();
    head.run("commit");
    waiter.answer().unwrap();
}

#[test]
fn what_is_renamed_in_a_transaction_that_is_open() {
    let ground = ground();
    ground.sql("alter table t owner to app; create index i on t (n)");
    for (change, name) in [
        ("alter table t rename to other", "other"),
        (
            "savepoint a; alter table t rename to other; release a",
            "public.other",
        ),
        ("create schema s; alter table t set schema s", "s.t"),
        ("lock t; alter index i rename to other", "other"),
    ] {
        let head = ground.holder("head", change);
        let waiter = ground.waiter("waiter", LOCK);
        for (flag, said) in FORMS {
            let output = ground.run(&[flag, name, "--terminate"]);
            expect_spared(output, head.pid, said);
        }
        expect_signalled(
            ground.run(&["--relation", "t", "--terminate", "--dry-run"]),
            head.pid,
        );
        head.run("rollback");
        waiter.answer().unwrap();
    }
    // Other changes leave no doubt.
    let head = ground.holder("head", "alter table t add column more int");
    let _waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--not-relation", "other", "--terminate", "--dry-run"]);
    expect_signalled(output, head.pid);
    let output = ground.run(&["--relation", "other", "--terminate"]);
    output.expect_code(0).expect_no_output();
}

#[test]
fn who_may_be_meant_is_not_taken_for_another() {
    let ground = ground();
    let doubtful = ground.holder("doubtful", "create table fresh ()");
    let old = ground.holder("old", LOCK);
    let young = ground.holder("young", "update t set n = 1 where id = 2");
    let ended = |which: &str| {
        let arguments = [
            "--sessions",
            "--app",
            "*o*",
            "--not-relation",
            "fresh",
            "--victims",
            which,
        ];
        let dry = ["--max", "9", "--terminate", "--dry-run"];
        let output = ground.run(&[&arguments[..], &dry].concat()).expect_code(0);
        let records = output.json_lines().into_iter();
        let victims = records.filter(|record| record["result"] == "dry_run");
        victims
            .map(|record| record["pid"].clone())
            .collect::<Vec<_>>()
    };
    // It may be the oldest; and if it is not, the oldest of the others is to be left.
    assert_eq!(ended("oldest"), [0; 0]);
    assert_eq!(ended("all-but-oldest"), [young.pid]);
    assert_eq!(ended("all"), [old.pid, young.pid]);
    doubtful.run("rollback");
}

/// Somebody in another database than the tool connects to.
fn elsewhere(ground: &Ground) -> Company<'static> {
    ground.sql("create database other");
    let connect = {
        let (folder, port) = (
            ground.cluster.socket_dir().to_owned(),
            ground.cluster.port(),
        );
        move |user: &str| {
            let mut config = postgres::Config::new();
            config
                .host_path(&folder)
                .port(port)
                .user(user)
                .dbname("other");
            config.connect(postgres::NoTls).unwrap()
        }
    };
    let mut owner = connect("postgres");
    let setup = "create table u (id int primary key, n int); insert into u values (1, 0); \
                 grant all on u to app; grant create on schema public to app";
    owner.batch_execute(setup).unwrap();
    Company::new(owner, move || connect("app"))
}

#[test]
fn the_same_in_another_database() {
    let ground = ground();
    let company = elsewhere(&ground);
    company.sql("alter table u owner to app");
    for change in [
        "create table fresh (); lock u",
        "alter table u rename to fresh",
    ] {
        let head = company.holder("head", change);
        let waiter = company.waiter("waiter", "update u set n = 1");
        for (flag, said) in FORMS {
            let output = ground.run(&[flag, "fresh", "--terminate"]);
            expect_spared(output, head.pid, said);
        }
        head.run("rollback");
        waiter.answer().unwrap();
    }
}

#[test]
fn names_that_are_only_shown_are_not_waited_for() {
    let ground = ground();
    let company = elsewhere(&ground);
    let head = company.holder("head", "update u set n = 1");
    let waiter = company.waiter("waiter", "update u set n = 2");
    // Whoever logs in there hangs.
    company.sql("begin; lock pg_class in access exclusive mode");
    let output = ground.run(&[]).expect_code(0);
    let said = "numbers stand for names: the database \"other\": ";
    let listed = output.expect_error(said).json_lines();
    let pids: Vec<&Value> = listed.iter().map(|record| &record["pid"]).collect();
    assert_eq!(pids, [head.pid, waiter.pid]);
    // Where they decide, it is no answer that they could not be had.
    for (flag, _) in FORMS {
        let output = ground.run(&[flag, "u", "--terminate"]).expect_code(2);
        output
            .expect_no_output()
            .expect_error("has no name that could be had");
    }
    company.sql("commit");
    head.run("rollback");
    waiter.answer().unwrap();
}

/// A process that does nothing, until this is over.
struct Stopped(Pid);

impl Stopped {
    fn new(pid: i32) -> Self {
        let pid = Pid::from_raw(pid).unwrap();
        kill_process(pid, Signal::STOP).unwrap();
        Self(pid)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        kill_process(self.0, Signal::CONT).unwrap();
    }
}

#[test]
fn a_slow_server_costs_time_where_names_decide() {
    let ground = ground();
    let company = elsewhere(&ground);
    let head = company.holder("head", "update u set n = 1");
    let waiter = company.actor("waiter");
    let arguments = [
        "--relation",
        "u",
        "--terminate",
        "--dry-run",
        "--watch",
        "100ms",
        "--for",
        "1h",
    ];
    let mut watch = ground.tool(&arguments).start();
    ground.until(
        "it looks",
        "select exists (select from pg_stat_activity
                        where application_name = 'pg-lock-kill' and query like '%Who asks%')",
    );
    let file = ground.cluster.socket_dir().join("data/postmaster.pid");
    let file = std::fs::read_to_string(file).unwrap();
    let stopped = Stopped::new(file.lines().next().unwrap().parse().unwrap());
    waiter.start("update u set n = 2");
    company.until_waiting(&waiter);
    // As slow as that is no server that is only busy.
    thread::sleep(Duration::from_secs(6));
    drop(stopped);
    let [_, _, told] = watch.first_lines();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["pid"], &told["result"]),
        (&head.pid.into(), &"dry_run".into())
    );
    watch.signal(Signal::TERM);
    let output = watch.finish();
    assert!(!output.stderr.contains("left alone"), "{output:?}");
    head.run("rollback");
    waiter.answer().unwrap();
}
