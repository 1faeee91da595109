//! What is asked for, and with which status it ends.

use serde_json::{Value, json};
use tests::tool;

use crate::ground::{Ground, of};

#[test]
fn ping_says_whether_the_server_answers() {
    let ground = Ground::new();
    let rows = ground.rows("ping");
    let brief = |row: &Value| json!([row["status"], row["database"], row["message"]]);
    assert_eq!(brief(&rows[0]), json!(["healthy", "connected", null]));
    assert!(rows[0]["latency_ms"].as_f64().unwrap() >= 0.0);
    let folder = ground.cluster.socket_dir().display().to_string();
    drop(ground);
    let output = tool("pg-stat-report").args(["ping", "-h", &folder]).run();
    let output = output.expect_code(1);
    let row = &output.json_lines()[0];
    assert_eq!(
        (&row["status"], &row["database"]),
        (&json!("unhealthy"), &json!("disconnected"))
    );
    assert_eq!(row["target"], json!(format!("{folder}:5432")));
    assert!(row["message"].as_str().unwrap().contains("cannot connect"));
}

#[test]
fn a_server_tells_what_it_is() {
    let ground = Ground::new();
    let rows = ground.rows("server");
    assert_eq!(rows.len(), 1);
    let row = &rows[0];
    assert_eq!(row["version"], json!(ground.cluster.version().to_string()));
    assert_eq!(
        row["system_identifier"],
        json!(ground.value("select system_identifier::text from pg_control_system()"))
    );
    assert_eq!(
        (&row["in_recovery"], &row["is_superuser"]),
        (&json!(false), &json!(true))
    );
    let output = ground.run_as("nobody", &["server"]).expect_code(0);
    assert_eq!(output.json_lines()[0]["sees_all"], json!(false));
}

#[test]
fn the_manual_has_the_fields_of_each_section() {
    let ground = Ground::new();
    let manual = tool("pg-stat-report").args(["--generate", "man"]);
    let manual = manual.run().expect_code(0).stdout;
    let chapters: Vec<&str> = manual.split("\n.SS ").collect();
    let listed = tool("pg-stat-report").arg("--list-sections").run();
    let names = listed.json_lines();
    let names = names.iter().map(|row| row["section"].as_str().unwrap());
    let is_asked = |name: &&str| !["pgbouncer", "logs", "queries"].contains(name);
    let names: Vec<&str> = names.filter(is_asked).collect();
    for name in &names {
        let start = format!("{name}\n");
        assert!(
            chapters.iter().any(|text| text.starts_with(&start)),
            "{name}"
        );
    }
    let rows = ground.run(&names).json_lines();
    assert!(rows.len() > 100);
    for row in rows {
        let start = format!("{}\n", row["section"].as_str().unwrap());
        let chapter = chapters.iter().find(|text| text.starts_with(&start));
        let common = ["section", "target", "taken_at"];
        let fields = row.as_object().unwrap().keys();
        for field in fields.filter(|field| !common.contains(&field.as_str())) {
            let item = format!(".TP\n\\fB{field}\\fR\n");
            assert!(chapter.unwrap().contains(&item), "{start}{field}");
        }
    }
}

#[test]
fn all_is_well_on_a_new_server() {
    let ground = Ground::with(&[
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("autovacuum", "on"),
        ("shared_preload_libraries", "pg_stat_statements"),
    ]);
    ground.sql("create extension pg_stat_statements");
    // As 15 and newer have it; the test's own pg_hba.conf trusts everybody on the machine, and
    // its version is what it is.
    ground.sql("revoke create on schema public from public");
    ground.sql("vacuum analyze");
    let output = ground.run(&[]);
    let records = output.json_lines();
    let bad: Vec<&Value> = records
        .iter()
        .filter(|record| record["status"] != "ok")
        .filter(|record| record["check"] != "pg_hba" && record["check"] != "version")
        // How sessions end is counted since 14, which makes no run incomplete before.
        .filter(|record| record["check"] != "lost_sessions" || ground.major() >= 14)
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    output.expect_code(0);
    let listed = tool("pg-stat-report")
        .arg("--list-checks")
        .run()
        .expect_code(0);
    let mut listed: Vec<Value> = listed
        .json_lines()
        .iter()
        .filter(|check| check["sections"] != "logs" && check["sections"] != "pgbouncer")
        .map(|check| check["check"].clone())
        .filter(|check| check != "growth" && check != "disk_full" && check != "settings_drift")
        .collect();
    let mut said: Vec<Value> = records
        .iter()
        .map(|record| record["check"].clone())
        .collect();
    let by_name = |name: &Value| name.to_string();
    said.sort_by_key(by_name);
    said.dedup();
    listed.sort_by_key(by_name);
    assert_eq!(said, listed);
    let standard = ground.run(&["checks"]).expect_code(0).json_lines();
    assert_eq!(standard.len(), records.len());
}

#[test]
fn the_status_is_as_bad_as_the_line_says() {
    let ground = Ground::new();
    let status = |role: &str, words: &[&str], code: i32| {
        let arguments = [&["--only", "connections"], words].concat();
        ground.run_as(role, &arguments).expect_code(code);
    };
    let warning = ["--warn", "connections=0", "--fail-on"];
    for (line, code) in [
        ("critical", 0),
        ("warning", 1),
        ("unknown", 0),
        ("never", 0),
    ] {
        status("postgres", &[&warning[..], &[line]].concat(), code);
    }
    status("postgres", &["--crit", "connections=0%"], 1);
    status(
        "postgres",
        &["--crit", "connections=0%", "--fail-on", "never"],
        0,
    );
    let _other = ground.client();
    for (line, code) in [
        ("critical", 2),
        ("warning", 2),
        ("unknown", 1),
        ("never", 0),
    ] {
        status("nobody", &["--fail-on", line], code);
    }
}

#[test]
fn thresholds_of_one_object() {
    let ground = Ground::new();
    ground.sql("alter database postgres connection limit 50");
    let said = [
        "--warn",
        "connections=never",
        "--crit",
        "connections=never",
        "--warn",
        "connections:database post*=1%",
    ];
    assert_eq!(
        ground.statuses("connections", &said),
        of("warning", "database postgres")
    );
    let record = &ground.check("connections", &said)[0];
    assert_eq!(
        (&record["warn"], &record["crit"]),
        (&json!(0.01), &Value::Null)
    );
}

#[test]
fn only_and_skip() {
    let ground = Ground::new();
    let names = |words: &[&str]| -> Vec<Value> {
        let records = ground.run(words).json_lines();
        records
            .iter()
            .map(|record| record["check"].clone())
            .collect()
    };
    assert_eq!(
        names(&["--only", "wraparound,slots", "--skip", "slots"]),
        [json!("wraparound")]
    );
    assert!(!names(&["--skip", "connections"]).contains(&json!("connections")));
    let output = ground.run(&["--only", "conections"]).expect_code(2);
    output
        .expect_error("did you mean connections?")
        .expect_no_output();
    ground
        .run(&["conections"])
        .expect_code(2)
        .expect_error("did you mean connections?");
    ground.run(&["checks", "ping"]).expect_code(2);
}
