//! Victims of other kinds: parallel queries, circles, the replay of a standby.

use serde_json::Value;
use tests::{Database, Standby, tool};

use crate::ground::{Ground, expect_result, results};
use crate::stage::Actor;

#[test]
fn of_a_parallel_query_the_leader_is_meant() {
    let ground = Ground::new();
    ground.sql(
        "create table large as select generate_series(1, 200000) i; grant select on large to app;
         analyze large",
    );
    let leader = ground.actor("leader");
    leader.run(
        "set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0;
         set max_parallel_workers_per_gather = 2",
    );
    leader.start("begin; select count(*) from large where pg_sleep(0.1) is not null");
    let workers = format!(
        "select count(*) > 0 from pg_stat_activity where leader_pid = {}",
        leader.pid
    );
    ground.until("it is parallel", &workers);
    let mut client = ground.client_of("postgres");
    let query = format!(
        "select pid from pg_stat_activity where leader_pid = {}",
        leader.pid
    );
    let worker: i32 = client.query(&query, &[]).unwrap()[0].get(0);
    let named = ground
        .tool(&["-", "--bare-pids", "--cancel"])
        .stdin(format!("{worker}\n"));
    let output = named.run().expect_code(0);
    expect_result(&output, leader.pid, "cancel", "ended");
    assert!(leader.answer().is_err());
}

#[test]
fn a_circle_is_cut_at_one() {
    let ground = Ground::new();
    let pair = ["one", "two"].map(|name| {
        let actor = Actor::new(ground.client_of("postgres"), name);
        actor.run("set deadlock_timeout = '1h'; set session authorization app");
        actor
    });
    pair[0].run("begin; update t set n = 1 where id = 1");
    pair[1].run("begin; update t set n = 1 where id = 2");
    pair[0].start("update t set n = 1 where id = 2");
    ground.until_waiting(&pair[0]);
    pair[1].start("update t set n = 1 where id = 1");
    ground.until_waiting(&pair[1]);
    let output = ground
        .run(&["--cancel", "--include-superusers"])
        .expect_code(0);
    let told = results(&output);
    assert_eq!(told.len(), 1, "{output:?}");
    assert_eq!(told[0].2, "freed");
    let (cut, other) = match told[0].0 == i64::from(pair[0].pid) {
        true => (&pair[0], &pair[1]),
        false => (&pair[1], &pair[0]),
    };
    assert!(cut.answer().is_err());
    other.answer().unwrap();
}

#[test]
fn what_a_standby_repeats_is_ended_on_the_primary() {
    let primary = tests::primary();
    let standby = Standby::of(
        &primary,
        &["max_standby_streaming_delay=-1", "hot_standby=on"],
    );
    let database = Database::named(&primary, "app");
    database.sql("create role app login; create table t (); grant select on t to app");
    standby.catch_up(&database);
    let mut holder = database.client();
    // Both: the replay waits for the reader, and who comes later for the replay.
    let reader = Actor::new(standby.connect(&database), "reader");
    reader.run("begin; select from t");
    holder
        .batch_execute("begin; lock t; create table other ()")
        .unwrap();
    holder
        .batch_execute("commit; begin; lock t; create table another ()")
        .unwrap();
    let run = |arguments: &[&str]| {
        let conninfo = standby.conninfo(&database);
        tool("pg-lock-kill")
            .args(["-d", &conninfo])
            .args(arguments)
            .run()
    };
    let waits = "select exists (select from pg_locks l join pg_stat_activity a using (pid)
        where a.backend_type = 'startup' and not l.granted)";
    tests::eventually("the replay waits", || {
        standby
            .connect(&database)
            .query_one(waits, &[])
            .unwrap()
            .get(0)
    });
    let startup = "select pid from pg_stat_activity where backend_type = 'startup'";
    let startup: i32 = standby
        .connect(&database)
        .query_one(startup, &[])
        .unwrap()
        .get(0);
    let named = tool("pg-lock-kill").args(["-d", &standby.conninfo(&database)]);
    let named = named
        .args(["-", "--bare-pids", "--terminate"])
        .stdin(format!("{startup}\n"));
    let output = named.run().expect_code(1);
    expect_result(&output, startup, "", "not_applicable");
    let message = &output.json_lines()[0]["message"];
    assert!(
        message.as_str().unwrap().contains("on the primary"),
        "{message}"
    );
    // The reader is a head like any other.
    let output = run(&["--terminate", "--include-superusers"]).expect_code(0);
    let told: Vec<Value> = output.json_lines();
    assert_eq!(
        (&told[0]["pid"], &told[0]["result"]),
        (&reader.pid.into(), &"ended".into())
    );
    holder.batch_execute("rollback").unwrap();
}
