//! What a server's log tells: logs that a real server wrote, in every format.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::thread;

use flate2::write::GzEncoder;
use postgres::{Client, NoTls};
use serde_json::{Value, json};
use shared::cluster::{Cluster, ClusterOptions};
use tests::{Output, eventually, start, tool};

/// A server that logs everything.
struct Logging {
    cluster: Cluster,
    folder: PathBuf,
}

impl Logging {
    fn new(settings: &[(&str, &str)]) -> Self {
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

    fn client(&self) -> Client {
        self.cluster.connect("postgres").unwrap()
    }

    /// Tries to connect; the server refuses.
    fn refused(&self, user: &str, database: &str) {
        let mut config = postgres::Config::new();
        config
            .host_path(self.cluster.socket_dir())
            .port(self.cluster.port());
        assert!(config.user(user).dbname(database).connect(NoTls).is_err());
    }

    /// The log, once that is in it which was logged last.
    fn log(&self, suffix: &str) -> Vec<u8> {
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

fn memory_of(log: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(log).contains(text)
}

fn value(client: &mut Client, query: &str) -> String {
    client.query_one(query, &[]).unwrap().get(0)
}

fn run(log: impl Into<Vec<u8>>, arguments: &[&str]) -> Output {
    let arguments = [&["logs"], arguments].concat();
    tool("pg-stat-report").args(arguments).stdin(log).run()
}

#[track_caller]
fn rows(log: impl Into<Vec<u8>>, arguments: &[&str]) -> Vec<Value> {
    run(log, arguments).expect_code(0).json_lines()
}

#[track_caller]
fn of<'a>(rows: &'a [Value], kind: &str, field: &str, wanted: &str) -> &'a Value {
    let found = rows.iter().find(|row| {
        row["kind"] == kind
            && row[field]
                .as_str()
                .is_some_and(|text| text.contains(wanted))
    });
    found.unwrap_or_else(|| panic!("no {kind} with {field} {wanted} in {rows:#?}"))
}

/// Two sessions that wait for each other; one is ended by the server.
fn deadlock(server: &Logging) {
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
fn wait_for_lock(server: &Logging) {
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
fn live(server: &Logging) {
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
fn formats(server: &Logging) -> &'static [(&'static str, &'static str)] {
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

#[test]
fn the_log_is_told_in_every_format() {
    let server = Logging::new(&[
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        ("log_min_duration_statement", "0"),
        ("log_autovacuum_min_duration", "0"),
        ("autovacuum", "off"),
    ]);
    let formats = formats(&server);
    live(&server);
    let logs: Vec<_> = formats
        .iter()
        .map(|(format, suffix)| (*format, server.log(suffix)))
        .collect();
    for (format, log) in &logs {
        let rows = rows(log.clone(), &[]);
        assert_eq!(rows[0]["kind"], "log");
        assert_eq!(rows[0]["name"], *format);
        check_statements(&rows);
        check_troubles(&rows, *format != "stderr");
        check_upkeep(&rows);
    }
}

#[track_caller]
fn check_statements(rows: &[Value]) {
    let row = of(rows, "statement", "text", "from pg_class");
    assert_eq!(
        row["text"],
        "select ?, ? || \"relname\" from pg_class where oid in (?)"
    );
    assert_eq!(
        (&row["count"], &row["timed"], &row["name"]),
        (&json!(3), &json!(3), &json!("execute"))
    );
    let number = |field: &str| row[field].as_f64().unwrap();
    assert!(
        number("min_ms") <= number("mean_ms") && number("mean_ms") <= number("max_ms"),
        "{row}"
    );
    assert!(
        (number("total_ms") - number("mean_ms") * 3.0).abs() < 0.01,
        "{row}"
    );
    assert_eq!(
        (&row["user"], &row["database"]),
        (&json!("postgres"), &json!("postgres"))
    );
    assert_eq!(row["fingerprint"].as_str().unwrap().len(), 16, "{row}");
    let row = of(rows, "statement", "text", "::int4 + ?");
    assert_eq!(row["count"], 2);
    assert!(
        row["detail"].as_str().unwrap().starts_with("$1 = '"),
        "{row}"
    );
    let row = of(rows, "preparation", "text", "::int4 + ?");
    assert!(
        ["parse", "bind"].contains(&row["name"].as_str().unwrap()),
        "{row}"
    );
    let row = of(rows, "statement", "text", "create role secret");
    assert!(!row.to_string().contains("hunter2"), "{row}");
}

#[track_caller]
fn check_troubles(rows: &[Value], has_sqlstate: bool) {
    let row = of(rows, "error", "text", "relation \"...\" does not exist");
    assert_eq!(
        (&row["count"], &row["severity"]),
        (&json!(2), &json!("ERROR"))
    );
    assert_eq!(
        row["sqlstate"],
        if has_sqlstate {
            json!("42P01")
        } else {
            Value::Null
        }
    );
    assert_eq!(row["detail"], "select * from nowhere");
    assert!(
        rows.iter()
            .all(|row| row["kind"] != "error" || row["text"] != "no error'")
    );
    assert_eq!(of(rows, "error", "text", "division by zero")["count"], 1);
    let row = of(rows, "warning", "text", "that was all");
    assert_eq!(row["severity"], "WARNING");
    let row = of(rows, "failed_connections", "message", "connections");
    assert_eq!(row["count"], 3);
    let received = of(rows, "connection", "name", "received")["count"]
        .as_f64()
        .unwrap();
    assert!(
        (row["ratio"].as_f64().unwrap() - 3.0 / received).abs() < 1e-5,
        "{row}"
    );
    for reason in [
        "rejected by pg_hba.conf",
        "role may not log in",
        "database does not exist",
    ] {
        assert_eq!(of(rows, "failed_connection", "name", reason)["count"], 1);
    }
    let row = of(rows, "deadlock", "text", "fought");
    assert_eq!(row["count"], 1);
    assert!(
        row["text"]
            .as_str()
            .unwrap()
            .contains("delete from fought where id = ?"),
        "{row}"
    );
    assert!(
        row["text"]
            .as_str()
            .unwrap()
            .contains("update fought set a = ? where id = ?"),
        "{row}"
    );
    let row = of(rows, "lock_wait", "name", "RowExclusiveLock on relation");
    assert_eq!((&row["count"], &row["timed"]), (&json!(1), &json!(1)));
    assert_eq!(row["text"], "insert into held values (?)");
    assert!(row["max_ms"].as_f64().unwrap() >= 10.0, "{row}");
}

#[track_caller]
fn check_upkeep(rows: &[Value]) {
    let row = of(rows, "temp_file", "text", "order by g desc");
    assert!(row["bytes"].as_u64().unwrap() >= 50_000 * 4, "{row}");
    let row = of(rows, "checkpoint", "name", "immediate force wait");
    assert_eq!(row["count"], 1);
    assert!(
        row["message"].as_str().unwrap().contains("buffers "),
        "{row}"
    );
    assert!(
        of(rows, "connection", "name", "session")["max_ms"]
            .as_f64()
            .unwrap()
            > 0.0
    );
    let unseen: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "unseen")
        .map(|row| &row["name"])
        .collect();
    assert_eq!(unseen, ["autovacuum"]);
    assert!(rows.iter().all(|row| row["kind"] != "skipped"), "{rows:#?}");
    let at = rows[0]["last_at"].as_str().unwrap();
    let at = shared::time::parse(at).unwrap();
    let ago = (shared::time::now() - at).whole_seconds();
    // The log is in Berlin's time.
    assert!((-60..1800).contains(&ago), "{ago}");
}

#[test]
fn durations_that_are_logged_apart_belong_to_their_statements() {
    let server = Logging::new(&[
        ("log_statement", "all"),
        ("log_duration", "on"),
        ("log_line_prefix", "%t %u@%d [%p] "),
    ]);
    let mut client = server.client();
    for _ in 0..3 {
        client.batch_execute("select 'simple'").unwrap();
        client.query("select upper($1)", &[&"extended"]).unwrap();
    }
    client.batch_execute("select 1 / 0").unwrap_err();
    let rows = rows(server.log("log"), &[]);
    let row = of(&rows, "statement", "text", "select upper(?)");
    assert_eq!((&row["count"], &row["timed"]), (&json!(3), &json!(3)));
    let row = of(&rows, "statement", "text", "select ?");
    assert_eq!((&row["count"], &row["timed"]), (&json!(3), &json!(3)));
    let row = of(&rows, "statement", "text", "select ? / ?");
    assert_eq!((&row["count"], &row["timed"]), (&json!(1), &Value::Null));
    // Parsing and binding say nothing but how long they took.
    assert!(
        of(&rows, "statement", "name", "not logged")["count"]
            .as_u64()
            .unwrap()
            >= 6
    );
}

#[test]
fn what_autovacuum_did_is_told_by_table() {
    let server = Logging::new(&[
        ("autovacuum", "on"),
        ("log_autovacuum_min_duration", "0"),
        ("autovacuum_naptime", "1s"),
        ("autovacuum_vacuum_threshold", "5"),
    ]);
    server
        .client()
        .batch_execute(
            "create table churned as select g from generate_series(1, 100) g; delete from churned",
        )
        .unwrap();
    eventually("churned is vacuumed", || {
        memory_of(
            &fs::read(server.folder.join("server.log")).unwrap_or_default(),
            "vacuum of table \"postgres.public.churned\"",
        )
    });
    let rows = rows(server.log("log"), &[]);
    let row = of(&rows, "autovacuum", "name", "postgres.public.churned");
    let is_vacuum =
        |row: &&Value| row["name"] == "postgres.public.churned" && row["text"] == "vacuum";
    let vacuum = rows.iter().find(is_vacuum).unwrap();
    assert!(
        vacuum["message"]
            .as_str()
            .unwrap()
            .contains("tuples_removed 100"),
        "{vacuum} {row}"
    );
}

#[test]
fn a_prefix_that_changes_loses_nothing() {
    let server = Logging::new(&[("log_min_duration_statement", "0")]);
    let prefixes = [
        "%m [%p] ",
        "%t [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
        "node 7 | %n | %c | %a | %e ",
        "",
    ];
    for prefix in prefixes {
        let mut client = server.client();
        client
            .batch_execute(&format!("alter system set log_line_prefix = '{prefix}'"))
            .unwrap();
        client.batch_execute("select pg_reload_conf()").unwrap();
        eventually("the prefix is another", || {
            value(&mut server.client(), "show log_line_prefix") == prefix
        });
        server
            .client()
            .batch_execute("select 'one\n\tof four'")
            .unwrap();
    }
    let rows = rows(server.log("log"), &[]);
    assert_eq!(
        of(&rows, "statement", "example", "one\n\tof four")["count"],
        4
    );
    assert!(rows.iter().all(|row| row["kind"] != "skipped"), "{rows:#?}");
}

#[test]
fn a_prefix_that_is_given_is_gone_by() {
    let log = "<7> joe@x [shop] 42501 2026-11-21 02:46:16 CET LOG:  duration: 12.5 ms  statement: select 1\n";
    let prefix = "<%p> %u [%d] %e %t ";
    let rows = rows(log, &["--log-line-prefix", prefix]);
    let row = of(&rows, "statement", "text", "select ?");
    assert_eq!(
        (&row["user"], &row["database"]),
        (&json!("joe@x"), &json!("shop"))
    );
    assert_eq!(row["last_at"], "2026-11-21T01:46:16Z");
    run(log, &["--log-line-prefix", "%z"])
        .expect_code(2)
        .expect_error("%z");
}

#[test]
fn garbage_is_passed_over_and_counted() {
    let entry = "2026-11-21 02:46:16 UTC [7] LOG:  duration: 1 ms  statement: select 1\n";
    let mut log = b"cp: cannot stat 'x'\n\xff\xfe\0\n\torphan\n".to_vec();
    log.extend(entry.repeat(3).bytes());
    log.extend(b"sh: 1: not found\n\tlost\n\n");
    log.extend(entry.bytes());
    let rows = rows(log, &[]);
    assert_eq!(of(&rows, "statement", "text", "select ?")["count"], 4);
    let row = of(&rows, "skipped", "example", "cp: cannot stat 'x'");
    assert_eq!(row["count"], 6);
}

#[test]
fn a_broken_record_of_csvlog_costs_itself_alone() {
    let record = |text: &str| {
        format!(
            "2026-11-21 02:46:16.890 UTC,\"joe\",\"shop\",7,\"[local]\",6b01.7d8f,1,\"SELECT\",2026-11-21 02:46:16 UTC,3/4,0,LOG,00000,\"duration: 1.000 ms  statement: {text}\",,,,,,,,,\"psql\",\"client backend\",,0\n"
        )
    };
    let whole = record("select \"\"a\"\"\n from b");
    let broken = &whole[..whole.len() / 2 + 60];
    let log = format!("{whole}{broken}\n{whole}garbage, \"\n{whole}{broken}");
    let rows = rows(log, &[]);
    assert_eq!(
        of(&rows, "statement", "text", "select \"a\" from b")["count"],
        3
    );
    assert_eq!(rows[0]["count"], 3);
    assert!(
        of(&rows, "skipped", "message", "lines")["count"]
            .as_u64()
            .unwrap()
            >= 3
    );
}

#[test]
fn logs_are_unpacked() {
    let log = "2026-11-21 02:46:16 UTC [7] ERROR:  no\n";
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(log.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    // logrotate's files one behind the other.
    let rows = rows([packed.clone(), packed.clone()].concat(), &[]);
    assert_eq!(of(&rows, "error", "text", "no")["count"], 2);
    run(&packed[..packed.len() - 9], &[])
        .expect_code(2)
        .expect_error("the log could not be read");
}

#[test]
fn what_is_no_log_is_not_called_well() {
    run("select 1;\nselect 2;\n", &[])
        .expect_code(2)
        .expect_error("not one entry");
    let rows = rows("", &[]);
    assert_eq!(
        (&rows[0]["kind"], &rows[0]["count"]),
        (&json!("log"), &json!(0))
    );
    let failed = of(
        &rows,
        "failed_connections",
        "message",
        "log_connections may be off",
    );
    assert_eq!(failed["ratio"], Value::Null);
    assert_eq!(rows.iter().filter(|row| row["kind"] == "unseen").count(), 6);
}

#[test]
fn what_is_the_same_to_the_server_is_counted_together() {
    let line =
        |sql: &str| format!("2026-11-21 02:46:16 UTC [7] LOG:  duration: 1 ms  statement: {sql}\n");
    let same = [
        "select a from t where b = 1",
        "SELECT \"a\" FROM t WHERE (b = 'x')",
    ];
    let log = same.map(line).concat() + &line("select b from t") + &line("selec 1");
    let rows = rows(log, &[]);
    let row = of(&rows, "statement", "text", "select a from t where b = ?");
    assert_eq!(row["count"], 2);
    assert_eq!(
        of(&rows, "statement", "text", "select b from t")["count"],
        1
    );
    assert_eq!(
        of(&rows, "statement", "text", "selec ?")["fingerprint"],
        Value::Null
    );
}

#[test]
fn of_each_kind_there_are_as_many_as_are_asked_for() {
    let line = |number: usize, text: &str| {
        format!("2026-11-21 02:46:16 UTC [7] LOG:  duration: {number} ms  statement: {text}\n")
    };
    let log: String = (1..=9)
        .map(|number| line(number, &format!("select c{number}")))
        .collect();
    let log = log + "2026-11-21 02:46:16 UTC [7] ERROR:  no\n";
    let rows = rows(log, &["-", "--limit", "2"]);
    let texts: Vec<&Value> = rows
        .iter()
        .filter(|row| row["kind"] == "statement")
        .map(|row| &row["text"])
        .collect();
    assert_eq!(texts, ["select c9", "select c8"]);
    assert_eq!(of(&rows, "error", "text", "no")["count"], 1);
}
