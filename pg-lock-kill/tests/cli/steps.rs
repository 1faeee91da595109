//! Cancelling, terminating, the one after the other; who is chosen, and when it is enough.

use serde_json::{Value, json};
use tests::program;

use crate::ground::{Ground, expect_result, results};
use crate::stage::Actor;

const LOCK: &str = "update t set n = 1 where id = 1";

fn message(output: &tests::Output) -> String {
    let record = &output.json_lines()[0];
    record["message"].as_str().unwrap_or_default().to_string()
}

#[test]
fn who_has_nothing_to_be_cancelled_and_is_in_nobodys_way_is_no_failure() {
    let ground = Ground::new();
    let idle = ground.holder("web-1", "select from t");
    let arguments = ["--sessions", "--app", "web-*", "--cancel", "--max", "9"];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, idle.pid, "", "not_applicable");
    // But it was to end if it was named, or blocks somebody.
    let record = ground.record_of(idle.pid);
    let named = ground.given(&[record], &["--cancel"]).expect_code(1);
    expect_result(&named, idle.pid, "", "not_applicable");
    let _waiter = ground.waiter("waiter", "begin; lock t");
    let output = ground.run(&arguments).expect_code(1);
    expect_result(&output, idle.pid, "", "not_applicable");
    idle.run("rollback");
}

#[test]
fn a_cancelled_statement_frees_who_waits() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--cancel"]).expect_code(0);
    expect_result(&output, head.pid, "cancel", "freed");
    waiter.answer().unwrap();
    assert!(head.answer().is_err());
    head.run("rollback; select 1");
}

/// Those who would go on by themselves take nobody's place, when it is done and when it is told before.
#[test]
fn what_would_be_done_is_what_is_done() {
    let ground = Ground::new();
    let lock = |id: usize| format!("update t set n = 1 where id = {id}");
    let heads = [1, 2, 3].map(|id| ground.holder(&format!("head-{id}"), &lock(id)));
    let waiters: Vec<Actor> = [1, 1, 1, 2, 2, 3]
        .map(|id| ground.waiter(&format!("waiter-{id}"), &lock(id)))
        .into();
    let pids: Vec<i64> = heads.iter().map(|head| i64::from(head.pid)).collect();
    let choice = ["--terminate", "--victims", "all", "--max", "3"];
    let dry = ground.run(&[&choice[..], &["--dry-run"]].concat());
    let told = |output: &tests::Output| -> Vec<i64> {
        let results = results(output);
        // Who goes on between two looks may be seen while it does, and is left alone then.
        let ended = results.iter().filter(|result| result.2 != "changed");
        let mut told: Vec<i64> = ended.map(|result| result.0).collect();
        told.sort_unstable();
        told
    };
    let mut expected = pids;
    expected.sort_unstable();
    assert_eq!(told(&dry), expected, "{dry:?}");
    let output = ground.run(&choice).expect_code(0);
    assert_eq!(told(&output), expected, "{output:?}");
    drop(waiters);
}

/// The limit is of those who are ended: who could not be leaves its place to the next.
#[test]
fn who_could_not_be_ended_leaves_its_place() {
    let ground = Ground::new();
    ground.sql("create role ender login; grant pg_read_all_stats, pg_signal_backend to ender");
    let lock = |id: usize| format!("update t set n = 1 where id = {id}");
    let root = Actor::new(ground.client_of("postgres"), "head-1");
    root.run(&format!("begin; {}", lock(1)));
    let heads = [2, 3].map(|id| ground.holder(&format!("head-{id}"), &lock(id)));
    let _waiters = [1, 2, 3].map(|id| ground.waiter(&format!("waiter-{id}"), &lock(id)));
    let choice = "-U ender --terminate --include-superusers --victims all --app head-* --max 2";
    let choice: Vec<&str> = choice.split(' ').collect();
    let output = ground.run(&choice).expect_code(1);
    let mut found = results(&output);
    found.sort();
    let ended = |head: &Actor| (i64::from(head.pid), "terminate".into(), "ended".to_string());
    let mut expected = vec![
        (i64::from(root.pid), String::new(), "denied".to_string()),
        ended(&heads[0]),
        ended(&heads[1]),
    ];
    expected.sort();
    assert_eq!(found, expected, "{output:?}");
    root.run("commit");
}

/// Whoever was ended was ended.
#[test]
fn what_was_done_is_told_though_no_record_can_be_written() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.tool(&["--terminate"]).stdout_to("/dev/full").run();
    let told = format!("{}: ended", head.pid);
    output.expect_code(2).expect_error(&told);
    waiter.answer().unwrap();
}

#[test]
fn to_cancel_where_nothing_runs_is_useless_and_not_done() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    for arguments in [&["--cancel"][..], &["--cancel", "--dry-run"]] {
        let output = ground.run(arguments).expect_code(1);
        expect_result(&output, head.pid, "", "not_applicable");
        assert!(
            message(&output).contains("it is idle in transaction"),
            "{output:?}"
        );
    }
    let output = ground.run(&["--escalate", "1h"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    waiter.answer().unwrap();
}

#[test]
fn what_was_locked_before_a_savepoint_is_not_freed_by_cancelling() {
    let ground = Ground::new();
    let head = ground.holder("head", &format!("{LOCK}; savepoint s"));
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--cancel", "--grace", "300ms"]).expect_code(1);
    expect_result(&output, head.pid, "cancel", "still_alive");
    assert!(
        message(&output).contains("before a savepoint"),
        "{output:?}"
    );
    assert!(head.answer().is_err());
    head.run("rollback to s");
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let output = ground.run(&["--escalate", "300ms"]).expect_code(0);
    expect_result(&output, head.pid, "cancel, terminate", "ended");
    waiter.answer().unwrap();
}

#[test]
fn a_statement_that_does_not_heed_it_is_escalated() {
    let ground = Ground::new();
    // A handler that takes the cancellation for an error like any other goes on.
    ground.sql(
        "create function stubborn() returns void language plpgsql as $$ begin
             loop begin perform pg_sleep(600); exception when query_canceled then null; end; end loop;
         end $$",
    );
    let head = ground.holder("head", LOCK);
    head.start("select stubborn()");
    ground.until_active(&head, "stubborn");
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--cancel", "--grace", "200ms"]).expect_code(1);
    expect_result(&output, head.pid, "cancel", "still_alive");
    assert!(
        message(&output).contains("its statement goes on"),
        "{output:?}"
    );
    let output = ground.run(&["--escalate", "200ms"]).expect_code(0);
    expect_result(&output, head.pid, "cancel, terminate", "ended");
    waiter.answer().unwrap();
}

#[test]
fn a_lock_of_the_session_outlives_its_cancelled_statement() {
    let ground = Ground::new();
    let head = ground.actor("head");
    head.run("select pg_advisory_lock(1)");
    head.start("select pg_sleep(600)");
    ground.until_active(&head, "pg_sleep");
    let _waiter = ground.waiter("waiter", "select pg_advisory_lock(1)");
    let output = ground.run(&["--escalate", "200ms"]).expect_code(1);
    expect_result(&output, head.pid, "cancel", "still_alive");
    assert!(
        message(&output).contains("still holds what others wait for"),
        "{output:?}"
    );
    let output = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
}

#[test]
fn a_long_statement_that_blocks_nobody() {
    let ground = Ground::new();
    let long = ground.actor("long");
    long.start("select pg_sleep(600)");
    ground.until_active(&long, "pg_sleep");
    let arguments = [
        "--sessions",
        "--query",
        "pg_sleep",
        "--user",
        "app",
        "--cancel",
    ];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, long.pid, "cancel", "ended");
    assert_eq!(message(&output), "its statement; the session goes on");
    assert!(long.answer().is_err());
    long.run("select 1");
}

#[test]
fn the_worst_head_first_and_so_many_as_allowed() {
    let ground = Ground::new();
    let small = ground.holder("small", LOCK);
    let large = ground.holder("large", "update t set n = 1 where id = 2");
    let _one = ground.waiter("one", LOCK);
    let second = "update t set n = 2 where id = 2";
    let _waiters = [ground.waiter("two", second), ground.waiter("three", second)];
    let output = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&output, large.pid, "terminate", "ended");
    assert!(
        output
            .stderr
            .contains("1 more matches and is left alone: --max 1"),
        "{output:?}"
    );
    small.run("commit");
}

#[test]
fn two_holders_of_one_row_are_ended_and_the_next_in_line_is_not() {
    let ground = Ground::new();
    let share = "select from t where id = 1 for share";
    let holders = [ground.holder("one", share), ground.holder("two", share)];
    let next = ground.holder("next", "select 1");
    next.start(LOCK);
    ground.until_waiting(&next);
    let last = ground.waiter("last", LOCK);
    let output = ground.run(&["--terminate", "--max", "9"]).expect_code(0);
    let mut pids: Vec<i64> = results(&output).iter().map(|(pid, ..)| *pid).collect();
    pids.sort_unstable();
    let mut expected = holders.each_ref().map(|holder| i64::from(holder.pid));
    expected.sort_unstable();
    assert_eq!(pids, expected, "{output:?}");
    // It has the lock now, and the last one waits for it: that is no reason to end it.
    let said = format!("1 waits for {} now, which has only got its lock", next.pid);
    output.expect_error(&said);
    next.answer().unwrap();
    next.run("commit");
    last.answer().unwrap();
}

#[test]
fn which_ones() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let older = ground.waiter("older", LOCK);
    let younger = ground.waiter("younger", LOCK);
    let [head, older, younger] = [&head, &older, &younger].map(|actor| i64::from(actor.pid));
    for (which, expected) in [
        ("heads", vec![head]),
        ("oldest", vec![head]),
        ("all", vec![head, older, younger]),
        ("all-but-oldest", vec![older, younger]),
        ("waiters", vec![older, younger]),
    ] {
        let arguments = ["--victims", which, "--max", "9", "--terminate", "--dry-run"];
        let output = ground.run(&arguments).expect_code(0);
        let mut pids: Vec<i64> = results(&output).iter().map(|(pid, ..)| *pid).collect();
        let mut expected = expected;
        pids.sort_unstable();
        expected.sort_unstable();
        assert_eq!(pids, expected, "{which}: {output:?}");
    }
}

#[test]
fn those_who_wait() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiters = ["one", "two"].map(|name| ground.waiter(name, LOCK));
    let arguments = ["--victims", "waiters", "--waiting-for", "1ms", "--max", "9"];
    let output = ground.tool(&arguments).arg("--cancel").run().expect_code(0);
    let told = results(&output);
    // The one stands before the other.
    let well = |(_, action, result): &(i64, String, String)| {
        action == "cancel" && ["ended", "freed"].contains(&result.as_str())
    };
    assert!(told.iter().all(well) && told.len() == 2, "{output:?}");
    for waiter in waiters {
        assert!(waiter.answer().is_err());
        waiter.run("select 1");
    }
    head.run("commit");
}

#[test]
fn whom_to_leave_is_not_guessed() {
    let ground = Ground::new();
    let _idle = [ground.actor("one"), ground.actor("two")];
    let arguments = ["--sessions", "--user", "app", "--max", "9", "--terminate"];
    let output = ground
        .tool(&arguments)
        .args(["--victims", "all-but-oldest"])
        .run();
    let output = output.expect_code(0);
    assert_eq!(results(&output), []);
}

#[test]
fn a_share_of_all_sessions() {
    let ground = Ground::new();
    let idle = [
        ground.actor("one"),
        ground.actor("two"),
        ground.actor("three"),
    ];
    let arguments = ["--sessions", "--user", "app", "--max", "9", "--terminate"];
    // One more is the test's own.
    let run = |percent| {
        ground
            .tool(&arguments)
            .args(["--max-percent", percent])
            .run()
    };
    let output = run("74").expect_code(2).expect_no_output();
    output.expect_error("3 of 4 sessions would be ended, which is more than 74%");
    idle[0].run("select 1");
    assert_eq!(results(&run("75%").expect_code(0)).len(), 3);
}

#[test]
fn a_prepared_transaction_is_told_with_its_remedy() {
    let options = shared::cluster::ClusterOptions {
        settings: vec![("max_prepared_transactions".into(), "2".into())],
        ..Default::default()
    };
    let ground = Ground::with(&options);
    let preparer = ground.holder("preparer", LOCK);
    preparer.run("prepare transaction 'it''s'");
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--terminate"]).expect_code(1);
    expect_result(&output, 0, "", "not_applicable");
    let record = &output.json_lines()[0];
    assert_eq!(record["remedy"], "ROLLBACK PREPARED 'it''s'");
    let listing = ground.run(&[]).expect_code(0);
    let heads: Vec<Value> = listing.json_lines().into_iter().take(1).collect();
    let output = ground.given(&heads, &["--terminate"]).expect_code(1);
    expect_result(&output, 0, "", "not_applicable");
    ground.sql(record["remedy"].as_str().unwrap());
    waiter.answer().unwrap();
    let output = ground.given(&heads, &["--terminate"]).expect_code(0);
    expect_result(&output, 0, "", "gone_already");
}

#[test]
fn two_hundred_at_once() {
    let options = shared::cluster::ClusterOptions {
        settings: vec![("max_connections".into(), "300".into())],
        ..Default::default()
    };
    let ground = Ground::with(&options);
    let head = ground.holder("head", LOCK);
    let waiters: Vec<_> = (0..200)
        .map(|_| {
            let waiter = ground.holder("waiter", "select 1");
            waiter.start(LOCK);
            waiter
        })
        .collect();
    waiters
        .iter()
        .for_each(|waiter| ground.until_waiting(waiter));
    let arguments = ["--victims", "waiters", "--max", "200", "--terminate"];
    let output = ground.run(&arguments).expect_code(0);
    let results = results(&output);
    assert_eq!(results.len(), 200);
    let ended = |(_, action, result): &(i64, String, String)| {
        (action.as_str(), result.as_str()) == ("terminate", "ended")
    };
    assert!(results.iter().all(ended), "{output:?}");
    head.run("commit");
}

/// A reader, a change of its table, and two who stand behind that.
fn queue(ground: &Ground) -> [Actor; 4] {
    ground.sql("alter table t owner to app");
    let reader = ground.holder("reader", "select from t");
    let migrate = ground.waiter("migrate", "begin; alter table t add column m int; commit");
    let last = ["one", "two"].map(|name| {
        let last = ground.holder(name, "select 1");
        last.start("select from t");
        ground.until_waiting(&last);
        last
    });
    let [one, two] = last;
    [reader, migrate, one, two]
}

#[test]
fn who_goes_on_by_itself_is_not_ended() {
    for which in ["all", "all-but-oldest", "waiters"] {
        let ground = Ground::new();
        let [reader, migrate, one, two] = queue(&ground);
        let arguments = ["--victims", which, "--max", "9", "--terminate"];
        let output = ground.tool(&arguments).arg("--dry-run").run();
        let many = if which == "all" { 4 } else { 3 };
        assert_eq!(results(&output.expect_code(0)).len(), many);
        let output = ground.run(&arguments).expect_code(0);
        let first = if which == "all" { &reader } else { &migrate };
        expect_result(&output, first.pid, "terminate", "ended");
        for last in [one, two] {
            last.answer().unwrap();
            last.run("select 1");
        }
        if which == "all" {
            migrate.answer().unwrap();
        } else {
            reader.run("select 1");
        }
    }
}

#[test]
fn whose_end_would_lose_less_is_said() {
    let ground = Ground::new();
    let [reader, migrate, _one, _two] = queue(&ground);
    reader.run("update t set n = 3 where id = 3");
    let output = ground
        .run(&["--terminate", "--dry-run", "-v"])
        .expect_code(0);
    expect_result(&output, reader.pid, "terminate", "dry_run");
    let said = format!(
        "the end of {} would free about as many as that of",
        migrate.pid
    );
    let noted = format!("terminate: {} of app, reader, which blocks 3", reader.pid);
    assert!(
        output.stderr.contains(&said) && output.stderr.contains(&noted),
        "{output:?}"
    );
    // It is one of the victims.
    let arguments = ["--terminate", "--victims", "all", "--max", "9", "--dry-run"];
    assert_eq!(ground.run(&arguments).expect_code(0).stderr, "");
}

#[test]
fn the_command_below_the_tree_ends_whom_it_names() {
    let ground = Ground::new();
    let [reader, migrate, _one, _two] = queue(&ground);
    reader.run("update t set n = 3 where id = 3");
    let place = r"dbname=postgres application_name='the tree\'s'".to_string();
    // The filters may leave it out of what is shown.
    let flags = ["-d", &place, "--protect", "it's", "--min-blocked", "3"];
    let hint_of = |said: &str| {
        let (_, hint) = said
            .split_once("and lose less:")
            .unwrap_or_else(|| panic!("{said}"));
        hint.trim_start().lines().next().unwrap().to_string()
    };
    let exact = format!("echo '{{\"pid\":{},\"backend_start\":\"20", migrate.pid);
    for arguments in [&["-o", "table"][..], &["--terminate", "--dry-run"]] {
        let output = ground.run(&[&flags[..], arguments].concat()).expect_code(0);
        let hint = hint_of(&[output.stdout, output.stderr].concat());
        let tool = env!("CARGO_BIN_EXE_pg-lock-kill");
        let command = hint.replace("| pg-lock-kill ", &format!("| {tool} --dry-run "));
        let command = program("sh").server(&ground.cluster).args(["-c", &command]);
        expect_result(
            &command.run().expect_code(0),
            migrate.pid,
            "terminate",
            "dry_run",
        );
        let is_whole = hint.ends_with(r" --protect 'it'\''s' --terminate");
        assert!(is_whole && hint.starts_with(&exact), "{hint}");
    }
    // Nothing is repeated that has a password in it.
    let secret = format!("{place} password=geheim");
    let said = ground
        .run(&["-d", &secret, "-o", "table"])
        .expect_code(0)
        .stdout;
    let is_open = hint_of(&said).contains("| pg-lock-kill … - --terminate");
    assert!(is_open && !said.contains("geheim"), "{said}");
}

#[test]
fn nothing_is_said_of_a_limit_that_was_not_reached() {
    let ground = Ground::new();
    let _four = queue(&ground);
    let arguments = ["--terminate", "--victims", "all", "--max", "3"];
    let output = ground.run(&arguments).expect_code(0);
    assert!(results(&output).len() < 3, "{output:?}");
    assert!(!output.stderr.contains("--max"), "{output:?}");
}

#[test]
fn of_those_that_are_named_who_waits_no_more_is_not_ended() {
    let ground = Ground::new();
    let four = queue(&ground);
    let listed = ground.run(&[]).expect_code(0).json_lines();
    assert_eq!(listed.len(), 4);
    let arguments = ["--max", "4", "--terminate", "--grace", "1h"];
    let output = ground.given(&listed, &arguments).expect_code(0);
    let found = results(&output);
    let is = |pid: i32, action: &str, result: &str| {
        found.contains(&(i64::from(pid), action.to_string(), result.to_string()))
    };
    assert!(is(four[0].pid, "terminate", "ended"), "{output:?}");
    // Its transaction is over, or not yet.
    assert!(is(four[1].pid, "", "changed"), "{output:?}");
    assert!(
        is(four[2].pid, "", "changed") && is(four[3].pid, "", "changed"),
        "{output:?}"
    );
    for actor in &four[1..] {
        actor.answer().unwrap();
        actor.run("select 1");
    }
    // A record tells that it waited.
    let output = ground.given(&listed[3..], &["--terminate"]).expect_code(0);
    expect_result(&output, four[3].pid, "", "changed");
    assert_eq!(message(&output), "it waits no more");
}

#[test]
fn the_pipeline() {
    let ground = Ground::new();
    let etl = ground.holder("etl", LOCK);
    let _waiter = ground.waiter("web", LOCK);
    let [_, _, output] = tests::pipe([
        ground.tool(&[]),
        program("jq").args(["-c", "select(.application_name==\"etl\")"]),
        ground.tool(&["-", "--terminate"]),
    ]);
    let output = output.expect_code(0);
    expect_result(&output, etl.pid, "terminate", "ended");
    // What it wrote says who it was, and that is over.
    let record = output.json_lines().remove(0);
    assert_eq!(
        (&record["blocking"], &record["result"]),
        (&json!(1), &json!("ended"))
    );
    let output = ground.given(&[record], &["--terminate"]).expect_code(0);
    expect_result(&output, etl.pid, "", "gone_already");
}

#[test]
fn where_nobody_is_chosen_it_is_said() {
    let ground = Ground::new();
    let etl = ground.holder("etl", LOCK);
    let _waiter = ground.waiter("web", LOCK);
    for (arguments, said) in [
        (
            &["--app", "elt"][..],
            "nobody was chosen, and 1 waits: the head does not match\n",
        ),
        (
            &["--app", "web"],
            "one that matches waits itself: --victims all",
        ),
        (&["-"], "standard input names nobody"),
    ] {
        let output = ground.tool(arguments).args(["--terminate"]).stdin("").run();
        output.expect_code(0).expect_no_output().expect_error(said);
    }
    // Who looks each minute for long waits wants no word of short ones.
    let output = ground.run(&["--blocking-for", "1h", "--terminate"]);
    let output = output.expect_code(0).expect_no_output();
    assert!(!output.stderr.contains("nobody was chosen"), "{output:?}");
    let output = ground.run(&["--max", "0", "--terminate"]).expect_code(2);
    output.expect_error("--dry-run says");
    // The worst one that may be.
    let lesser = ground.holder("lesser", "update t set n = 1 where id = 2");
    let _behind = ground.waiter("behind", "update t set n = 1 where id = 2");
    let _behind_etl = ground.waiter("web", LOCK);
    let output = ground.run(&["--protect", "etl", "--terminate"]);
    let ended = |pid: i32, action: &str, result: &str| {
        (i64::from(pid), action.to_string(), result.to_string())
    };
    let expected = [
        ended(etl.pid, "", "protected"),
        ended(lesser.pid, "terminate", "ended"),
    ];
    assert_eq!(results(&output.expect_code(1)), expected);
}
