//! The rows about sessions that block others, hold on to a transaction, or take too long.

use serde_json::{Value, json};
use tests::{eventually, pipe, program};

use crate::ground::{Ground, expect_result, results};

const LOCK: &str = "update t set n = n + 1 where id = 1";

/// The guides' query for who blocks whom.
const PAIRS: &str = "select distinct blocking_locks.pid from pg_locks blocked_locks
    join pg_stat_activity blocked_activity on blocked_locks.pid = blocked_activity.pid
    join pg_locks blocking_locks on blocking_locks.locktype = blocked_locks.locktype
    join pg_stat_activity blocking_activity on blocking_activity.pid = blocking_locks.pid
    where not blocked_locks.granted and blocking_activity.application_name <> ''";

fn pids(records: &[Value]) -> Vec<i64> {
    records
        .iter()
        .map(|record| record["pid"].as_i64().unwrap())
        .collect()
}

/// T19: `SELECT * FROM pg_locks WHERE NOT granted`, then `SELECT pg_terminate_backend(pid)`. The tree
/// has the one who blocks at its head, where the guides' query names everybody who holds any lock;
/// ended, the others go on.
#[test]
fn t19() {
    let ground = Ground::new();
    let innocents = ["2", "3", "4"]
        .map(|row| ground.holder("innocent", &format!("update t set n = 1 where id = {row}")));
    let head = ground.holder("etl", LOCK);
    let waiters = ["web", "api"].map(|name| ground.waiter(name, LOCK));
    let mut client = ground.client_of("postgres");
    let blamed = client.query(PAIRS, &[]).unwrap();
    assert!(
        blamed.len() > 3,
        "the guides' query blames {}",
        blamed.len()
    );

    let listing = ground.run(&[]).expect_code(0).json_lines();
    assert_eq!(pids(&listing)[0], i64::from(head.pid));
    let brief = |record: &Value| {
        (
            record["depth"].clone(),
            record["blocking"].clone(),
            record["frees"].clone(),
        )
    };
    assert_eq!(brief(&listing[0]), (json!(0), json!(2), json!(2)));
    assert_eq!(
        (&listing[1]["blocked_by"], &listing[1]["relation"]),
        (&json!(head.pid), &json!("public.t"))
    );
    assert!(listing[1]["waiting_seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(listing.len(), 3);
    ground.run(&["--fail-if-blocked"]).expect_code(1);

    let [_, _, output] = pipe([
        ground.tool(&[]),
        program("jq").args(["-c", "select(.application_name==\"etl\")"]),
        ground.tool(&["-", "--terminate"]),
    ]);
    expect_result(&output.expect_code(0), head.pid, "terminate", "ended");
    waiters.iter().for_each(|waiter| waiter.answer().unwrap());
    innocents.iter().for_each(|innocent| innocent.run("commit"));
}

/// A14, "kill blocking query (last resort)": the statement is cancelled first, the session is ended
/// if that does not help, it is proved that it is gone; and who has its number later is not ended.
#[test]
fn a14() {
    let ground = Ground::new();
    let head = ground.holder("etl", &format!("{LOCK}; savepoint s"));
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let waiter = ground.waiter("web", LOCK);
    let seen = ground.run(&[]).json_lines().remove(0);
    let output = ground.run(&["--escalate", "500ms"]).expect_code(0);
    expect_result(&output, head.pid, "cancel, terminate", "ended");
    assert!(!ground.is_there(head.pid));
    waiter.answer().unwrap();

    // As if the next session had got the number: the record names another one.
    let next = ground.holder("next", "select 1");
    let mut stale = seen;
    stale["pid"] = json!(next.pid);
    let output = ground.given(&[stale], &["--terminate"]).expect_code(0);
    expect_result(&output, next.pid, "", "gone_already");
    next.run("commit");
}

/// V26, `pg_terminate_backend(pid) … WHERE pid = <blocking_pid>` "if necessary": nothing is ended
/// unasked, so many at most, and never a superuser, the server's own processes or ourselves.
#[test]
fn v26() {
    let ground = Ground::new();
    let one = ground.holder("one", LOCK);
    let two = ground.holder("two", "update t set n = 1 where id = 2");
    let waiter = ground.waiter("web", LOCK);
    let _others = ["1", "2"].map(|_| ground.waiter("api", "update t set n = 2 where id = 2"));
    for arguments in [
        &[][..],
        &["--sessions"],
        &["--terminate", "--dry-run", "--max", "9"],
    ] {
        ground.run(arguments).expect_code(0);
    }
    let most = ["--terminate", "--max", "9", "--max-percent", "10%"];
    ground
        .run(&most)
        .expect_code(2)
        .expect_no_output()
        .expect_error("--max-percent");
    for holder in [&one, &two] {
        holder.run("select 1");
    }
    let output = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&output, two.pid, "terminate", "ended");
    let everybody = [
        "--sessions",
        "--victims",
        "all",
        "--max",
        "99",
        "--terminate",
    ];
    let output = ground.run(&everybody);
    let ended = |name: &str| {
        let records = output.json_lines().into_iter();
        let ended = records.filter(|record| record["result"] == "ended");
        ended.filter(|record| record["user"] == name).count()
    };
    assert_eq!(
        (ended("postgres"), ended("app") >= 2),
        (0, true),
        "{output:?}"
    );
    drop(waiter);
}

/// T18, "check for connection leaks": sessions of an application that sit in a transaction for
/// longer than a limit.
#[test]
fn t18() {
    let ground = Ground::new();
    let leaks = ["1", "2"]
        .map(|row| ground.holder("shop-worker", &format!("select from t where id = {row}")));
    let other = ground.holder("report", "select 1");
    let arguments = |limit| {
        [
            "--sessions",
            "--app",
            "shop-*",
            "--idle-in-transaction",
            limit,
        ]
    };
    let listed = |limit| ground.run(&arguments(limit)).expect_code(0).json_lines();
    assert_eq!(listed("1h"), [] as [Value; 0]);
    eventually("they are idle for long enough", || {
        listed("200ms").len() == 2
    });
    let reaper = ground
        .tool(&arguments("200ms"))
        .args(["--terminate", "--max", "10"]);
    let output = reaper.run().expect_code(0);
    let mut told = results(&output);
    let mut expected = leaks.each_ref().map(|leak| {
        (
            i64::from(leak.pid),
            "terminate".to_string(),
            "ended".to_string(),
        )
    });
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    other.run("commit");
}

/// A08, "long-running queries": by age, user, application, database, state and text; ended by the
/// statement alone.
#[test]
fn a08() {
    let ground = Ground::new();
    let long = ground.actor("report");
    long.start("select pg_sleep(600) as monthly");
    ground.until_active(&long, "monthly");
    let short = ground.actor("web");
    short.run("select 1");
    let listed = |more: &[&str]| {
        let command = ground.tool(&["--sessions", "--user", "app"]).args(more);
        pids(&command.run().expect_code(0).json_lines())
    };
    let found = [i64::from(long.pid)];
    eventually("it takes long enough", || {
        listed(&["--query-age", "200ms"]) == found
    });
    for more in [
        ["--state", "active"],
        ["--query", "monthly$"],
        ["--app", "report"],
        ["--not-app", "web"],
    ] {
        assert_eq!(listed(&more), found, "{more:?}");
    }
    for more in [
        ["--query-age", "1h"],
        ["--database", "template1"],
        ["--not-user", "app"],
    ] {
        assert_eq!(listed(&more), [0; 0], "{more:?}");
    }
    let arguments = [
        "--sessions",
        "--query-age",
        "200ms",
        "--user",
        "app",
        "--cancel",
    ];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, long.pid, "cancel", "ended");
    assert!(long.answer().is_err());
    long.run("select 1");
}
