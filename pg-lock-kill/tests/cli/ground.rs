//! A server of the test's own, because whoever ends sessions must not meet those of other tests.

use std::cell::RefCell;

use postgres::{Client, NoTls};
use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Output, ToolCommand, eventually, start, tool};

use crate::stage::Actor;

/// A server with a table `t` of ten rows, and an application whose role is `app`.
pub struct Ground {
    pub cluster: Cluster,
    watcher: RefCell<Client>,
}

impl Ground {
    pub fn new() -> Self {
        Self::with(&ClusterOptions::default())
    }

    pub fn with(options: &ClusterOptions) -> Self {
        let cluster = start(options);
        let mut watcher = cluster.connect("postgres").unwrap();
        let setup = "create role app login;
             create table t (id int primary key, n int);
             insert into t select i, 0 from generate_series(1, 10) i;
             grant all on t to app";
        watcher.batch_execute(setup).unwrap();
        let watcher = RefCell::new(watcher);
        Self { cluster, watcher }
    }

    /// A session of this role.
    pub fn client_of(&self, role: &str) -> Client {
        let mut config = postgres::Config::new();
        config.host_path(self.cluster.socket_dir());
        config.port(self.cluster.port()).user(role);
        config.dbname("postgres").connect(NoTls).unwrap()
    }

    pub fn actor(&self, name: &str) -> Actor {
        Actor::new(self.client_of("app"), name)
    }

    /// One that has begun a transaction and done that in it.
    pub fn holder(&self, name: &str, sql: &str) -> Actor {
        let actor = self.actor(name);
        actor.run(&format!("begin; {sql}"));
        actor
    }

    /// One that does that, and must wait.
    pub fn waiter(&self, name: &str, sql: &str) -> Actor {
        let actor = self.actor(name);
        actor.start(sql);
        self.until_waiting(&actor);
        actor
    }

    pub fn until_waiting(&self, actor: &Actor) {
        let waits = "select exists (select from pg_locks where not granted and pid =";
        self.until(
            &format!("{} waits", actor.pid),
            &format!("{waits} {})", actor.pid),
        );
    }

    pub fn until_active(&self, actor: &Actor, query: &str) {
        let is = "select exists (select from pg_stat_activity where state = 'active'";
        let is = format!("{is} and pid = {} and query like '%{query}%')", actor.pid);
        self.until(&format!("{} does {query}", actor.pid), &is);
    }

    pub fn until(&self, what: &str, condition: &str) {
        eventually(what, || self.is(condition));
    }

    pub fn is(&self, condition: &str) -> bool {
        let mut watcher = self.watcher.borrow_mut();
        watcher.query_one(condition, &[]).unwrap().get(0)
    }

    pub fn sql(&self, sql: &str) {
        self.watcher.borrow_mut().batch_execute(sql).unwrap();
    }

    pub fn is_there(&self, pid: i32) -> bool {
        self.is(&format!(
            "select exists (select from pg_stat_activity where pid = {pid})"
        ))
    }

    /// The tool, which connects as superuser.
    pub fn tool(&self, arguments: &[&str]) -> ToolCommand {
        let command = tool("pg-lock-kill").server(&self.cluster);
        command.env("PGDATABASE", "postgres").args(arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.tool(arguments).run()
    }

    /// The record of this session in a listing of all.
    #[track_caller]
    pub fn record_of(&self, pid: i32) -> Value {
        let output = self.run(&["--sessions"]).expect_code(0);
        let mut records = output.json_lines().into_iter();
        records.find(|record| record["pid"] == pid).unwrap()
    }

    /// Gives it records on stdin.
    pub fn given(&self, records: &[Value], arguments: &[&str]) -> Output {
        let lines: Vec<String> = records.iter().map(|record| format!("{record}\n")).collect();
        self.tool(&["-"])
            .args(arguments)
            .stdin(lines.concat())
            .run()
    }
}

/// What became of whom, one word each.
pub fn results(output: &Output) -> Vec<(i64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let records = output.json_lines().into_iter();
    records
        .map(|record| {
            (
                record["pid"].as_i64().unwrap(),
                text(&record["action"]),
                text(&record["result"]),
            )
        })
        .collect()
}

/// Fails unless exactly this became of this one session.
#[track_caller]
pub fn expect_result(output: &Output, pid: i32, action: &str, result: &str) {
    let expected = vec![(i64::from(pid), action.to_string(), result.to_string())];
    assert_eq!(results(output), expected, "{output:?}");
}
