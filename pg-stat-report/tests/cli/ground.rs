//! Servers to look at, and what is said of them.

use std::collections::BTreeSet;

use postgres::{Client, NoTls};
use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, cluster, program, start, tool};

/// A server of the test's own, with a role that may monitor and one that may nothing.
pub struct Ground {
    pub cluster: Cluster,
}

impl Ground {
    pub fn new() -> Self {
        Self::with(&[])
    }

    pub fn with(settings: &[(&str, &str)]) -> Self {
        let owned = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let cluster = start(&ClusterOptions {
            settings: owned.collect(),
            ..ClusterOptions::default()
        });
        let ground = Self { cluster };
        ground.sql("create role watcher login in role pg_monitor; create role nobody login; create role app login");
        ground
    }

    pub fn major(&self) -> u32 {
        self.cluster.version().major
    }

    pub fn client(&self) -> Client {
        self.cluster.connect("postgres").unwrap()
    }

    pub fn client_of(&self, role: &str) -> Client {
        let mut config = postgres::Config::new();
        config
            .host_path(self.cluster.socket_dir())
            .port(self.cluster.port());
        config.user(role).dbname("postgres").connect(NoTls).unwrap()
    }

    pub fn sql(&self, statements: &str) {
        self.client().batch_execute(statements).unwrap();
    }

    pub fn value(&self, query: &str) -> String {
        self.client().query_one(query, &[]).unwrap().get(0)
    }

    pub fn tool(&self, arguments: &[&str]) -> ToolCommand {
        let command = tool("pg-stat-report").server(&self.cluster);
        patient(command.env("PGDATABASE", "postgres"), arguments)
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.tool(arguments).run()
    }

    pub fn run_as(&self, role: &str, arguments: &[&str]) -> Output {
        self.tool(arguments).env("PGUSER", role).run()
    }

    /// The rows of a section.
    #[track_caller]
    pub fn rows(&self, section: &str) -> Vec<Value> {
        self.run(&[section]).expect_code(0).json_lines()
    }

    /// The records of one check.
    #[track_caller]
    pub fn check(&self, check: &str, more: &[&str]) -> Vec<Value> {
        self.check_as("postgres", check, more)
    }

    #[track_caller]
    pub fn check_as(&self, role: &str, check: &str, more: &[&str]) -> Vec<Value> {
        let arguments = [&["--only", check], more].concat();
        let output = self.run_as(role, &arguments);
        let records = output.json_lines();
        let worst = records
            .iter()
            .map(|record| record["status"].as_str().unwrap());
        let code = match (
            worst.clone().any(|status| status == "critical"),
            worst.clone().any(|status| status == "unknown"),
        ) {
            (true, _) => 1,
            (false, true) => 2,
            (false, false) => 0,
        };
        assert!(!records.is_empty(), "{output:?}");
        output.expect_code(code);
        records
    }

    /// A check finds the same in the rows that it is given as in all, which an earlier report needs.
    #[track_caller]
    pub fn expect_same_in_all_rows(&self, check: &str, more: &[&str]) {
        let all = [more, &["--baseline", "/dev/null"]].concat();
        assert_eq!(self.statuses(check, more), self.statuses(check, &all));
    }

    /// Status and object of each record of a check.
    #[track_caller]
    pub fn statuses(&self, check: &str, more: &[&str]) -> Vec<(String, String)> {
        statuses(&self.check(check, more))
    }
}

/// Status and object of each record.
pub fn statuses(records: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let records = records.iter();
    records
        .map(|record| (text(&record["status"]), text(&record["object"])))
        .collect()
}

/// One status, of the server as such.
pub fn alone(status: &str) -> Vec<(String, String)> {
    of(status, "")
}

/// One status, of this object.
pub fn of(status: &str, object: &str) -> Vec<(String, String)> {
    vec![(status.to_string(), object.to_string())]
}

/// A command that looks at this database.
pub fn asked(database: &Database, arguments: &[&str]) -> ToolCommand {
    patient(tool("pg-stat-report").database(database), arguments)
}

/// What the machine is too busy for in the usual time is not what most tests are about.
fn patient(command: ToolCommand, arguments: &[&str]) -> ToolCommand {
    let command = match arguments.contains(&"--timeout") {
        true => command,
        false => command.args(["--timeout", "2m"]),
    };
    command.args(arguments)
}

/// What a check finds, as `status object`.
#[track_caller]
pub fn found(database: &Database, check: &str, more: &[&str]) -> BTreeSet<String> {
    let arguments = [&["--only", check], more].concat();
    let records = asked(database, &arguments).run().json_lines();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    records
        .iter()
        .map(|record| {
            format!("{} {}", text(&record["status"]), text(&record["object"]))
                .trim_end()
                .to_string()
        })
        .collect()
}

/// So many lines of [`found`].
pub fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| name.to_string()).collect()
}

/// The remedies of these checks, as a person pipes them: all of one look.
pub fn follow(database: &Database, checks: &str, more: &[&str]) {
    let words = [&["--only", checks], more].concat();
    let looked = asked(database, &words).run();
    let remedies = looked.json_lines();
    let remedies = remedies
        .iter()
        .filter_map(|record| record["remedy"].as_str());
    let script: String = remedies.map(|remedy| format!("{remedy}\n")).collect();
    let psql = program("psql").server(database.cluster());
    let psql = psql.env("PGDATABASE", database.name());
    let psql = psql.args(["-X", "-q", "-v", "ON_ERROR_STOP=1"]);
    psql.stdin(script).run().expect_code(0);
}

/// Of the server that all tests of this process share.
pub fn major() -> u32 {
    cluster().version().major
}
