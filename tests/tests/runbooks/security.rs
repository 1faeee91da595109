//! What is found of settings and roles.

use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Database, ToolCommand, start, tool};

use crate::watched::{brief, row, rows};

/// The report, as a superuser asks for it.
pub fn by_superuser(database: &Database, arguments: &[&str]) -> ToolCommand {
    tool("pg-stat-report").database(database).args(arguments)
}

pub fn found(database: &Database, name: &str) -> Vec<(String, String)> {
    let records = by_superuser(database, &["--only", name]).run().json_lines();
    let mut found = brief(&records);
    found.sort();
    found
}

pub fn warning(object: &str) -> (String, String) {
    ("warning".to_string(), object.to_string())
}

pub fn pool_size(database: &Database, instances: &str) -> Value {
    let advice = rows(database, &["advice", "--instances", instances]);
    row(&advice, "setting", "pool_size")["advised"].clone()
}

/// A server whose roles nobody has looked at for years.
pub fn grown() -> Cluster {
    let cluster = start(&ClusterOptions {
        hba: vec![
            "local all all trust".into(),
            "host all all 0.0.0.0/0 md5".into(),
        ],
        settings: vec![("password_encryption".into(), "md5".into())],
        ..ClusterOptions::default()
    });
    let mut client = cluster.connect("postgres").unwrap();
    let roles = "create role watcher login in role pg_monitor;
        create role ann superuser login; create role bob superuser login; create role \"Eve \"\"x\" superuser login;
        create role old login password 's3cret' valid until 'yesterday';
        create role readonly login";
    client.batch_execute(roles).unwrap();
    cluster
}
