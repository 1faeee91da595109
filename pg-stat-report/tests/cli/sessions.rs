//! Connections, and what sessions do.

use serde_json::{Value, json};
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

fn of_by<'a>(rows: &'a [Value], by: &str, name: &str) -> &'a Value {
    let found = rows
        .iter()
        .find(|row| row["by"] == by && (name.is_empty() || row["name"] == name));
    found.unwrap_or_else(|| panic!("no {by} {name} in {rows:#?}"))
}

/// The server says that a statement has failed before the session is idle again.
fn wait_until_aborted(ground: &Ground) {
    let aborted = "select (count(*) = 1)::text from pg_stat_activity where state = 'idle in transaction (aborted)'";
    eventually("it is idle", || ground.value(aborted) == "true");
}

#[test]
fn connections_are_counted_as_the_server_does() {
    let ground = Ground::with(&[
        ("max_connections", "20"),
        ("superuser_reserved_connections", "4"),
    ]);
    ground.sql("alter role app connection limit 4");
    let mut sessions: Vec<_> = (0..3).map(|_| ground.client_of("app")).collect();
    sessions[0].batch_execute("begin; select 1").unwrap();
    sessions[1].batch_execute("begin").unwrap();
    sessions[1].batch_execute("nonsense").unwrap_err();
    wait_until_aborted(&ground);
    let rows = ground.rows("connections");
    let server = of_by(&rows, "server", "");
    let figures = |row: &Value| {
        json!([
            row["connections"],
            row["idle_in_transaction"],
            row["limit"],
            row["available"]
        ])
    };
    assert_eq!(figures(server), json!([4, 2, 16, 12]));
    assert_eq!(figures(of_by(&rows, "user", "app")), json!([3, 2, 4, 1]));
    assert_eq!(of_by(&rows, "state", "active")["connections"], 1);
    assert_eq!(of_by(&rows, "client", "local")["connections"], 4);
    assert_eq!(
        of_by(&rows, "application", "pg-stat-report")["connections"],
        1
    );
    let limitless = of_by(&rows, "database", "postgres");
    assert_eq!(
        [&limitless["limit"], &limitless["available"]],
        [&Value::Null; 2]
    );
    // Of these the server lets in as many as it said.
    let refused = (0..20).find(|_| {
        let mut config = postgres::Config::new();
        config
            .host_path(ground.cluster.socket_dir())
            .user("watcher")
            .dbname("postgres");
        match config.connect(postgres::NoTls) {
            Ok(client) => {
                sessions.push(client);
                false
            }
            Err(_) => true,
        }
    });
    assert_eq!(refused, Some(13));
    let records = ground.check("connections", &[]);
    assert_eq!(
        statuses(&records),
        [("critical".to_string(), String::new())]
    );
    assert_eq!(records[0]["value"], json!(1.0625));
}

#[test]
fn a_role_near_its_limit_is_named() {
    let ground = Ground::new();
    ground.sql("alter role app connection limit 1");
    let _session = ground.client_of("app");
    assert_eq!(
        ground.statuses("connections", &[]),
        of("critical", "user app")
    );
    assert_eq!(
        ground.statuses("connections", &["--crit", "connections:user app=never"]),
        of("warning", "user app")
    );
}

#[test]
fn who_may_not_see_is_told_so() {
    let ground = Ground::new();
    let _session = ground.client_of("app");
    for check in [
        "connections",
        "idle_in_transaction",
        "long_queries",
        "xmin_horizon",
    ] {
        let records = ground.check_as("nobody", check, &[]);
        assert!(
            statuses(&records)
                .iter()
                .all(|(status, _)| status == "unknown"),
            "{records:?}"
        );
        assert!(
            records[0]["message"]
                .as_str()
                .unwrap()
                .contains("pg_monitor")
        );
        let seen = ground.check_as("watcher", check, &[]);
        assert_eq!(statuses(&seen)[0].0, "ok", "{seen:?}");
    }
}

#[test]
fn a_session_idle_in_a_transaction() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("idle_in_transaction", &[]), alone("ok"));
    for failed in [false, true] {
        let mut session = ground.client_of("app");
        session
            .batch_execute("begin; select pg_current_xact_id()")
            .unwrap();
        if failed {
            session.batch_execute("nonsense").unwrap_err();
            wait_until_aborted(&ground);
        }
        let pid: i32 = if failed {
            pid_of(&ground)
        } else {
            session
                .query_one("select pg_backend_pid()", &[])
                .unwrap()
                .get(0)
        };
        let object = format!("pid {pid}");
        assert_eq!(
            ground.statuses("idle_in_transaction", &[]),
            of("ok", &object)
        );
        assert_eq!(
            ground.statuses("idle_in_transaction", &["--warn", "idle_in_transaction=0s"]),
            of("warning", &object)
        );
        assert_eq!(
            ground.statuses("idle_in_transaction", &["--crit", "idle_in_transaction=0s"]),
            of("critical", &object)
        );
        assert_eq!(
            ground.statuses("long_queries", &["--crit", "long_queries=0s"]),
            alone("ok")
        );
        if !failed {
            // Of a failed one the server has forgotten when it began.
            let long = ground.statuses("long_transactions", &["--crit", "long_transactions=0s"]);
            assert_eq!(long, of("critical", &object));
            let horizon = ground.check("xmin_horizon", &["--crit", "xmin_horizon=1"]);
            assert_eq!(statuses(&horizon), of("critical", &object));
        }
        session.batch_execute("rollback").unwrap();
    }
}

fn pid_of(ground: &Ground) -> i32 {
    let pid =
        "select pid::text from pg_stat_activity where usename = 'app' and state like 'idle in%'";
    ground.value(pid).parse().unwrap()
}

#[test]
fn a_statement_that_runs_and_its_password() {
    let ground = Ground::new();
    let mut session = ground.client();
    let pid: i32 = session
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let cancel = session.cancel_token();
    let running = std::thread::spawn(move || {
        session.batch_execute("select pg_sleep(600), 'x' as t; create role r password 'hunter2'")
    });
    eventually("it runs", || {
        ground.value(&format!(
            "select coalesce(state, '') from pg_stat_activity where pid = {pid}"
        )) == "active"
    });
    let object = format!("pid {pid}");
    assert_eq!(
        ground.statuses("long_queries", &["--warn", "long_queries=0s"]),
        of("warning", &object)
    );
    assert_eq!(
        ground.statuses("long_queries", &["--crit", "long_queries=0s"]),
        of("critical", &object)
    );
    let rows = ground.rows("activity");
    let row = rows.iter().find(|row| row["pid"] == pid).unwrap();
    let query = row["query"].as_str().unwrap();
    assert!(
        query.contains("pg_sleep") && !query.contains("hunter2"),
        "{query}"
    );
    cancel.cancel_query(postgres::NoTls).unwrap();
    running.join().unwrap().unwrap_err();
}

#[test]
fn a_prepared_transaction_is_found() {
    let ground = Ground::with(&[("max_prepared_transactions", "2")]);
    assert_eq!(ground.statuses("prepared_transactions", &[]), alone("ok"));
    ground.sql(
        "create table t (i int); begin; insert into t values (1); prepare transaction 'it''s'",
    );
    assert_eq!(
        ground.statuses("prepared_transactions", &[]),
        of("ok", "it's")
    );
    let records = ground.check(
        "prepared_transactions",
        &["--crit", "prepared_transactions=0s"],
    );
    assert_eq!(statuses(&records), of("critical", "it's"));
    assert!(
        records[0]["remedy"]
            .as_str()
            .unwrap()
            .contains("ROLLBACK PREPARED 'it''s'")
    );
    let horizon = ground.check("xmin_horizon", &["--warn", "xmin_horizon=1"]);
    assert_eq!(statuses(&horizon), of("warning", "it's"));
    ground.sql("rollback prepared 'it''s'");
}

#[test]
fn the_end_of_transaction_numbers() {
    let ground = Ground::new();
    assert_eq!(ground.statuses("wraparound", &[])[0].0, "ok");
    let rows = ground.rows("wraparound");
    let row = rows
        .iter()
        .find(|row| row["database"] == "template0")
        .unwrap();
    let age: i64 = ground
        .value("select age(datfrozenxid)::text from pg_database where datname = 'template0'")
        .parse()
        .unwrap();
    assert_eq!(row["xid_age"].as_i64().unwrap(), age);
    let kept = if ground.major() >= 14 {
        3_000_000
    } else {
        1_000_000
    };
    assert_eq!(
        row["xids_left"].as_i64().unwrap(),
        2_147_483_647 - kept - age
    );
    for check in ["wraparound", "multixact_wraparound", "freezing"] {
        let warn = format!("{check}=0");
        let records = ground.check(check, &["--warn", &warn, "--limit", "1"]);
        assert!(
            statuses(&records)
                .iter()
                .all(|(status, _)| status == "warning")
        );
        assert_eq!(records.len(), 3, "every database counts");
        let records = ground.check(check, &["--crit", &warn]);
        assert!(
            statuses(&records)
                .iter()
                .all(|(status, _)| status == "critical")
        );
    }
}

#[test]
fn a_session_that_does_not_tell() {
    let ground = Ground::new();
    let mut session = ground.client_of("app");
    session.batch_execute("begin").unwrap();
    ground.sql("alter role watcher set track_activities = off");
    let _silent = ground.client_of("watcher");
    for check in ["idle_in_transaction", "long_transactions", "long_queries"] {
        let records = ground.check(check, &[]);
        assert_eq!(statuses(&records), alone("unknown"), "{check}");
        let message = records[0]["message"].as_str().unwrap();
        assert!(message.contains("track_activities"), "{message}");
    }
    let found = ground.statuses("idle_in_transaction", &["--warn", "idle_in_transaction=0s"]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn locks_of_serializable_transactions_take_no_room_of_the_others() {
    let ground = Ground::with(&[("max_pred_locks_per_relation", "10000")]);
    ground.sql("create table t as select i, repeat('x', 2000) as x from generate_series(1, 2000) i; create index on t (i); analyze t");
    let locks = || ground.rows("locks")[0]["locks"].as_i64().unwrap();
    let mut session = ground.client();
    session.batch_execute("begin isolation level serializable; set enable_seqscan = off; set enable_bitmapscan = off; select x from t where i < 500").unwrap();
    let held = "select count(*)::text from pg_locks where mode = 'SIReadLock'";
    let held: i64 = ground.value(held).parse().unwrap();
    assert!(held > 100, "{held}");
    assert!(locks() < 100, "{}", locks());
}
