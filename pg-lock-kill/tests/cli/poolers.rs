//! A pooler between an application, or us, and the server: one process serves many clients in turn.

#[path = "../../../tests/tests/pooler/mod.rs"]
mod pooler;

use pooler::Pooler;
use serde_json::Value;
use tests::{Database, tool};

use crate::stage::Actor;

const LOCK: &str = "update t set n = 1 where id = 1";

fn database() -> Database<'static> {
    let database = Database::new();
    database.sql("create table t (id int primary key, n int); insert into t values (1, 0)");
    database
}

fn through(pooler: &Pooler, database: &Database<'_>) -> String {
    let (port, name) = (pooler.port, database.name());
    format!("host=127.0.0.1 port={port} user=any dbname={name} sslmode=disable")
}

fn terminate(database: &Database<'_>, record: &Value) -> Value {
    let command = tool("pg-lock-kill").database(database);
    let command = command.args(["-", "--terminate", "--include-superusers"]);
    let output = command.stdin(format!("{record}\n")).run().expect_code(0);
    output.json_lines().remove(0)
}

fn listed(database: &Database<'_>, pid: i32) -> Value {
    let command = tool("pg-lock-kill").database(database).arg("--sessions");
    let output = command.args(["--database", database.name()]).run();
    let records = output.expect_code(0).json_lines();
    let of_pid = |record: &Value| record["pid"] == pid;
    records.into_iter().find(of_pid).unwrap()
}

#[test]
fn the_next_client_of_the_same_process_is_left_alone() {
    let database = database();
    let pooler = Pooler::start("transaction", "default_pool_size=1");
    let conninfo = through(&pooler, &database);
    let guilty = Actor::connect(&conninfo, "guilty");
    guilty.run(&format!("begin; {LOCK}"));
    let seen = listed(&database, guilty.pid);
    guilty.run("commit");
    let next = Actor::connect(&conninfo, "next");
    next.run(&format!("begin; {LOCK}"));
    assert_eq!(next.pid, guilty.pid, "the pool has one process");
    let told = terminate(&database, &seen);
    assert_eq!(
        (&told["result"], &told["action"]),
        (&"changed".into(), &Value::Null)
    );
    next.run("commit");
    // Nor is it while it waits for the next one.
    let idle = listed(&database, guilty.pid);
    next.run("select 1");
    assert_eq!(terminate(&database, &idle)["result"], "changed");
    next.run("select 1");
}

#[test]
fn it_serves_us_as_well_but_for_a_loop() {
    let database = database();
    let pooler = Pooler::start("transaction", "");
    let conninfo = through(&pooler, &database);
    let head = Actor::new(database.client(), "head");
    head.run(&format!("begin; {LOCK}"));
    let waiter = Actor::new(database.client(), "waiter");
    waiter.start(LOCK);
    let waits = format!(
        "select count(*) from pg_locks where pid = {} and not granted",
        waiter.pid
    );
    tests::eventually("it waits", || database.value(&waits) == "1");
    let run = || {
        let command = tool("pg-lock-kill").args(["-d", &conninfo, "--include-superusers"]);
        command.args(["--terminate", "--database", database.name()])
    };
    let output = run().args(["--watch", "1s"]).run().expect_code(2);
    output
        .expect_no_output()
        .expect_error("in transaction mode");
    // While the program decides another one has the process that we had.
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let command = format!("cat > {}", asked.display());
    let output = run().args(["--exec", &command]).run().expect_code(0);
    let asked: Value = serde_json::from_str(&std::fs::read_to_string(asked).unwrap()).unwrap();
    assert_eq!(asked["pid"], head.pid);
    let told = output.json_lines();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (&told[0]["pid"], &told[0]["result"]),
        (&head.pid.into(), &"ended".into())
    );
    waiter.answer().unwrap();
}
