//! Several servers, and several databases.

use std::sync::OnceLock;

use serde_json::{Value, json};
use tests::{eventually, program, tool};

use crate::ground::{Ground, alone, of};

#[test]
fn several_servers_at_once() {
    let grounds = [Ground::new(), Ground::new()];
    let places: Vec<String> = grounds
        .iter()
        .map(|ground| {
            format!(
                "host={} user=postgres dbname=postgres",
                ground.cluster.socket_dir().display()
            )
        })
        .collect();
    let both = ["-d", &places[0], "-d", &places[1]];
    let output = tool("pg-stat-report")
        .args(both)
        .args(["--only", "wraparound"])
        .run()
        .expect_code(0);
    let targets: Vec<Value> = output
        .json_lines()
        .iter()
        .map(|record| record["target"].clone())
        .collect();
    assert_eq!(targets.len(), 2);
    assert_ne!(targets[0], targets[1]);
    let third = "host=/nonexistent dbname=postgres";
    let output = tool("pg-stat-report")
        .args(both)
        .args(["-d", third, "--only", "wraparound"])
        .run()
        .expect_code(2);
    // The one that is lost has a record of its own, and is said on stderr, too.
    let records = output.json_lines();
    assert_eq!(records.len(), 3);
    let lost = [
        &records[0]["check"],
        &records[0]["status"],
        &records[0]["target"],
    ];
    assert_eq!(lost, ["connect", "critical", "/nonexistent:5432"]);
    output.expect_error("/nonexistent");
    let skipped = ["-d", third, "--skip", "connect"];
    let output = tool("pg-stat-report").args(skipped).run().expect_code(2);
    output.expect_no_output();
}

#[test]
fn databases_that_nobody_is_in_count() {
    let ground = Ground::new();
    for name in ["\"a \"\"b\"", "shop"] {
        ground.sql(&format!("create database {name}"));
    }
    ground.sql("create database closed");
    ground.sql("update pg_database set datallowconn = false where datname = 'closed'");
    let rows = ground.rows("wraparound");
    let mut names: Vec<&str> = rows
        .iter()
        .map(|row| row["database"].as_str().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "a \"b",
            "closed",
            "postgres",
            "shop",
            "template0",
            "template1"
        ]
    );
    let closed = ["--crit", "wraparound:closed=0"];
    assert_eq!(
        ground.statuses("wraparound", &closed),
        of("critical", "closed")
    );
}

fn place(ground: &Ground, database: &str) -> String {
    let folder = ground.cluster.socket_dir().display().to_string();
    let database = database.replace('\\', r"\\").replace('\'', r"\'");
    format!("host={folder} user=postgres dbname='{database}'")
}

/// Status, database and object of each record of a check.
fn said(records: &[Value], check: &str) -> Vec<Value> {
    let own = records.iter().filter(|record| record["check"] == check);
    own.map(|record| json!([record["status"], record["database"], record["object"]]))
        .collect()
}

/// What is of the whole server may be seen from one of its databases alone.
#[test]
fn statements_are_counted_in_one_of_the_databases() {
    let ground = Ground::with(&[("shared_preload_libraries", "pg_stat_statements")]);
    ground.sql("create database other");
    ground.sql("create database stats");
    let all = ["--all-databases"];
    let unseen = ground.check("slow_queries", &all);
    assert_eq!((unseen.len(), &unseen[0]["status"]), (1, &json!("unknown")));
    let message = unseen[0]["message"].as_str().unwrap();
    assert!(!message.contains("restart"), "{message}");
    let mut stats = ground.cluster.connect("stats").unwrap();
    let create = "create extension pg_stat_statements";
    stats.batch_execute(create).unwrap();
    assert_eq!(ground.check("slow_queries", &[])[0]["status"], "unknown");
    assert_eq!(ground.check("slow_queries", &all)[0]["status"], "ok");
    let rows = ground.run(&["queries", "--all-databases"]).expect_code(0);
    let rows = rows.json_lines();
    let is_it = |row: &&Value| row["query"] == create;
    assert_eq!(rows.iter().filter(is_it).count(), 1);
    let (first, second) = (place(&ground, "other"), place(&ground, "stats"));
    let both = ["-d", &first, "-d", &second, "--only", "slow_queries"];
    let records = tool("pg-stat-report").args(both).run().expect_code(0);
    assert_eq!(records.json_lines().len(), 1);
    let bare = Ground::new().check("slow_queries", &all);
    let message = bare[0]["message"].as_str().unwrap();
    assert!(
        message.contains("shared_preload_libraries, restart"),
        "{message}"
    );
}

const NAMES: [&str; 3] = ["a \"b", "it's \\ \u{e4}", "shop"];

/// Databases with names that have to be quoted, a table without a key in each; one that not all may enter.
fn with_databases() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(|| {
        let ground = Ground::new();
        for name in NAMES {
            let quoted = shared::dump::quote_identifier(name);
            ground.sql(&format!("create database {quoted}"));
            let mut client = ground.cluster.connect(name).unwrap();
            client.batch_execute("create table t (i int)").unwrap();
        }
        ground.sql("revoke connect on database shop from public");
        ground
    })
}

#[test]
fn all_databases_are_looked_into() {
    let ground = with_databases();
    let output = ground.run(&["--all-databases", "--only", "no_primary_key,connections"]);
    let records = output.expect_code(0).json_lines();
    let mut expected: Vec<Value> = NAMES
        .iter()
        .map(|name| json!(["warning", name, "public.t"]))
        .collect();
    expected.push(json!(["ok", "postgres", null]));
    assert_eq!(said(&records, "no_primary_key"), expected);
    for jobs in ["1", "9"] {
        let output = ground.run(&["--all-databases", "--only", "no_primary_key", "-j", jobs]);
        let records = output.expect_code(0).json_lines();
        assert_eq!(said(&records, "no_primary_key"), expected);
    }
    assert_eq!(said(&records, "connections").len(), 1, "the server is one");
    let rows = ground.run(&["--all-databases", "tables"]).json_lines();
    let databases: Vec<&Value> = rows.iter().map(|row| &row["database"]).collect();
    assert_eq!(databases, NAMES);
    // Each grows by itself.
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state").display().to_string();
    let growth = || ground.run(&["--all-databases", "growth", "--state", &state]);
    growth().expect_code(2);
    let grown = growth().expect_code(0).json_lines();
    let tables: Vec<&Value> = grown
        .iter()
        .filter(|row| row["kind"] == "table")
        .map(|row| &row["database"])
        .collect();
    assert_eq!(tables, NAMES);
}

#[test]
fn a_database_that_is_forbidden_is_not_well() {
    let ground = with_databases();
    let words = ["--all-databases", "--only", "no_primary_key"];
    let output = ground.run_as("watcher", &words).expect_code(2);
    let records = output.json_lines();
    let shop = records
        .iter()
        .find(|record| record["database"] == "shop")
        .unwrap();
    assert_eq!(shop["status"], "unknown");
    assert!(
        shop["message"]
            .as_str()
            .unwrap()
            .contains("permission denied for database"),
        "{shop}"
    );
    assert_eq!(said(&records, "no_primary_key").len(), 4);
}

#[test]
fn several_databases_of_one_server() {
    let ground = with_databases();
    let places = NAMES.map(|name| place(ground, name));
    let named = places.iter().flat_map(|place| ["-d", place]);
    let run = |words: &[&str]| tool("pg-stat-report").args(named.clone()).args(words).run();
    let records = run(&["--only", "no_primary_key,connections"])
        .expect_code(0)
        .json_lines();
    let expected: Vec<Value> = NAMES
        .iter()
        .map(|name| json!(["warning", name, "public.t"]))
        .collect();
    assert_eq!(said(&records, "no_primary_key"), expected);
    assert_eq!(said(&records, "connections").len(), 1, "the server is one");
    let rows = run(&["server", "tables"]).json_lines();
    let sections: Vec<&Value> = rows.iter().map(|row| &row["section"]).collect();
    assert_eq!(sections, ["server", "tables", "tables", "tables"]);
    // Each answers for itself.
    assert_eq!(run(&["ping"]).expect_code(0).json_lines().len(), 3);
    let lost = place(ground, "nowhere");
    let output = tool("pg-stat-report")
        .args(named.clone())
        .args(["-d", &lost, "--only", "no_primary_key"])
        .run();
    let records = output.json_lines();
    assert_eq!(records.len(), 4);
    assert_eq!(said(&records, "connect").len(), 1);
    output.expect_code(2).expect_error("nowhere");
}

/// Several are looked into at once, and one whose session stops costs its own rows only.
#[test]
fn a_database_whose_session_stops() {
    let ground = Ground::new();
    for name in ["a", "b", "c"] {
        ground.sql(&format!("create database {name}"));
    }
    let mut holder = ground.cluster.connect("b").unwrap();
    holder
        // Each section waits for them in vain, three times.
        .batch_execute(
            "begin; lock pg_sequence, pg_constraint, pg_rewrite, pg_trigger, pg_extension",
        )
        .unwrap();
    let checks = "connections,no_primary_key,nested_views,disabled_triggers,extensions,sequences";
    let words = ["--all-databases", "--only", checks];
    let arguments = [&words[..], &["-j", "2", "--timeout", "2s"]].concat();
    let running = ground.tool(&arguments).start();
    let find = "select coalesce(min(pid), 0)::text from pg_stat_activity
        where datname = 'b' and application_name = 'pg-stat-report' and wait_event_type = 'Lock'";
    let mut pid = String::new();
    // One that is still being let in is no session yet.
    eventually("it waits", || {
        pid = ground.value(find);
        pid != "0"
    });
    let signal = |name: &str| program("kill").args([name, &pid]).run().expect_code(0);
    signal("-STOP");
    let output = running.finish();
    signal("-CONT");
    let records = output.expect_code(2).json_lines();
    let of = |database: &str| json!(["ok", database, null]);
    let expected = [
        json!(["unknown", "b", null]),
        of("a"),
        of("c"),
        of("postgres"),
    ];
    assert_eq!(said(&records, "sequences"), expected);
    let stopped = |record: &Value| {
        let message = record["message"].as_str().unwrap();
        message.contains("has stopped answering")
    };
    let (stopped, rest): (Vec<Value>, Vec<Value>) = records.clone().into_iter().partition(stopped);
    assert!(!stopped.is_empty(), "{rest:#?}");
    assert!(stopped.iter().all(|record| record["database"] == "b"));
    assert_eq!(said(&records, "connections").len(), 1);
}

/// What was seen by then is told, and of the rest that it was not.
#[test]
fn many_databases_and_a_deadline() {
    let ground = Ground::new();
    let mut client = ground.client();
    let names = ["d\"q", "d'q", "d b", "d\nn", "dé漢", "d\\b", "d;drop"];
    for number in 0..70 {
        let name = format!("{}{number}", names[number % names.len()]);
        let quoted = name.replace('"', "\"\"");
        let create = format!("create database \"{quoted}\" template template0");
        client.batch_execute(&create).unwrap();
    }
    let all = ["--all-databases", "--only", "no_primary_key"];
    let records = ground.run(&all).expect_code(0).json_lines();
    assert_eq!(records.len(), 71);
    let late = ground.run(&[&all[..], &["--deadline", "0s"]].concat());
    let records = late.expect_code(2).json_lines();
    assert_eq!(records.len(), 1, "{records:#?}");
    assert_eq!(records[0]["status"], "unknown");
}

/// A DROP DATABASE that is broken off leaves one that nobody can connect to.
#[test]
fn a_database_whose_drop_was_broken_off() {
    let ground = Ground::new();
    ground.sql("create database \"Half gone\"");
    let invalid = |more: &[&str]| ground.statuses("invalid_databases", more);
    assert_eq!(invalid(&[]), alone("ok"));
    ground.sql("update pg_database set datconnlimit = -2 where datname = 'Half gone'");
    assert_eq!(invalid(&[]), of("warning", "Half gone"));
    let crit = ["--crit", "invalid_databases=1"];
    assert_eq!(invalid(&crit), of("critical", "Half gone"));
    let all = ground
        .run(&["--all-databases", "--only", "no_primary_key"])
        .expect_code(0);
    assert_eq!(all.json_lines().len(), 1);
    assert!(
        all.stderr
            .contains("\"Half gone\" is left out: its DROP DATABASE was broken off"),
        "{}",
        all.stderr
    );
    let rows = ground.rows("databases");
    let row = rows
        .iter()
        .find(|row| row["database"] == "Half gone")
        .unwrap();
    assert_eq!(row["is_invalid"], true);
    let remedy = ground.check("invalid_databases", &[])[0]["remedy"]
        .as_str()
        .unwrap()
        .to_string();
    ground.sql(&remedy[remedy.find("DROP").unwrap()..]);
    assert_eq!(invalid(&[]), alone("ok"));
}
