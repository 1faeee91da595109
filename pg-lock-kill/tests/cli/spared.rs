//! Who is never ended, or not without a flag; what may not be ended; what the user's program spares.

use std::fs;

use shared::cluster::ClusterOptions;
use shared::programs::Program;
use tests::{Output, eventually, private_folder, program};

use crate::ground::{Ground, expect_result, results};
use crate::stage::Actor;

const LOCK: &str = "update t set n = 1 where id = 1";

fn message(output: &Output) -> String {
    let record = &output.json_lines()[0];
    record["message"].as_str().unwrap_or_default().to_string()
}

#[test]
fn a_name_alone_protects_nobody_who_locks() {
    let ground = Ground::new();
    let holder = ground.holder("pg-lock-kill", "lock t");
    let _waiter = ground.waiter("waiter", "select from t");
    let ended = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&ended, holder.pid, "terminate", "ended");
}

#[test]
fn nobody_is_ended_where_all_would_wait_on() {
    let ground = Ground::new();
    ground.sql("create table u (); grant all on u to app");
    let readers = ["one", "two"].map(|name| ground.holder(name, "select from t"));
    let alter = ground.waiter("alter", "begin; lock t");
    let behind = ground.waiter("behind", "select from t");
    let refused = ground.run(&["--terminate"]).expect_code(1);
    let nothing = |actor: &Actor| {
        let words = |word: &str| word.to_string();
        (i64::from(actor.pid), words(""), words("not_applicable"))
    };
    assert_eq!(results(&refused), readers.each_ref().map(nothing));
    let stderr = refused.stderr.clone();
    let words = format!(
        "{} is left alone: its end alone would free nobody, for that of {} is needed, too: --max 2, or end {}",
        readers[0].pid, readers[1].pid, alter.pid
    );
    assert!(stderr.contains(&words), "{stderr}");
    assert!(readers.iter().all(|reader| ground.is_there(reader.pid)));
    // Whose end helps comes first, though fewer wait for it.
    let other = ground.holder("other", "lock u");
    let waiter = ground.waiter("waiter", "select from u");
    let ended = ground.run(&["--terminate"]).expect_code(0);
    expect_result(&ended, other.pid, "terminate", "ended");
    waiter.answer().unwrap();
    let both = ground.run(&["--terminate", "--max", "2"]).expect_code(0);
    let pids: Vec<i64> = results(&both).into_iter().map(|(pid, ..)| pid).collect();
    assert_eq!(pids, readers.each_ref().map(|reader| i64::from(reader.pid)));
    alter.answer().unwrap();
    alter.run("rollback");
    behind.answer().unwrap();
}

#[test]
fn superusers_only_if_they_are_included() {
    let ground = Ground::new();
    let head = Actor::new(ground.client_of("postgres"), "head");
    head.run(&format!("begin; {LOCK}"));
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--terminate"]).expect_code(1);
    expect_result(&output, head.pid, "", "protected");
    assert!(message(&output).contains("--include-superusers"));
    let record = ground.record_of(head.pid);
    let output = ground.given(&[record], &["--terminate"]).expect_code(1);
    expect_result(&output, head.pid, "", "protected");
    let arguments = ["--terminate", "--include-superusers"];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    waiter.answer().unwrap();
    // One that waits is still there; one that only matches is none of those that are in the way.
    let _app = ground.holder("app", "update t set n = 1 where id = 2");
    let root = Actor::new(ground.client_of("postgres"), "root");
    root.start("update t set n = 1 where id = 2");
    ground.until_waiting(&root);
    let waiters = ["--victims", "waiters", "--terminate", "--dry-run"];
    let output = ground.run(&waiters).expect_code(1);
    expect_result(&output, root.pid, "", "protected");
    let matching = ["--sessions", "--app", "idle", "--terminate"];
    let idle = Actor::new(ground.client_of("postgres"), "idle");
    let output = ground.run(&matching).expect_code(0);
    expect_result(&output, idle.pid, "", "protected");
}

/// Whatever kind of flag is given: all at once.
const ALL: &[&str] = &[
    "--sessions",
    "--victims",
    "all",
    "--max",
    "99",
    "--include-superusers",
    "--include-backups",
    "--include-autovacuum",
    "--terminate",
];

/// A server that lets `streamer` have its log and its files.
fn streaming() -> Ground {
    let settings = [("wal_level", "replica"), ("max_wal_senders", "4")];
    let ground = Ground::with(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        ..ClusterOptions::default()
    });
    ground.sql("create role streamer login replication");
    ground
}

#[test]
fn a_walsender_is_never_ended() {
    let ground = streaming();
    let receiver = Program::find("pg_receivewal", None).unwrap();
    let folder = private_folder(rustix::process::geteuid().as_raw());
    let command = program(receiver.path()).server(&ground.cluster);
    let _receiver = command
        .args(["-U", "streamer", "-D"])
        .arg(folder.path())
        .start();
    ground.until(
        "WAL is sent",
        "select exists (select from pg_stat_replication where state = 'streaming')",
    );
    never_ended(&ground, "select pid from pg_stat_replication");
}

#[test]
fn a_base_backup_is_never_ended_whatever_it_is_called() {
    let ground = streaming();
    let folder = private_folder(rustix::process::geteuid().as_raw());
    let backup = Program::find("pg_basebackup", None).unwrap();
    let command = program(backup.path()).server(&ground.cluster);
    let _backup = command
        .env("PGAPPNAME", "web")
        .args(["-U", "streamer", "-X", "none", "-c", "fast"])
        .args(["--max-rate", "32", "-D"])
        .arg(folder.path().join("base"))
        .start();
    let sends = "select pid from pg_stat_progress_basebackup join pg_stat_activity using (pid)
                 where application_name = 'web'";
    ground.until("it is sent", &format!("select exists ({sends})"));
    never_ended(&ground, sends);
}

/// The walsender that this query finds is protected, whatever flag is given.
fn never_ended(ground: &Ground, sender: &str) {
    let mut watcher = ground.client_of("postgres");
    let pid: i32 = watcher.query_one(sender, &[]).unwrap().get(0);
    let everybody = ground.run(ALL);
    assert!(
        results(&everybody)
            .iter()
            .all(|(ended, _, result)| { *ended != i64::from(pid) || result == "protected" })
    );
    let named = ground.tool(&["-", "--bare-pids", "--include-superusers", "--terminate"]);
    // Whoever names one hears by the status, too, that it is there still.
    let output = named.stdin(format!("{pid}\n")).run().expect_code(1);
    expect_result(&output, pid, "", "protected");
    assert!(message(&output).contains("sends WAL"));
    assert!(ground_is_there(ground, pid));
}

/// The test's own sessions may have been ended with all others.
fn ground_is_there(ground: &Ground, pid: i32) -> bool {
    let query = format!("select exists (select from pg_stat_activity where pid = {pid})");
    let mut client = ground.client_of("postgres");
    client.query_one(&query, &[]).unwrap().get(0)
}

#[test]
fn the_servers_own_processes_are_never_ended() {
    let ground = Ground::new();
    let mut client = ground.client_of("postgres");
    let query = "select pid from pg_stat_activity where backend_type <> 'client backend'";
    let own: Vec<i32> = client
        .query(query, &[])
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect();
    assert!(own.len() >= 3);
    let lines: Vec<String> = own.iter().map(|pid| format!("{pid}\n")).collect();
    let arguments = ["-", "--bare-pids", "--terminate", "--max", "99"];
    let named = ground
        .tool(&arguments)
        .args(["--include-superusers", "--include-autovacuum"]);
    let output = named.stdin(lines.concat()).run();
    let found = results(&output);
    assert_eq!(found.len(), own.len());
    assert!(
        found
            .iter()
            .all(|(_, action, result)| action.is_empty() && result == "protected")
    );
}

#[test]
fn our_own_session_and_those_of_our_kind_are_never_ended() {
    let ground = Ground::new();
    let kin = ground.actor("pg-lock-kill");
    let holder = ground.holder("holder", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let arguments = ["--sessions", "--app", "pg-lock-kill", "--terminate"];
    let output = ground.run(&arguments).expect_code(0);
    let is_kin = |(pid, _, result): &(i64, String, String)| {
        *pid == i64::from(kin.pid) && result == "protected"
    };
    assert!(results(&output).iter().any(is_kin), "{output:?}");
    // Had it ended itself, it would say nothing.
    let output = ground.run(ALL);
    assert!(
        results(&output)
            .iter()
            .any(|(pid, _, result)| { *pid == i64::from(waiter.pid) && result == "ended" })
    );
    drop(holder);
    kin.run("select 1");
}

#[test]
fn who_is_named_by_protect() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    fs::write(&list, "# nobody touches these\n\n  billing  \n").unwrap();
    let list = list.to_str().unwrap();
    let head = ground.holder("billing", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    for arguments in [
        ["--protect", "app"],
        ["--protect", "billing"],
        ["--protect-file", list],
    ] {
        let output = ground.tool(&["--terminate"]).args(arguments).run();
        let output = output.expect_code(1);
        expect_result(&output, head.pid, "", "protected");
        assert!(message(&output).starts_with(arguments[0]), "{output:?}");
    }
    let missing = ground.run(&["--terminate", "--protect-file", "/nonexistent/list"]);
    missing
        .expect_code(2)
        .expect_no_output()
        .expect_error("/nonexistent/list");
    let output = ground
        .run(&["--terminate", "--protect", "ap"])
        .expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    waiter.answer().unwrap();
}

#[test]
fn a_backup_must_be_named() {
    let ground = Ground::new();
    for arguments in [&["--include-backups"][..], &["--app", "pg_dump"]] {
        let dump = ground.holder("pg_dump", "lock t in access share mode");
        let waiter = ground.waiter("ddl", "begin; lock t; commit");
        for spared in [&[][..], &["--app", "*"], &["--not-app", "web"]] {
            let output = ground.tool(&["--terminate"]).args(spared).run();
            let output = output.expect_code(1);
            expect_result(&output, dump.pid, "", "protected");
        }
        let output = ground.tool(&["--terminate"]).args(arguments).run();
        expect_result(&output.expect_code(0), dump.pid, "terminate", "ended");
        waiter.answer().unwrap();
    }
}

#[test]
fn a_dump_under_another_name_is_one() {
    let ground = Ground::new();
    let locker = ground.holder("locker", "lock t");
    let dump = Program::find("pg_dump", None).unwrap();
    let command = program(dump.path()).server(&ground.cluster);
    let dump = command
        .env("PGAPPNAME", "nightly")
        .args(["-U", "app", "postgres"])
        .start();
    let waits = "select pid from pg_stat_activity
                 where application_name = 'nightly' and wait_event_type = 'Lock'";
    ground.until("it waits", &format!("select exists ({waits})"));
    let mut watcher = ground.client_of("postgres");
    let pid: i32 = watcher.query_one(waits, &[]).unwrap().get(0);
    let output = ground.run(&["--victims", "waiters", "--terminate"]);
    let output = output.expect_code(1);
    expect_result(&output, pid, "", "protected");
    assert!(message(&output).contains("--include-backups"), "{output:?}");
    locker.run("commit");
    dump.finish().expect_code(0);
}

/// A server whose autovacuum is at work on `t` for long: on each page it sleeps.
fn vacuumed(wraparound: bool) -> Ground {
    let mut settings = vec![
        ("autovacuum", "on"),
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_cost_delay", "100ms"),
        ("autovacuum_vacuum_cost_limit", "1"),
        ("track_counts", "on"),
    ];
    if wraparound {
        settings.push(("autovacuum_freeze_max_age", "100000"));
    }
    let settings = settings
        .into_iter()
        .map(|(name, value)| (name.into(), value.into()));
    let ground = Ground::with(&ClusterOptions {
        settings: settings.collect(),
        ..ClusterOptions::default()
    });
    ground.sql("insert into t select i, 0 from generate_series(11, 30000) i");
    ground
}

fn worker(ground: &Ground, query: &str) -> i32 {
    let workers = format!(
        "select pid from pg_stat_activity where backend_type = 'autovacuum worker' and query like '{query}'"
    );
    let mut watcher = ground.client_of("postgres");
    let mut found = None;
    eventually("autovacuum is at work", || {
        let rows = watcher.query(&workers, &[]).unwrap();
        found = rows.first().map(|row| row.get(0));
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn autovacuum_only_if_it_is_included() {
    let ground = vacuumed(false);
    // What a session has counted is known at its end, at the latest.
    let mut client = ground.client_of("postgres");
    client.batch_execute("delete from t").unwrap();
    drop(client);
    let named = |pid: i32, more: &[&str]| {
        let command = ground.tool(&["-", "--bare-pids", "--terminate"]).args(more);
        let output = command.stdin(format!("{pid}\n")).run();
        (results(&output)[0].2.clone(), message(&output))
    };
    let (result, message) = named(worker(&ground, "autovacuum: %"), &[]);
    assert_eq!(result, "protected");
    assert!(message.contains("--include-autovacuum"), "{message}");
    // It may come to its next table between look and shot.
    eventually("one is ended", || {
        let (result, message) = named(worker(&ground, "autovacuum: %"), &["--include-autovacuum"]);
        assert!(
            ["ended", "changed", "gone_already"].contains(&result.as_str()),
            "{result}: {message}"
        );
        result == "ended"
    });
}

#[test]
fn autovacuum_against_wraparound_never() {
    let ground = vacuumed(true);
    ground.sql(
        "create procedure burn(n int) language plpgsql as $$ begin
             for i in 1..n loop perform txid_current(); commit; end loop; end $$",
    );
    ground.sql("call burn(101000)");
    let pid = worker(&ground, "%public.t (to prevent wraparound)");
    let named = ground.tool(&["-", "--bare-pids", "--include-autovacuum", "--terminate"]);
    let output = named.stdin(format!("{pid}\n")).run();
    expect_result(&output, pid, "", "protected");
    assert!(message(&output).contains("prevents wraparound"));
    assert!(ground.is_there(pid));
}

#[test]
fn rights() {
    let ground = Ground::new();
    ground.sql(
        "create role nothing login;
         create role looks login; grant pg_monitor to looks;
         create role signals login; grant pg_signal_backend to signals;
         create role ender login; grant pg_read_all_stats, pg_signal_backend to ender",
    );
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    for (role, grant) in [
        ("nothing", "GRANT pg_read_all_stats TO \"nothing\""),
        ("signals", "GRANT pg_read_all_stats TO \"signals\""),
        ("looks", "GRANT pg_signal_backend TO \"looks\""),
    ] {
        for action in [&["--terminate"][..], &["--terminate", "--dry-run"]] {
            let output = ground.tool(&["-U", role]).args(action).run();
            output.expect_code(2).expect_no_output().expect_error(grant);
        }
    }
    // What it was granted already, it would be no help to grant again.
    ground.sql("create role heir login noinherit; grant pg_read_all_stats to heir");
    let remedy = match ground.cluster.version().major {
        16.. => Some("GRANT pg_read_all_stats TO \"heir\" WITH INHERIT TRUE"),
        15 => Some("ALTER ROLE \"heir\" INHERIT"),
        // To be a member suffices there.
        _ => None,
    };
    let heir = ground.run(&["-U", "heir"]);
    match remedy {
        Some(remedy) => drop(heir.expect_code(2).expect_error(remedy)),
        None => drop(heir.expect_code(0)),
    }
    head.run("select 1");
    let output = ground.run(&["-U", "ender", "--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    waiter.answer().unwrap();
    // A member of the victim's role needs no more than to see it.
    ground.sql("grant app to looks");
    let head = ground.holder("head", LOCK);
    let _waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["-U", "looks", "--terminate"]).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
}

#[test]
fn superusers_are_beyond_those_who_are_none() {
    let ground = Ground::new();
    ground.sql("create role ender login; grant pg_read_all_stats, pg_signal_backend to ender");
    let root = Actor::new(ground.client_of("postgres"), "root");
    root.run(&format!("begin; {LOCK}"));
    let waiter = ground.waiter("waiter", LOCK);
    let arguments = [
        "-U",
        "ender",
        "--terminate",
        "--include-superusers",
        "--max",
        "2",
    ];
    let output = ground.run(&arguments).expect_code(2).expect_no_output();
    output.expect_error("may not end sessions of the superuser \"postgres\"");
    let other = ground.holder("other", "update t set n = 1 where id = 2");
    let _second = ground.waiter("second", "update t set n = 1 where id = 2");
    let output = ground.run(&arguments).expect_code(1);
    let word = |pid: i32, action: &str, result: &str| {
        (i64::from(pid), action.to_string(), result.to_string())
    };
    let mut found = results(&output);
    found.sort();
    let mut expected = vec![
        word(root.pid, "", "denied"),
        word(other.pid, "terminate", "ended"),
    ];
    expected.sort();
    assert_eq!(found, expected);
    root.run("commit");
    waiter.answer().unwrap();
}

#[test]
fn the_users_program_may_spare_one() {
    let ground = Ground::new();
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let keep = format!("sh -c 'cat >> {}; exit 3'", seen.display());
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["--terminate", "--exec", &keep]).expect_code(1);
    expect_result(&output, head.pid, "", "vetoed");
    assert!(
        message(&output).contains("ended with status 3"),
        "{output:?}"
    );
    let record: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&seen).unwrap()).unwrap();
    assert_eq!(
        (&record["pid"], &record["action"]),
        (&head.pid.into(), &"terminate".into())
    );
    assert_eq!(record["blocking"], 1);
    let missing = ground.run(&["--terminate", "--exec", "/nonexistent/program"]);
    missing.expect_code(2).expect_error("/nonexistent/program");
    let missing = ground.run(&["--terminate", "--exec", " "]);
    missing.expect_code(2).expect_error("is empty");
    head.run("select 1");
    let output = ground.run(&["--terminate", "--exec", "echo gone", "--dry-run"]);
    expect_result(&output, head.pid, "terminate", "dry_run");
    assert_eq!(output.stderr, "");
    let output = ground
        .run(&["--terminate", "--exec", "echo gone"])
        .expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    assert_eq!(output.stderr, "gone\n");
    waiter.answer().unwrap();
}

#[test]
fn the_users_program_is_a_line_for_the_shell() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    for command in [
        "echo hello; exit 1",
        "cat > /dev/null && false",
        "tr a-z A-Z | grep -q head",
    ] {
        let output = ground.run(&["--terminate", "--exec", command]);
        expect_result(&output.expect_code(1), head.pid, "", "vetoed");
    }
    let arguments = ["--terminate", "--exec", "tr a-z A-Z | grep -q HEAD"];
    let output = ground.run(&arguments).expect_code(0);
    expect_result(&output, head.pid, "terminate", "ended");
    waiter.answer().unwrap();
}

#[test]
fn what_is_over_when_the_program_has_decided_is_over() {
    let ground = Ground::new();
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("go");
    let wait = format!(
        "sh -c 'touch {0}.asked; until [ -e {0} ]; do sleep 0.01; done'",
        path.display()
    );
    let running = ground.tool(&["--terminate", "--exec", &wait]).start();
    eventually("it is asked", || path.with_extension("asked").exists());
    head.run("commit");
    waiter.answer().unwrap();
    fs::write(&path, "").unwrap();
    let output = running.finish().expect_code(0);
    expect_result(&output, head.pid, "", "changed");
    let words = "it was in another transaction, or in none, when --exec had decided";
    assert_eq!(message(&output), words);
    head.run("select 1");
}

#[test]
fn what_the_server_refuses_is_denied() {
    let ground = Ground::new();
    ground.sql(
        "create role ender login; grant pg_read_all_stats, pg_signal_backend to ender;
         revoke execute on function pg_terminate_backend from public",
    );
    let head = ground.holder("head", LOCK);
    let waiter = ground.waiter("waiter", LOCK);
    let output = ground.run(&["-U", "ender", "--terminate"]).expect_code(1);
    expect_result(&output, head.pid, "", "denied");
    assert!(
        message(&output).contains("pg_terminate_backend"),
        "{output:?}"
    );
    head.run("commit");
    waiter.answer().unwrap();
}
