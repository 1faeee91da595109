//! A server of the test's own, because whoever ends sessions must not meet those of other tests.

use std::ops::Deref;

use postgres::{Client, Config, NoTls};
use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Output, ToolCommand, start, tool};

use crate::stage::Company;

/// A server with a table `t` of ten rows, and an application whose role is `app`.
pub struct Ground {
    pub cluster: Cluster,
    company: Company<'static>,
}

impl Deref for Ground {
    type Target = Company<'static>;

    fn deref(&self) -> &Self::Target {
        &self.company
    }
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
        let app = config_of(&cluster, "app");
        let company = Company::new(watcher, move || app.connect(NoTls).unwrap());
        Self { cluster, company }
    }

    /// A session of this role.
    pub fn client_of(&self, role: &str) -> Client {
        config_of(&self.cluster, role).connect(NoTls).unwrap()
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

fn config_of(cluster: &Cluster, role: &str) -> Config {
    let mut config = Config::new();
    config.host_path(cluster.socket_dir()).port(cluster.port());
    config.user(role).dbname("postgres");
    config
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
