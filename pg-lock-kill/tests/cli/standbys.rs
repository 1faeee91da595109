//! A standby: its replay waits for queries, and queries for its replay.

use tests::{Database, Standby, tool};

use crate::stage::{Actor, Tree};

#[test]
fn a_standby_whose_replay_waits_for_a_query() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int)");
    let standby = Standby::of(
        &primary,
        &["max_standby_streaming_delay=-1", "hot_standby_feedback=off"],
    );
    standby.catch_up(&database);
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin; select from t");
    database.sql("alter table t add column n int");
    let mut watcher = standby.connect(&database);
    tests::eventually("replay waits", || {
        let waits = "select exists (select from pg_locks where not granted)";
        watcher.query_one(waits, &[]).unwrap().get(0)
    });
    let behind = Actor::new(standby.connect(&database), "behind");
    behind.start("select from t");
    let run = || {
        let output = tool("pg-lock-kill")
            .args(["-d", &standby.conninfo(&database)])
            .run();
        Tree::of(&output.expect_code(0))
    };
    tests::eventually("two wait", || run().records.len() == 3);
    let tree = run();
    let startup = tree.of_pid(tree.of_pid(behind.pid)["blocked_by"].as_i64().unwrap() as i32);
    assert_eq!(startup["backend_type"], "startup");
    assert_eq!(startup["blocked_by"], reader.pid);
    assert_eq!(startup["relation"], "public.t");
    assert_eq!(tree.of_pid(reader.pid)["depth"], 0);
    let message = startup["message"].as_str().unwrap();
    assert!(
        message.starts_with("replay of what the primary did waits"),
        "{message}"
    );
    drop(behind);
    // A lock that the primary holds is held here by replay.
    reader.run("rollback");
    let holder = Actor::new(database.client(), "holder");
    holder.run("begin; lock t; select pg_switch_wal()");
    tests::eventually("replay holds the lock", || {
        let holds =
            "select exists (select from pg_locks where granted and mode = 'AccessExclusiveLock')";
        watcher.query_one(holds, &[]).unwrap().get(0)
    });
    reader.start("select from t");
    tests::eventually("one waits", || run().records.len() == 2);
    let tree = run();
    assert_eq!(tree.records[0]["backend_type"], "startup");
    assert_eq!(
        tree.records[0]["message"],
        "it repeats a lock of the primary: act there"
    );
    assert_eq!(tree.records[1]["block"], "hard");
    holder.run("rollback");
    reader.answer().unwrap();
}

#[test]
fn a_standby_whose_replay_waits_for_a_snapshot() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int); insert into t select generate_series(1, 1000)");
    let settings = ["max_standby_streaming_delay=-1", "hot_standby_feedback=off"];
    let standby = Standby::of(&primary, &settings);
    standby.catch_up(&database);
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin isolation level repeatable read; select from t");
    let later = Actor::new(standby.connect(&database), "later");
    database.sql("delete from t");
    later.run("select 1");
    database.client().batch_execute("vacuum t").unwrap();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let run = || {
        let output = tool("pg-lock-kill")
            .args(["-d", &standby.conninfo(&database)])
            .run();
        Tree::of(&output.expect_code(0))
    };
    // Between two looks of its own it says nothing.
    let mut seen = None;
    tests::eventually("replay waits", || {
        let tree = run();
        let waits = tree.records.len() == 2;
        seen = Some(tree);
        waits
    });
    let tree = seen.unwrap();
    assert_eq!(tree.records[0]["pid"], reader.pid, "{:#?}", tree.records);
    assert_eq!(tree.records[1]["backend_type"], "startup");
    assert_eq!(tree.records[1]["blocked_by"], reader.pid);
    let target = "rows that the primary removed, and a snapshot here sees";
    assert_eq!(tree.records[1]["target"], target);
    reader.run("rollback");
    tests::eventually("nobody waits", || run().records.is_empty());
}

#[test]
fn a_standby_whose_replay_waits_for_a_tablespace() {
    let primary = tests::primary();
    if primary.version().major < 14 {
        return; // It does not say what it waits for.
    }
    let database = Database::on(&primary);
    let settings = ["max_standby_streaming_delay=-1", "hot_standby_feedback=off"];
    let standby = Standby::of(&primary, &settings);
    let mut client = database.client();
    for statement in [
        "set allow_in_place_tablespaces = on",
        "create tablespace spare location ''",
    ] {
        client.batch_execute(statement).unwrap();
    }
    standby.catch_up(&database);
    // What it sorts lies there.
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("set temp_tablespaces = spare; set work_mem = '64kB'");
    reader.run("begin; declare c cursor for select g from generate_series(1, 50000) g order by -g");
    reader.run("fetch 1 from c");
    client.batch_execute("drop tablespace spare").unwrap();
    let run = || {
        let output = tool("pg-lock-kill")
            .args(["-d", &standby.conninfo(&database)])
            .run();
        Tree::of(&output.expect_code(0))
    };
    // Between two looks of its own it says nothing.
    let mut seen = None;
    tests::eventually("replay waits", || {
        let tree = run();
        let waits = tree.records.len() == 2;
        seen = Some(tree);
        waits
    });
    let tree = seen.unwrap();
    assert_eq!(tree.records[0]["pid"], reader.pid, "{:#?}", tree.records);
    assert_eq!(tree.records[1]["backend_type"], "startup");
    assert_eq!(tree.records[1]["blocked_by"], reader.pid);
    assert_eq!(
        tree.records[1]["target"],
        "a tablespace that the primary dropped"
    );
    reader.run("rollback");
    tests::eventually("nobody waits", || run().records.is_empty());
}

#[test]
fn a_standby_whose_replay_waits_for_a_page() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (id int); insert into t select generate_series(1, 100)");
    let settings = ["max_standby_streaming_delay=-1", "hot_standby_feedback=off"];
    let standby = Standby::of(&primary, &settings);
    database.sql("delete from t where id > 50");
    standby.catch_up(&database);
    // What is removed it does not see any more, but it reads the page that it is removed from.
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin; declare c cursor for table t; fetch 1 from c");
    database.client().batch_execute("vacuum t").unwrap();
    let run = || {
        let output = tool("pg-lock-kill")
            .args(["-d", &standby.conninfo(&database)])
            .run();
        Tree::of(&output.expect_code(0)).records
    };
    let mut seen = Vec::new();
    tests::eventually("replay waits", || {
        seen = run();
        !seen.is_empty()
    });
    assert_eq!(seen.len(), 1, "{seen:#?}");
    assert_eq!(seen[0]["backend_type"], "startup");
    assert_eq!(seen[0]["wait_event"].as_str().unwrap()[..9], *"BufferPin");
    assert_eq!(seen[0]["message"], "whom it waits for does not show");
    reader.run("rollback");
    tests::eventually("nobody waits", || run().is_empty());
}
