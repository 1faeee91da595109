//! pg-stat-report at the console of a PgBouncer.

#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::panic, missing_docs)]

mod pooler;

use std::thread;

use pooler::Pooler;
use serde_json::Value;
use tests::{Database, Output, eventually, tool};

const ADMIN: &str = "admin_users=any\nmax_client_conn=20\ndefault_pool_size=1";

fn console(pooler: &Pooler) -> String {
    format!(
        "postgresql://any@127.0.0.1:{}/pgbouncer?sslmode=disable",
        pooler.port
    )
}

fn asked(pooler: &Pooler, arguments: &[&str]) -> Output {
    let run = tool("pg-stat-report").args(["-d", &console(pooler)]);
    run.args(arguments).run()
}

/// Status and object of what a check says.
fn found(pooler: &Pooler, check: &str, more: &[&str]) -> Vec<(String, String)> {
    let records = asked(pooler, &[&["--only", check], more].concat()).json_lines();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let found = records.iter();
    found
        .map(|record| (text(&record["status"]), text(&record["object"])))
        .collect()
}

fn of(status: &str, object: &str) -> Vec<(String, String)> {
    vec![(status.into(), object.into())]
}

#[test]
fn pools_as_the_console_tells() {
    let pooler = Pooler::start("session", ADMIN);
    let mut first = pooler.try_client().unwrap();
    first.batch_execute("select 1").unwrap();
    let rows = asked(&pooler, &["pgbouncer"]).expect_code(0).json_lines();
    let of_kind = |kind: &str, name: &str| {
        let found = rows
            .iter()
            .find(|row| row["kind"] == kind && (name.is_empty() || row["database"] == name));
        found
            .unwrap_or_else(|| panic!("no {kind} {name} in {rows:?}"))
            .clone()
    };
    assert_eq!(of_kind("pooler", "")["limit"], 20);
    let pool = of_kind("pool", "postgres");
    assert_eq!(
        (&pool["clients_active"], &pool["mode"], &pool["limit"]),
        (&1.into(), &"session".into(), &1.into())
    );
    assert!(
        of_kind("database", "postgres")["server"]
            .as_str()
            .unwrap()
            .contains(&tests::cluster().port().to_string())
    );
    assert_eq!(found(&pooler, "pooler_waits", &[])[0].0, "ok");
    assert_eq!(found(&pooler, "pooler_clients", &[]), of("ok", ""));
    assert_eq!(
        found(&pooler, "pooler_clients", &["--warn", "pooler_clients=5%"]),
        of("warning", "")
    );
    assert_eq!(
        found(&pooler, "pooler_clients", &["--crit", "pooler_clients=5%"]),
        of("critical", "")
    );
    let waits = |limit: &str| {
        let found = found(&pooler, "pooler_waits", &[limit, "pooler_waits=1ms"]);
        println!("{found:?}");
        found
            .first()
            .map_or_else(String::new, |(status, _)| status.clone())
    };
    // One who waits for the only server.
    let port = pooler.port;
    let waiting = thread::spawn(move || {
        let mut config = postgres::Config::new();
        config
            .host("127.0.0.1")
            .port(port)
            .user("any")
            .dbname("postgres");
        let mut client = config.connect(postgres::NoTls).unwrap();
        client.batch_execute("select 1").unwrap();
    });
    eventually("it waits", || waits("--warn") == "warning");
    assert_eq!(waits("--crit"), "critical");
    drop(first);
    waiting.join().unwrap();
    assert_eq!(found(&pooler, "pooler_stopped", &[]), of("ok", ""));
    let mut config = postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(port)
        .user("any")
        .dbname("pgbouncer");
    let mut admin = config.connect(postgres::NoTls).unwrap();
    // A name that is not plain, in what the console takes.
    admin.simple_query("PAUSE \"odd-d\"").unwrap();
    let odd = found(&pooler, "pooler_stopped", &[]);
    admin.simple_query("RESUME \"odd-d\"").unwrap();
    assert_eq!(odd, of("warning", "odd-d"));
    admin.simple_query("DISABLE postgres").unwrap();
    assert_eq!(
        found(&pooler, "pooler_stopped", &[]),
        of("warning", "postgres")
    );
    admin.simple_query("ENABLE postgres").unwrap();
}

#[test]
fn a_pooler_beside_its_server() {
    let pooler = Pooler::start("transaction", ADMIN);
    let database = Database::new();
    let both = tool("pg-stat-report").args(["-d", &console(&pooler), "-d", &database.conninfo()]);
    let records = both
        .args(["--fail-on", "never"])
        .run()
        .expect_code(0)
        .json_lines();
    let target_of = |check: &str| {
        let mut targets: Vec<&str> = records
            .iter()
            .filter(|record| record["check"] == check)
            .map(|record| record["target"].as_str().unwrap())
            .collect();
        targets.dedup();
        targets.join(" ")
    };
    assert_eq!(
        target_of("pooler_waits"),
        format!("127.0.0.1:{}", pooler.port)
    );
    assert!(
        target_of("connections").starts_with('/'),
        "{}",
        target_of("connections")
    );
    // Each is asked for what it has.
    asked(&pooler, &["connections"])
        .expect_code(2)
        .expect_error("no server");
    let wrong = tool("pg-stat-report")
        .args(["pgbouncer", "-d", &database.conninfo()])
        .run();
    wrong.expect_code(2).expect_error("dbname=pgbouncer");
    // A database may be called so.
    let named = Database::named(tests::cluster(), "pgbouncer");
    let run = tool("pg-stat-report")
        .args(["--only", "connections", "-d", &named.conninfo()])
        .run();
    assert_eq!(run.expect_code(0).json_lines()[0]["check"], "connections");
}
