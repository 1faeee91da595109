//! Who waits for whom.

use serde_json::Value;
use shared::cluster::ClusterOptions;
use tests::{Database, start};

use crate::stage::{Actor, Stage, Tree};

#[test]
fn a_row() {
    let stage = Stage::new();
    let holder = stage.holder("holder", "update t set n = 1 where id = 1");
    let first = stage.waiter("first", "update t set n = 2 where id = 1");
    let second = stage.waiter("second", "update t set n = 3 where id = 1");
    let third = stage.waiter("third", "update t set n = 4 where id = 1");
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["holder", " first", "  second", "  third"]);
    tree.assert_true(&stage.blocking_pids());
    let of = |pid: i32| tree.of_pid(pid);
    assert_eq!(of(holder.pid)["frees"], 3);
    // Who waits for the turn of the first would wait for the holder in its place.
    assert_eq!(of(first.pid)["frees"], 0);
    assert_eq!(of(second.pid)["block"], "hard");
    for waiter in [second.pid, third.pid] {
        assert_eq!(of(waiter)["lock"], "ExclusiveLock");
        assert_eq!(of(waiter)["target"], "row (0,1) of public.t");
        assert_eq!(of(waiter)["relation"], "public.t");
    }
    // What the first waits for is a transaction; which row it is about is known, too.
    assert_eq!(of(first.pid)["relation"], "public.t");
    assert_eq!(of(first.pid)["target"], of(holder.pid)["target"]);
    let xid = of(holder.pid)["xid"].as_str().unwrap();
    let words = format!("transaction {xid}, row (0,1) of public.t");
    assert_eq!(of(first.pid)["target"], words);
}

#[test]
fn a_table() {
    let stage = Stage::new();
    let holder = stage.holder("holder", "lock t in row exclusive mode");
    let share = stage.waiter("share", "begin; lock t in share mode");
    // It goes with what is held, but not with what is asked for before it.
    let write = stage.waiter("write", "insert into t values (11)");
    let read = stage.actor("read");
    read.run("select from t");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(tree.drawn(), ["holder", " share", "  ~write"]);
    let of = |pid: i32| tree.of_pid(pid);
    assert_eq!(
        (&of(holder.pid)["frees"], &of(share.pid)["frees"]),
        (&2.into(), &1.into())
    );
    assert_eq!(of(share.pid)["lock"], "ShareLock");
    assert_eq!(of(write.pid)["target"], "public.t");
}

#[test]
fn a_queue_behind_a_statement_that_changes_a_table() {
    let stage = Stage::new();
    let reader = stage.actor("reader");
    reader.start("select pg_sleep(600) from t limit 1");
    stage.until(
        "the reader reads",
        "select exists (select from pg_locks l \
                 join pg_stat_activity a using (pid) where application_name = 'reader' \
                 and datname = current_database() and l.relation = 't'::regclass)",
    );
    let alter = stage.waiter("alter", "alter table t add column m int");
    let queries: Vec<_> = (0..3)
        .map(|_| stage.waiter("query", "select from t"))
        .collect();
    // Whoever is protected is no cheaper victim, and all of these are superusers.
    let tree = stage.listing();
    assert!(tree.of_pid(reader.pid)["cheaper_pid"].is_null());
    let tree = stage.listing_with(&["--include-superusers"]);
    assert_eq!(
        tree.drawn(),
        ["reader", " alter", "  ~query", "  ~query", "  ~query"]
    );
    tree.assert_true(&stage.blocking_pids());
    let head = tree.of_pid(reader.pid);
    assert_eq!(head["cheaper_pid"], alter.pid, "{head:#}");
    assert_eq!(head["lock"], "AccessShareLock");
    assert_eq!((&head["frees"], &head["blocking"]), (&4.into(), &4.into()));
    assert_eq!(tree.of_pid(alter.pid)["frees"], 3);
    assert_eq!(tree.of_pid(alter.pid)["relation"], "public.t");
    let least = tree.of_pid(queries[2].pid)["waiting_seconds"]
        .as_f64()
        .unwrap();
    let most = head["longest_wait_seconds"].as_f64().unwrap();
    assert!(0.0 < least && least < most, "{least} {most}");
}

#[test]
fn several_readers_in_front_of_a_queue() {
    let stage = Stage::new();
    let one = stage.holder("one", "select from t");
    let two = stage.holder("two", "select from t");
    let writer = stage.holder("writer", "select from t; create table other ()");
    let alter = stage.waiter("alter", "alter table t add column m int");
    let _queries: Vec<_> = (0..2)
        .map(|_| stage.waiter("query", "select from t"))
        .collect();
    let tree = stage.listing_with(&["--include-superusers"]);
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(
        tree.drawn(),
        ["one", " alter", "  ~query", "  ~query", "two", "writer"]
    );
    // To end one of them frees nobody: all have to go, or the one that all others stand behind.
    for (reader, others) in [
        (&one, [two.pid, writer.pid]),
        (&two, [one.pid, writer.pid]),
        (&writer, [one.pid, two.pid]),
    ] {
        let record = tree.of_pid(reader.pid);
        assert_eq!(
            (&record["blocking"], &record["frees"]),
            (&3.into(), &0.into())
        );
        assert_eq!(record["cheaper_pid"], alter.pid, "{record:#}");
        let words = format!(
            "its end alone frees nobody: what is waited for is also held by {}, {}",
            others[0], others[1]
        );
        assert_eq!(record["message"], words);
    }
    let alter = tree.of_pid(alter.pid);
    assert_eq!(
        (&alter["frees"], &alter["blockers"]),
        (&2.into(), &3.into())
    );
    let words = format!(
        "what it waits for is also held by {}, {}",
        two.pid, writer.pid
    );
    let message = alter["message"].as_str().unwrap();
    assert!(message.ends_with(&words), "{message}");
    // Each of them keeps it waiting, also those that it is not drawn below.
    let filtered = stage.listing_with(&["--blocking-for", "0s"]);
    assert_eq!(filtered.drawn(), ["one", " alter", "two", "writer"]);
}

#[test]
fn a_circle_behind_somebody_else() {
    let stage = Stage::new();
    stage.database.sql("create table b ()");
    let [one, two] = ["one", "two"].map(|name| stage.actor(name));
    for actor in [&one, &two] {
        actor.run("set deadlock_timeout = '1h'; begin");
    }
    let head = stage.holder("head", "lock t in share mode");
    one.run("lock b");
    two.run("lock t in share mode");
    one.start("lock t");
    stage.until_waiting(&one);
    two.start("lock b");
    stage.until_waiting(&two);
    let behind = stage.waiter("behind", "select from b");
    let write = stage.waiter("write", "begin; lock t in row exclusive mode");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    // Until the circle is cut, its end lets nobody go on; that of one in the circle does not suffice either.
    assert_eq!(tree.of_pid(head.pid)["blocking"], 4);
    assert_eq!(tree.of_pid(head.pid)["frees"], 0);
    drop((behind, write));
}

#[test]
fn who_has_committed_and_waits_for_a_standby() {
    let settings = [
        ("synchronous_standby_names", "nobody"),
        ("synchronous_commit", "local"),
        ("wal_level", "replica"),
        ("max_wal_senders", "1"),
    ];
    let cluster = start(&ClusterOptions {
        settings: settings
            .map(|(name, value)| (name.into(), value.into()))
            .to_vec(),
        ..ClusterOptions::default()
    });
    let stage = Stage::on(Database::on(&cluster));
    let holder = stage.holder(
        "holder",
        "set synchronous_commit = on; update t set n = 1 where id = 1",
    );
    let waiter = stage.waiter("waiter", "update t set n = 2 where id = 1");
    holder.start("commit");
    let waits = format!(
        "select wait_event = 'SyncRep' from pg_stat_activity where pid = {}",
        holder.pid
    );
    stage.until("it waits for the standby", &waits);
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["holder", " waiter"]);
    let head = tree.of_pid(holder.pid);
    assert_eq!(
        (&head["state"], &head["wait_event"]),
        (&"active".into(), &"IPC:SyncRep".into())
    );
    let words = head["message"].as_str().unwrap();
    assert!(words.contains("waits for a synchronous standby"), "{words}");
    assert!(words.contains("pg_cancel_backend"), "{words}");
    let cancel = format!("select pg_cancel_backend({})::text", holder.pid);
    assert_eq!(stage.database.value(&cancel), "true");
    waiter.answer().unwrap();
}

#[test]
fn who_wants_a_page_for_itself() {
    let stage = Stage::new();
    // What a transaction elsewhere may have to see is not frozen, and no page of it waited for.
    let is_past =
        "select pg_snapshot_xmin(pg_current_snapshot())::text::int8 > max(xmin::text::int8) from t";
    stage.until("its rows are of the past for all", is_past);
    let reader = stage.holder("reader", "declare c cursor for table t; fetch 1 from c");
    let vacuum = stage.actor("vacuum");
    vacuum.start("vacuum (freeze) t");
    let waits = format!(
        "select wait_event = 'BufferPin' from pg_stat_activity where pid = {}",
        vacuum.pid
    );
    stage.until("it waits", &waits);
    // Nothing says who has pinned the page; but only one reads the table.
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["reader", " vacuum"]);
    let record = tree.of_pid(vacuum.pid);
    assert_eq!(
        record["target"],
        "a page that others are reading (buffer pin)"
    );
    assert_eq!(record["waiting_seconds"], Value::Null);
    assert_eq!(tree.of_pid(reader.pid)["frees"], 1);
    let _other = stage.holder("other", "select from t");
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["vacuum"]);
    assert_eq!(
        tree.of_pid(vacuum.pid)["message"],
        "whom it waits for does not show"
    );
    reader.run("rollback");
    vacuum.answer().unwrap();
}

#[test]
fn an_idle_reader_has_nothing_to_lose() {
    let stage = Stage::new();
    let reader = stage.holder("reader", "select from t");
    let _alter = stage.waiter("alter", "alter table t add column m int");
    let _query = stage.waiter("query", "select from t");
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["reader", " alter", "  ~query"]);
    assert!(tree.of_pid(reader.pid)["cheaper_pid"].is_null());
}

#[test]
fn who_asks_for_more_than_it_holds_stands_before_who_waits_for_it() {
    let stage = Stage::new();
    let _other = stage.holder("other", "lock t in share mode");
    let upgrade = stage.holder("upgrade", "lock t in access share mode");
    let _alter = stage.waiter("alter", "begin; lock t in access exclusive mode");
    upgrade.start("lock t in row exclusive mode");
    stage.until_waiting(&upgrade);
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(
        tree.drawn(),
        ["other", " upgrade", " alter"].map(str::to_string).to_vec()
    );
    assert!(
        tree.records
            .iter()
            .all(|record| record["deadlock"] == false)
    );
}

#[test]
fn two_who_share_a_row() {
    let stage = Stage::new();
    let one = stage.holder("one", "select from t where id = 1 for share");
    let two = stage.holder("two", "select from t where id = 1 for share");
    let waiter = stage.waiter("waiter", "update t set n = 1 where id = 1");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    // The server lets it wait for one of them at a time; the other is seen when that one is gone.
    assert_eq!(tree.drawn(), ["one", " waiter"]);
    one.run("rollback");
    stage.until(
        "it waits for the other",
        &format!(
            "select pg_blocking_pids({}) = array[{}]",
            waiter.pid, two.pid
        ),
    );
    assert_eq!(stage.listing().drawn(), ["two", " waiter"]);
}

#[test]
fn advisory_locks_are_those_of_one_database() {
    let stage = Stage::new();
    let elsewhere = Stage::new();
    let _same_key = elsewhere.holder("elsewhere", "select pg_advisory_lock(42)");
    let idle = stage.actor("idle");
    idle.run("select pg_advisory_lock(42), pg_advisory_lock_shared(-1, 7)");
    let one = stage.waiter("one", "select pg_advisory_lock(42)");
    let two = stage.waiter("two", "select pg_advisory_lock(-1, 7)");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(tree.drawn(), ["idle", " one", " two"]);
    let name = stage.database.name();
    let target = |pid: i32| tree.of_pid(pid)["target"].as_str().unwrap().to_string();
    assert_eq!(
        target(one.pid),
        format!("advisory lock 42 in database {name}")
    );
    assert_eq!(
        target(two.pid),
        format!("advisory lock (-1, 7) in database {name}")
    );
    assert_eq!(tree.of_pid(idle.pid)["state"], "idle");
}

#[test]
fn an_index_that_is_built_meanwhile_waits_for_a_virtual_transaction() {
    let stage = Stage::new();
    let reader = stage.holder("reader", "select from t");
    let writer = stage.holder("writer", "insert into t values (11)");
    let index = stage.waiter("index", "create index concurrently on t (n)");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(tree.drawn(), ["writer", " index"]);
    let progress = tree.of_pid(index.pid)["progress"].as_str().unwrap();
    assert!(
        progress.starts_with("create index concurrently, waiting for writers"),
        "{progress}"
    );
    // What was built would be lost, and what is left of it in the way: nothing cheap about that.
    let _vacuums = [(); 2].map(|()| stage.waiter("vacuum", "vacuum t"));
    let tree = stage.listing_with(&["--include-superusers"]);
    assert_eq!(tree.of_pid(index.pid)["frees"], 2);
    assert_eq!(tree.of_pid(writer.pid)["cheaper_pid"], Value::Null);
    let words = "if it is ended, an invalid index is left";
    let message = tree.of_pid(index.pid)["message"].as_str().unwrap();
    assert!(message.starts_with(words), "{message}");
    writer.run("commit");
    let old = stage.holder(
        "old",
        "set transaction isolation level repeatable read; select from t",
    );
    stage.until("it waits for old snapshots or is done", &format!(
        "select coalesce(wait_event, '') = 'virtualxid' or state = 'idle' from pg_stat_activity where pid = {}", index.pid));
    drop((reader, old));
}

/// Before it has locked its table there is nothing that could be left.
#[test]
fn an_index_that_is_not_begun() {
    let stage = Stage::new();
    let _holder = stage.holder("holder", "lock table t in share row exclusive mode");
    let index = stage.waiter("index", "create index concurrently on t (n)");
    assert_eq!(stage.listing().of_pid(index.pid)["message"], Value::Null);
}

#[test]
fn a_deadlock_that_the_server_has_not_seen_yet() {
    let stage = Stage::new();
    let actors = ["one", "two", "three"].map(|name| stage.actor(name));
    for (actor, id) in actors.iter().zip(1..) {
        actor.run(&format!(
            "set deadlock_timeout = '1h'; begin; update t set n = 1 where id = {id}"
        ));
    }
    for (actor, id) in actors.iter().zip([2, 3, 1]) {
        actor.start(&format!("update t set n = 2 where id = {id}"));
        stage.until_waiting(actor);
    }
    let behind = stage.waiter("behind", "update t set n = 3 where id = 1");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    // Cut at the one who has waited longest, which waits for the one that is drawn last of the three.
    assert_eq!(tree.drawn(), ["one", " three", "  two", "  behind"]);
    assert_eq!(tree.of_pid(actors[0].pid)["blocked_by"], actors[1].pid);
    for actor in &actors {
        assert_eq!(tree.of_pid(actor.pid)["deadlock"], true);
        assert_eq!(tree.of_pid(actor.pid)["frees"], 3);
    }
    assert_eq!(tree.of_pid(behind.pid)["deadlock"], false);
}

#[test]
fn a_parallel_query_is_one() {
    let stage = Stage::new();
    stage
        .database
        .sql("create table many as select i from generate_series(1, 200000) i; analyze many");
    let leader = stage.actor("leader");
    leader.run(
        "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; \
                set min_parallel_table_scan_size = 0; set max_parallel_workers_per_gather = 2",
    );
    leader.start("select count(pg_sleep(0.01)) from many");
    stage.until(
        "it has workers",
        "select exists (select from pg_stat_activity \
                 where backend_type = 'parallel worker' and datname = current_database())",
    );
    let alter = stage.waiter("alter", "alter table many add column m int");
    let truth = stage.blocking_pids();
    let tree = stage.listing();
    assert_eq!(tree.drawn(), ["leader", " alter"]);
    tree.assert_true(&truth);
    assert_eq!(tree.of_pid(alter.pid)["blocked_by"], leader.pid);
    leader.cancel();
}

#[test]
fn a_safe_snapshot() {
    let stage = Stage::new();
    let writer = stage.actor("writer");
    writer.run("begin isolation level serializable; update t set n = 1");
    let report = stage.actor("report");
    report.start("begin isolation level serializable, read only, deferrable; select from t");
    stage.until(
        "it waits",
        &format!(
            "select wait_event = 'SafeSnapshot' from pg_stat_activity where pid = {}",
            report.pid
        ),
    );
    let tree = stage.listing();
    // pg_blocking_pids says nothing of it.
    assert_eq!(tree.drawn(), ["writer", " report"]);
    let waiting = tree.of_pid(report.pid);
    assert_eq!(waiting["target"], "a safe snapshot");
    assert_eq!(waiting["blocked_by"], writer.pid);
    assert_eq!(tree.of_pid(writer.pid)["frees"], 1);
    writer.run("commit");
    report.answer().unwrap();
    assert!(stage.listing().records.is_empty());
}

#[test]
fn who_holds_a_lock_over_a_savepoint() {
    let stage = Stage::new();
    let holder = stage.holder(
        "holder",
        "update t set n = 1 where id = 1; savepoint a; select 1",
    );
    let waiter = stage.waiter("waiter", "update t set n = 2 where id = 1");
    let tree = stage.listing();
    tree.assert_true(&stage.blocking_pids());
    assert_eq!(tree.drawn(), ["holder", " waiter"]);
    holder.start("select 1/0");
    holder.answer().unwrap_err();
    let tree = stage.listing();
    assert_eq!(
        tree.of_pid(holder.pid)["state"],
        "idle in transaction (aborted)"
    );
    // The transaction is lost, but not what it had before the savepoint.
    assert_eq!(tree.drawn(), ["holder", " waiter"]);
    tree.assert_true(&stage.blocking_pids());
    drop(waiter);
}

#[test]
fn nobody_waits() {
    let stage = Stage::new();
    let _idle = stage.holder("idle", "update t set n = 1");
    assert!(stage.listing().records.is_empty());
    let tree = stage.listing_with(&["--sessions", "--app", "idle"]);
    assert_eq!(tree.drawn(), ["idle"]);
    assert_eq!(
        Tree::of(
            &stage
                .tool()
                .args(["--sessions", "--app", "idl"])
                .run()
                .expect_code(0)
        )
        .records
        .len(),
        0
    );
}

#[test]
fn five_hundred_waiters() {
    let cluster = start(&ClusterOptions {
        settings: vec![("max_connections".into(), "600".into())],
        ..ClusterOptions::default()
    });
    let stage = Stage::on(Database::on(&cluster));
    let holder = stage.holder("holder", "update t set n = 1 where id = 1; select from t");
    let first = stage.waiter("row", "update t set n = 2 where id = 1");
    // One after the other: the server notes when a wait began a moment after the place in the queue.
    let _rows: Vec<_> = (0..249)
        .map(|_| stage.waiter("row", "update t set n = 3 where id = 1"))
        .collect();
    let wait = |count: usize| {
        let condition = format!("select count(*) = {count} from pg_locks where not granted");
        stage.until("all wait", &condition);
    };
    wait(250);
    let alter = stage.waiter("alter", "alter table t add column m int");
    let _readers: Vec<_> = (0..249)
        .map(|_| stage.waiter("reader", "select from t"))
        .collect();
    wait(500);
    let truth = stage.blocking_pids();
    let tree = stage.listing();
    tree.assert_true(&truth);
    assert_eq!(tree.records.len(), 501);
    let frees = |pid: i32| tree.of_pid(pid)["frees"].as_u64().unwrap();
    assert_eq!(
        (frees(holder.pid), frees(first.pid), frees(alter.pid)),
        (500, 0, 249)
    );
    assert!(
        tree.records
            .iter()
            .all(|record| record["depth"].as_u64() <= Some(2))
    );
}

#[test]
fn of_two_transactions_the_row_is_of_the_one_that_is_named() {
    let stage = Stage::new();
    let head = stage.holder("head", "savepoint a; update t set n = 1 where id = 5");
    head.run("savepoint b; select from t where id = 6 for update");
    let five = stage.waiter("five", "begin; update t set n = 2 where id = 5");
    let six = stage.waiter("six", "begin; update t set n = 2 where id = 6");
    let tree = stage.listing();
    let of = |actor: &Actor| {
        tree.of_pid(actor.pid)["target"]
            .as_str()
            .unwrap()
            .to_string()
    };
    let known = [of(&five), of(&six)];
    assert!(known.contains(&of(&head)), "{}: {known:?}", of(&head));
}
