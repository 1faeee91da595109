//! What is there without a process, in another database, or seen by another role.

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, start, tool};

use crate::stage::{Actor, Stage, Tree};

/// A server whose transactions can be prepared.
fn preparing() -> Cluster {
    start(&ClusterOptions {
        settings: vec![("max_prepared_transactions".into(), "5".into())],
        ..ClusterOptions::default()
    })
}

/// Kills a process of the server, which then ends all others and starts again.
fn restart(database: &Database) {
    let (mut victim, mut witness) = (database.client(), database.client());
    let pid: i32 = victim
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    tests::program("kill")
        .args(["-9", &pid.to_string()])
        .run()
        .expect_code(0);
    // Others go when the server has seen it, and nobody gets in from then on.
    tests::eventually("the server is down", || {
        witness.batch_execute("select 1").is_err()
    });
    tests::eventually("the server is back", || {
        database.cluster().connect("postgres").is_ok()
    });
}

fn listed(database: &Database) -> Vec<Value> {
    tool("pg-lock-kill")
        .database(database)
        .run()
        .expect_code(0)
        .json_lines()
}

#[test]
fn a_prepared_transaction() {
    let cluster = preparing();
    let database = Database::on(&cluster);
    database.sql("create table t (id int); insert into t values (1)");
    database
        .client()
        .batch_execute("begin; update t set id = 1; prepare transaction 'it''s \\\\ 1'")
        .unwrap();
    let waiter = Actor::new(database.client(), "waiter");
    waiter.start("update t set id = 2");
    let waits = format!(
        "select count(*) from pg_locks where pid = {} and not granted",
        waiter.pid
    );
    tests::eventually("it waits", || database.value(&waits) == "1");
    let records = listed(&database);
    assert_eq!(records.len(), 2, "{records:#?}");
    let (head, behind) = (&records[0], &records[1]);
    assert_eq!(head["gid"], "it's \\\\ 1");
    assert_eq!(
        (&head["pid"], &behind["blocked_by"]),
        (&0.into(), &0.into())
    );
    assert_eq!(head["database"], database.name());
    assert_eq!(head["backend_type"], "prepared transaction");
    assert_eq!(head["frees"], 1);
    let pids = database.value(&format!("select pg_blocking_pids({})", waiter.pid));
    assert_eq!(pids, "{0}");
    // What it says is to be done is what ends it.
    database
        .client()
        .batch_execute(head["remedy"].as_str().unwrap())
        .unwrap();
    waiter.answer().unwrap();
    assert_eq!(listed(&database).len(), 0);
}

#[test]
fn a_prepared_transaction_after_a_restart() {
    let cluster = preparing();
    let database = Database::on(&cluster);
    database.sql("create table t (id int); insert into t values (1)");
    for id in 1..3 {
        let statements = format!("begin; lock t in row share mode; prepare transaction 'p{id}'");
        database.client().batch_execute(&statements).unwrap();
    }
    restart(&database);
    let waiter = Actor::new(database.client(), "waiter");
    waiter.start("begin; lock t in access exclusive mode");
    let waits = format!(
        "select count(*) from pg_locks where pid = {} and not granted",
        waiter.pid
    );
    tests::eventually("it waits", || database.value(&waits) == "1");
    let records = listed(&database);
    let gids: Vec<_> = records
        .iter()
        .map(|record| record["gid"].as_str())
        .collect();
    assert_eq!(gids, [Some("p1"), None, Some("p2")], "{records:#?}");
    assert_eq!(records[0]["lock"], "RowShareLock");
    // Neither alone frees it.
    assert_eq!(
        (&records[0]["frees"], &records[2]["frees"]),
        (&0.into(), &0.into())
    );
    assert_eq!(
        (&records[0]["blocking"], &records[2]["blocking"]),
        (&1.into(), &1.into())
    );
    database.sql("rollback prepared 'p1'");
    database.sql("rollback prepared 'p2'");
}

#[test]
fn a_safe_snapshot_that_a_prepared_transaction_keeps_away() {
    let cluster = preparing();
    let database = Database::on(&cluster);
    database.sql("create table t (id int); insert into t values (1)");
    for (level, gid) in [("serializable", "writer"), ("read committed", "other")] {
        let statements = format!(
            "begin isolation level {level}; select from t; create table {gid} (); \
             prepare transaction '{gid}'"
        );
        database.client().batch_execute(&statements).unwrap();
    }
    let look = |report: &Actor| {
        report.start("begin isolation level serializable, read only, deferrable; select from t");
        let waits = format!(
            "select count(*) from pg_stat_activity where pid = {} and wait_event = 'SafeSnapshot'",
            report.pid
        );
        tests::eventually("it waits", || database.value(&waits) == "1");
        let records = listed(&database);
        assert_eq!(records.len(), 2, "{records:#?}");
        assert_eq!(records[0]["gid"], "writer");
        assert_eq!(
            (&records[1]["pid"], &records[1]["blocked_by"]),
            (&report.pid.into(), &0.into())
        );
    };
    look(&Actor::new(database.client(), "report"));
    restart(&database);
    let report = Actor::new(database.client(), "report");
    look(&report);
    database.sql("rollback prepared 'writer'");
    report.answer().unwrap();
    database.sql("rollback prepared 'other'");
}

/// Shown of so many at most; where they decide, of all.
#[test]
fn names_in_many_databases() {
    let stages: Vec<Stage> = (0..10).map(|_| Stage::new()).collect();
    let sessions: Vec<_> = stages
        .iter()
        .map(|stage| {
            (
                stage.holder("holder", "lock t"),
                stage.waiter("waiter", "select from t"),
            )
        })
        .collect();
    let look = |more: &[&str]| {
        let mut command = tool("pg-lock-kill").server(stages[0].database.cluster());
        for stage in &stages {
            command = command.args(["--database", stage.database.name()]);
        }
        let output = command.args(["-d", "postgres"]).args(more).run();
        let output = output.expect_code(0);
        let tree = Tree::of(&output);
        let named = |pid: i32| tree.of_pid(pid)["relation"] == "public.t";
        let named = sessions
            .iter()
            .filter(|(_, waiter)| named(waiter.pid))
            .count();
        (named, output)
    };
    let (named, output) = look(&[]);
    assert_eq!(named, 8);
    output.expect_error("there are too many databases; and so it is with 1 more databases");
    let (named, output) = look(&["--relation", "t"]);
    assert_eq!((named, output.stderr.as_str()), (10, ""));
}

#[test]
fn names_in_another_database() {
    let stage = Stage::new();
    stage.database.sql("create table \"Big Orders\" ()");
    let holder = stage.holder("holder", "lock \"Big Orders\"");
    let waiter = stage.waiter("waiter", "select from \"Big Orders\"");
    let server = tool("pg-lock-kill").server(stage.database.cluster());
    let output = server
        .args(["-d", "postgres", "--database", stage.database.name()])
        .run();
    let tree = Tree::of(&output.expect_code(0));
    assert_eq!(tree.of_pid(waiter.pid)["relation"], "public.\"Big Orders\"");
    let filtered = |more: &[&str]| {
        let command = tool("pg-lock-kill").server(stage.database.cluster());
        let command = command.args(["-d", "postgres", "--database", stage.database.name()]);
        command.args(more).run()
    };
    for (name, many) in [
        ("Big Orders", 2),
        ("public.\"Big Orders\"", 2),
        ("Orders", 0),
    ] {
        let output = filtered(&["--relation", name]).expect_code(0);
        assert_eq!(output.json_lines().len(), many, "{name}");
        let output = filtered(&["--not-relation", name]).expect_code(0);
        assert_eq!(output.json_lines().len(), 2 - many, "not {name}");
    }
    // Where nobody may connect, the number has to do.
    let name = stage.database.name();
    let forbid = format!("alter database \"{name}\" allow_connections false");
    let mut elsewhere = stage.database.cluster().connect("postgres").unwrap();
    elsewhere.batch_execute(&forbid).unwrap();
    let server = tool("pg-lock-kill").server(stage.database.cluster());
    let tree = Tree::of(
        &server
            .args(["-d", "postgres", "--database", name])
            .run()
            .expect_code(0),
    );
    let target = tree.of_pid(waiter.pid)["target"].as_str().unwrap();
    assert!(
        target.starts_with("relation ") && target.ends_with(&format!("of database {name}")),
        "{target}"
    );
    // Whether a filter means it can't be said then: that is neither nothing nor everybody.
    for filter in ["--relation", "--not-relation"] {
        for action in [&[][..], &["--terminate", "--include-superusers"]] {
            let output = filtered(&[&[filter, "Big Orders"], action].concat());
            let output = output.expect_code(2).expect_no_output();
            output.expect_error("has no name that could be had");
        }
    }
    filtered(&["--not-relation", "Big Orders", "--app", "nobody"]).expect_code(0);
    let dry = [
        "--terminate",
        "--dry-run",
        "--include-superusers",
        "--watch",
        "1s",
        "--for",
        "0s",
    ];
    let looped = filtered(&[&["--not-relation", "t"], &dry[..]].concat());
    let looped = looped.expect_code(0).expect_no_output();
    looped.expect_error("they are left alone");
    holder.run("select 1");
}

#[test]
fn what_a_role_may_not_see_is_never_nothing() {
    let stage = Stage::new();
    let name = stage.database.name();
    let roles = ["blind", "signals", "watches"].map(|role| format!("{role} {name}"));
    for role in &roles {
        stage.database.sql(&format!("create role \"{role}\" login"));
    }
    stage
        .database
        .sql(&format!("grant pg_signal_backend to \"{}\"", roles[1]));
    stage
        .database
        .sql(&format!("grant pg_monitor to \"{}\"", roles[2]));
    let _holder = stage.holder("holder", "update t set n = 1 where id = 1");
    let _waiter = stage.waiter("waiter", "update t set n = 2 where id = 1");
    for role in &roles[..2] {
        let output = stage
            .tool()
            .args(["-U", role])
            .run()
            .expect_code(2)
            .expect_no_output();
        let grant = format!("hint: as a superuser: GRANT pg_read_all_stats TO \"{role}\"\n");
        output.expect_error(&grant);
    }
    let output = stage
        .tool()
        .args(["-U", &roles[2], "--database", name])
        .run()
        .expect_code(0);
    let tree = Tree::of(&output);
    assert_eq!(tree.drawn(), ["holder", " waiter"]);
    assert_eq!(tree.records[0]["state"], "idle in transaction");
    for role in &roles {
        stage.database.sql(&format!("drop role \"{role}\""));
    }
}

#[test]
fn who_sees_only_own_sessions_where_there_are_no_others() {
    let cluster = start(&ClusterOptions::default());
    let database = Database::on(&cluster);
    database.sql("create role app login; create table t (); grant all on t to app");
    let client = || {
        let mut config = postgres::Config::new();
        config
            .host_path(cluster.socket_dir())
            .port(cluster.port())
            .user("app")
            .dbname(database.name());
        config.connect(postgres::NoTls).unwrap()
    };
    let holder = Actor::new(client(), "holder");
    holder.run("begin; lock t");
    let waiter = Actor::new(client(), "waiter");
    waiter.start("select from t");
    tests::eventually("it waits", || {
        database.value("select count(*) from pg_locks where not granted") == "1"
    });
    let run = || {
        tool("pg-lock-kill")
            .database(&database)
            .args(["-U", "app"])
            .run()
    };
    tests::eventually("nobody else is there", || run().code() == Some(0));
    assert_eq!(Tree::of(&run()).drawn(), ["holder", " waiter"]);
    let _stranger = database.client();
    run()
        .expect_code(2)
        .expect_error("GRANT pg_read_all_stats TO \"app\"");
}

#[test]
fn a_saved_snapshot_shows_the_same_tree() {
    let stage = Stage::new();
    let _holder = stage.holder("holder", "update t set n = 1 where id = 1");
    let _waiter = stage.waiter("waiter", "update t set n = 2 where id = 1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("seen.json");
    let own = ["--database", stage.database.name()];
    let seen = stage
        .tool()
        .args(own)
        .arg("--save")
        .arg(&file)
        .run()
        .expect_code(0);
    let mode = std::os::unix::fs::MetadataExt::mode(&file.metadata().unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let offline = |arguments: &[&str]| {
        tool("pg-lock-kill")
            .args(own)
            .arg("--snapshot")
            .arg(&file)
            .args(arguments)
            .run()
    };
    let again = offline(&[]).expect_code(0);
    assert_eq!(again.stdout, seen.stdout);
    let cluster = stage.database.cluster();
    let (folder, port) = (cluster.socket_dir().display(), cluster.port());
    assert!(
        again
            .stderr
            .ends_with(&format!(" ago, on {folder}:{port}\n")),
        "{again:?}"
    );
    assert_eq!(seen.json_lines().len(), 2);
    assert_eq!(
        offline(&["--relation", "t", "--lock-mode", "row exclusive"])
            .json_lines()
            .len(),
        2
    );
    assert_eq!(offline(&["--relation", "public.tt"]).json_lines().len(), 0);
    assert_eq!(offline(&["--not-relation", "t"]).json_lines().len(), 0);
    offline(&["--fail-if-blocked"]).expect_code(1);
    offline(&["--fail-if-blocked", "--waiting-for", "1h"]).expect_code(0);
    for (content, error) in [
        ("{}", "this is no snapshot of pg-lock-kill"),
        (
            "{\"pg_lock_kill_snapshot\":99}",
            "a newer pg-lock-kill saved this snapshot",
        ),
        ("{\"pg_lock_kill_snapshot\":1}", "the snapshot is damaged"),
    ] {
        std::fs::write(&file, content).unwrap();
        offline(&[])
            .expect_code(2)
            .expect_no_output()
            .expect_error(error);
    }
    let missing = tool("pg-lock-kill")
        .args(["--snapshot", "missing.json"])
        .run();
    missing
        .expect_code(2)
        .expect_error("missing.json: No such file or directory");
}
