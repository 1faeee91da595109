//! Advice on settings and pools, from a real server's.

use serde_json::Value;
use tests::eventually;

use crate::ground::{Ground, alone, of, statuses};

/// Setting, verdict, and what is advised.
fn advice(ground: &Ground, role: &str, words: &[&str]) -> Vec<Value> {
    let words = [&["advice"], words].concat();
    ground.run_as(role, &words).expect_code(0).json_lines()
}

#[track_caller]
fn said(rows: &[Value], setting: &str) -> String {
    let row = on(rows, setting);
    let advised = row["advised"].as_str().unwrap_or("-");
    format!("{} {advised}", row["verdict"].as_str().unwrap())
}

#[track_caller]
fn on<'a>(rows: &'a [Value], setting: &str) -> &'a Value {
    let found = rows.iter().find(|row| row["setting"] == setting);
    found.unwrap_or_else(|| panic!("nothing on {setting} in {rows:#?}"))
}

#[test]
fn settings_are_judged_by_the_memory() {
    let ground = Ground::with(&[("shared_buffers", "128MB"), ("max_connections", "50")]);
    let rows = advice(&ground, "postgres", &["--ram", "16GiB"]);
    assert_eq!(said(&rows, "shared_buffers"), "consider 4096MB");
    let row = on(&rows, "shared_buffers");
    assert_eq!(
        (&row["value"], &row["takes"]),
        (&"128MB".into(), &"restart".into())
    );
    assert!(
        row["reason"].as_str().unwrap().ends_with("memory by --ram"),
        "{row}"
    );
    assert_eq!(said(&rows, "work_mem"), "ok -");
    let check = |words: &[&str]| ground.statuses("settings_advice", words);
    assert_eq!(check(&["--ram", "16GiB"]), alone("ok"));
    // 128 MB of a machine with 160 MB are too much, and so is what sessions may take.
    let small = ["--ram", "160MiB"];
    let found: Vec<String> = check(&small)
        .into_iter()
        .map(|(status, name)| format!("{status} {name}"))
        .collect();
    assert_eq!(
        found,
        [
            "warning shared_buffers",
            "warning work_mem",
            "warning maintenance_work_mem"
        ]
    );
    // The server's machine is asked where the role may, and this one where the server is on it.
    for role in ["postgres", "watcher"] {
        let rows = advice(&ground, role, &[]);
        let reason = on(&rows, "shared_buffers")["reason"]
            .as_str()
            .unwrap()
            .to_string();
        let source = if role == "postgres" {
            "memory by the server's machine"
        } else {
            "memory by this machine"
        };
        assert!(reason.ends_with(source), "{role}: {reason}");
    }
}

#[test]
fn memory_that_nobody_knows() {
    let cluster = tests::tcp_cluster();
    cluster
        .connect("postgres")
        .unwrap()
        .batch_execute("create role stranger_to_memory login")
        .unwrap();
    let port = cluster.port().to_string();
    let tool = tests::tool("pg-stat-report").args([
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        "stranger_to_memory",
        "-d",
        "postgres",
    ]);
    let rows = tool.arg("advice").run().expect_code(0).json_lines();
    assert_eq!(said(&rows, "shared_buffers"), "unknown -");
}

#[test]
fn what_is_advised_can_be_set() {
    let ground = Ground::with(&[]);
    ground.sql("alter system set enable_hashjoin = off");
    ground.sql("alter system set superuser_reserved_connections = 0");
    ground.sql("alter system set track_io_timing = off");
    ground.sql("select pg_reload_conf()");
    let found = || ground.statuses("settings_advice", &["--ram", "16GB"]);
    eventually("the server has it", || {
        found() == of("warning", "enable_hashjoin")
    });
    let records = ground.check("settings_advice", &["--ram", "16GB"]);
    assert_eq!(statuses(&records), of("warning", "enable_hashjoin"));
    // Statement by statement, as psql would.
    let rows = advice(&ground, "postgres", &["--ram", "16GB"]);
    let remedies = rows.iter().filter_map(|row| row["remedy"].as_str());
    let remedies = remedies.filter(|remedy| !remedy.starts_with("--"));
    for statement in remedies.flat_map(|remedy| remedy.split_inclusive(';')) {
        ground.sql(statement);
    }
    eventually("it helped", || found() == alone("ok"));
    let rows = advice(&ground, "postgres", &["--ram", "16GB"]);
    let left = rows
        .iter()
        .filter(|row| row["verdict"] != "ok" && row["takes"] == "reload");
    let left: Vec<&Value> = left.filter(|row| !row["advised"].is_null()).collect();
    let is_told = |row: &&&Value| {
        row["remedy"]
            .as_str()
            .is_some_and(|text| text.starts_with("--"))
    };
    assert!(left.iter().all(|row| is_told(&row)), "{left:#?}");
}

#[test]
fn pools_of_several_instances() {
    let ground = Ground::with(&[
        ("max_connections", "100"),
        ("superuser_reserved_connections", "3"),
    ]);
    let pool = |role: &str, instances: &str| {
        let rows = advice(&ground, role, &["--instances", instances]);
        said(&rows, "pool_size")
    };
    assert_eq!(pool("app", "4"), "ok 24");
    assert_eq!(pool("app", "30"), "consider 3");
    assert_eq!(pool("app", "98"), "warning -");
    ground.sql("alter role app connection limit 20");
    assert_eq!(pool("app", "4"), "ok 5");
    ground
        .run(&["advice", "--instances", "0"])
        .expect_code(2)
        .expect_error("at least one");
    let rows = advice(&ground, "app", &[]);
    assert!(
        rows.iter().all(|row| row["setting"] != "pool_size"),
        "nobody asked"
    );
}
