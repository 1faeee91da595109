//! A server that logs, and what is made of its log.

use std::fs;
use std::path::PathBuf;
use std::thread;

use postgres::{Client, NoTls};
use serde_json::Value;
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Output, eventually, start, tool};

/// A server that logs everything.
pub struct Logging {
    cluster: Cluster,
    pub folder: PathBuf,
}

impl Logging {
    pub fn new(settings: &[(&str, &str)]) -> Self {
        let usual = [
            ("logging_collector", "on"),
            ("log_directory", "log"),
            ("log_filename", "server.log"),
            ("log_min_messages", "warning"),
            ("log_checkpoints", "on"),
            ("log_connections", "on"),
            ("log_disconnections", "on"),
            ("log_lock_waits", "on"),
            ("deadlock_timeout", "10ms"),
            ("log_temp_files", "0"),
            ("work_mem", "64kB"),
            ("log_timezone", "Europe/Berlin"),
        ];
        let all = usual.iter().chain(settings);
        let cluster = start(&ClusterOptions {
            settings: all
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            hba: vec!["local all walled reject".into()],
            ..ClusterOptions::default()
        });
        let folder: String = value(
            &mut cluster.connect("postgres").unwrap(),
            "show data_directory",
        );
        let folder = PathBuf::from(folder).join("log");
        Self { cluster, folder }
    }

    pub fn client(&self) -> Client {
        self.cluster.connect("postgres").unwrap()
    }

    /// Tries to connect; the server refuses.
    pub fn refused(&self, user: &str, database: &str) {
        let mut config = postgres::Config::new();
        config
            .host_path(self.cluster.socket_dir())
            .port(self.cluster.port());
        assert!(config.user(user).dbname(database).connect(NoTls).is_err());
    }

    /// The log, once that is in it which was logged last.
    pub fn log(&self, suffix: &str) -> Vec<u8> {
        self.client()
            .batch_execute("do $$ begin raise warning 'that was all'; end $$")
            .unwrap();
        let path = self.folder.join("server").with_extension(suffix);
        eventually("the end is logged", || {
            let log = fs::read(&path).unwrap_or_default();
            memory_of(&log, "that was all") && log.ends_with(b"\n")
        });
        fs::read(&path).unwrap()
    }
}

pub fn memory_of(log: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(log).contains(text)
}

pub fn value(client: &mut Client, query: &str) -> String {
    client.query_one(query, &[]).unwrap().get(0)
}

pub fn run(log: impl Into<Vec<u8>>, arguments: &[&str]) -> Output {
    let arguments = [&["logs"], arguments].concat();
    tool("pg-stat-report").args(arguments).stdin(log).run()
}

#[track_caller]
pub fn rows(log: impl Into<Vec<u8>>, arguments: &[&str]) -> Vec<Value> {
    run(log, arguments).expect_code(0).json_lines()
}

#[track_caller]
pub fn of<'a>(rows: &'a [Value], kind: &str, field: &str, wanted: &str) -> &'a Value {
    let found = rows.iter().find(|row| {
        row["kind"] == kind
            && row[field]
                .as_str()
                .is_some_and(|text| text.contains(wanted))
    });
    found.unwrap_or_else(|| panic!("no {kind} with {field} {wanted} in {rows:#?}"))
}

/// Two sessions that wait for each other; one is ended by the server.
pub fn deadlock(server: &Logging) {
    let (mut one, mut other) = (server.client(), server.client());
    one.batch_execute("begin; update fought set a = 1 where id = 1")
        .unwrap();
    other
        .batch_execute("begin; update fought set a = 1 where id = 2")
        .unwrap();
    let pid = value(&mut one, "select pg_backend_pid()::text");
    let waits = thread::spawn(move || {
        let met = one.batch_execute("update fought set a = 2 where id = 2");
        let _ = one.batch_execute("rollback");
        met.is_err()
    });
    let mut watch = server.client();
    let query = format!("select count(*)::text from pg_locks where pid = {pid} and not granted");
    eventually("the first waits", || value(&mut watch, &query) == "1");
    let met = other.batch_execute("delete from fought where id = 1");
    let _ = other.batch_execute("rollback");
    assert!(met.is_err() ^ waits.join().unwrap());
}

/// A session that waits for a lock until the server has said so, and then has it.
pub fn wait_for_lock(server: &Logging) {
    let mut holder = server.client();
    holder.batch_execute("begin; lock table held").unwrap();
    let mut waiter = server.client();
    let pid = value(&mut waiter, "select pg_backend_pid()::text");
    let waits = thread::spawn(move || waiter.batch_execute("insert into held values (1)").unwrap());
    let said = format!("process {pid} still waiting for RowExclusiveLock");
    let path = server.folder.join("server.log");
    eventually("the server says that somebody waits", || {
        memory_of(&fs::read(&path).unwrap_or_default(), &said)
    });
    holder.batch_execute("commit").unwrap();
    waits.join().unwrap();
}

/// One of everything that is logged.
pub fn live(server: &Logging) {
    let mut client = server.client();
    client.batch_execute("create table fought (id int primary key, a int); insert into fought values (1, 0), (2, 0)").unwrap();
    client.batch_execute("create table held (a int)").unwrap();
    client
        .batch_execute("create role walled login; create role locked")
        .unwrap();
    for number in 1..=3 {
        client.batch_execute(&format!("select {number}, -- why\n 'it''s ' \n\t|| \"relname\" from pg_class where oid in ({number}, 7)")).unwrap();
    }
    for number in 1..=2_i32 {
        client.query("select $1::int4 + 1", &[&number]).unwrap();
    }
    for table in ["nowhere", "nobody"] {
        client
            .batch_execute(&format!("select * from {table}"))
            .unwrap_err();
    }
    client
        .batch_execute("select 1 / 0,\n'\n\tERROR:  no error'")
        .unwrap_err();
    client
        .batch_execute("create role secret login password 'hunter2'")
        .unwrap();
    client
        .batch_execute(
            "select count(*) from (select * from generate_series(1, 50000) g order by g desc) s",
        )
        .unwrap();
    client.batch_execute("checkpoint").unwrap();
    server.refused("walled", "postgres");
    server.refused("locked", "postgres");
    server.refused("postgres", "no such database");
    deadlock(server);
    wait_for_lock(server);
}

/// Has the server write every format that it knows; how its files end.
pub fn formats(server: &Logging) -> &'static [(&'static str, &'static str)] {
    const FORMATS: [(&str, &str); 3] = [("stderr", "log"), ("csvlog", "csv"), ("jsonlog", "json")];
    let known = match server.cluster.version().major {
        ..15 => &FORMATS[..2],
        _ => &FORMATS[..],
    };
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let mut client = server.client();
    client
        .batch_execute(&format!(
            "alter system set log_destination = '{}'",
            names.join(",")
        ))
        .unwrap();
    client.batch_execute("select pg_reload_conf()").unwrap();
    let suffixes = known.iter().map(|(_, suffix)| format!("server.{suffix}"));
    let files: Vec<PathBuf> = suffixes.map(|name| server.folder.join(name)).collect();
    eventually("all formats are written", || {
        files.iter().all(|file| file.exists())
    });
    known
}
