//! The rows about how many are connected, who they are, and how many more may come.

use std::thread;

use serde_json::{Value, json};
use tests::{Database, eventually};

use crate::watched::{
    brief, check, database, report, row, rows, session, shell, try_session, with,
};

/// Who is connected, by each of the ways to count.
fn connections(database: &Database) -> Vec<Value> {
    rows(database, &["connections"])
}

fn of<'a>(rows: &'a [Value], by: &str, name: &str) -> &'a Value {
    let found = rows
        .iter()
        .find(|row| row["by"] == by && row["name"] == name);
    found.unwrap_or_else(|| panic!("no {by} {name} in {rows:#?}"))
}

/// T12: `SELECT count(*) FROM pg_stat_activity`, for "current, maximum, idle": that counts the
/// server's own processes, too.
#[test]
fn t12() {
    let server = with(&[("max_connections", "50")]);
    let database = Database::on(&server);
    let _idle = [(); 2].map(|()| session(&database, "app", "web"));
    let guide: i64 = database
        .value("select count(*) from pg_stat_activity")
        .parse()
        .unwrap();
    let seen = connections(&database);
    let all = row(&seen, "by", "server");
    // These, and the tool itself.
    assert_eq!(
        (&all["connections"], &all["idle"], &all["max_connections"]),
        (&json!(3), &json!(2), &json!(50))
    );
    assert!(guide > 3, "the guide's query counts {guide}");
    let line = "pg-stat-report connections -U watcher -d $d | jq -r 'select(.by == \"application\" and .name == \"web\").connections'";
    assert_eq!(shell(&database, line).expect_code(0).stdout, "2\n");
}

/// A08: by state, and what has run for long, oldest first.
#[test]
fn a08() {
    let server = with(&[]);
    let database = Database::on(&server);
    let _idle = session(&database, "app", "web");
    let mut sitting = session(&database, "app", "etl");
    sitting.batch_execute("begin; select 1").unwrap();
    let mut busy = session(&database, "app", "report");
    let pid: i32 = busy
        .query_one("select pg_backend_pid()", &[])
        .unwrap()
        .get(0);
    let busy = thread::spawn(move || busy.batch_execute("select pg_sleep(600)"));
    eventually("it sleeps", || {
        let count = "select count(*) from pg_stat_activity where wait_event = 'PgSleep'";
        database.value(count) == "1"
    });
    let seen = connections(&database);
    for (state, count) in [("idle", 1), ("idle in transaction", 1), ("active", 2)] {
        assert_eq!(of(&seen, "state", state)["connections"], count, "{state}");
    }
    let seen = rows(&database, &["activity"]);
    let long = row(&seen, "query", "select pg_sleep(600)");
    assert_eq!(
        (&long["pid"], &long["user"], &long["state"]),
        (&json!(pid), &json!("app"), &json!("active"))
    );
    assert!(long["query_age_seconds"].as_f64().unwrap() >= 0.0);
    let name = format!("pid {pid}");
    let warning = check(&database, "long_queries", &["--warn", "long_queries=0s"]);
    assert_eq!(brief(&warning), [("warning".to_string(), name)]);
    let sits = check(
        &database,
        "idle_in_transaction",
        &["--crit", "idle_in_transaction=0s"],
    );
    assert!(
        sits[0]["message"].as_str().unwrap().contains("(etl)"),
        "{sits:?}"
    );
    database.sql(&format!("select pg_terminate_backend({pid})"));
    assert!(busy.join().unwrap().is_err());
}

/// V02: who does what in one database, and what was done in it.
#[test]
fn v02() {
    let database = database();
    let mut client = session(&database, "app", "booking");
    client
        .batch_execute("begin; select 'password=s3cret'")
        .unwrap();
    let seen = rows(&database, &["activity"]);
    let own = row(&seen, "application_name", "booking");
    assert_eq!(
        (
            &own["database"],
            &own["user"],
            &own["client_addr"],
            &own["state"]
        ),
        (
            &json!(database.name()),
            &json!("app"),
            &json!(null),
            &json!("idle in transaction")
        )
    );
    assert!(own["xact_age_seconds"].as_f64().unwrap() >= 0.0);
    let query = own["query"].as_str().unwrap();
    assert!(query.starts_with("begin; select 'password="), "{query}");
    assert!(!query.contains("s3cret"), "{query}");
    // The server tells what a session did when it ends, at the latest.
    database.sql("create table t as select 1 as i");
    let line = "pg-stat-report databases -U watcher -d $d | jq -c --arg d $d 'select(.database == $d) | .commits > 0 and .blocks_hit > 0 and .rollbacks >= 0 and .blocks_read >= 0'";
    eventually("its transactions are counted", || {
        shell(&database, line).expect_code(0).stdout == "true\n"
    });
}

/// N15: `count(*) … WHERE datname = 'your_db'`, and who they are.
#[test]
fn n15() {
    let database = database();
    let other = self::database();
    let _sessions = ["web", "web", "worker"].map(|name| session(&database, "app", name));
    let _elsewhere = session(&other, "app", "web");
    // The tool itself is looking from the other one.
    let seen = connections(&other);
    let own = of(&seen, "database", database.name());
    assert_eq!((&own["connections"], &own["idle"]), (&json!(3), &json!(3)));
    assert!(
        of(&seen, "application", "worker")["connections"]
            .as_i64()
            .unwrap()
            >= 1
    );
    assert!(of(&seen, "user", "app")["connections"].as_i64().unwrap() >= 4);
}

/// V25: `max_conn - used - res_for_super`, where used is a count of all processes. Ours is true: so many
/// more come in, and then no more.
#[test]
fn v25() {
    let server = with(&[
        ("max_connections", "12"),
        ("superuser_reserved_connections", "3"),
    ]);
    let database = Database::on(&server);
    let _first = session(&database, "app", "web");
    let seen = connections(&database);
    let all = row(&seen, "by", "server");
    assert_eq!(
        (&all["max_connections"], &all["reserved"], &all["limit"]),
        (&json!(12), &json!(3), &json!(9))
    );
    // The tool is gone again.
    let available = all["available"].as_i64().unwrap() + 1;
    let guide = database.value(
        "select current_setting('max_connections')::int - count(*)
             - current_setting('superuser_reserved_connections')::int from pg_stat_activity",
    );
    let mut more = Vec::new();
    eventually("no more come in", || {
        match try_session(&database, "app", "web") {
            Ok(session) => more.push(session),
            // One that is going still has its place.
            Err(_) => return more.len() as i64 >= available,
        }
        false
    });
    assert_eq!(more.len() as i64, available);
    assert!(guide.parse::<i64>().unwrap() < available, "{guide}");
    // Full: who watches without a place kept for him can't get in, and that is critical, too.
    let full = report(&database, &["--only", "connections", "-o", "nagios"]).run();
    let full = full.expect_code(2);
    assert!(
        full.stdout.starts_with("POSTGRES CRITICAL"),
        "{}",
        full.stdout
    );
    let kept = report(&database, &["--only", "connections"]).env("PGUSER", "postgres");
    let kept = kept.run().expect_code(1).json_lines();
    assert_eq!(kept[0]["status"], "critical");
    assert!(
        kept[0]["remedy"].as_str().unwrap().contains("pooler"),
        "{kept:?}"
    );
}
