//! What a server is asked, by whom, and that it is never in anybody's way.

use std::fs;

use shared::cluster::ClusterOptions;
use tests::{Database, start, tool};

use crate::ground::{database, lint, number, of, record, until, value};

const INDEX: &str = "CREATE INDEX i ON t (a);";

#[test]
fn a_role_without_rights_sees_what_everybody_does() {
    let database = database(
        "create table t (a int); insert into t select generate_series(1, 50); analyze t;
         create schema closed; create table closed.u (a int); insert into closed.u values (1); analyze closed.u",
    );
    let role = format!("nobody_{}", database.name());
    database.sql(&format!("create role {role} login"));
    let conninfo = database.conninfo().replace(
        &format!("user={}", database.cluster().superuser()),
        &format!("user={role}"),
    );
    let sql = "CREATE INDEX i ON t (a); CREATE INDEX j ON u (a); CREATE INDEX k ON closed.u (a);";
    let output = tool("pg-migrate-lint")
        .args(["-d", &conninfo, "--rule", "locks", "-"])
        .stdin(sql)
        .run();
    let records = output.expect_code(1).json_lines();
    assert_eq!(number(&records[0], "rows"), 50.0);
    // Whether there is one in a schema that it may not look into is not for it to find by its name alone.
    assert_eq!(records[1]["rows"], serde_json::Value::Null);
    let said = records[1]["message"].as_str().unwrap();
    assert!(
        said.contains("u is not in the search path, but in closed"),
        "{said}"
    );
    assert_eq!(number(&records[2], "rows"), 1.0);
    database.sql(&format!("drop role {role}"));
}

#[test]
fn a_table_that_is_locked_is_not_waited_for() {
    let database = database(
        "create table t (a int); insert into t select generate_series(1, 50); analyze t;
         create table u (a int); create index ui on u (a); insert into u select generate_series(1, 60); analyze u;
         create table v (a int); insert into v select generate_series(1, 70); analyze v",
    );
    let mut client = database.client();
    let mut holding = client.transaction().unwrap();
    holding
        .batch_execute("lock table t in access exclusive mode; reindex index ui")
        .unwrap();
    let sql = "CREATE INDEX i ON t (a); CREATE INDEX j ON u (a); CREATE INDEX k ON v (a);";
    let records = of(&database, sql, &["--small-table", "60"]).json_lines();
    assert_eq!(number(&records[0], "rows"), 50.0);
    assert_eq!(number(&records[1], "rows"), 60.0);
    for record in &records[..2] {
        assert_eq!(record["bytes"], serde_json::Value::Null, "{record}");
        assert_eq!(
            record["estimated_seconds"],
            serde_json::Value::Null,
            "{record}"
        );
    }
    assert_eq!(records[0]["severity"], "info");
    assert!(number(&records[2], "bytes") > 0.0);
    holding.rollback().unwrap();
}

#[test]
fn one_statement_asks_for_all() {
    let settings = [("logging_collector", "on"), ("log_statement", "all")];
    let settings = settings.map(|(name, value)| (name.to_string(), value.to_string()));
    let cluster = start(&ClusterOptions {
        settings: settings.to_vec(),
        ..ClusterOptions::default()
    });
    let database = Database::on(&cluster);
    let tables = (0..300).map(|n| format!("create table t{n} (a int);"));
    database.sql(&tables.collect::<String>());
    let folder = tempfile::tempdir().unwrap();
    for n in 0..300 {
        let sql = format!("CREATE INDEX i{n} ON t{n} (a);\n");
        fs::write(folder.path().join(format!("{n:04}_i.sql")), sql).unwrap();
    }
    let output = lint(&database, &[]).arg(folder.path()).run();
    let records = output.expect_code(1).json_lines();
    let empty = records.iter().filter(|record| record["rows"] == 0);
    assert_eq!(empty.count(), 300);
    database.sql("select 'behind' || 'it'");
    let log = "pg_read_file(pg_current_logfile()) log";
    until(
        &database,
        &format!("select count(*) from {log} where log ~ 'behind. .. .it'"),
    );
    let asked = format!(
        "select count(*) from {log}, regexp_matches(log, '-- How [g]reat the tables', 'g')"
    );
    assert_eq!(value(&database, &asked), 1.0);
}

#[test]
fn a_standby_counts_no_writes() {
    let primary = tests::primary();
    let database = Database::on(&primary);
    database.sql("create table t (a int); insert into t select generate_series(1, 40); analyze t");
    let standby = tests::Standby::of(&primary, &[]);
    standby.catch_up(&database);
    let conninfo = standby.conninfo(&database);
    standby.sql(database.name(), "select pg_stat_reset()");
    let output = tool("pg-migrate-lint")
        .args(["-d", &conninfo, "--rule", "locks", "-"])
        .stdin(INDEX)
        .run();
    let record = record(&output.expect_code(1), "index-not-concurrent");
    assert_eq!(number(&record, "rows"), 40.0);
    assert_eq!(record["writes_per_second"], serde_json::Value::Null);
}

#[test]
fn the_version_is_the_servers_unless_another_is_said() {
    let database = database("create table t (a int)");
    let major = database.cluster().version().major;
    let sql = "ALTER TABLE t ADD COLUMN b int GENERATED ALWAYS AS (a + 1) VIRTUAL;";
    let is_new = |words: &[&str]| {
        let output = of(&database, sql, words);
        let records = output.json_lines();
        records
            .iter()
            .any(|record| record["rule"] == "newer-than-server")
    };
    assert_eq!(is_new(&[]), major < 18);
    assert!(is_new(&["--pg-version", "17"]));
    assert!(!is_new(&["--pg-version", "18"]));
}

#[test]
fn what_needs_a_server_is_refused_without_one() {
    for words in [["--small-table", "100"], ["--rate", "scan=1GB"]] {
        let output = tool("pg-migrate-lint")
            .args(words)
            .arg("-")
            .stdin(INDEX)
            .run();
        output
            .expect_code(2)
            .expect_no_output()
            .expect_error(&format!("{} needs -d", words[0]));
    }
    for (rate, said) in [
        ("scan", "there is no such rate"),
        ("speed=3", "there is no such rate"),
        ("scan=0", "nothing would ever end"),
        ("scan=1", "scan is in bytes a second"),
        ("index=1MB", "index is in rows a second"),
        ("scan=1GB,,index=2M", "nothing stands between two commas"),
    ] {
        let output = tool("pg-migrate-lint")
            .args(["-d", "app", "--rate", rate, "-"])
            .stdin(INDEX)
            .run();
        output.expect_code(2).expect_no_output().expect_error(said);
    }
    // What the environment names is for those who ask for a server.
    let output = tool("pg-migrate-lint")
        .env("PGHOST", "/nowhere")
        .args(["--rule", "locks", "-"])
        .stdin(INDEX)
        .run();
    output.expect_code(1);
    let output = tool("pg-migrate-lint")
        .args(["-h", "/nowhere", "-d", "app", "-"])
        .stdin(INDEX)
        .run();
    output
        .expect_code(2)
        .expect_no_output()
        .expect_error("/nowhere");
}
