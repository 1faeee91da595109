//! Who waits for locks, and how many there are.

use serde_json::{Value, json};
use tests::eventually;

use crate::ground::{Ground, alone, statuses};

#[test]
fn who_waits_for_a_lock() {
    let ground = Ground::new();
    ground.sql("create table t (i int)");
    assert_eq!(ground.statuses("lock_waits", &[]), alone("ok"));
    let mut holder = ground.client();
    holder.batch_execute("begin; lock table t").unwrap();
    let mut waiter = ground.client();
    let token = waiter.cancel_token();
    let waiting = std::thread::spawn(move || waiter.batch_execute("select * from t"));
    eventually("it waits", || ground.rows("locks")[0]["waiting"] == 1);
    eventually("it waits for a measurable time", || {
        ground.statuses("lock_waits", &["--warn", "lock_waits=1ms"]) == alone("warning")
    });
    assert_eq!(
        ground.statuses("lock_waits", &["--crit", "lock_waits=1ms"]),
        alone("critical")
    );
    let blind = ground.check_as("nobody", "lock_waits", &["--warn", "lock_waits=1ms"]);
    let expected = if ground.major() >= 14 {
        "warning"
    } else {
        "unknown"
    };
    assert_eq!(statuses(&blind), alone(expected));
    assert_eq!(ground.rows("locks")[0]["access_exclusive"], 1);
    // What is locked costs nobody else anything.
    let output = ground
        .run(&["--fail-on", "never", "--skip", "slow_queries,lost_sessions"])
        .expect_code(0);
    let lost: Vec<Value> = output
        .json_lines()
        .into_iter()
        .filter(|record| record["status"] == "unknown")
        .collect();
    assert!(lost.is_empty(), "{lost:#?}");
    token.cancel_query(postgres::NoTls).unwrap();
    waiting.join().unwrap().unwrap_err();
    assert_eq!(ground.statuses("lock_table", &[]), alone("ok"));
    assert_eq!(
        ground.statuses("lock_table", &["--crit", "lock_table=0"]),
        alone("critical")
    );
}

#[test]
fn how_full_the_table_of_locks_is() {
    let ground = Ground::with(&[
        ("max_connections", "20"),
        ("max_locks_per_transaction", "10"),
        ("max_worker_processes", "8"),
        ("wal_level", "replica"),
        ("max_wal_senders", "10"),
        ("max_prepared_transactions", "2"),
        ("autovacuum_max_workers", "3"),
    ]);
    let others = match ground.major() >= 18 {
        true => {
            let slots = ground.value("select current_setting('autovacuum_worker_slots')");
            slots.parse::<u32>().unwrap() + 2
        }
        false => 3 + 1,
    };
    let room = 10 * (20 + others + 8 + 10 + 2);
    assert_eq!(ground.rows("locks")[0]["room"], room);
    let lock = |number: u32| {
        let mut client = ground.client();
        let words =
            format!("select count(pg_advisory_lock_shared(i)) from generate_series(1, {number}) i");
        client.batch_execute(&words).unwrap();
        client
    };
    let status = || ground.statuses("lock_table", &[]);
    let many = room * 2 / 5;
    let (one, other) = (lock(many), lock(many));
    // Two hold the same things: each has its place once.
    let row = &ground.rows("locks")[0];
    assert_eq!(
        (&row["locks"], &row["holders"]),
        (&json!(many), &json!(2 * many))
    );
    assert_eq!(status(), alone("ok"));
    drop((one, other));
    eventually("they are free", || ground.rows("locks")[0]["locks"] == 0);
    // All that there is room for can be had.
    let all = lock(room * 9 / 10);
    assert_eq!(status(), alone("critical"));
    drop(all);
    eventually("they are free", || ground.rows("locks")[0]["locks"] == 0);
    // Many hold the same few.
    let few = room / 5;
    let _holders: Vec<_> = (0..6).map(|_| lock(few)).collect();
    let records = ground.check("lock_table", &[]);
    assert_eq!(statuses(&records), alone("warning"));
    let expected = format!(
        "{} holders of locks in a table with room for {}",
        6 * few,
        2 * room
    );
    let words = records[0]["message"].as_str().unwrap().replace(',', "");
    assert!(words.starts_with(&expected), "{words}");
}
