//! A server that is watched by a role that may do nothing else.

use std::sync::OnceLock;

use postgres::{Client, NoTls};
use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, Output, ToolCommand, start, tool};

/// The least role with which nothing is hidden.
const WATCHER: &str = "create role watcher login in role pg_monitor; create role app login";

/// The server of those rows that look at a database only. It counts statements.
pub fn server() -> &'static Cluster {
    static SERVER: OnceLock<Cluster> = OnceLock::new();
    SERVER.get_or_init(|| with(&[("shared_preload_libraries", "pg_stat_statements")]))
}

/// A server of the row's own, with these settings.
pub fn with(settings: &[(&str, &str)]) -> Cluster {
    let settings = settings.iter();
    let settings = settings.map(|(name, value)| ((*name).to_string(), (*value).to_string()));
    let cluster = start(&ClusterOptions {
        settings: settings.collect(),
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    client.batch_execute(WATCHER).unwrap();
    cluster
}

/// A database on the server that counts statements.
pub fn database() -> Database<'static> {
    let database = Database::on(server());
    database.sql("create extension pg_stat_statements");
    database
}

/// The report, as the watcher asks for it.
pub fn report(database: &Database, arguments: &[&str]) -> ToolCommand {
    let command = tool("pg-stat-report").database(database);
    command.env("PGUSER", "watcher").args(arguments)
}

/// The rows of sections, or the records of checks.
#[track_caller]
pub fn rows(database: &Database, arguments: &[&str]) -> Vec<Value> {
    report(database, arguments)
        .run()
        .expect_code(0)
        .json_lines()
}

/// The records of one check, with whatever status the run ends.
pub fn check(database: &Database, name: &str, more: &[&str]) -> Vec<Value> {
    let arguments = [&["--only", name], more].concat();
    report(database, &arguments).run().json_lines()
}

/// Status and object of each record.
pub fn brief(records: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let records = records.iter();
    records
        .map(|record| (text(&record["status"]), text(&record["object"])))
        .collect()
}

/// The row that has this text in this field.
#[track_caller]
pub fn row<'a>(rows: &'a [Value], field: &str, text: &str) -> &'a Value {
    let found = rows.iter().find(|row| row[field] == text);
    found.unwrap_or_else(|| panic!("no {field} {text:?} in {rows:#?}"))
}

/// What a pipeline of the shell prints, `$d` being the database, and the watcher who asks.
#[track_caller]
pub fn shell(database: &Database, line: &str) -> Output {
    let tools = tests::binary("pg-stat-report");
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", tools.parent().unwrap().display());
    let command = tests::program("sh").args(["-c", line]);
    let command = command.env("PATH", path).env("d", database.name());
    command.database(database).run()
}

/// A session of this role, which calls itself so.
pub fn session(database: &Database, role: &str, name: &str) -> Client {
    try_session(database, role, name).unwrap()
}

/// The same, or why not.
pub fn try_session(database: &Database, role: &str, name: &str) -> Result<Client, postgres::Error> {
    let cluster = database.cluster();
    let mut config = postgres::Config::new();
    config.host_path(cluster.socket_dir()).port(cluster.port());
    config.user(role).dbname(database.name());
    config.application_name(name).connect(NoTls)
}
