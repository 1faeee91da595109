//! What is asked for, in which format, and with which status it ends.

use std::collections::BTreeSet;

use rustix::process::Signal;
use serde_json::{Value, json};
use tests::{Database, SilentListener, StallingProxy, eventually, tcp_cluster, tool};

use crate::ground::{Ground, alone, of, statuses};

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

#[test]
fn nagios_gets_one_line_and_its_own_status() {
    let ground = Ground::new();
    let run =
        |words: &[&str]| ground.run(&[&["-o", "nagios", "--only", "connections"], words].concat());
    let output = run(&[]).expect_code(0);
    assert!(
        output.stdout.starts_with(
            "POSTGRES OK - 0 critical, 0 warning, 0 unknown, 1 ok | 'connections'=0.0"
        ),
        "{output:?}"
    );
    assert!(output.stdout.ends_with(";0.8;0.95\n"), "{output:?}");
    let output = run(&["--warn", "connections=0"]).expect_code(1);
    assert!(
        output
            .stdout
            .starts_with("POSTGRES WARNING - 0 critical, 1 warning"),
        "{output:?}"
    );
    let output = run(&["--crit", "connections=0"]).expect_code(2);
    assert!(
        output.stdout.starts_with("POSTGRES CRITICAL - 1 critical"),
        "{output:?}"
    );
    let _other = ground.client();
    let nobody = ground
        .run_as("nobody", &["-o", "nagios", "--only", "connections"])
        .expect_code(3);
    assert!(
        nobody.stdout.starts_with("POSTGRES UNKNOWN - "),
        "{nobody:?}"
    );
    let gone = tool("pg-stat-report")
        .args(["-o", "nagios", "-h", "/nonexistent"])
        .run()
        .expect_code(2);
    assert!(
        gone.stdout.starts_with("POSTGRES CRITICAL - 1 critical"),
        "{gone:?}"
    );
    assert_eq!(gone.stdout.lines().count(), 1);
    // A wrong command line, too, wherever the format stands.
    for words in [
        &["-o", "nagios", "--nonsense"][..],
        &["--only", "conections", "-onagios"],
        &["--warn", "connections=many", "--output=nagios"],
        &["-qo", "nagios", "nosection"],
        &["nosection", "--output", "nagios"],
    ] {
        let refused = tool("pg-stat-report").args(words).run().expect_code(3);
        assert!(
            refused.stdout.starts_with("POSTGRES UNKNOWN - "),
            "{refused:?}"
        );
        assert_eq!(refused.stdout.lines().count(), 1, "{refused:?}");
    }
    for words in [
        &["--nonsense"][..],
        &["-d", "nagios", "--nonsense"],
        &["-o", "json", "nagios"],
    ] {
        let refused = tool("pg-stat-report").args(words).run().expect_code(2);
        refused.expect_no_output();
    }
    // What it can't begin with it says there, too.
    let unread = run(&["--baseline", "/nonexistent/file"]).expect_code(3);
    let line = "POSTGRES UNKNOWN - /nonexistent/file: No such file or directory\n";
    assert_eq!(unread.stdout, line);
}

#[test]
fn every_section_in_every_format() {
    let ground = Ground::with(&[("shared_preload_libraries", "pg_stat_statements")]);
    ground.sql("create extension pg_stat_statements");
    let listed = tool("pg-stat-report")
        .arg("--list-sections")
        .run()
        .json_lines();
    let names: Vec<&str> = listed
        .iter()
        .map(|row| row["section"].as_str().unwrap())
        .filter(|name| !["growth", "drift", "pgbouncer"].contains(name))
        .collect();
    for format in ["jsonl", "json", "table"] {
        let output = ground
            .run(&[&names[..], &["-o", format]].concat())
            .expect_code(0);
        assert!(!output.stdout.is_empty());
    }
    for name in &names {
        let output = ground.run(&[name, "-o", "csv"]).expect_code(0);
        assert!(
            output.stdout.starts_with("section,target,taken_at,"),
            "{output:?}"
        );
    }
    let array = ground.run(&["ping", "server", "-o", "json"]).expect_code(0);
    let rows: Vec<Value> = serde_json::from_str(&array.stdout).unwrap();
    assert_eq!(rows.len(), 2);
    ground
        .run(&["ping", "server", "-o", "csv"])
        .expect_code(2)
        .expect_error("one section");
}

#[test]
fn a_deadline_ends_it() {
    let ground = Ground::new();
    let records = ground.check("wraparound", &["--deadline", "0s"]);
    assert_eq!(statuses(&records), alone("unknown"));
    assert!(
        records[0]["message"]
            .as_str()
            .unwrap()
            .contains("--deadline")
    );
    let listener = SilentListener::new();
    let port = listener.port().to_string();
    let silent = tool("pg-stat-report").args(["-h", "127.0.0.1", "-p", &port, "--deadline", "1s"]);
    let record = &silent.run().expect_code(2).json_lines()[0];
    assert_eq!(record["check"], "connect");
    let message = record["message"].as_str().unwrap();
    assert!(message.contains(&port), "{message}");
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let listener = SilentListener::new();
    let place = format!("host=127.0.0.1 port={} user=x", listener.port());
    let words = ["-d", &place, "--timeout", "1s", "ping"];
    // Less than two seconds connect_timeout does not know.
    let output = tool("pg-stat-report").args(words).run();
    assert!(output.stdout.contains("no answer within 2 s"), "{output:?}");
    let own = format!("{place} connect_timeout=3");
    let words = ["-d", &own, "--timeout", "1s", "connections"];
    let output = tool("pg-stat-report").args(words).run();
    output.expect_error("no answer within 3 s");
}

/// The text of the OpenMetrics, judged by their grammar as far as a textfile collector cares.
#[test]
fn openmetrics_for_a_textfile_collector() {
    let ground = Ground::new();
    ground.sql("create table \"odd \"\"name\\\" (i int)");
    let output = ground
        .run(&[
            "-o",
            "openmetrics",
            "--skip",
            "slow_queries,unsafe_settings,lost_sessions",
        ])
        .expect_code(0);
    let mut families = Vec::new();
    let mut samples = std::collections::HashSet::new();
    for line in output.stdout.lines() {
        if let Some(rest) = line.strip_prefix("# ") {
            let words: Vec<&str> = rest.splitn(3, ' ').collect();
            match words[0] {
                "HELP" => families.push(words[1].to_string()),
                "TYPE" => assert_eq!(
                    (words[1], words[2]),
                    (families.last().unwrap().as_str(), "gauge")
                ),
                "UNIT" => assert!(words[1].ends_with(&format!("_{}", words[2])), "{line}"),
                _ => assert_eq!(line, "# EOF"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        assert_eq!(
            name,
            families.last().unwrap(),
            "samples of a family stand together"
        );
        assert!(value.parse::<f64>().unwrap().is_finite());
        assert!(
            samples.insert(series.to_string()),
            "{series} is there twice"
        );
    }
    let mut distinct = families.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), families.len());
    assert!(output.stdout.ends_with("# EOF\n"));
    let target = format!("target=\"{}:5432\"", ground.cluster.socket_dir().display());
    assert!(
        output
            .stdout
            .contains(&format!("pg_stat_report_connections_ratio{{{target}}} 0.0")),
        "{output:?}"
    );
    assert!(
        output.stdout.contains(&format!(
            "pg_stat_report_status{{check=\"wraparound\",{target},"
        )),
        "{output:?}"
    );
    let odd = r#"object="public.\"odd \"\"name\\\"""#;
    assert!(output.stdout.contains(odd), "{odd}\n{output:?}");
    ground
        .run(&["ping", "-o", "openmetrics"])
        .expect_code(2)
        .expect_no_output();
    ground
        .run(&[
            "--only",
            "connections",
            "--crit",
            "connections=0",
            "-o",
            "openmetrics",
        ])
        .expect_code(1);
}

/// A server that stops in the middle of a statement is left with what was seen until then, and at once by a signal.
#[test]
fn a_server_that_stops_in_the_middle() {
    let database = Database::on(tcp_cluster());
    let through = |proxy: &StallingProxy, timeout: &str| {
        let port = proxy.port();
        let place = format!("host=127.0.0.1 port={port} user=postgres connect_timeout=120");
        let command = tool("pg-stat-report").env("PGDATABASE", database.name());
        command.args(["-d", &place, "--timeout", timeout])
    };
    let stalling = || StallingProxy::new(tcp_cluster().port(), 8 << 10);
    let records = through(&stalling(), "1s").run();
    // What was seen is judged: the server of the tests has fsync off.
    let records = records.expect_code(1).json_lines();
    let is_lost = |record: &Value| {
        let message = record["message"].as_str().unwrap();
        message.contains("has stopped answering in the middle")
    };
    let (lost, seen): (Vec<Value>, Vec<Value>) = records.into_iter().partition(is_lost);
    let names = |records: &[Value]| -> BTreeSet<String> {
        let names = records.iter().map(|record| record["check"].to_string());
        names.collect()
    };
    assert!(names(&seen).contains("\"connections\""), "{seen:#?}");
    assert!(names(&lost).contains("\"sequences\""), "{lost:#?}");
    assert!(lost.iter().all(|record| record["status"] == "unknown"));
    let first = ["connections", "vacuum", "sequences"];
    let output = through(&stalling(), "1s").args(first).run().expect_code(2);
    let output = output.expect_error("has stopped answering in the middle");
    assert_eq!(output.json_lines()[0]["section"], "connections");
    let proxy = stalling();
    let running = through(&proxy, "1h").start();
    eventually("it is stuck", || proxy.passed() >= 8 << 10);
    running.signal(Signal::TERM);
    let output = running.finish();
    assert_eq!(output.signal(), Some(15));
    assert!(output.stdout.is_empty(), "{output:?}");
}
